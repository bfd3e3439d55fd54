"""Settings from the environment, and what is wrong with bad ones."""

import pytest

from services.gateway_hyperliquid.config import GatewayConfig, read
from services.gateway_hyperliquid.protocol.signing import Network
from tandem.domain.errors import ConfigurationError
from tandem.runtime.config import Environment

ACCOUNT = "0x" + "A1" * 20
KEY = "0x" + "33" * 32
LIVE = {
    "HYPERLIQUID_NETWORK": "mainnet",
    "HYPERLIQUID_ACCOUNT": ACCOUNT,
    "HYPERLIQUID_AGENT_KEY": KEY,
}


def settings(**values: str) -> GatewayConfig:
    return read(Environment(values))


def test_paper_needs_no_setting() -> None:
    paper = settings()

    assert paper.identity.account == "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
    assert paper.identity.signer == "0x1563915e194d8cfba1943570603f7606a3115508"
    assert paper.endpoints.ws_url.startswith("ws://127.0.0.1:")


def test_mainnet_signs_for_mainnet_whatever_the_address() -> None:
    live = settings(**LIVE, HYPERLIQUID_API_URL="http://127.0.0.1:9/")

    assert live.signer.network is Network.MAINNET
    assert live.endpoints.api_url == "http://127.0.0.1:9"
    assert live.endpoints.ws_url == "ws://127.0.0.1:9/ws"


def test_the_stream_may_have_its_own_address() -> None:
    given = settings(
        HYPERLIQUID_NETWORK="testnet",
        HYPERLIQUID_ACCOUNT=ACCOUNT,
        HYPERLIQUID_AGENT_KEY=KEY,
        HYPERLIQUID_WS_URL="wss://stream/ws",
    )

    assert given.signer.network is Network.TESTNET
    assert given.endpoints.ws_url == "wss://stream/ws"
    assert given.endpoints.api_url == "https://api.hyperliquid-testnet.xyz"


def test_a_sub_account_is_signed_for_and_asked_about() -> None:
    given = settings(**LIVE, HYPERLIQUID_VAULT="0x" + "C3" * 20)

    assert given.signer.vault == "0x" + "c3" * 20
    assert given.identity.queried == "0x" + "c3" * 20


@pytest.mark.parametrize("separator", [",", "\n", " , "])
def test_several_keys_sign_in_turn(separator: str) -> None:
    second = "0x" + "44" * 32
    given = settings(**LIVE | {"HYPERLIQUID_AGENT_KEY": f"{KEY}{separator}{second}"})

    addresses = [given.signer.key_of(term).address for term in (1, 2, 3)]
    assert addresses[0] == addresses[2] != addresses[1] == given.identity.signer
    assert given.identity.others == (addresses[0],)


def test_a_single_key_signs_always() -> None:
    given = settings(**LIVE)
    assert {given.signer.key_of(term).address for term in range(5)} == {given.identity.signer}


def test_the_same_key_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="each key once"):
        settings(**LIVE | {"HYPERLIQUID_AGENT_KEY": f"{KEY},{KEY}"})


@pytest.mark.parametrize("variable", ["HYPERLIQUID_ACCOUNT", "HYPERLIQUID_AGENT_KEY"])
def test_real_money_needs_account_and_key(variable: str) -> None:
    given = {name: value for name, value in LIVE.items() if name != variable}

    with pytest.raises(ConfigurationError) as refused:
        settings(**given)

    assert refused.value.field == variable


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HYPERLIQUID_ACCOUNT", "0xzz"),
        ("HYPERLIQUID_ACCOUNT", "a1" * 20),
        ("HYPERLIQUID_VAULT", "0x12"),
        ("HYPERLIQUID_AGENT_KEY", "not a key"),
        ("HYPERLIQUID_WINDOW_MS", "1"),
        ("HYPERLIQUID_BOOK_FAST", "maybe"),
        ("HYPERLIQUID_NETWORK", "moon"),
    ],
)
def test_a_malformed_setting_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings(**{variable: value})

    assert refused.value.field == variable


def test_a_bad_key_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings(HYPERLIQUID_AGENT_KEY="my secret")

    assert "my secret" not in str(refused.value)


def test_open_questions_are_settings() -> None:
    given = settings(
        HYPERLIQUID_COLLATERAL="spot",
        HYPERLIQUID_REDUCE_ONLY_BELOW_MINIMUM="on",
        HYPERLIQUID_BOOK_FAST="off",
        HYPERLIQUID_BOOK_MAX_AGE_MS="700",
        HYPERLIQUID_POSTS_COST_WEIGHT="off",
        HYPERLIQUID_WEIGHT_PER_MINUTE="600",
        HYPERLIQUID_MESSAGES_PER_MINUTE="900",
    ).options

    assert given.collateral == "spot"
    assert given.reduce_only_skips_minimum
    assert not given.book.fast
    assert given.book_max_age_ms == 700
    assert not given.posts_cost_weight
    assert (given.weight_per_minute, given.messages_per_minute) == (600, 900)


@pytest.mark.parametrize(
    ("place", "world"), [("mainnet", "live"), ("testnet", "testnet"), ("paper", "paper")]
)
def test_each_network_is_a_world_of_its_own(place: str, world: str) -> None:
    given = {"HYPERLIQUID_ACCOUNT": "0x" + "a1" * 20, "HYPERLIQUID_AGENT_KEY": "0x" + "22" * 32}
    assert settings(HYPERLIQUID_NETWORK=place, **given).identity.network == world
