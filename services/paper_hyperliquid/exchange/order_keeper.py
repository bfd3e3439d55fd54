"""How one order enters and leaves the engine, and what the venue records and says about it.

1. Every order that got an oid has a record; its latest record agrees with the engine's order.
2. What the engine refuses at run time becomes a rejected order under an oid of its own; what is
   malformed, or repeats an open cloid, never does.
3. A fired trigger order keeps its oid; the engine's own number for it stays inside this module.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from services.paper_exchange.engine.events import (
    Accepted,
    Amended,
    BookChanged,
    Cancelled,
    Event,
    Expired,
    Filled,
    Printed,
)
from services.paper_exchange.engine.forcing import lots_of_half
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import (
    AccountId,
    EndReason,
    ExecId,
    Order,
    OrderId,
    OrderRefused,
    Refusal,
    Side,
)
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN, Disturbed
from services.paper_hyperliquid.exchange.order_terms import Terms, engine_order
from services.paper_hyperliquid.exchange.outbox import FillOf, Forced, Outbox
from services.paper_hyperliquid.exchange.records import Record, Records
from services.paper_hyperliquid.wire.errors import (
    NO_LIQUIDITY,
    OrderError,
    Rejection,
    rejection_of,
    would_cross,
)
from services.paper_hyperliquid.wire.numbers import ms_of, text_of
from services.paper_hyperliquid.wire.vocabulary import OrderType, Status

_FEE_STEP: Final = Decimal("0.000001")

STATUS_OF_END: Final = {
    EndReason.USER: Status.CANCELED,
    EndReason.REPLACED: Status.CANCELED,
    EndReason.SCHEDULED: Status.SCHEDULED_CANCEL,
    EndReason.SELF_TRADE: Status.SELF_TRADE_CANCELED,
    EndReason.REDUCE_ONLY: Status.REDUCE_ONLY_CANCELED,
    EndReason.MARGIN: Status.MARGIN_CANCELED,
    EndReason.LIQUIDATED: Status.LIQUIDATED_CANCELED,
    EndReason.DELISTED: Status.DELISTED_CANCELED,
    EndReason.OPEN_INTEREST_CAP: Status.OPEN_INTEREST_CAP_CANCELED,
    EndReason.VAULT_WITHDRAWAL: Status.VAULT_WITHDRAWAL_CANCELED,
    EndReason.SIBLING_FILLED: Status.SIBLING_FILLED_CANCELED,
    EndReason.SETTLED: Status.OUTCOME_SETTLED_CANCELED,
    EndReason.INTERNAL: Status.INTERNAL_CANCEL,
    # A partly filled IOC ends as filled; what is left of it is dropped without a word.
    EndReason.IOC_REMAINDER: Status.FILLED,
}
# Appears on output only (Hyperliquid docs, exchange endpoint).
LIQUIDATION_TIF: Final = "LiquidationMarket"
_BY_USER: Final = frozenset({EndReason.USER, EndReason.REPLACED, EndReason.IOC_REMAINDER})


class ToldFillEntry(Entry, frozen=True, kw_only=True):
    """What the venue adds to one of the engine's fills, in the journal."""

    exec_id: ExecId
    record: Record
    builder_fee: Decimal
    forced: Forced | None


class VolumeEntry(Entry, frozen=True):
    """What an account has traded in all, in the journal."""

    account: AccountId
    volume: Decimal


class FiredEntry(Entry, frozen=True):
    """The engine's number of an order that waited under another, in the journal."""

    oid: int
    engine_id: OrderId


class EndedClearedEntry(Entry, frozen=True):
    """The records of ended orders and all fills were forgotten."""


