"""What the shell asks of a venue, and what its answers prove: values only."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from tandem.domain.errors import TandemError
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, ExecId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, RejectReason, TimeInForce
from tandem.gateway.port.decoding import UnreadableError, Unsound, shown, unsound
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport

Report = OrderReport | FillReport | FillCost | PositionReport


class VenueQueryError(TandemError):
    """A question to the venue that brought no usable answer; nothing may be concluded from it."""

    def __init__(self, text: str, retry_after_ms: int = 0) -> None:
        super().__init__(text)
        self.retry_after_ms = retry_after_ms


class UnansweredError(VenueQueryError):
    """The venue was not reached or not asked: what the question was has no part in that."""


class UnfitAccountError(VenueQueryError):
    """The account is in a mode that nothing here works in; what else the venue lists is true."""


class Stamp(Struct, frozen=True):
    """When a request is made, on the venue's clock, and how long it may live.

    Attributes:
        call: correlates a WebSocket reply with its request; unique in the process.
        venue_ms: the venue's time now, by our measurement.
        nonce: milliseconds that strictly increase with each action, for venues that want one; 0
            of a question.
        window_ms: the request dies by itself at venue_ms + window_ms.
        term: of the lease under which it is made; 0 for what needs none.
    """

    call: int
    venue_ms: int
    nonce: int
    window_ms: int
    term: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """An order that passed the checks: rounded, legal, with only what this venue supports.

    `amount` is signed. `price` is None for a MARKET and where the venue itself does what
    `price_match` says; with both the price was taken from the book in its stead.
    """

    instrument: Instrument
    client_order_id: ClientOrderId
    amount: Decimal
    order_type: OrderType
    price: Decimal | None
    time_in_force: TimeInForce
    price_match: PriceMatch | None = None
    post_only: bool = False
    reduce_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOne:
    """Cancel one order by the venue's id, or by ours where that is None."""

    instrument: Instrument
    client_order_id: ClientOrderId | None = None
    venue_order_id: VenueOrderId | None = None


OrderRequest = PlaceOrder | CancelOne


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an answer proves about an order request.

    ACCEPTED: `facts` say what the venue said (source ack); a cancel may have none.
    REJECTED: the venue refused it for good. NOT_EXECUTED: it did not reach the engine and may be
    sent again after `retry_after_ms`. UNKNOWN: only a lookup tells. `must_ask` on a cancel: the
    venue does not know the order as open, so the order is looked up before anything is concluded.
    `orders_only`: the limit that was met counts new orders alone; cancels and questions go on.
    """

    kind: OutcomeKind
    facts: tuple[Report, ...] = ()
    reason: RejectReason | None = None
    text: str = ""
    retry_after_ms: int = 0
    must_ask: bool = False
    orders_only: bool = False


@dataclass(frozen=True, slots=True)
class InstrumentsQuery:
    """The venue's whole table of instruments."""


@dataclass(frozen=True, slots=True)
class TimeQuery:
    """The venue's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """One order, by the venue's id or by ours."""

    instrument: Instrument
    client_order_id: ClientOrderId | None = None
    venue_order_id: VenueOrderId | None = None


@dataclass(frozen=True, slots=True)
class OpenOrdersQuery:
    """Every open order of the account; `instruments` may narrow it, or nothing."""

    instruments: tuple[Instrument, ...] = ()


@dataclass(frozen=True, slots=True)
class RecentOrdersQuery:
    """Orders of these made since `since_ms`, open and ended: what it shows was there.

    It may lag and be cut, so that what it lacks proves nothing; `instruments` may narrow nothing.
    """

    instruments: tuple[Instrument, ...]
    since_ms: int


@dataclass(frozen=True, slots=True)
class FillsQuery:
    """Fills at or after `since_ms` of the venue's clock; `instruments` may narrow nothing.

    `until_ms`: the last millisecond of the window that is asked for, None: up to now. `after`: of
    a list that goes on, the last fill told of each instrument; else empty.
    """

    instruments: tuple[Instrument, ...]
    since_ms: int
    until_ms: int | None = None
    after: tuple[ExecId | None, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionsQuery:
    """Every open position of the account."""


@dataclass(frozen=True, slots=True)
class BalanceQuery:
    """The account's quote-currency balance."""


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """What the venue calls the account by: the same as long as it is the same account."""


Query = (
    InstrumentsQuery
    | TimeQuery
    | OrderQuery
    | OpenOrdersQuery
    | RecentOrdersQuery
    | FillsQuery
    | PositionsQuery
    | BalanceQuery
    | AccountQuery
)


def every_ticker(_ticker: Ticker) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Listing:
    """The facts that an answer lists (source query).

    `more` is the next question when the venue cut the list, `venue_ms` the venue's time of the
    listing where it says one. `covers` tells of which tickers absence from it means something.
    `unsound` are the rows that cannot be so: what they stand for is missing here.
    `lost_until_ms`: up to when fills may be missing that the venue no longer keeps, None: none.
    """

    facts: tuple[Report, ...]
    venue_ms: int | None = None
    more: Query | None = None
    covers: Callable[[Ticker], bool] = every_ticker
    unsound: tuple[Unsound, ...] = ()
    lost_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class InstrumentTable:
    """The instruments that a venue lists; `unsound` names each row that was left out, and why."""

    rows: tuple[Instrument, ...]
    unsound: tuple[Unsound, ...] = ()


RowT = TypeVar("RowT")


def row_left_out(name: str, error: UnreadableError) -> Unsound:
    """Return what to tell of a row of the instrument table that cannot be used."""
    return Unsound("instrument", "row", shown(name), f"{error.field}={error.value}: {error.rule}")


def read_rows(
    what: str, rows: Iterable[RowT], facts_of: Callable[[RowT], Iterable[Report]]
) -> tuple[list[Report], list[Unsound]]:
    """Return the facts of the rows that can be used, and of each other one what is wrong."""
    facts: list[Report] = []
    faults: list[Unsound] = []
    for row in rows:
        try:
            facts += facts_of(row)
        except UnreadableError as error:
            faults.append(unsound(what, error))
    return facts, faults
