"""Which account is traded with which key at which venue: settings, their units and variables.

1. Real keys have no default: only the paper exchange's public test keys do, on paper.
2. The network decides what is signed, whatever the address in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.market_channel import BookOptions
from services.gateway_hyperliquid.protocol.requests import Signer
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network
from services.gateway_hyperliquid.protocol.user_channel import Endpoints
from services.gateway_hyperliquid.protocol.venue import NINE_TENTHS, Collateral, VenueOptions
from tandem.domain.errors import ConfigurationError, InvalidInputError
from tandem.domain.network import Network as World
from tandem.gateway.settings import sharing
from tandem.runtime.config import Environment, Variable


class Place(StrEnum):
    """Where orders go: real money, the venue's own test network, or the paper exchange."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    PAPER = "paper"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


VARIABLES: Final = (
    Variable("HYPERLIQUID_NETWORK", "mainnet, testnet or paper", "paper"),
    Variable("HYPERLIQUID_API_URL", "HTTP address of the venue", "by network"),
    Variable("HYPERLIQUID_WS_URL", "WebSocket address of the venue", "by network"),
    Variable("HYPERLIQUID_ACCOUNT", "the account's own address, not its agent's", "on paper: set"),
    Variable(
        "HYPERLIQUID_AGENT_KEY",
        "secret of the agent that signs (or _FILE); several, by commas or lines, sign in turn",
        "on paper: set",
    ),
    Variable("HYPERLIQUID_VAULT", "sub-account or vault to trade for instead"),
    Variable("HYPERLIQUID_WINDOW_MS", "how long a request may live (expiresAfter)", "1000"),
    Variable("HYPERLIQUID_COLLATERAL", "where the balance is: perp, or spot when unified", "perp"),
    Variable("HYPERLIQUID_BOOK_FAST", "on: 5 levels each 0.5 s; off: 20, less often", "on"),
    Variable("HYPERLIQUID_BOOK_MAX_AGE_MS", "an older book gives no reference", "2000"),
    Variable("HYPERLIQUID_BOOK_SILENCE_S", "reconnect when a book is silent for longer", "60"),
    Variable("HYPERLIQUID_WEIGHT_PER_MINUTE", "share of the IP's request weight", "1200"),
    Variable("HYPERLIQUID_MESSAGES_PER_MINUTE", "share of the IP's socket messages", "2000"),
    Variable("HYPERLIQUID_POSTS_COST_WEIGHT", "on: orders over the socket cost weight too", "on"),
    Variable("HYPERLIQUID_WHOLE_NAMES", "coins like kX that are no thousand of an X"),
    Variable(
        "HYPERLIQUID_REDUCE_ONLY_BELOW_MINIMUM",
        "on: send reduce-only orders below the minimum notional and let the venue judge",
        "off",
    ),
)


WORLDS: Final[Mapping[Place, World]] = {
    Place.MAINNET: World.LIVE,
    Place.TESTNET: World.TESTNET,
    Place.PAPER: World.PAPER,
}


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What a network implies; account and key are None where they must be given."""

    network: Network
    api_url: str
    ws_url: str
    account: str | None = None
    agent_key: str | None = None


# The paper exchange's account and agent: public test keys, worth nothing.
_PAPER_ACCOUNT: Final = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
_PAPER_AGENT_KEY: Final = "0x" + "22" * 32

_DEFAULTS: Final[Mapping[Place, _Defaults]] = {
    Place.MAINNET: _Defaults(
        Network.MAINNET, "https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws"
    ),
    Place.TESTNET: _Defaults(
        Network.TESTNET,
        "https://api.hyperliquid-testnet.xyz",
        "wss://api.hyperliquid-testnet.xyz/ws",
    ),
    Place.PAPER: _Defaults(
        Network.TESTNET,
        "http://127.0.0.1:3001",
        "ws://127.0.0.1:3001/ws",
        _PAPER_ACCOUNT,
        _PAPER_AGENT_KEY,
    ),
}


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Everything the protocol is built from."""

    endpoints: Endpoints
    signer: Signer
    identity: Identity
    options: VenueOptions


