"""What the venue remembers of every order: its latest state, its cloid, its history.

1. An oid has exactly one latest record; a cloid names the latest order that carried it.
2. An account's live orders are exactly those whose latest status is live.
3. History gains a row whenever an order's status changes, newest last, at most HISTORY_MAX rows
   an account; ended orders beyond ENDED_MAX are forgotten, oldest first.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.wire.vocabulary import OrderType, Status

HISTORY_MAX: Final = 2_000
ENDED_MAX: Final = 200_000


class TriggerTerms(Struct, frozen=True):
    """When a waiting order fires: at or beyond `px` of the mark, in the direction it names."""

    px: Decimal
    is_above: bool
    is_market: bool
    tpsl: Literal["tp", "sl"]


class Record(Struct, frozen=True, kw_only=True):
    """One state of one order, in the venue's words; `sz` is what remains."""

    account: AccountId
    oid: int
    coin: str
    asset: int
    is_buy: bool
    limit_px: Decimal
    orig_sz: Decimal
    sz: Decimal
    reduce_only: bool
    tif: str | None
    order_type: OrderType
    cloid: str | None
    timestamp_ms: int
    status: Status
    status_ms: int
    trigger: TriggerTerms | None = None
    is_position_tpsl: bool = False
    builder_rate: Decimal = ZERO


class RecordEntry(Entry, frozen=True):
    """An order's latest state in the journal."""

    record: Record


class Records:
    """Every order the venue still knows."""

    def __init__(self, journal: StateJournal | None = None) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(RecordEntry, lambda entry: self.put(entry.record), self._live_records)
        self._latest: dict[int, Record] = {}
        self._by_cloid: dict[tuple[AccountId, str], int] = {}
        self._live: defaultdict[AccountId, dict[int, None]] = defaultdict(dict)
        self._history: defaultdict[AccountId, deque[Record]] = defaultdict(
            lambda: deque(maxlen=HISTORY_MAX)
        )
        self._ended: deque[int] = deque()

    def put(self, record: Record) -> None:
        """Make this the latest state of its order."""
        known = self._latest.get(record.oid)
        self._latest[record.oid] = record
        if known is None and record.cloid is not None:
            self._by_cloid[record.account, record.cloid] = record.oid
        if known is None or known.status is not record.status:
            self._history[record.account].append(record)
        if record.status.is_live:
            self._live[record.account][record.oid] = None
        elif known is None or known.status.is_live:
            self._end(record)
        self._journal.note(RecordEntry(record))

    def _live_records(self) -> Iterator[RecordEntry]:
        oids = sorted(oid for live in self._live.values() for oid in live)
        return (RecordEntry(self._latest[oid]) for oid in oids)

    def _end(self, record: Record) -> None:
        self._live[record.account].pop(record.oid, None)
        self._ended.append(record.oid)
        if len(self._ended) > ENDED_MAX:
            self._forget(self._ended.popleft())

    def _forget(self, oid: int) -> None:
        record = self._latest.pop(oid)
        key = (record.account, record.cloid or "")
        if self._by_cloid.get(key) == oid:
            del self._by_cloid[key]

    def at(self, oid: int) -> Record:
        """Return the latest state of an order that must be known."""
        return self._latest[oid]

    def known(self, oid: int) -> Record | None:
        """Return the latest state of anybody's order, or None."""
        return self._latest.get(oid)

    def by_oid(self, account: AccountId, oid: int) -> Record | None:
        """Return the account's order under this oid, or None."""
        record = self._latest.get(oid)
        return record if record is not None and record.account == account else None

    def by_cloid(self, account: AccountId, cloid: str) -> Record | None:
        """Return the latest of the account's orders with this cloid, or None."""
        oid = self._by_cloid.get((account, cloid))
        return None if oid is None else self._latest[oid]

    def find(self, account: AccountId, oid: int | str) -> Record | None:
        """Return the account's order by oid or by cloid, or None."""
        if isinstance(oid, str):
            return self.by_cloid(account, oid)
        return self.by_oid(account, oid)

    def live(self, account: AccountId) -> tuple[Record, ...]:
        """Return the account's live orders, oldest first."""
        return tuple(self._latest[oid] for oid in self._live[account])

    def history(self, account: AccountId) -> tuple[Record, ...]:
        """Return the account's status changes, newest first."""
        return tuple(reversed(self._history[account]))

    def all(self) -> tuple[Record, ...]:
        """Return every order's latest state, oldest first."""
        return tuple(self._latest.values())

    def clear_ended(self) -> None:
        """Forget everything but the live orders."""
        for oid in self._ended:
            self._forget(oid)
        self._ended.clear()
        self._history.clear()