class Desk:
    """The engine with the venue's records around it."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.disturbed = Disturbed()
        self.records = Records(self.journal)
        self.outbox = Outbox()
        self.volume: defaultdict[AccountId, Decimal] = defaultdict(Decimal)
        self._fills: defaultdict[AccountId, list[FillOf]] = defaultdict(list)
        self._oid_of_fired: dict[OrderId, int] = {}
        self._engine_id_of_fired: dict[int, OrderId] = {}
        self.journal.keep(FiredEntry, self._restore_fired, self._fired)
        self.journal.keep(ToldFillEntry, self._restore_fill)
        self.journal.keep(VolumeEntry, self._restore_volume, self._volumes)
        self.journal.keep(EndedClearedEntry, lambda _: self._clear())

    @property
    def journal(self) -> StateJournal:
        return self.engine.journal

    def place(self, account: AccountId, terms: Terms, now_ns: int) -> Record:
        """Place an order that does not wait, or raise OrderError."""
        new = engine_order(terms)
        try:
            events = self.engine.place(account, new, now_ns)
        except OrderRefused as refused:
            rejection = self._rejection(terms, refused.refusal)
            if rejection.status is not None:
                order = self.engine.record_refused(account, new, refused.refusal, now_ns)
                self.put(record_of(order, terms, rejection.status))
            raise OrderError(rejection) from refused
        return self._absorb_placed(events, terms)

    def fire(self, waiting: Record, terms: Terms, now_ns: int) -> Record:
        """Place a waiting order whose trigger was met; its oid stays."""
        try:
            events = self.engine.place(waiting.account, engine_order(terms), now_ns)
        except OrderRefused as refused:
            status = self._rejection(terms, refused.refusal).status or Status.REJECTED
            self.put(replace(waiting, status=status, status_ms=ms_of(now_ns)))
            return self.latest(waiting)
        accepted = _accepted(events)
        size = accepted.order.qty
        self.records.put(replace(waiting, sz=size, orig_sz=size))
        fired = FiredEntry(waiting.oid, accepted.order.order_id)
        self._restore_fired(fired)
        self.journal.note(fired)
        self.absorb(event for event in events if event is not accepted)
        return self.latest(waiting)

    def replace(self, old: Record, terms: Terms, now_ns: int) -> Record:
        """Cancel a live order and place another; a refusal leaves the old one cancelled."""
        new = engine_order(terms)
        outcome = self.engine.replace(old.account, self.engine_id(old.oid), new, now_ns)
        if outcome.refused is None:
            return self._absorb_placed(outcome.events, terms)
        self.absorb(outcome.events)
        rejection = self._rejection(terms, outcome.refused.refusal)
        if rejection.status is not None:
            order = self.engine.record_refused(old.account, new, outcome.refused.refusal, now_ns)
            self.put(record_of(order, terms, rejection.status))
        raise OrderError(rejection)

    def cancel(self, record: Record, now_ns: int, reason: EndReason = EndReason.USER) -> None:
        """Take a live order out of the engine."""
        events = self.engine.cancel(record.account, self.engine_id(record.oid), now_ns, reason)
        self.absorb(events)

    def fill_half(self, record: Record, after_ms: int, now_ns: int) -> bool:
        """Let half of a resting order trade now and be told later; False when it is one lot."""
        order = self.engine_order_of(record)
        qty = lots_of_half(order.leaves_qty, self.engine.contracts[record.coin].lot)
        if not qty:
            return False
        self.outbox.fills_late_ms = after_ms
        self.absorb(self.engine.fill_resting(order.order_id, qty, now_ns))
        self.outbox.fills_late_ms = None
        return True

    def force_close(
        self, position: tuple[AccountId, str], qty: Decimal | None, forced: Forced, now_ns: int
    ) -> Record:
        """Close a position for its account, by an order of the venue's own."""
        events = self.engine.force_close(position, qty, ("", forced), now_ns)
        fill = next(event for event in events if isinstance(event, Filled))
        is_buy = fill.order.side is Side.BUY
        terms = Terms(
            listing=LISTING_OF_COIN[fill.order.symbol],
            is_buy=is_buy,
            px=fill.px,
            size=fill.qty,
            reduce_only=True,
            cloid=None,
            order_type=OrderType.MARKET,
        )
        record = replace(record_of(fill.order, terms, Status.OPEN), tif=LIQUIDATION_TIF)
        if forced in {Forced.LIQUIDATION, Forced.SILENT_LIQUIDATION}:
            self.put(replace(record, sz=record.orig_sz))
        else:
            self.records.put(record)
        self.absorb(events)
        return self.latest(record)

    def put(self, record: Record) -> None:
        """Record a state and tell its owner."""
        self.records.put(record)
        self.outbox.update(record)

    def latest(self, record: Record) -> Record:
        """Return the order's latest state."""
        return self.records.at(record.oid)

    def engine_order_of(self, record: Record) -> Order:
        """Return the engine's order behind a record."""
        return self.engine.order(self.engine_id(record.oid))

    def engine_id(self, oid: int) -> OrderId:
        return self._engine_id_of_fired.get(oid, OrderId(oid))

    def oid(self, engine_id: OrderId) -> int:
        return self._oid_of_fired.get(engine_id, int(engine_id))

    def fills_of(self, account: AccountId) -> tuple[FillOf, ...]:
        """Return the account's fills since the last clear, oldest first."""
        return tuple(self._fills[account])

    def clear_ended(self) -> None:
        """Forget ended orders and every fill; open orders and positions stay."""
        self.engine.clear_history()
        self._clear()
        self.journal.note(EndedClearedEntry())

    def _clear(self) -> None:
        self.records.clear_ended()
        self._fills.clear()

    def absorb(self, events: Iterable[Event]) -> None:
        """Take over what the engine did to orders that have records already."""
        for event in events:
            match event:
                case Filled():
                    self._absorb_fill(event)
                case Cancelled() | Expired():
                    self._absorb_end(event.order)
                case Amended():
                    self._absorb_amended(event.order)
                case Printed():
                    self.outbox.printed(event)
                case BookChanged():
                    self.outbox.book_changed(event.symbol)
                case _:
                    pass

    def _absorb_placed(self, events: list[Event], terms: Terms) -> Record:
        for event in events:
            if isinstance(event, Accepted):
                self.put(record_of(event.order, terms, Status.OPEN))
            else:
                self.absorb((event,))
        return self.records.at(_accepted(events).order.order_id)

    def _absorb_fill(self, fill: Filled) -> None:
        record = self._known(fill.order)
        is_done = fill.order.filled_qty == fill.order.qty
        after = replace(
            record,
            sz=fill.order.qty - fill.order.filled_qty,
            status=Status.FILLED if is_done else record.status,
            status_ms=ms_of(fill.ts_ns) if is_done else record.status_ms,
        )
        self.records.put(after)
        fill_of = FillOf(fill, after, self._builder_fee(fill, record), forced_of(fill.order))
        self._fills[record.account].append(fill_of)
        self.volume[record.account] += fill.px * fill.qty
        self._note_fill(fill_of)
        self.outbox.fill(fill_of)
        if fill_of.forced in {Forced.DELEVERAGING, Forced.SETTLEMENT}:
            return
        if is_done or self.settings.partial_fill_updates:
            self.outbox.update(after)

    def _note_fill(self, told: FillOf) -> None:
        account = told.record.account
        self.journal.note(
            ToldFillEntry(
                exec_id=told.fill.exec_id,
                record=told.record,
                builder_fee=told.builder_fee,
                forced=told.forced,
            )
        )
        self.journal.note(VolumeEntry(account, self.volume[account]))

    def _restore_fill(self, entry: ToldFillEntry) -> None:
        """Take over a fill; one that was told before is known by its number."""
        fills = self._fills[entry.record.account]
        if not fills or fills[-1].fill.exec_id < entry.exec_id:
            fill = self.engine.fill(entry.exec_id)
            fills.append(FillOf(fill, entry.record, entry.builder_fee, entry.forced))

    def _restore_volume(self, entry: VolumeEntry) -> None:
        self.volume[entry.account] = entry.volume

    def _volumes(self) -> Iterator[VolumeEntry]:
        return (VolumeEntry(account, volume) for account, volume in self.volume.items())

    def _restore_fired(self, entry: FiredEntry) -> None:
        self._oid_of_fired[entry.engine_id] = entry.oid
        self._engine_id_of_fired[entry.oid] = entry.engine_id

    def _fired(self) -> Iterator[FiredEntry]:
        return (FiredEntry(oid, number) for oid, number in self._engine_id_of_fired.items())

    def _builder_fee(self, fill: Filled, record: Record) -> Decimal:
        if not record.builder_rate:
            return ZERO
        fee = (fill.px * fill.qty * record.builder_rate).quantize(_FEE_STEP)
        self.engine.deposit(record.account, -fee, fill.ts_ns)
        return fee

    def _absorb_end(self, order: Order) -> None:
        record = self._known(order)
        status = STATUS_OF_END.get(order.reason, Status.CANCELED)
        after = replace(record, status=status, status_ms=ms_of(order.updated_ns))
        self.put(after)
        if order.reason not in _BY_USER:
            self.outbox.non_user_cancel(after)

    def _absorb_amended(self, order: Order) -> None:
        record = self._known(order)
        self.records.put(replace(record, sz=order.leaves_qty, orig_sz=order.qty))

    def _known(self, order: Order) -> Record:
        return self.records.at(self.oid(order.order_id))

    def _rejection(self, terms: Terms, refusal: Refusal) -> Rejection:
        if refusal is Refusal.DUPLICATE_OPEN_CLIENT_ID:
            return Rejection(self.settings.duplicate_cloid_text)
        if refusal is Refusal.WOULD_CROSS:
            coin = terms.listing.coin
            return would_cross(self._best_px(coin, Side.BUY), self._best_px(coin, Side.SELL))
        if refusal is Refusal.IOC_NO_MATCH and terms.tif == "FrontendMarket":
            return NO_LIQUIDITY
        return rejection_of(refusal)

    def _best_px(self, coin: str, side: Side) -> str:
        level = self.engine.best(coin, side)
        return text_of(level.px) if level is not None else "0.0"


def forced_of(order: Order) -> Forced | None:
    """Return why the venue made this order; None for an account's own."""
    return Forced(order.label) if order.label else None


def _accepted(events: list[Event]) -> Accepted:
    return next(event for event in events if isinstance(event, Accepted))


def record_of(order: Order, terms: Terms, status: Status) -> Record:
    """Return the record of an order as the engine first knew it."""
    return Record(
        account=order.account_id,
        oid=int(order.order_id),
        coin=terms.listing.coin,
        asset=terms.listing.asset,
        is_buy=terms.is_buy,
        limit_px=terms.px,
        orig_sz=order.qty,
        sz=order.qty - order.filled_qty,
        reduce_only=terms.reduce_only,
        tif=terms.tif,
        order_type=terms.order_type,
        cloid=terms.cloid,
        timestamp_ms=ms_of(order.created_ns),
        status=status,
        status_ms=ms_of(order.created_ns),
        trigger=terms.trigger,
        is_position_tpsl=terms.is_position_tpsl,
        builder_rate=terms.builder_rate,
    )
