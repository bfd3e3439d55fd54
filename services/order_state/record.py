"""What is known of one order, and the view that follows from it.

1. A record is a join: statuses by rank, cumulative quantity by maximum, price and size from the
   latest venue time, fills a set by exec id. Any order of the same reports, with any
   duplicates, ends in the same record.
2. Filled is proven by the venue's cumulative or by the sum of distinct fills, never by a word.
3. Fills alone are no order: how large it is, and whether it has ended, nobody has said, and of what
   the venue does by itself nobody may ever. They are counted, and shown with the order once it is
   asked for here or told of.
"""

from decimal import Decimal
from hashlib import blake2b

import msgspec
from msgspec import Struct

from services.order_state.fill_sum import FillSum
from tandem.domain.decimals import canonical
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import (
    OrderStatus,
    OrderType,
    PriceMatch,
    RejectReason,
    TimeInForce,
    join_status,
    weight_of_words,
)
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.messages import codec
from tandem.messages.deltas import OrderView
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder
from tandem.messages.queries import Transition
from tandem.messages.reports import FillReport, OrderReport

MAX_TRANSITIONS = 64
DIGEST_BYTES = 12


class Asked(Struct, frozen=True, array_like=True):
    """What was asked for, by an intent or a hedge decision; never changed by the venue."""

    amount: Decimal
    order_type: OrderType
    strategy: Strategy
    price: Decimal | None = None
    price_match: PriceMatch | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    hedge_id: HedgeId | None = None


class Latest(Struct, frozen=True, array_like=True):
    """A text as of a venue time; of two the later counts, at equal times the greater text."""

    ts_event_ns: int
    text: str


class Terms(Struct, array_like=True):
    """What the venue last said the order is, each field from the latest report that gave it."""

    amount: Latest | None = None
    price: Latest | None = None
    avg_px: Latest | None = None
    order_type: Latest | None = None
    time_in_force: Latest | None = None
    reduce_only: Latest | None = None
    oid: Latest | None = None
    ts_event_ns: int = 0
    trigger_px: Latest | None = None


class Record(Struct, array_like=True):
    """Everything known of one order. `cancel_pending` is set by an intent, cleared by an end.

    `shown` is a digest of what readers were last told, `row_names` are the names of its rows,
    `aliases` its venue ids as the registry spells them. `largest` is the most that it was ever for;
    `is_excess`: a person was told that it has filled more. `reason` and `text` say why it ended as
    `ended_as`, `doubt` why its outcome was unknown, `kept` why its latest cancel was refused,
    `cleared` why its gateway cancels it. `is_told`: the venue has told of the order itself, not of
    its fills only.
    """

    exc: Exc
    ticker: Ticker
    key: str
    cloid: ClientOrderId | None = None
    oid: VenueOrderId | None = None
    asked: Asked | None = None
    terms: Terms = msgspec.field(default_factory=Terms)
    status: OrderStatus = OrderStatus.PENDING
    reported_cum: Decimal = ZERO
    fills: FillSum = msgspec.field(default_factory=FillSum)
    side_sign: int = 0
    asked_ts_ns: int = 0
    doubted: bool = False
    cancel_pending: bool = False
    reason: RejectReason | None = None
    text: str = ""
    last_delta: str | None = None
    shown: bytes = b""
    transitions: list[Transition] = []
    row_names: list[str] = []
    aliases: list[str] = []
    largest: Decimal = ZERO
    is_modified: bool = False
    is_excess: bool = False
    ended_as: OrderStatus = OrderStatus.PENDING
    doubt: str = ""
    kept: str = ""
    cleared: str = ""
    is_emulated: bool = False
    is_told: bool = False

    @property
    def is_order(self) -> bool:
        """Whether there is an order to show (3)."""
        return self.is_told or self.asked is not None

    @property
    def filled(self) -> Decimal:
        """Proven cumulative quantity."""
        return max(self.reported_cum, self.fills.qty)

    @property
    def amount(self) -> Decimal:
        """Signed quantity in force: the venue's where it gave one, else what was asked."""
        if self.terms.amount is not None:
            return Decimal(self.terms.amount.text)
        return self.asked.amount if self.asked else ZERO

    @property
    def order_status(self) -> OrderStatus:
        filled, amount = self.filled, abs(self.amount)
        if amount and filled >= amount:
            return OrderStatus.FILLED
        if filled and not self.status.is_terminal:
            return OrderStatus.PARTIAL
        return self.status

    @property
    def called_for(self) -> Decimal:
        """What its fills come to once all are known: what is proven, or what FILLED says."""
        is_whole = self.order_status is OrderStatus.FILLED
        return max(self.filled, abs(self.amount)) if is_whole else self.filled

    @property
    def last_qty(self) -> Decimal:
        """What filled last: the latest fill, or what an acknowledgement told ahead of its fills."""
        ahead = self.called_for - self.fills.qty
        return ahead if ahead > 0 else self.fills.last_qty

    @property
    def is_live(self) -> bool:
        return self.is_order and not self.order_status.is_terminal


