"""Which settings every gateway has, whatever the venue."""

from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.ids import Strategy, Ticker
from tandem.gateway.core.pre_trade_checks import MOST_ORDER_NOTIONAL, NO_MOST
from tandem.runtime.config import ACCOUNT_VARIABLE, Environment, Variable
from tandem.transport.sharing import Sharing

BP_PER_UNIT = 10_000
MOST_COPIES = 8
DEFAULT_MOST_NOTIONAL = 1_000_000

GATEWAY_VARIABLES = (
    ACCOUNT_VARIABLE,
    Variable("TANDEM_TICKERS", "instruments whose books are followed from the start", "by venue"),
    Variable("TANDEM_MARKET_SLIPPAGE_BP", "how far a market order may go, in basis points", "100"),
    Variable("TANDEM_BOOK_MAX_WIDTH_BP", "a wider book gives no reference price", "100"),
    Variable(
        MOST_ORDER_NOTIONAL,
        "the most that one order of a strategy may be worth, in quote units; 0: no limit",
        str(DEFAULT_MOST_NOTIONAL),
    ),
    Variable("TANDEM_BACKFILL_SECONDS", "how often the venue's own lists are compared", "30"),
    Variable("TANDEM_BACKFILL_LIVE_SECONDS", "how often while orders of ours are live", "10"),
    Variable("TANDEM_GRANTED", "strategies that may cancel the orders of others too", "none"),
    Variable("TANDEM_LEASE_TTL_MS", "how long the right to send outlives its last renewal", "1200"),
    Variable(
        "TANDEM_HEDGER_SILENCE_MS",
        "makers of hedges go once no hedger was at the head for so long; 0: never",
        "1000",
    ),
    Variable("TANDEM_ANSWER_TIMEOUT_MS", "after this an unanswered order is in doubt", "1000"),
    Variable("TANDEM_ADDRESS_COPIES", "copies of this gateway that share one IP address", "2"),
    Variable(
        "TANDEM_ADDRESS_PERCENT",
        "how much of what the venue grants the address all of them may use together",
        "by venue",
    ),
)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    tickers: tuple[Ticker, ...]
    market_slippage_bp: Decimal = Decimal(100)
    book_max_width: Decimal = Decimal("0.01")
    most_order_notional: Decimal = Decimal(DEFAULT_MOST_NOTIONAL)
    backfill_s: int = 30
    backfill_live_s: int = 10
    answer_timeout_ms: int = 1_000
    hedger_silence_ms: int = 0
    lease_ttl_ms: int = 1_200
    copies: int = 2
    granted: frozenset[Strategy] = frozenset()

    def may_cancel(self, strategy: Strategy, owner: Strategy | None) -> bool:
        """Tell whether a strategy may cancel an order: its own, nobody's, or with a grant any."""
        return owner is None or owner == strategy or strategy in self.granted


def gateway_settings(env: Environment, default_tickers: tuple[str, ...]) -> GatewaySettings:
    """Read the settings; raises ConfigurationError naming a bad variable."""
    slippage = env.integer("TANDEM_MARKET_SLIPPAGE_BP", 100, least=1, most=5_000)
    width = env.integer("TANDEM_BOOK_MAX_WIDTH_BP", 100, least=1, most=5_000)
    return GatewaySettings(
        tickers=tuple(Ticker(word) for word in env.words("TANDEM_TICKERS", default_tickers)),
        market_slippage_bp=Decimal(slippage),
        book_max_width=Decimal(width) / BP_PER_UNIT,
        most_order_notional=_most_order_notional(env),
        backfill_s=env.integer("TANDEM_BACKFILL_SECONDS", 30, least=1, most=3_600),
        backfill_live_s=env.integer("TANDEM_BACKFILL_LIVE_SECONDS", 10, least=1, most=3_600),
        lease_ttl_ms=env.integer("TANDEM_LEASE_TTL_MS", 1_200, least=200, most=60_000),
        copies=env.integer("TANDEM_ADDRESS_COPIES", 2, least=1, most=MOST_COPIES),
        hedger_silence_ms=env.integer("TANDEM_HEDGER_SILENCE_MS", 1_000, most=60_000),
        answer_timeout_ms=env.integer("TANDEM_ANSWER_TIMEOUT_MS", 1_000, least=50, most=60_000),
        granted=frozenset(Strategy(word) for word in env.words("TANDEM_GRANTED")),
    )


def _most_order_notional(env: Environment) -> Decimal:
    most = env.integer(MOST_ORDER_NOTIONAL, DEFAULT_MOST_NOTIONAL, most=10**15)
    return Decimal(most) if most else NO_MOST


def sharing(env: Environment, percent: int) -> Sharing:
    """Read who shares the address's budget; raises ConfigurationError naming a bad variable."""
    return Sharing(
        copies=env.integer("TANDEM_ADDRESS_COPIES", 2, least=1, most=MOST_COPIES),
        percent=env.integer("TANDEM_ADDRESS_PERCENT", percent, least=10, most=100),
    )
