"""Which orders there are: log events in, order and fill deltas out. A join, see record.py.

1. Each logged fact changes at most the records it names; a delta is published for a record only
   if its view changed, with the id of the record's previous delta.
2. What no gateway will ever answer (a malformed message outside the intents of a known account)
   yields one alarm; it never stops the fold.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from services.order_state import record as records
from services.order_state import registry as book
from services.order_state.record import Asked, Record
from services.order_state.registry import KnownFill, Registry
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, VenueOrderId, is_reserved
from tandem.domain.order import RANK, OrderStatus
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.messages import codec, subjects
from tandem.messages.deltas import FillDelta, FillView, OrderDelta, OrderView
from tandem.messages.hedges import Alarm, Decision
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.queries import (
    FillsPage,
    OrderHistory,
    OrderHistoryRequest,
    OrdersPage,
    PageRequest,
    QueryFailed,
    VenueAsk,
)
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IntentRefused,
    OrderCleared,
    OrderReport,
    SpecsReport,
)
from tandem.messages.rules import borrowed_name, unsound_number, untimely
from tandem.runtime.fold import passed_over
from tandem.runtime.fold.port import Append, Effect, Head, LogEvent, Proposal, Publish, SetRow

FOLD_VERSION = "order-state-11"
CLOID = 4  # where an intent's subject names its order
NO_ORDER = "0"  # the venue id of what Hyperliquid does by itself

_dump = msgspec.msgpack.Encoder()
_load = msgspec.msgpack.Decoder(Registry)


class OrderFold:
    """The fold of every order of the log."""

    name = "order-state"
    version = FOLD_VERSION
    offers_intents = False
    filters = (
        subjects.ALL_INTENTS,
        subjects.reports_kind("order"),
        subjects.reports_kind("fill"),
        subjects.reports_kind("fillcost"),
        subjects.reports_kind("refused"),
        subjects.reports_kind("cleared"),
        subjects.reports_kind("specs"),
        subjects.ALL_DECISIONS,
    )
    answers = (subjects.ORDERS_PAGE, subjects.FILLS_PAGE, subjects.ORDER_HISTORY)

    def initial(self) -> Registry:
        return Registry()

    def apply(self, state: Registry, event: LogEvent) -> tuple[Effect, ...]:
        book.sweep(state, event.ts_ns)
        if fault := unsound_number(event.fact) or untimely(event.fact, event.ts_ns):
            return _alarm_unless_answered(state, event, fault)
        handler = _HANDLERS.get(type(event.fact))
        return handler(state, event, event.fact) if handler else ()

    def propose(self, state: Registry, head: Head) -> tuple[Proposal, ...]:  # noqa: ARG002 (port)
        return ()

    def dump(self, state: Registry) -> bytes:
        return _dump.encode(state)

    def load(self, snapshot: bytes) -> Registry:
        return _load.decode(snapshot)

    def rows(self, state: Registry) -> tuple[SetRow, ...]:
        """Return every row of the pages in Redis, and of each account a row that is gone."""
        known = (SetRow(f"orders:{exc}", "", None) for exc in state.accounts)
        return (*known, *(_order_row(record) for record in state.live.values()))

    def answer(self, state: Registry, head: Head, subject: str, query: codec.Query) -> codec.Answer:
        if isinstance(query, OrderHistoryRequest):
            return _history(state, query)
        if isinstance(query, VenueAsk):
            return QueryFailed(text="order-state does not talk to venues", retryable=False)
        if subject == subjects.FILLS_PAGE:
            return _fills_page(state, head, query)
        return _orders_page(state, head, query)


def _on_new_order(state: Registry, event: LogEvent, order: NewOrder) -> tuple[Effect, ...]:
    if borrowed := borrowed_name(order):
        return _alarm_unless_answered(state, event, f"cloid={borrowed}")
    record = book.open_record(state, order.exc, order.ticker, (order.client_order_id, None))
    record.asked = record.asked or records.asked_by_intent(order)
    record.asked_ts_ns = record.asked_ts_ns or event.ts_ns
    return _changed(state, record, event)


def _on_decision(state: Registry, event: LogEvent, decision: Decision) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    for taker in decision.takers:
        names = (taker.client_order_id, None)
        record = book.open_record(state, decision.exc, decision.ticker, names)
        record.asked = record.asked or records.asked_by_decision(decision, taker)
        record.asked_ts_ns = record.asked_ts_ns or event.ts_ns
        effects += _changed(state, record, event, len(effects))
    return tuple(effects)


def _on_cancel(state: Registry, event: LogEvent, cancel: CancelOrder) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    for record in _named_by(state, cancel):
        record.cancel_pending, record.kept = True, ""
        effects += _changed(state, record, event, len(effects))
    return tuple(effects)


def _named_by(state: Registry, cancel: CancelOrder) -> tuple[Record, ...]:
    cloid, oid = cancel.client_order_id, cancel.venue_order_id
    if cloid is None and oid is None:
        live = book.live_orders(state, cancel.exc, cancel.ticker)
        return tuple(one for one in live if one.asked is None or _is_own(one.asked, cancel))
    record = book.find(state, cancel.exc, cloid, oid)
    return (record,) if record is not None and record.is_live else ()


def _is_own(asked: Asked, cancel: CancelOrder) -> bool:
    """A cancel of all means a strategy's own orders and nobody's; a granted one shows no flag."""
    return asked.strategy == cancel.strategy


def _on_refused(state: Registry, event: LogEvent, refused: IntentRefused) -> tuple[Effect, ...]:
    """Clear `cancel_pending` of the order whose cancel a gateway refused."""
    tokens = refused.subject.split(".")
    if tokens[-1] == "new":
        return ()  # of an order that is none: whoever goes by that client id asked for no cancel
    name = subjects.untoken(tokens[CLOID]) if len(tokens) > CLOID else ""
    if name.startswith("oid:"):
        record = book.find(state, refused.exc, None, VenueOrderId(name.removeprefix("oid:")))
    else:
        record = book.find(state, refused.exc, ClientOrderId(name), None)
    if record is None or not record.is_live:
        return ()
    record.cancel_pending = False
    is_plain = refused.field_name == "cancel"
    record.kept = refused.rule if is_plain else f"{refused.field_name}: {refused.rule}"
    return _changed(state, record, event)


def _on_cleared(state: Registry, event: LogEvent, cleared: OrderCleared) -> tuple[Effect, ...]:
    """Show why a gateway cancels an order, and that it does."""
    if book.find(state, cleared.exc, cleared.client_order_id, None) is None:
        return ()
    record = book.open_record(state, cleared.exc, cleared.ticker, (cleared.client_order_id, None))
    if record.cleared:
        book.settle(state, record, event.ts_ns)
        return ()
    record.cleared, record.cancel_pending = cleared.text, True
    return _changed(state, record, event)


def _on_order_report(state: Registry, event: LogEvent, report: OrderReport) -> tuple[Effect, ...]:
    names = (report.client_order_id, report.venue_order_id)
    if names == (None, None):
        return _pass_over(state, event, "an order report that names no order")
    record = book.open_record(state, report.exc, report.ticker, names)
    records.join_report(record, report)
    excess = _excess(record, event)
    changed = _changed(state, record, event)
    external = (_external(record),) if changed and _is_external(record) else ()
    return (*changed, *external, *excess)


def _excess(record: Record, event: LogEvent) -> tuple[Append, ...]:
    """Tell a person of an order whose facts prove more than it was for; it is shown as told."""
    if not records.exceeds(record):
        return ()
    name, most = record.cloid or record.oid, record.largest or abs(record.amount)
    text = (
        f"order {name} on {record.exc} {record.ticker} has filled {record.filled:f} by what is "
        f"told of it, and is for {most:f}"
    )
    return (Append(Alarm(source="order-state", key=event.place, text=text)),)


def _is_external(record: Record) -> bool:
    """Tell whether nobody asked for an order here; a hedge's own may outlive its decision."""
    return record.asked is None and not (record.cloid and is_reserved(record.cloid))