def asked_by_intent(order: NewOrder) -> Asked:
    return Asked(
        amount=order.amount,
        order_type=order.order_type,
        strategy=order.strategy,
        price=order.price,
        price_match=order.price_match,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        take_profit=order.take_profit,
        stop_loss=order.stop_loss,
        hedge_id=order.hedge_id,
    )


def asked_by_decision(decision: Decision, taker: TakerOrder) -> Asked:
    """Return what a decision asks of one taker: an IOC limit that the gateway prices."""
    return Asked(
        amount=taker.amount,
        order_type=OrderType.LIMIT,
        strategy=Strategy(decision.pool),
        time_in_force=TimeInForce.IOC,
        reduce_only=taker.reduce_only,
        hedge_id=decision.hedge_ids[0] if decision.hedge_ids else None,
    )


def join_report(record: Record, report: OrderReport) -> None:
    """Join one order report into the record."""
    record.is_told = True
    if report.in_doubt:
        record.doubted = True
        record.doubt = max(record.doubt, report.text)
        return
    if report.order_status.is_terminal:
        _join_words(record, report.order_status, report.reason, report.text)
    record.status = join_status(record.status, report.order_status)
    if report.cum_qty is not None:
        record.reported_cum = max(record.reported_cum, report.cum_qty)
    _join_terms(record.terms, report)
    record.largest = max(record.largest, abs(report.amount or ZERO))
    record.is_modified |= report.replaces_oid is not None
    record.is_emulated |= report.emulated
    if record.terms.oid is not None:
        record.oid = VenueOrderId(record.terms.oid.text)


def _join_words(
    record: Record, status: OrderStatus, reason: RejectReason | None, text: str
) -> None:
    """Keep of all words for why the order ended those that say most; silence says nothing."""
    if reason is None and not text:
        return
    known = weight_of_words(record.ended_as, record.reason, record.text)
    if weight_of_words(status, reason, text) > known:
        record.ended_as, record.reason, record.text = status, reason, text


def _join_terms(terms: Terms, report: OrderReport) -> None:
    ts = report.ts_event_ns
    terms.amount = _later(terms.amount, ts, report.amount)
    terms.price = _later(terms.price, ts, report.price)
    terms.avg_px = _later(terms.avg_px, ts, report.avg_px)
    terms.order_type = _later(terms.order_type, ts, report.order_type)
    terms.time_in_force = _later(terms.time_in_force, ts, report.time_in_force)
    terms.reduce_only = _later(terms.reduce_only, ts, report.reduce_only)
    terms.oid = _later(terms.oid, ts, report.venue_order_id)
    terms.trigger_px = _later(terms.trigger_px, ts, report.trigger_px)
    terms.ts_event_ns = max(terms.ts_event_ns, ts)


