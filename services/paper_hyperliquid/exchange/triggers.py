"""When waiting stop and take-profit orders fire, and which of a family then falls away.

1. A trigger is judged on the mark price, never on the book or the last trade (Hyperliquid docs,
   TP/SL orders).
2. Children of a normalTpsl parent wait unarmed until the parent has filled whole; if it ends
   otherwise they are cancelled with it.
3. When one of a family has fired and traded, its siblings are cancelled as siblingFilledCanceled.
4. A positionTpsl order takes its size from the position when it fires, and goes with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.order_terms import Terms
from services.paper_hyperliquid.exchange.records import Record, TriggerTerms
from services.paper_hyperliquid.wire.errors import BAD_TRIGGER, Rejection
from services.paper_hyperliquid.wire.numbers import ms_of
from services.paper_hyperliquid.wire.vocabulary import Status

# Waiting orders have no number in the engine; theirs lie far above the engine's.
FIRST_WAITING_OID: Final = 900_000_000_001


def is_met(trigger: TriggerTerms, mark_px: Decimal) -> bool:
    return mark_px >= trigger.px if trigger.is_above else mark_px <= trigger.px


def trigger_fault(terms: Terms, trigger: TriggerTerms, reference_px: Decimal) -> Rejection | None:
    """Return the refusal of a trigger that is met already or whose worst price lies inside it."""
    if is_met(trigger, reference_px):
        return BAD_TRIGGER
    if not trigger.is_market:
        return None
    worst_is_inside = terms.px < trigger.px if terms.is_buy else terms.px > trigger.px
    return BAD_TRIGGER if worst_is_inside else None


class TriggersEntry(Entry, frozen=True, kw_only=True):
    """Every waiting order in the journal, by oid; families by their members' oids."""

    waiting: dict[int, Terms]
    armed: tuple[int, ...]
    children: dict[int, tuple[int, ...]]
    siblings: dict[int, tuple[int, ...]]


