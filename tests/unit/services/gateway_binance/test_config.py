from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.gateway_binance import config
from services.gateway_binance.protocol.settings import Endpoints, PrivateForm
from services.gateway_binance.protocol.signing import Ed25519Signer, HmacSigner
from tandem.domain.errors import ConfigurationError
from tandem.domain.order import PriceMatch
from tandem.runtime.config import Environment

KEYS = {"BINANCE_API_KEY": "k", "BINANCE_API_SECRET": "hunter2"}


def _read(**values: str) -> config.BinanceConfig:
    return config.read(Environment(values))


@pytest.fixture
def pem_file(tmp_path: Path) -> str:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


def test_paper_needs_no_configuration() -> None:
    own = _read()
    assert own.venue.endpoints.rest == "http://127.0.0.1:3000"
    assert own.signer.api_key == "paper-binance-key"
    assert not own.signer.can_logon


@pytest.mark.parametrize(
    ("network", "rest"),
    [("live", "https://fapi.binance.com"), ("testnet", "https://demo-fapi.binance.com")],
)
def test_network_gives_the_addresses(network: str, rest: str) -> None:
    assert _read(BINANCE_NETWORK=network, **KEYS).venue.endpoints.rest == rest


def test_each_address_may_be_overridden() -> None:
    own = _read(
        BINANCE_REST_URL="http://127.0.0.1:1/",
        BINANCE_STREAM_URL="ws://127.0.0.1:2/",
        BINANCE_WS_API_URL="ws://127.0.0.1:3/ws-fapi/v1",
    )
    assert own.venue.endpoints == Endpoints(
        "http://127.0.0.1:1", "ws://127.0.0.1:2", "ws://127.0.0.1:3/ws-fapi/v1"
    )


def test_what_is_left_open_can_be_set() -> None:
    own = _read(
        BINANCE_RECV_WINDOW_MS="2000",
        BINANCE_PRIVATE_FORM="subscribe",
        BINANCE_TRADE_LITE="off",
        BINANCE_RESPONSE_TYPE="ack",
        BINANCE_STP_MODE="expire_taker",
        BINANCE_WEIGHT_POOLS="apart",
        BINANCE_DEPTH_MS="500",
        BINANCE_REFUSED_PRICE_MATCH="-",
    ).venue
    assert (own.window_ms, own.depth_ms) == (2000, 500)
    assert own.private_form is PrivateForm.SUBSCRIBE
    assert (own.trade_lite, own.shared_weight) == (False, False)
    assert (own.order.response_type, own.order.stp_mode) == ("ACK", "EXPIRE_TAKER")
    assert own.refused_price_match == frozenset()


def test_suspended_price_matches_are_a_list() -> None:
    own = _read(BINANCE_REFUSED_PRICE_MATCH="QUEUE_20,OPPONENT")
    assert own.venue.refused_price_match == {PriceMatch.QUEUE_20, PriceMatch.OPPONENT}


def test_secret_makes_an_hmac_signer() -> None:
    signer = _read(BINANCE_NETWORK="live", **KEYS).signer
    assert signer == HmacSigner("k", b"hunter2")


def test_key_file_makes_an_ed25519_signer(pem_file: str) -> None:
    signer = _read(BINANCE_API_KEY="k", BINANCE_ED25519_KEY_FILE=pem_file).signer
    assert isinstance(signer, Ed25519Signer)
    assert signer.can_logon


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    for name, text in (("key", "k\n"), ("secret", "hunter2\n")):
        (tmp_path / name).write_text(text)
    signer = _read(
        BINANCE_NETWORK="live",
        BINANCE_API_KEY_FILE=str(tmp_path / "key"),
        BINANCE_API_SECRET_FILE=str(tmp_path / "secret"),
    ).signer
    assert signer == HmacSigner("k", b"hunter2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BINANCE_NETWORK", "mainnet"),
        ("BINANCE_REST_URL", "127.0.0.1:80"),
        ("BINANCE_STREAM_URL", "http://127.0.0.1"),
        ("BINANCE_WS_API_URL", "http://127.0.0.1"),
        ("BINANCE_RECV_WINDOW_MS", "0"),
        ("BINANCE_RECV_WINDOW_MS", "1s"),
        ("BINANCE_PRIVATE_FORM", "form-c"),
        ("BINANCE_EVENT_TIMEOUT_MS", "1"),
        ("BINANCE_TRADE_LITE", "yes"),
        ("BINANCE_RESPONSE_TYPE", "full"),
        ("BINANCE_STP_MODE", "both"),
        ("BINANCE_REFUSED_PRICE_MATCH", "OPPONENT_7"),
        ("BINANCE_WEIGHT_POOLS", "one"),
        ("BINANCE_DEPTH_MS", "50"),
        ("BINANCE_BOOK_MAX_AGE_MS", "0"),
        ("BINANCE_ED25519_KEY_FILE", "no-such-file.pem"),
    ],
)
def test_bad_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        _read(**{name: value})
    assert refused.value.field == name


def test_live_network_has_no_default_keys() -> None:
    with pytest.raises(ConfigurationError) as no_key:
        _read(BINANCE_NETWORK="live")
    with pytest.raises(ConfigurationError) as no_secret:
        _read(BINANCE_NETWORK="live", BINANCE_API_KEY="k")
    assert (no_key.value.field, no_secret.value.field) == ("BINANCE_API_KEY", "BINANCE_API_SECRET")


def test_another_key_on_paper_needs_its_own_secret() -> None:
    with pytest.raises(ConfigurationError, match="BINANCE_API_SECRET"):
        _read(BINANCE_API_KEY="k")


def test_two_ways_of_signing_are_refused(pem_file: str) -> None:
    with pytest.raises(ConfigurationError, match="not together with BINANCE_API_SECRET"):
        _read(BINANCE_ED25519_KEY_FILE=pem_file, **KEYS)


def test_key_file_that_is_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("hunter2")
    with pytest.raises(ConfigurationError, match="not an unencrypted PKCS#8 PEM") as refused:
        _read(BINANCE_API_KEY="k", BINANCE_ED25519_KEY_FILE=str(file))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("network", ["live", "testnet", "paper"])
def test_the_network_is_told_to_the_log(network: str) -> None:
    assert _read(BINANCE_NETWORK=network, **KEYS).venue.network == network
