"""Answers to /info questions about orders and fills.

1. Time ranges include both ends; at most FILLS_MAX rows come back, and only the last FILLS_KEPT
   fills of an account can be asked for (Hyperliquid docs, info endpoint).
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import singledispatchmethod
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.exchange.order_keeper import Desk
from services.paper_hyperliquid.exchange.outbox import FillOf
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.exchange.triggers import TriggerBook
from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.wire import info_requests as ask
from services.paper_hyperliquid.wire.numbers import text_of
from services.paper_hyperliquid.wire.payloads import (
    BasicOrder,
    FillRow,
    FrontendOrder,
    HistoricalOrder,
    OrderFound,
    OrderUnknown,
)
from services.paper_hyperliquid.wire.rows import (
    basic_order,
    fill_row,
    frontend_order,
    historical_order,
)

FILLS_MAX: Final = 2_000
FILLS_KEPT: Final = 10_000


class OrderAnswers:
    """Reads the desk's records and fills."""

    def __init__(self, desk: Desk, triggers: TriggerBook) -> None:
        self._desk = desk
        self._triggers = triggers

    @singledispatchmethod
    def answer(self, question: Struct, _now_ms: int) -> object:
        raise InfoError(f"no answer to {type(question).__name__}")

    @answer.register
    def _open(self, question: ask.OpenOrders, _now_ms: int) -> tuple[BasicOrder, ...]:
        if question.dex:
            return ()
        return tuple(basic_order(record) for record in self._shown(question.user))

    @answer.register
    def _frontend(
        self, question: ask.FrontendOpenOrders, _now_ms: int
    ) -> tuple[FrontendOrder, ...]:
        return () if question.dex else self.frontend_orders(AccountId(question.user))

    @answer.register
    def _status(self, question: ask.OrderStatusInfo, _now_ms: int) -> OrderFound | OrderUnknown:
        oid = question.oid.lower() if isinstance(question.oid, str) else question.oid
        record = self._desk.records.find(AccountId(question.user), oid)
        return OrderFound(historical_order(record)) if record is not None else OrderUnknown()

    @answer.register
    def _history(self, question: ask.HistoricalOrders, _now_ms: int) -> tuple[HistoricalOrder, ...]:
        history = self._desk.records.history(AccountId(question.user))
        return tuple(historical_order(record) for record in history)

    @answer.register
    def _fills(self, question: ask.UserFills, _now_ms: int) -> tuple[FillRow, ...]:
        newest = reversed(self._desk.fills_of(AccountId(question.user))[-FILLS_MAX:])
        return _rows(newest, question.aggregate_by_time)

    @answer.register
    def _fills_by_time(self, question: ask.UserFillsByTime, now_ms: int) -> tuple[FillRow, ...]:
        end_ms = now_ms if question.end_time is None else question.end_time
        kept = self._desk.fills_of(AccountId(question.user))[-FILLS_KEPT:]
        rows = _rows(reversed(kept) if question.reversed else kept, question.aggregate_by_time)
        wanted = (row for row in rows if question.start_time <= row.time <= end_ms)
        return tuple(wanted)[:FILLS_MAX]

    @answer.register(ask.TwapSliceFills)
    @answer.register(ask.TwapHistory)
    def _twaps(self, _question: Struct, _now_ms: int) -> tuple[()]:
        """Return what became of orders spread over time; this venue takes none."""
        return ()

    def frontend_orders(self, account: AccountId) -> tuple[FrontendOrder, ...]:
        """Return the open orders; children that wait for their parent are nested in it."""
        return tuple(
            frontend_order(record, self._children(record)) for record in self._shown(account)
        )

    def fill_rows(self, account: AccountId, count: int) -> tuple[FillRow, ...]:
        """Return the latest fills, newest first."""
        return _rows(reversed(self._desk.fills_of(account)[-count:]), aggregate=False)

    def _shown(self, user: str) -> list[Record]:
        live = self._desk.records.live(AccountId(user))
        return [
            record
            for record in live
            if not self._triggers.is_waiting(record.oid) or self._triggers.is_armed(record)
        ]

    def _children(self, record: Record) -> tuple[FrontendOrder, ...]:
        children = self._triggers.children_of(record.oid)
        return tuple(frontend_order(self._desk.latest(child)) for child in children)


def _rows(fills: Iterable[FillOf], aggregate: bool) -> tuple[FillRow, ...]:
    rows = tuple(fill_row(fill) for fill in fills)
    return aggregated(rows) if aggregate else rows


def aggregated(rows: tuple[FillRow, ...]) -> tuple[FillRow, ...]:
    """Return the rows with one taker order's fills of one moment and price put together."""
    merged: dict[tuple[int, int, str, int], FillRow] = {}
    for row in rows:
        key = (row.oid, row.time, row.px, 0 if row.crossed else row.tid)
        merged[key] = _sum(merged[key], row) if key in merged else row
    return tuple(merged.values())


def _sum(first: FillRow, second: FillRow) -> FillRow:
    return replace(
        first,
        sz=_plus(first.sz, second.sz),
        fee=_plus(first.fee, second.fee),
        closed_pnl=_plus(first.closed_pnl, second.closed_pnl),
    )


def _plus(first: str, second: str) -> str:
    return text_of(Decimal(first) + Decimal(second))
