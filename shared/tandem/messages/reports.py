"""What venues were seen to do: past tense, one struct a fact, the same from every source.

1. A report says only what its source proves: `cum_qty` is None where the source gives no proof
   (Hyperliquid's order states), and then nothing may be concluded from it.
2. Quantities here are positive with a side, or signed and named `amount`; never both.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.network import Network
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from tandem.messages.message import Message


class OrderReport(Message, frozen=True, kw_only=True, tag="order_report"):
    """The state of one order as the venue gave it, or a refusal (then `reason` and `text`).

    `amount` is the signed original quantity where the source gives it. `replaces_oid` is set
    when the venue gave the order a new id (modify). `trigger_px` is the mark price that a
    conditional order waits for, 0 once it waits no more. `in_doubt` marks a request of ours whose
    outcome is unknown: the status is then what was last proven. `emulated`: the gateway itself
    chose the price that the venue has no word for (`price_match`).
    """

    exc: Exc
    ticker: Ticker
    order_status: OrderStatus = field(name="ord_status")
    source: ReportSource
    ts_event_ns: int = field(name="ts_venue")
    ts_recv_ns: int = field(name="ts_recv", default=0)
    ts_sent_ns: int = field(name="ts_sent", default=0)
    venue_order_id: VenueOrderId | None = field(name="oid", default=None)
    client_order_id: ClientOrderId | None = field(name="cloid", default=None)
    amount: Decimal | None = None
    price: Decimal | None = None
    order_type: OrderType | None = field(name="ord_type", default=None)
    time_in_force: TimeInForce | None = field(name="tif", default=None)
    reduce_only: bool | None = None
    cum_qty: Decimal | None = field(name="filled_sz", default=None)
    avg_px: Decimal | None = None
    reason: RejectReason | None = None
    text: str = ""
    replaces_oid: VenueOrderId | None = None
    in_doubt: bool = False
    trigger_px: Decimal | None = None
    emulated: bool = False


class MidAt(Struct, frozen=True, kw_only=True):
    """The middle of an instrument's book at a time of the log's clock."""

    at_ns: int
    mid: Decimal


class FillReport(Message, frozen=True, kw_only=True, tag="fill_report"):
    """One execution; identity (exc, ticker, exec_id). `last_qty` is positive, `side` the order's.

    `is_system` marks fills that the venue itself says it made (liquidation, ADL, settlement).
    `is_unnamed`: the source tells the client id of every order that has one, and told none.
    `start_position` is the signed position before the fill, where the venue gives it. `mids`, of a
    taker's fill: what the gateway's newest book said when the makers' fills that its decision is
    for were logged; a time that is missing had no book that a price could be taken from.
    """

    exc: Exc
    ticker: Ticker
    exec_id: ExecId
    venue_order_id: VenueOrderId = field(name="oid")
    side: Side
    last_qty: Decimal = field(name="last_fill_sz")
    last_px: Decimal
    source: ReportSource
    ts_event_ns: int = field(name="ts_venue")
    ts_recv_ns: int = field(name="ts_recv", default=0)
    ts_sent_ns: int = field(name="ts_sent", default=0)
    client_order_id: ClientOrderId | None = field(name="cloid", default=None)
    cum_qty: Decimal | None = field(name="filled_sz", default=None)
    liquidity: Liquidity | None = None
    start_position: Decimal | None = None
    is_system: bool = False
    mids: tuple[MidAt, ...] = ()
    is_unnamed: bool = False

    @property
    def signed_qty(self) -> Decimal:
        return self.side.signed(self.last_qty)


class FillCost(Message, frozen=True, kw_only=True, tag="fill_cost"):
    """What a fill cost, once a richer source tells: `fee` positive = paid."""

    exc: Exc
    ticker: Ticker
    exec_id: ExecId
    fee: Decimal
    fee_asset: str
    realized_pnl: Decimal | None = None
    ts_event_ns: int = field(name="ts_venue")


class PositionReport(Message, frozen=True, kw_only=True, tag="position_report"):
    """A venue's absolute position at its own time: it covers all fills before `ts_venue`.

    `inclusive`: those at `ts_venue` too, for the venue's clock was past it when it was read.
    """

    exc: Exc
    ticker: Ticker
    amount: Decimal
    entry: Decimal
    source: ReportSource
    ts_event_ns: int = field(name="ts_venue")
    ts_recv_ns: int = field(name="ts_recv", default=0)
    unrealized_pnl: Decimal | None = None
    inclusive: bool = False


class MarkReport(Message, frozen=True, kw_only=True, tag="mark_report"):
    """A reference price: mid and mark of one instrument at the venue's time."""

    exc: Exc
    ticker: Ticker
    mid: Decimal
    mark: Decimal | None = None
    ts_event_ns: int = field(name="ts_venue")


class SpecsReport(Message, frozen=True, kw_only=True, tag="specs_report"):
    """A venue's whole instrument table; identity is its content and the table it follows.

    `previous` is the subject of that one, empty for the first: A, B, A again are three facts.
    None: written by a version that did not say so.
    """

    exc: Exc
    instruments: tuple[Instrument, ...]
    previous: str | None = None
    ts_recv_ns: int = field(name="ts_recv", default=0)


class LinkState(StrEnum):
    UP = "UP"
    DOWN = "DOWN"
    RESYNCED = "RESYNCED"


class LinkReport(Message, frozen=True, kw_only=True, tag="link_report"):
    """A gateway's session with its venue: `run` names the process, `n` counts its reports."""

    exc: Exc
    run: str
    n: int
    state: LinkState
    epoch: int = 0
    text: str = ""
    ts_recv_ns: int = field(name="ts_recv", default=0)


class SenderReport(Message, frozen=True, kw_only=True, tag="sender_report"):
    """From here on a process sends for its account, in this term of the lease; `n` repeats it.

    What a sender of an earlier term concludes on its own is not stored past this message.
    `unsent_past` is told by a process that sends no more: the last intent that it may have sent.
    """

    exc: Exc
    run: str
    term: int
    n: int
    unsent_past: int | None = None
    ts_recv_ns: int = field(name="ts_recv", default=0)


class IdentityReport(Message, frozen=True, kw_only=True, tag="identity_report"):
    """Whose log this is under one account's name: the first gateway on it has said so.

    `account` is what the venue calls the account by, or a digest of it; on another network, or
    of another account, no gateway works on this log.
    """

    exc: Exc
    network: Network
    account: str


class IntentRefused(Message, frozen=True, kw_only=True, tag="intent_refused"):
    """An intent other than a new order that was refused: the field, the value and the rule."""

    exc: Exc
    subject: str
    field_name: str = field(name="field")
    rule: str
    ts_recv_ns: int = field(name="ts_recv", default=0)


class OrderCleared(Message, frozen=True, kw_only=True, tag="order_cleared"):
    """A gateway cancels an order that nobody asked it to cancel, and why: from here on it goes."""

    exc: Exc
    ticker: Ticker
    client_order_id: ClientOrderId = field(name="cloid")
    text: str
    ts_recv_ns: int = field(name="ts_recv", default=0)