def _external(record: Record, fill: FillReport | None = None) -> Append:
    """Tell a person of an order of the account that was placed past this system.

    What the venue does without any order goes by its fill.
    """
    name = record.oid or record.cloid or ""
    if fill is not None and name in {"", NO_ORDER}:
        name = fill.exec_id
    text = (
        f"EXTERNAL order {name} on {record.exc} {record.ticker}: placed by hand, by the venue or "
        f"by another program; it changes positions, and no hedge"
    )
    alarm = Alarm(source="order-state", key=f"external-{record.exc}-{name}", text=text)
    return Append(alarm)


def _on_fill(state: Registry, event: LogEvent, fill: FillReport) -> tuple[Effect, ...]:
    names = (fill.client_order_id, fill.venue_order_id)
    record = book.open_record(state, fill.exc, fill.ticker, names)
    if not records.join_fill(record, fill):
        # A log may hold a fill under a former identity too: it is told once.
        return _changed(state, record, event)
    excess = _excess(record, event)
    known = book.keep_fill(state, _fill_view(fill, record))
    told = (_external(record, fill),) if _is_told_external(record, fill) else ()
    return (_fill_changed(known, event), *_changed(state, record, event, 1), *told, *excess)


def _is_told_external(record: Record, fill: FillReport) -> bool:
    """Tell whether a fill says by itself that nobody asked for its order here."""
    says_whose = fill.is_system or fill.is_unnamed or fill.client_order_id is not None
    return says_whose and _is_external(record)


