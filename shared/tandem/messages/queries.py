"""What may be asked over request/reply: pages of the state services, and the venues themselves."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from tandem.domain.ids import Exc, HedgeId, Pool, Ticker
from tandem.messages.deltas import BucketView, FillView, HedgeView, OrderView, PositionView
from tandem.messages.message import Message


class PageRequest(Message, frozen=True, kw_only=True, tag="page_request"):
    """Ask a state service for a page of one account; answered at or past `min_seq`."""

    exc: Exc | None = None
    min_seq: int = 0


class OrdersPage(Message, frozen=True, kw_only=True, tag="orders_page"):
    """Every open order of the account (and those that ended within the last minutes if asked)."""

    epoch: int
    seq: int
    orders: tuple[OrderView, ...]


class PositionsPage(Message, frozen=True, kw_only=True, tag="positions_page"):
    epoch: int
    seq: int
    positions: tuple[PositionView, ...]


class FillsPage(Message, frozen=True, kw_only=True, tag="fills_page"):
    epoch: int
    seq: int
    fills: tuple[FillView, ...]


class HedgesPage(Message, frozen=True, kw_only=True, tag="hedges_page"):
    epoch: int
    seq: int
    hedges: tuple[HedgeView, ...]
    buckets: tuple[BucketView, ...]


class ExposureCause(StrEnum):
    """Why something that a maker has filled is not hedged yet, as far as the log tells."""

    NONE = ""  # nothing is naked
    UNDECIDED = "UNDECIDED"  # no taker that the log holds is for it
    IN_FLIGHT = "IN_FLIGHT"  # takers are out for it
    IN_DOUBT = "IN_DOUBT"  # the outcome of a taker is not known
    DUST = "DUST"  # too small to trade; it goes with the next hedge


class ExposureView(Struct, frozen=True, kw_only=True):
    """What is naked in one bucket: proven fills of makers that no proven taker fill covers.

    `naked` is what is still to be traded there, signed, takers in flight included; `notional` is
    its worth at the last logged price, None without one. `unpriced` waits for its price, in units
    of the makers. `since_ns` (the log's time), `age_ms` and `hedge_id` are of its oldest part,
    `fact` is the subject of the maker's fact that last added to it.
    """

    pool: Pool
    exc: Exc
    ticker: Ticker
    naked: Decimal
    notional: Decimal | None
    in_flight: Decimal
    unpriced: Decimal
    since_ns: int | None
    age_ms: int
    hedge_id: HedgeId | None
    cause: ExposureCause
    fact: str = ""


class ExposurePage(Message, frozen=True, kw_only=True, tag="exposure_page"):
    """What is naked as of a place in the log, told by another process than the hedger.

    `ts_ns` is the log's time at which ages were taken. `hedger_silent_ms`: since when no hedger
    says that it stands at the head of the log, 0 while one does; `hedger_at_head` is False once
    that is too long. `alarms`: what is alarming now, in the words of the log's alarms. `partial`
    says why the amounts lack something, where they do.
    """

    epoch: int
    seq: int
    ts_ns: int
    hedger_at_head: bool
    hedger_silent_ms: int
    buckets: tuple[ExposureView, ...]
    alarms: tuple[str, ...] = ()
    partial: str = ""


class OrderHistoryRequest(Message, frozen=True, kw_only=True, tag="order_history_request"):
    """Ask order-state for one order by cloid or oid, with its transitions."""

    exc: Exc
    cloid: str | None = None
    oid: str | None = None


class Transition(Struct, frozen=True, kw_only=True):
    """One change of an order: the status it entered and when, in log time."""

    ord_status: str
    filled_sz: Decimal
    ts_ns: int
    seq: int


class OrderHistory(Message, frozen=True, kw_only=True, tag="order_history"):
    order: OrderView | None
    transitions: tuple[Transition, ...] = ()


class AskKind(StrEnum):
    POSITIONS = "positions"
    ORDERS = "orders"
    BALANCE = "balance"
    REFRESH_SPECS = "refresh_specs"


class VenueAsk(Message, frozen=True, kw_only=True, tag="venue_ask"):
    """Ask the venue itself, through its gateway."""

    kind: AskKind


class VenuePositions(Message, frozen=True, kw_only=True, tag="venue_positions"):
    positions: tuple[PositionView, ...]


class VenueOrders(Message, frozen=True, kw_only=True, tag="venue_orders"):
    orders: tuple[OrderView, ...]


class VenueBalance(Message, frozen=True, kw_only=True, tag="venue_balance"):
    """Quote-currency balance: `equity` includes unrealised PnL.

    `asset` is USD where the account's assets stand for one another: then of all together.
    """

    asset: str
    balance: Decimal
    equity: Decimal
    available: Decimal


class SpecsRefreshed(Message, frozen=True, kw_only=True, tag="specs_refreshed"):
    instruments: int


class QueryFailed(Message, frozen=True, kw_only=True, tag="query_failed"):
    """The question could not be answered; `unknown` when asking again may help."""

    text: str
    retryable: bool = True
