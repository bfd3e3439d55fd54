"""What strategies and the hedger ask for: imperative, one struct a request."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
)
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.messages.message import Message

DEFAULT_VALID_FOR_MS = 5_000


class NewOrder(Message, frozen=True, kw_only=True, tag="new_order"):
    """Place one order. Subject `oms.intent.<exc>.<strategy>.<cloid>.new`.

    `amount` is signed (negative sells). A LIMIT has exactly one of `price` and `price_match`;
    a MARKET has neither. `valid_for_ms` counts from the log's own timestamp. `hedge_id` is set
    on a maker order that a hedge intent caused. `disconnect_after_ms`: a LIMIT is cancelled once no
    client of the strategy was heard for so long; None: it stays.
    """

    exc: Exc
    ticker: Ticker
    client_order_id: ClientOrderId = field(name="cloid")
    amount: Decimal
    order_type: OrderType = field(name="ord_type")
    strategy: Strategy
    price: Decimal | None = None
    price_match: PriceMatch | None = None
    time_in_force: TimeInForce = field(name="tif", default=TimeInForce.GTC)
    post_only: bool = False
    reduce_only: bool = False
    take_profit: Decimal | None = field(name="tp", default=None)
    stop_loss: Decimal | None = field(name="sl", default=None)
    max_slippage_bp: Decimal | None = None
    valid_for_ms: int = DEFAULT_VALID_FOR_MS
    hedge_id: HedgeId | None = None
    disconnect_after_ms: int | None = None
    ts_sent_ns: int = field(name="ts_sent", default=0)


class CancelOrder(Message, frozen=True, kw_only=True, tag="cancel_order"):
    """Cancel one order (by `cloid` or `oid`), or with neither every open order of the account.

    `ticker` narrows the latter to one instrument. Subjects
    `oms.intent.<exc>.<strategy>.<cloid>.cancel.<token>` (an order known only by its oid goes
    under `oid:<oid>`) and `oms.intent.<exc>.<strategy>.all.cancel.<token>`.
    """

    exc: Exc
    token: Token
    strategy: Strategy
    ticker: Ticker | None = None
    venue_order_id: VenueOrderId | None = field(name="oid", default=None)
    client_order_id: ClientOrderId | None = field(name="cloid", default=None)
    valid_for_ms: int = DEFAULT_VALID_FOR_MS
    ts_sent_ns: int = field(name="ts_sent", default=0)


class RatioKind(StrEnum):
    """How a maker fill becomes a leg's target (hedging semantics, Conversion 2)."""

    BASE = "base"
    VALUE = "value"
    QUOTE_OF_FILL = "quote_of_fill"


class MakerSpec(Struct, frozen=True, kw_only=True):
    """The maker side of a hedge order: a limit order without an id of its own."""

    exc: Exc
    ticker: Ticker
    amount: Decimal
    price: Decimal | None = None
    price_match: PriceMatch | None = None
    time_in_force: TimeInForce = field(name="tif", default=TimeInForce.GTC)
    post_only: bool = False
    reduce_only: bool = False


class LegSpec(Struct, frozen=True, kw_only=True):
    """One hedge leg: `ratio` is signed, in base units of the leg per base unit of the maker."""

    exc: Exc
    ticker: Ticker
    ratio: Decimal = Decimal(-1)
    ratio_kind: RatioKind = RatioKind.BASE


class HedgeOrder(Message, frozen=True, kw_only=True, tag="hedge_order"):
    """Quote `maker`, and hedge each of its fills on every leg.

    Subject `oms.intent.hedge.<strategy>.<hedge_id>`. `coalesce_ms` delays takers while little is
    naked; 0 hedges at once. `disconnect_after_ms`: its maker is cancelled as an order is.
    `cross_asset` allows legs in another coin, or of another worth.
    """

    hedge_id: HedgeId
    strategy: Strategy
    maker: MakerSpec
    legs: tuple[LegSpec, ...]
    pool: Pool | None = None
    coalesce_ms: int = 0
    cross_asset: bool = False
    valid_for_ms: int = DEFAULT_VALID_FOR_MS
    disconnect_after_ms: int | None = None
    ts_sent_ns: int = field(name="ts_sent", default=0)


class StopHedge(Message, frozen=True, kw_only=True, tag="stop_hedge"):
    """Cancel a hedge's makers, hedge what they filled.

    Subject `oms.control.stop.<strategy>.<token>`.
    """

    hedge_id: HedgeId
    token: Token
    strategy: Strategy
    ts_sent_ns: int = field(name="ts_sent", default=0)


class Halt(Message, frozen=True, kw_only=True, tag="halt"):
    """Let no new risk out, on one account or (without `exc`) on all.

    Takers of hedges and reduce-only orders still go; resting makers of hedges are cancelled.
    Subject `oms.control.halt.<token>`; `strategy` is who asked, `text` why.
    """

    token: Token
    strategy: Strategy
    exc: Exc | None = None
    text: str = ""
    ts_sent_ns: int = field(name="ts_sent", default=0)


class Resume(Message, frozen=True, kw_only=True, tag="resume"):
    """Lift the halt whose token is `halt`; without one, every halt read before.

    Subject `oms.control.resume.<token>`.
    """

    token: Token
    strategy: Strategy
    halt: Token | None = None
    ts_sent_ns: int = field(name="ts_sent", default=0)


OrderIntent = NewOrder | CancelOrder
