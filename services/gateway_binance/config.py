"""Which account is traded, where and how it signs: every setting from the environment, checked.

1. A network gives the addresses; each may be overridden on its own.
2. Keys are secrets: a value or a file, and never in an error's text. Only the paper network has
   default keys, the public ones of the paper exchange.
3. What the venue's documentation leaves open is a setting here, with the cautious default.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.gateway_binance.protocol.requests import OrderOptions
from services.gateway_binance.protocol.settings import Endpoints, PrivateForm, VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner, Signer, ed25519_from_pem
from tandem.domain.errors import ConfigurationError
from tandem.domain.network import Network
from tandem.domain.order import PriceMatch
from tandem.gateway.settings import sharing
from tandem.runtime.config import Environment, Variable


class ResponseType(StrEnum):
    """What an acknowledgement carries (newOrderRespType)."""

    ACK = "ack"
    RESULT = "result"


class StpMode(StrEnum):
    """Self-trade prevention; `account` leaves it to the account's default."""

    ACCOUNT = "account"
    NONE = "none"
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"
    EXPIRE_BOTH = "expire_both"


class WeightPools(StrEnum):
    """Whether REST and the WebSocket API draw on one weight: sources differ."""

    SHARED = "shared"
    APART = "apart"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class DepthInterval(StrEnum):
    MS_100 = "100"
    MS_250 = "250"
    MS_500 = "500"


# Binance docs, general info (live and test network); the paper exchange as compose starts it.
ENDPOINTS: dict[Network, Endpoints] = {
    Network.LIVE: Endpoints(
        "https://fapi.binance.com",
        "wss://fstream.binance.com",
        "wss://ws-fapi.binance.com/ws-fapi/v1",
    ),
    Network.TESTNET: Endpoints(
        "https://demo-fapi.binance.com",
        "wss://fstream.binancefuture.com",
        "wss://testnet.binancefuture.com/ws-fapi/v1",
    ),
    Network.PAPER: Endpoints(
        "http://127.0.0.1:3000", "ws://127.0.0.1:3000", "ws://127.0.0.1:3000/ws-fapi/v1"
    ),
}

PAPER_KEY = "paper-binance-key"
PAPER_SECRET = "paper-binance-secret"  # noqa: S105 - the paper exchange's public test key
# The rest is for what is not counted here: handshakes, listen keys.
ADDRESS_PERCENT = 80
SUSPENDED = ("OPPONENT_10", "OPPONENT_20")

VARIABLES = (
    Variable("BINANCE_NETWORK", "live, testnet or paper: sets the addresses", "paper"),
    Variable("BINANCE_REST_URL", "address of the REST API", "by network"),
    Variable("BINANCE_STREAM_URL", "address of the streams", "by network"),
    Variable("BINANCE_WS_API_URL", "address of the WebSocket API", "by network"),
    Variable("BINANCE_API_KEY", "API key (or BINANCE_API_KEY_FILE)", "on paper: its test key"),
    Variable("BINANCE_API_SECRET", "HMAC secret (or BINANCE_API_SECRET_FILE)"),
    Variable("BINANCE_ED25519_KEY_FILE", "PEM file of an Ed25519 key, instead of a secret"),
    Variable("BINANCE_RECV_WINDOW_MS", "how long a request may live", "1000"),
    Variable("BINANCE_PRIVATE_FORM", "first form of the private stream's address", "events"),
    Variable("BINANCE_EVENT_TIMEOUT_MS", "an ack without event for longer: next form", "3000"),
    Variable("BINANCE_KEEP_KEY_SECONDS", "how often the listen key is extended", "1500"),
    Variable("BINANCE_RENEW_SECONDS", "age at which the private stream is replaced", "82800"),
    Variable("BINANCE_TRADE_LITE", "use TRADE_LITE as an early fill: on or off", "on"),
    Variable("BINANCE_RESPONSE_TYPE", "ack or result (newOrderRespType)", "result"),
    Variable("BINANCE_STP_MODE", "self-trade prevention of new orders", "account"),
    Variable("BINANCE_REFUSED_PRICE_MATCH", "suspended modes; none: -", ",".join(SUSPENDED)),
    Variable("BINANCE_WEIGHT_POOLS", "REST and WebSocket weight: shared or apart", "shared"),
    Variable("BINANCE_DEPTH_MS", "interval of the depth stream: 100, 250 or 500", "100"),
    Variable("BINANCE_BOOK_MAX_AGE_MS", "an older book gives no reference", "500"),
    Variable("BINANCE_BALANCE_ASSET", "the asset whose balance is reported", "USDT"),
    Variable("BINANCE_WHOLE_NAMES", "base assets like 1000X that are no multiple of an X"),
)


@dataclass(frozen=True, slots=True)
class BinanceConfig:
    venue: VenueSettings
    signer: Signer