def _later(known: Latest | None, ts_event_ns: int, value: object | None) -> Latest | None:
    if value is None:
        return known
    told = Latest(ts_event_ns, str(value))
    if known is None or (told.ts_event_ns, told.text) > (known.ts_event_ns, known.text):
        return told
    return known


def join_fill(record: Record, fill: FillReport) -> bool:
    """Join one execution, and tell whether it was new.

    The venue's own cumulative counts even if fills before it are missing.
    """
    is_new = record.fills.add(fill)
    record.side_sign = fill.side.sign
    if fill.cum_qty is not None:
        record.reported_cum = max(record.reported_cum, fill.cum_qty)
    return is_new


def merge(into: Record, other: Record) -> None:
    """Join two records that turn out to be one order (one known by oid, one by client id)."""
    into.status = join_status(into.status, other.status)
    into.reported_cum = max(into.reported_cum, other.reported_cum)
    into.fills.join(other.fills)
    into.side_sign = into.side_sign or other.side_sign
    into.doubted = into.doubted or other.doubted
    into.doubt = max(into.doubt, other.doubt)
    into.kept = into.kept or other.kept
    into.cancel_pending = into.cancel_pending or other.cancel_pending
    into.asked_ts_ns = into.asked_ts_ns or other.asked_ts_ns
    into.last_delta = into.last_delta or other.last_delta
    into.largest = max(into.largest, other.largest)
    into.is_modified = into.is_modified or other.is_modified
    into.is_excess = into.is_excess or other.is_excess
    into.cleared = into.cleared or other.cleared
    into.is_emulated = into.is_emulated or other.is_emulated
    into.is_told = into.is_told or other.is_told
    into.row_names = [*into.row_names, *other.row_names]
    into.aliases = [*into.aliases, *(one for one in other.aliases if one not in into.aliases)]
    into.oid = into.oid or other.oid
    into.asked = into.asked or other.asked
    into.terms = _merged_terms(into.terms, other.terms)
    _join_words(into, other.ended_as, other.reason, other.text)


def _merged_terms(one: Terms, other: Terms) -> Terms:
    return Terms(
        amount=_latest(one.amount, other.amount),
        price=_latest(one.price, other.price),
        avg_px=_latest(one.avg_px, other.avg_px),
        order_type=_latest(one.order_type, other.order_type),
        time_in_force=_latest(one.time_in_force, other.time_in_force),
        reduce_only=_latest(one.reduce_only, other.reduce_only),
        oid=_latest(one.oid, other.oid),
        trigger_px=_latest(one.trigger_px, other.trigger_px),
        ts_event_ns=max(one.ts_event_ns, other.ts_event_ns),
    )


def _latest(one: Latest | None, other: Latest | None) -> Latest | None:
    return _later(one, other.ts_event_ns, other.text) if other else one


def exceeds(record: Record) -> bool:
    """Tell, once, that more is proven than the order was ever for: its facts contradict each other.

    What a modified order has filled adds up over its venue orders, whose amounts each stand alone.
    """
    most = max(record.largest, abs(record.asked.amount) if record.asked else ZERO)
    if record.is_excess or record.is_modified or not most or record.filled <= most:
        return False
    record.is_excess = True
    return True


def note_transition(record: Record, seq: int, ts_ns: int) -> None:
    """Remember a change of status or quantity; the oldest beyond the limit are let go."""
    status, filled = record.order_status.value, record.filled
    last = record.transitions[-1] if record.transitions else None
    if last and (last.ord_status, last.filled_sz) == (status, filled):
        return
    record.transitions.append(Transition(ord_status=status, filled_sz=filled, ts_ns=ts_ns, seq=seq))
    del record.transitions[:-MAX_TRANSITIONS]


def average_px(record: Record) -> Decimal | None:
    """Return the average over the fills, or the venue's own while some of them are missing."""
    qty, told = record.fills.qty, _decimal(record.terms.avg_px)
    if not qty or (told is not None and qty < record.filled):
        return told
    return canonical(record.fills.paid / qty)


