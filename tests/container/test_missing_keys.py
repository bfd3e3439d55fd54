"""A desk for real venues without keys says what is missing before anything runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.stack import ROOT, CommandError, Stack

pytestmark = pytest.mark.timeout(300)

NETWORKS = ("testnet", "live")
FILES = ("binance_api_key", "binance_api_secret", "hyperliquid_agent_key")
# Without a bus around: what is missing is said before anything is connected to.
NO_BUS = ("run", "--rm", "-T", "--no-deps", "-e", "TANDEM_NATS_NKEY_SEED_FILE=")
AGENT_KEY = "0x" + "11" * 32


@pytest.fixture(params=NETWORKS)
def desk(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> Iterator[Stack]:
    env_file = ROOT / f".env.{request.param}"
    found = Stack(version, environment={"TANDEM_SECRETS": str(tmp_path)}, env_file=env_file)
    yield found
    found.down()
    assert found.left_overs() == []


def test_missing_files_are_named_and_nothing_is_started(desk: Stack, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=str(tmp_path)):
        desk.up()
    states = {one: desk.state(one) for one in desk.ids(with_ended=True)}
    assert [one for one, state in states.items() if state["Status"] != "created"] == []


def test_a_missing_account_or_an_empty_key_is_named_before_anything_is_connected_to(
    desk: Stack, tmp_path: Path
) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    with pytest.raises(CommandError, match="BINANCE_API_KEY"):
        desk.compose(*NO_BUS, "gateway-binance")
    with pytest.raises(CommandError, match="HYPERLIQUID_AGENT_KEY"):
        desk.compose(*NO_BUS, "gateway-hyperliquid")
    (tmp_path / "hyperliquid_agent_key").write_text(AGENT_KEY)
    with pytest.raises(CommandError, match="HYPERLIQUID_ACCOUNT"):
        desk.compose(*NO_BUS, "gateway-hyperliquid")