class TriggerBook:
    """Every order that waits for the mark price."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._oids = desk.journal.numbers("waiting", FIRST_WAITING_OID)
        desk.journal.keep(TriggersEntry, self._restore, self._entries)
        self._terms: dict[int, Terms] = {}
        self._armed: defaultdict[str, dict[int, AccountId]] = defaultdict(dict)
        self._children: dict[int, tuple[Record, ...]] = {}
        self._siblings: dict[int, tuple[Record, ...]] = {}

    def add(self, account: AccountId, terms: Terms, now_ns: int) -> Record:
        """Record a waiting order; it is not armed yet."""
        record = self._record(account, terms, ms_of(now_ns))
        self._terms[record.oid] = terms
        self._desk.put(record)
        self._note()
        return record

    def arm(self, record: Record) -> None:
        """Let the mark price fire this order."""
        self._armed[record.coin][record.oid] = record.account
        self._note()

    def relate(self, family: Iterable[Record]) -> None:
        """Make these orders fall away when one of them trades."""
        members = tuple(family)
        for record in members:
            self._siblings[record.oid] = tuple(m for m in members if m.oid != record.oid)
        self._note()

    def follow(self, parent: Record, children: tuple[Record, ...]) -> None:
        """Arm these children once the parent has filled; drop them if it ends otherwise."""
        self._children[parent.oid] = children
        self._note()

    def is_waiting(self, oid: int) -> bool:
        return oid in self._terms

    def is_armed(self, record: Record) -> bool:
        return record.oid in self._armed[record.coin]

    def children_of(self, oid: int) -> tuple[Record, ...]:
        """Return the children that still wait for this parent to fill."""
        children = self._children.get(oid, ())
        return tuple(child for child in children if self.is_waiting(child.oid))

    def cancel(self, record: Record, status: Status, now_ns: int) -> None:
        """End a waiting order that has not fired."""
        self._drop(record)
        self._desk.put(replace(record, status=status, status_ms=ms_of(now_ns)))

    def settle(self, now_ns: int) -> None:
        """Arm, fire and drop whatever the last operation made due."""
        self._settle_children(now_ns)
        for coin in tuple(self._armed):
            if self._armed[coin]:
                self._settle_coin(coin, now_ns)

    def _settle_children(self, now_ns: int) -> None:
        for oid, children in tuple(self._children.items()):
            parent = self._desk.records.by_oid(children[0].account, oid)
            if parent is not None and parent.status.is_live:
                continue
            del self._children[oid]
            self._note()
            status = parent.status if parent is not None else Status.CANCELED
            for child in children:
                self._settle_child(child, status, now_ns)

    def _settle_child(self, child: Record, parent_status: Status, now_ns: int) -> None:
        if not self.is_waiting(child.oid):
            return
        if parent_status is Status.FILLED:
            self.arm(child)
        else:
            self.cancel(child, Status.CANCELED, now_ns)

    def _settle_coin(self, coin: str, now_ns: int) -> None:
        mark_px = self._desk.engine.mark_px(coin)
        for oid, account in tuple(self._armed[coin].items()):
            record = self._desk.records.by_oid(account, oid)
            if record is None or record.trigger is None or not self.is_waiting(oid):
                continue
            if record.is_position_tpsl and not self._position(record):
                self.cancel(record, Status.REDUCE_ONLY_CANCELED, now_ns)
            elif mark_px is not None and is_met(record.trigger, mark_px):
                self._fire(record, now_ns)

    def _fire(self, record: Record, now_ns: int) -> None:
        terms = self._terms[record.oid]
        siblings = self._siblings.get(record.oid, ())
        self._drop(record)
        triggered = replace(record, status=Status.TRIGGERED, status_ms=ms_of(now_ns))
        self._desk.put(triggered)
        if record.is_position_tpsl:
            terms = replace(terms, size=abs(self._position(record)))
        after = self._desk.fire(triggered, terms, now_ns)
        if after.status is Status.FILLED or after.sz < after.orig_sz:
            self._drop_siblings(siblings, now_ns)

    def _drop_siblings(self, siblings: tuple[Record, ...], now_ns: int) -> None:
        for sibling in siblings:
            if self.is_waiting(sibling.oid):
                latest = self._desk.latest(sibling)
                self.cancel(latest, Status.SIBLING_FILLED_CANCELED, now_ns)

    def _drop(self, record: Record) -> None:
        self._terms.pop(record.oid, None)
        self._armed[record.coin].pop(record.oid, None)
        self._siblings.pop(record.oid, None)
        self._note()

    def _note(self) -> None:
        for entry in self._entries():
            self._desk.journal.note(entry)

    def _entries(self) -> Iterator[TriggersEntry]:
        yield TriggersEntry(
            waiting=dict(self._terms),
            armed=tuple(oid for armed in self._armed.values() for oid in armed),
            children={oid: _oids(them) for oid, them in self._children.items()},
            siblings={oid: _oids(them) for oid, them in self._siblings.items()},
        )

    def _restore(self, entry: TriggersEntry) -> None:
        self._terms = dict(entry.waiting)
        self._armed.clear()
        for oid in entry.armed:
            record = self._desk.records.at(oid)
            self._armed[record.coin][oid] = record.account
        self._children = {oid: self._records(them) for oid, them in entry.children.items()}
        self._siblings = {oid: self._records(them) for oid, them in entry.siblings.items()}

    def _records(self, oids: tuple[int, ...]) -> tuple[Record, ...]:
        """Return the orders that are still known; who is not has ended."""
        found = (self._desk.records.known(oid) for oid in oids)
        return tuple(record for record in found if record is not None)

    def _position(self, record: Record) -> Decimal:
        return self._desk.engine.account(record.account).position(record.coin).amount

    def _record(self, account: AccountId, terms: Terms, now_ms: int) -> Record:
        return Record(
            account=account,
            oid=self._oids.take(),
            coin=terms.listing.coin,
            asset=terms.listing.asset,
            is_buy=terms.is_buy,
            limit_px=terms.px,
            orig_sz=terms.size,
            sz=terms.size,
            reduce_only=terms.reduce_only,
            tif=None,
            order_type=terms.order_type,
            cloid=terms.cloid,
            timestamp_ms=now_ms,
            status=Status.OPEN,
            status_ms=now_ms,
            trigger=terms.trigger,
            is_position_tpsl=terms.is_position_tpsl,
            builder_rate=terms.builder_rate,
        )


def _oids(records: tuple[Record, ...]) -> tuple[int, ...]:
    return tuple(record.oid for record in records)