def _fill_changed(known: KnownFill, event: LogEvent) -> Publish:
    fill = known.view
    delta = FillDelta(epoch=event.epoch, seq=event.seq, index=0, prev=known.last_delta, fill=fill)
    known.last_delta = delta.delta_id
    entity = f"fill:{fill.exc}:{book.fill_key(fill.ticker, fill.exec_id)}"
    return Publish(entity, delta)


def _fill_view(fill: FillReport, record: Record) -> FillView:
    return FillView(
        exc=fill.exc,
        ticker=fill.ticker,
        exec_id=fill.exec_id,
        venue_order_id=fill.venue_order_id,
        client_order_id=record.cloid,
        side=fill.side,
        last_qty=fill.last_qty,
        last_px=fill.last_px,
        timestamp=fill.ts_event_ns // NS_PER_MS,
        liquidity=fill.liquidity,
        strategy=record.asked.strategy if record.asked else None,
    )


def _on_fill_cost(state: Registry, event: LogEvent, cost: FillCost) -> tuple[Effect, ...]:
    key = book.fill_key(cost.ticker, cost.exec_id)
    known = state.fills.get(cost.exc, {}).get(key)
    if known is None:
        return ()
    known.view = msgspec.structs.replace(
        known.view, fee=cost.fee, fee_asset=cost.fee_asset, realized_pnl=cost.realized_pnl
    )
    return (_fill_changed(known, event),)


def _on_specs(state: Registry, _event: LogEvent, specs: SpecsReport) -> tuple[Effect, ...]:
    if specs.exc not in state.accounts:
        state.accounts.append(specs.exc)
    return ()


def _on_malformed(
    state: Registry, event: LogEvent, error: MalformedMessageError
) -> tuple[Effect, ...]:
    return _alarm_unless_answered(state, event, str(error))


def _alarm_unless_answered(state: Registry, event: LogEvent, fault: str) -> tuple[Effect, ...]:
    """Alarm for what is malformed, except the intents that a gateway or the hedger refuses."""
    tokens = event.subject.split(".")
    is_intent = tokens[:2] == ["oms", "intent"] and len(tokens) > 3
    if is_intent and (tokens[2] == "hedge" or subjects.untoken(tokens[2]) in state.accounts):
        return ()
    return _pass_over(state, event, fault)


def _pass_over(state: Registry, event: LogEvent, fault: str) -> tuple[Append, ...]:
    """Say, unless others of its kind were told of just now, that a message counts for nothing."""
    nth = passed_over.count(state.faults, event.subject, event.ts_ns)
    if not nth:
        return ()
    alarm = passed_over.alarm("order-state", event.place, (event.subject, fault), nth)
    return (Append(alarm),)