def read(env: Environment) -> GatewayConfig:
    """Read the gateway's own settings.

    Raises:
        ConfigurationError: one is missing or malformed; it names the variable.
    """
    place = env.choice("HYPERLIQUID_NETWORK", Place, Place.PAPER)
    defaults = _DEFAULTS[place]
    key, *more = _keys(env, defaults)
    vault = env.optional("HYPERLIQUID_VAULT")
    vault = None if vault is None else _address("HYPERLIQUID_VAULT", vault)
    account = _address("HYPERLIQUID_ACCOUNT", env.text("HYPERLIQUID_ACCOUNT", defaults.account))
    return GatewayConfig(
        _endpoints(env, defaults),
        Signer(key, defaults.network, vault, tuple(more)),
        Identity(account, key.address, vault, tuple(one.address for one in more), WORLDS[place]),
        _options(env),
    )


def _endpoints(env: Environment, defaults: _Defaults) -> Endpoints:
    api_url = env.text("HYPERLIQUID_API_URL", defaults.api_url).rstrip("/")
    given = env.optional("HYPERLIQUID_API_URL")
    ws_url = defaults.ws_url if given is None else f"ws{api_url.removeprefix('http')}/ws"
    return Endpoints(api_url, env.text("HYPERLIQUID_WS_URL", ws_url))


def _keys(env: Environment, defaults: _Defaults) -> tuple[AgentKey, ...]:
    secret = env.secret("HYPERLIQUID_AGENT_KEY") or defaults.agent_key or ""
    secrets = secret.replace(",", " ").split()
    if not secrets:
        raise ConfigurationError("HYPERLIQUID_AGENT_KEY", "", "required, but not set")
    try:
        keys = tuple(AgentKey(one) for one in secrets)
    except InvalidInputError as error:
        raise ConfigurationError("HYPERLIQUID_AGENT_KEY", error.value, error.rule) from error
    if len({key.address for key in keys}) < len(keys):
        raise ConfigurationError("HYPERLIQUID_AGENT_KEY", "(hidden)", "each key once")
    return keys


def _address(variable: str, text: str) -> str:
    lower = text.lower()
    try:
        is_address = lower.startswith("0x") and len(bytes.fromhex(lower[2:])) == 20
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigurationError(variable, text, "0x and 40 hex digits")
    return lower


def _options(env: Environment) -> VenueOptions:
    silence_s = env.integer("HYPERLIQUID_BOOK_SILENCE_S", 60, least=5)
    return VenueOptions(
        collateral=env.choice("HYPERLIQUID_COLLATERAL", Collateral, Collateral.PERP),
        reduce_only_skips_minimum=_is_on(env, "HYPERLIQUID_REDUCE_ONLY_BELOW_MINIMUM", Switch.OFF),
        book=BookOptions(_is_on(env, "HYPERLIQUID_BOOK_FAST", Switch.ON), silence_s * 10**9),
        book_max_age_ms=env.integer("HYPERLIQUID_BOOK_MAX_AGE_MS", 2_000, least=1),
        window_ms=env.integer("HYPERLIQUID_WINDOW_MS", 1_000, least=100, most=60_000),
        weight_per_minute=env.integer("HYPERLIQUID_WEIGHT_PER_MINUTE", 1_200, least=200),
        messages_per_minute=env.integer("HYPERLIQUID_MESSAGES_PER_MINUTE", 2_000, least=200),
        posts_cost_weight=_is_on(env, "HYPERLIQUID_POSTS_COST_WEIGHT", Switch.ON),
        whole_names=frozenset(env.words("HYPERLIQUID_WHOLE_NAMES", ())),
        sharing=sharing(env, NINE_TENTHS.percent),
    )


def _is_on(env: Environment, variable: str, default: Switch) -> bool:
    return env.choice(variable, Switch, default) is Switch.ON