def read(env: Environment) -> BinanceConfig:
    """Read everything; raises ConfigurationError naming the variable."""
    network = env.choice("BINANCE_NETWORK", Network, Network.PAPER)
    return BinanceConfig(_venue(env, network), _signer(env, network))


def _venue(env: Environment, network: Network) -> VenueSettings:
    return VenueSettings(
        network=network,
        endpoints=_endpoints(env, network),
        order=_order_options(env),
        window_ms=env.integer("BINANCE_RECV_WINDOW_MS", 1_000, least=100, most=60_000),
        private_form=env.choice("BINANCE_PRIVATE_FORM", PrivateForm, PrivateForm.EVENTS),
        refused_price_match=_refused_price_match(env),
        shared_weight=env.choice("BINANCE_WEIGHT_POOLS", WeightPools, WeightPools.SHARED)
        is WeightPools.SHARED,
        sharing=sharing(env, ADDRESS_PERCENT),
        trade_lite=env.choice("BINANCE_TRADE_LITE", Switch, Switch.ON) is Switch.ON,
        event_timeout_ms=env.integer("BINANCE_EVENT_TIMEOUT_MS", 3_000, least=100, most=60_000),
        keep_key_s=env.integer("BINANCE_KEEP_KEY_SECONDS", 1_500, least=1, most=3_000),
        renew_s=env.integer("BINANCE_RENEW_SECONDS", 82_800, least=1, most=85_000),
        depth_ms=int(env.choice("BINANCE_DEPTH_MS", DepthInterval, DepthInterval.MS_100)),
        book_max_age_ms=env.integer("BINANCE_BOOK_MAX_AGE_MS", 500, least=1, most=60_000),
        balance_asset=env.text("BINANCE_BALANCE_ASSET", "USDT"),
        whole_names=frozenset(env.words("BINANCE_WHOLE_NAMES", ())),
    )


def _endpoints(env: Environment, network: Network) -> Endpoints:
    default = ENDPOINTS[network]
    return Endpoints(
        rest=_address(env, "BINANCE_REST_URL", default.rest, ("http://", "https://")),
        stream=_address(env, "BINANCE_STREAM_URL", default.stream, ("ws://", "wss://")),
        ws_api=_address(env, "BINANCE_WS_API_URL", default.ws_api, ("ws://", "wss://")),
    )


def _address(env: Environment, name: str, default: str, schemes: tuple[str, ...]) -> str:
    text = env.text(name, default)
    if not text.startswith(schemes):
        raise ConfigurationError(name, text, f"an address that begins with {' or '.join(schemes)}")
    return text.rstrip("/")


def _order_options(env: Environment) -> OrderOptions:
    response = env.choice("BINANCE_RESPONSE_TYPE", ResponseType, ResponseType.RESULT)
    mode = env.choice("BINANCE_STP_MODE", StpMode, StpMode.ACCOUNT)
    stp_mode = "" if mode is StpMode.ACCOUNT else mode.value.upper()
    return OrderOptions(response.value.upper(), stp_mode)


def _refused_price_match(env: Environment) -> frozenset[PriceMatch]:
    name = "BINANCE_REFUSED_PRICE_MATCH"
    words = [word for word in env.words(name, SUSPENDED) if word != "-"]
    try:
        return frozenset(PriceMatch(word) for word in words)
    except ValueError as error:
        raise ConfigurationError(name, ",".join(words), f"of {', '.join(PriceMatch)}") from error


def _signer(env: Environment, network: Network) -> Signer:
    on_paper = network is Network.PAPER
    api_key = env.secret("BINANCE_API_KEY") or (PAPER_KEY if on_paper else None)
    if api_key is None:
        raise ConfigurationError("BINANCE_API_KEY", "", "required, but not set")
    secret = env.secret("BINANCE_API_SECRET")
    pem_file = env.path("BINANCE_ED25519_KEY_FILE")
    if secret is not None and pem_file is not None:
        rule = "not together with BINANCE_API_SECRET"
        raise ConfigurationError("BINANCE_ED25519_KEY_FILE", pem_file, rule)
    if pem_file is not None:
        return _ed25519(api_key, pem_file.read_bytes())
    if secret is None and on_paper and api_key == PAPER_KEY:
        secret = PAPER_SECRET
    if secret is None:
        rule = "required, unless BINANCE_ED25519_KEY_FILE is set"
        raise ConfigurationError("BINANCE_API_SECRET", "", rule)
    return HmacSigner(api_key, secret.encode())


def _ed25519(api_key: str, pem: bytes) -> Signer:
    try:
        return ed25519_from_pem(api_key, pem)
    except ValueError as error:
        raise ConfigurationError("BINANCE_ED25519_KEY_FILE", "(hidden)", str(error)) from error
