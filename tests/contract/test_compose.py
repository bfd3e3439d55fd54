"""compose.yaml and services/ name the same things, under `_` -> `-`."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_DEPLOYED = {"paper_exchange", "__pycache__"}
INFRASTRUCTURE = {"nats", "redis", "keys", "streams", "demo"}


def _composed() -> dict[str, str]:
    """Return each service of compose.yaml with its text."""
    text = (ROOT / "compose.yaml").read_text().split("\nservices:\n")[1].split("\nconfigs:")[0]
    parts = re.split(r"^  ([a-z-]+):$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_service_is_composed_and_nothing_else() -> None:
    packages = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    wanted = {name.replace("_", "-") for name in packages - NOT_DEPLOYED}
    assert set(_composed()) - INFRASTRUCTURE == wanted


def test_each_composed_service_runs_its_own_package() -> None:
    for name, text in _composed().items():
        if name not in INFRASTRUCTURE:
            assert f'"services.{name.replace("-", "_")}"' in text


def test_images_are_pinned_to_a_version() -> None:
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "services" / "Dockerfile").read_text()
    images = re.findall(r"(?:image: |^ARG PYTHON=)(\S+)", text, flags=re.MULTILINE)
    assert [image for image in images if ":" not in image] == []


def test_each_user_s_keys_are_given_to_that_user_only() -> None:
    for name, text in _composed().items():
        mounted = re.findall(r'"keys-([a-z-]+):/(?:run|etc/tandem)/keys:ro"', text)
        own = {"streams": "admin", "demo": "strategy-walkthrough"}.get(name, name)
        has_keys = name not in {"keys", "paper-binance", "paper-hyperliquid"}
        assert mounted == ([own] if has_keys else []), name


def test_no_secret_is_in_a_variable() -> None:
    text = (ROOT / "compose.yaml").read_text() + (ROOT / ".env").read_text()
    secret = re.compile(r"^\s*[A-Z_]*(?:SECRET|AGENT_KEY|API_KEY|PASSWORD|SEED)\b.*$", re.MULTILINE)
    assert secret.findall(text) == []


def test_each_network_is_a_project_of_its_own() -> None:
    """Volumes carry the project's name: no desk can be started on another network's log."""
    text = (ROOT / "compose.yaml").read_text()
    assert "\nname: tandem-${BINANCE_NETWORK:-paper}\n" in text
    volumes = text.split("\nvolumes:\n")[1]
    assert re.findall(r"name:|external:|\./", volumes) == []
    networks: dict[str, str] = {}
    for file in (".env", ".env.testnet", ".env.live"):
        settings = (ROOT / file).read_text()
        assert "COMPOSE_PROJECT_NAME" not in settings
        networks[file] = re.findall(r"^BINANCE_NETWORK=(\S+)$", settings, re.MULTILINE)[0]
    assert networks == {".env": "paper", ".env.testnet": "testnet", ".env.live": "live"}


def test_paper_exchanges_keep_their_books_in_volumes_of_their_own() -> None:
    for name in ("paper-binance", "paper-hyperliquid"):
        text = _composed()[name]
        assert f'"--books", "/state/{name}"' in text
        assert f'volumes: ["{name}-books:/state/{name}"]' in text
        assert f" {name}" in (ROOT / "services" / "Dockerfile").read_text()