_HANDLERS: dict[type, Callable[[Registry, LogEvent, Any], tuple[Effect, ...]]] = {
    NewOrder: _on_new_order,
    CancelOrder: _on_cancel,
    Decision: _on_decision,
    OrderReport: _on_order_report,
    FillReport: _on_fill,
    FillCost: _on_fill_cost,
    IntentRefused: _on_refused,
    OrderCleared: _on_cleared,
    SpecsReport: _on_specs,
    MalformedMessageError: _on_malformed,
}


def _changed(
    state: Registry, record: Record, event: LogEvent, index: int = 0
) -> tuple[Effect, ...]:
    """Publish the record's view if readers have not seen it so, and pack an ended record."""
    if not record.is_order:
        book.settle(state, record, event.ts_ns)
        return ()
    view = records.view(record)
    shown = records.shown(record, view)
    if shown == record.shown:
        book.settle(state, record, event.ts_ns)
        return ()
    record.shown = shown
    published = [
        _published(record, event, shown, index + step)
        for step, shown in enumerate((*_accepted_first(record, view), view))
    ]
    records.note_transition(record, event.seq, event.ts_ns)
    rows = _rows(record, view)
    book.settle(state, record, event.ts_ns)
    return (*published, *rows)


def _rows(record: Record, view: OrderView) -> tuple[SetRow, ...]:
    """Return the record's row; rows under names it went by before are taken away."""
    name, former = _name(record), record.row_names
    record.row_names = [name]
    gone = tuple(SetRow(_page(record), other, None) for other in former if other != name)
    return (*gone, SetRow(_page(record), name, codec.encode_part(view) if record.is_live else None))


def _published(record: Record, event: LogEvent, view: OrderView, index: int) -> Publish:
    delta = OrderDelta(
        epoch=event.epoch, seq=event.seq, index=index, prev=record.last_delta, order=view
    )
    record.last_delta = delta.delta_id
    return Publish(record.key, delta)


def _accepted_first(record: Record, view: OrderView) -> tuple[OrderView, ...]:
    """Return the NEW view of an order that readers last saw pending and that has gone further.

    What filled, was cancelled or expired had been accepted; whichever report tells first, readers
    see every order pass through NEW.
    """
    last = record.transitions[-1].ord_status if record.transitions else None
    if last != OrderStatus.PENDING or RANK[view.order_status] <= RANK[OrderStatus.NEW]:
        return ()
    if view.order_status is OrderStatus.REJECTED:
        return ()
    return (
        msgspec.structs.replace(
            view,
            order_status=OrderStatus.NEW,
            cum_qty=ZERO,
            last_qty=ZERO,
            avg_px=None,
        ),
    )


def _name(record: Record) -> str:
    """Return the name of its row; `facts.order_name` spells the same for its changes."""
    return record.cloid or f"oid:{record.oid}"


def _page(record: Record) -> str:
    return f"orders:{record.exc}"


def _order_row(record: Record) -> SetRow:
    return SetRow(_page(record), _name(record), codec.encode_part(records.view(record)))


def _orders_page(state: Registry, head: Head, query: PageRequest) -> OrdersPage:
    views = tuple(records.view(record) for record in book.live_orders(state, query.exc))
    return OrdersPage(epoch=head.epoch, seq=head.seq, orders=views)


def _fills_page(state: Registry, head: Head, query: PageRequest) -> FillsPage:
    accounts = [query.exc] if query.exc else list(state.fills)
    fills = tuple(known.view for exc in accounts for known in state.fills.get(exc, {}).values())
    return FillsPage(epoch=head.epoch, seq=head.seq, fills=fills)


def _history(state: Registry, query: OrderHistoryRequest) -> OrderHistory:
    cloid = ClientOrderId(query.cloid) if query.cloid else None
    oid = VenueOrderId(query.oid) if query.oid else None
    record = book.find(state, query.exc, cloid, oid)
    if record is None or not record.is_order:
        return OrderHistory(order=None)
    return OrderHistory(order=records.view(record), transitions=tuple(record.transitions))