def timestamp_ms(record: Record) -> int:
    latest = max(record.terms.ts_event_ns, record.fills.last_ts_ns, record.asked_ts_ns)
    return latest // NS_PER_MS


def view(record: Record) -> OrderView:
    """Return the order as every reader sees it."""
    asked, terms, status = record.asked, record.terms, record.order_status
    is_doubtful = record.doubted and status is OrderStatus.PENDING
    is_short = status.is_terminal and status is not OrderStatus.FILLED
    return OrderView(
        exc=record.exc,
        ticker=record.ticker,
        amount=canonical(_signed_amount(record)),
        price=_decimal(terms.price) or (asked.price if asked else None),
        client_order_id=record.cloid,
        venue_order_id=record.oid,
        order_status=status,
        order_type=_order_type(record),
        cum_qty=canonical(record.filled),
        last_qty=canonical(record.last_qty),
        timestamp=timestamp_ms(record),
        avg_px=average_px(record),
        time_in_force=_time_in_force(record),
        price_match=asked.price_match if asked else None,
        emulated=record.is_emulated,
        post_only=asked.post_only if asked else False,
        reduce_only=_reduce_only(record),
        take_profit=asked.take_profit if asked else None,
        stop_loss=asked.stop_loss if asked else None,
        strategy=asked.strategy if asked else None,
        hedge_id=asked.hedge_id if asked else None,
        cancel_pending=record.cancel_pending and not status.is_terminal,
        in_doubt=is_doubtful,
        external=asked is None,
        reason=record.reason if is_short else None,
        text=_text(record),
        trigger_px=_trigger_px(record),
    )


def _text(record: Record) -> str:
    """Say what there is to say of an order: why it ended, goes, is not known, or was not cancelled.

    What its gateway cancelled ended for the gateway's reason, whatever the venue calls it.
    """
    status = record.order_status
    if record.cleared and status is OrderStatus.CANCELLED:
        return record.cleared
    if status.is_terminal:
        return "" if status is OrderStatus.FILLED else record.text
    if record.doubted and status is OrderStatus.PENDING:
        return record.doubt
    if record.cleared:
        return record.cleared
    return f"cancel refused: {record.kept}" if record.kept else ""


def shown(record: Record, view: OrderView) -> bytes:
    """Return a digest of what makes a change worth telling.

    Of an ended order that leaves out when it was last heard of: the fills of an order that ended
    by its acknowledgement follow one by one, and each is told as a fill. The order itself is told
    again with the last of them, unless one fill was all that there was.
    """
    if view.order_status.is_terminal:
        is_whole = record.fills.qty >= record.called_for
        last_qty = view.last_qty if is_whole else canonical(record.called_for)
        view = msgspec.structs.replace(view, timestamp=0, last_qty=last_qty)
    return blake2b(codec.encode_part(view), digest_size=DIGEST_BYTES).digest()


def _trigger_px(record: Record) -> Decimal | None:
    """Return what a conditional order waits for; nothing once it has fired, filled or ended."""
    if record.filled or not record.is_live:
        return None
    return _decimal(record.terms.trigger_px) or None


def _decimal(told: Latest | None) -> Decimal | None:
    return canonical(Decimal(told.text)) if told else None


def _signed_amount(record: Record) -> Decimal:
    """The order's amount; for one known only by its fills, what they add up to."""
    return record.amount or record.filled * record.side_sign


def _order_type(record: Record) -> OrderType:
    if record.asked:
        return record.asked.order_type
    told = record.terms.order_type
    return OrderType(told.text) if told else OrderType.LIMIT


def _time_in_force(record: Record) -> TimeInForce | None:
    told = record.terms.time_in_force
    if told:
        return TimeInForce(told.text)
    return record.asked.time_in_force if record.asked else None


def _reduce_only(record: Record) -> bool:
    if record.terms.reduce_only is not None:
        return record.terms.reduce_only.text == "True"
    return record.asked.reduce_only if record.asked else False
