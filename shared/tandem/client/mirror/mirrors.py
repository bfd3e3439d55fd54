"""The live pages a strategy looks at: orders, positions, fills, hedges, always current.

1. A mirror changes only by its feed; reading it asks nobody.
2. `as_dict` and `as_list` give plain values in the contract's words, safe to keep.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from tandem.client.mirror.mirror_page import Joined, Page, Place
from tandem.client.mirror.order_lives import OrderLives
from tandem.client.mirror.plain_rows import fill_row, hedge_row, order_row, position_row
from tandem.client.reference_names import OrdersByReference
from tandem.client.rows import (
    FillRow,
    HedgeRow,
    OrderHistoryRow,
    OrderRow,
    PositionRow,
    StepRow,
)
from tandem.domain.ids import Exc
from tandem.domain.units import ZERO
from tandem.messages.codec import Answer, AnyDelta
from tandem.messages.deltas import (
    BucketDelta,
    BucketView,
    FillDelta,
    FillView,
    HedgeDelta,
    HedgeState,
    HedgeView,
    OrderDelta,
    OrderView,
    PositionDelta,
    PositionView,
)
from tandem.messages.intents import CancelOrder
from tandem.messages.queries import FillsPage, HedgesPage, OrdersPage, PositionsPage

# What a mirror holds past what is open: as many as the state services' own pages show, so that
# one that has run for days and one that has just been joined know the same.
MAX_FILLS = 2_000
MAX_ENDED = 2_000
MAX_STEPS = 64
ENDED_HEDGES = frozenset({HedgeState.DONE, HedgeState.REFUSED})


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One change of an order, as its history tells it."""

    ord_status: str
    filled_sz: Decimal
    timestamp: int


_pack = msgspec.msgpack.Encoder()
_unpack = msgspec.msgpack.Decoder(list[Step])


class Mirror(Protocol):
    """A live page: loaded whole, then changed delta by delta."""

    @property
    def place(self) -> Place:
        """Epoch and log sequence that the mirror has reached."""
        ...

    def concerns(self, delta: AnyDelta) -> bool: ...

    def load(self, answer: Answer) -> None: ...

    def join(self, delta: AnyDelta) -> Joined: ...


def order_name(row: OrderView) -> str:
    """Return an order's name on the page: its cloid, else its ticker and oid."""
    return row.client_order_id or _name_by_oid(row)


def _name_by_oid(row: OrderView) -> str:
    return f"{row.ticker}\x1f{row.venue_order_id}"


class Orders(OrdersByReference):
    """The open orders of one account, live; `ended` still knows those that ended since.

    Of these the history is packed: a maker of many fills has dozens of steps. Printed it is the
    list of its rows, as in the reference.
    """

    def __init__(self, exc: Exc) -> None:
        self.exc = exc
        self.page: Page[OrderView] = Page(keep=_is_open)
        self.ended: dict[str, OrderView] = {}
        self.vanished: tuple[OrderView, ...] = ()
        self._history: dict[str, list[Step]] = {}
        self._past: dict[str, bytes] = {}
        self._lives = OrderLives(MAX_ENDED)

    def __iter__(self) -> Iterator[OrderView]:
        return iter(tuple(self.page.rows.values()))

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # Python 3.12
        return repr(self.as_list())

    def __len__(self) -> int:
        return len(self.page.rows)

    def as_list(self, ticker: str | None = None) -> list[OrderRow]:
        return [order_row(row) for row in self if ticker is None or row.ticker == ticker]

    def as_dict(self) -> dict[str, OrderRow]:
        """Return open orders by cloid (by oid for orders that have none)."""
        return {row.client_order_id or str(row.venue_order_id): order_row(row) for row in self}

    @property
    def bids(self) -> list[OrderView]:
        return [row for row in self if row.amount > 0 and row.trigger_px is None]

    @property
    def asks(self) -> list[OrderView]:
        return [row for row in self if row.amount < 0 and row.trigger_px is None]

    @property
    def waiting(self) -> list[OrderView]:
        """Conditional orders that have not fired: they are in no book, and no part of a total."""
        return [row for row in self if row.trigger_px is not None]

    @property
    def pending(self) -> list[OrderView]:
        """Orders that the venue has not acknowledged yet."""
        return [row for row in self if row.venue_order_id is None]

    def total_open(self, ticker: str) -> tuple[Decimal, Decimal]:
        """Return what is still open to buy and to sell, both positive."""
        leaves = [abs(row.amount) - row.cum_qty for row in self.bids if row.ticker == ticker]
        offered = [abs(row.amount) - row.cum_qty for row in self.asks if row.ticker == ticker]
        return sum(leaves, ZERO), sum(offered, ZERO)

    @property
    def place(self) -> Place:
        return self.page.newest

    def concerns(self, delta: AnyDelta) -> bool:
        return isinstance(delta, OrderDelta) and delta.order.exc == self.exc

    def load(self, answer: Answer) -> None:
        if isinstance(answer, OrdersPage):
            before = self.page.rows
            rows = {order_name(row): row for row in answer.orders if row.exc == self.exc}
            self.page.load(rows, answer.epoch, answer.seq)
            self.vanished = tuple(row for name, row in before.items() if name not in rows)
            for name in self.page.rows:
                self._lives.listed(name)

    def settle(self, row: OrderView, seq: int | None = None) -> None:
        """Take in the end of an order; `seq` is None where it was not seen to end here."""
        name = order_name(row)
        if not _is_open(row):
            _remember(self.ended, name, row)
            self._lives.ended(name, self.page.at[1] if seq is None else seq)
            steps = self._history.pop(name, None)
            if steps is not None:
                self._past[name] = _pack.encode(steps)
                _cut(self._past)

    def join(self, delta: AnyDelta) -> Joined:
        """Take in a change; an order that was known by oid only goes on under its cloid."""
        if not isinstance(delta, OrderDelta):
            return Joined.KNOWN
        row, name = delta.order, order_name(delta.order)
        if row.client_order_id is not None and row.venue_order_id is not None:
            self.page.rename(_name_by_oid(row), name)
            self._lives.rename(_name_by_oid(row), name)
        joined = self.page.join(name, row, delta)
        if joined.is_news:
            self._lives.told(name, delta)
            self._note(name, row, delta.seq)
        return joined

    def named_by(self, cancel: CancelOrder, seq: int) -> tuple[str, ...]:
        """Return the orders that a cancel of many at `seq` of the log meant, ended since or not.

        Its strategy's own and nobody's, as order-state has it; of those that are open still only
        the ones that show it: elsewhere it was refused.
        """
        rows = {**self.ended, **self.page.rows}
        return tuple(
            name
            for name, row in rows.items()
            if (row.cancel_pending or not _is_open(row))
            and cancel.ticker in {None, row.ticker}
            and row.strategy in {None, cancel.strategy}
            and self._lives.was_open(name, seq)
        )

    def _note(self, name: str, row: OrderView, seq: int) -> None:
        steps = self._history[name] = self._steps(name)
        self._past.pop(name, None)
        steps.append(Step(row.order_status.value, row.cum_qty, row.timestamp))
        del steps[:-MAX_STEPS]
        self.settle(row, seq)
        _cut(self._history)

    def query(self, row: OrderView | None) -> OrderHistoryRow | None:
        """Return an order with the transitions this mirror saw, or None when it knows none."""
        if row is None:
            return None
        history = [_step_row(step) for step in self._steps(order_name(row))]
        return {**order_row(row), "history": history}

    def _steps(self, name: str) -> list["Step"]:
        past = self._past.get(name)
        return _unpack.decode(past) if past is not None else self._history.get(name, [])

    def known(self, name: str) -> OrderView | None:
        """Return an order by client id (or page name), open or ended while this mirror ran."""
        return self.page.rows.get(name) or self.ended.get(name)

    def by_oid(self, oid: str) -> OrderView | None:
        rows = (*self.page.rows.values(), *self.ended.values())
        return next((row for row in rows if row.venue_order_id == oid), None)


def _step_row(step: Step) -> StepRow:
    return {
        "ord_status": step.ord_status,
        "filled_sz": step.filled_sz,
        "timestamp": step.timestamp,
    }


def _is_open(row: OrderView) -> bool:
    return not row.order_status.is_terminal


def _remember(ended: dict[str, OrderView], name: str, row: OrderView) -> None:
    ended[name] = row
    _cut(ended)


def _cut(newest: dict[str, Any]) -> None:
    """Let go of the oldest entry beyond what a mirror keeps."""
    if len(newest) > MAX_ENDED:
        del newest[next(iter(newest))]


class Positions:
    """The positions of one account, live; flat ones are absent."""

    def __init__(self, exc: Exc) -> None:
        self.exc = exc
        self.page: Page[PositionView] = Page(keep=_is_held)

    def __iter__(self) -> Iterator[PositionView]:
        return iter(tuple(self.page.rows.values()))

    def __len__(self) -> int:
        return len(self.page.rows)

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # Python 3.12
        return repr(self.as_dict())

    def amount(self, ticker: str) -> Decimal:
        row = self.page.rows.get(ticker)
        return row.amount if row else ZERO

    def get_ticker_amount(self, ticker: str) -> Decimal:
        """Return `amount`: the reference's name for it."""
        return self.amount(ticker)

    def as_list(self) -> list[PositionRow]:
        return [position_row(row) for row in self]

    def as_dict(self) -> dict[str, PositionRow]:
        return {row.ticker: position_row(row) for row in self}

    @property
    def place(self) -> Place:
        return self.page.newest

    def concerns(self, delta: AnyDelta) -> bool:
        return isinstance(delta, PositionDelta) and delta.position.exc == self.exc

    def load(self, answer: Answer) -> None:
        if isinstance(answer, PositionsPage):
            mine = [row for row in answer.positions if row.exc == self.exc]
            self.page.load({row.ticker: row for row in mine}, answer.epoch, answer.seq)

    def join(self, delta: AnyDelta) -> Joined:
        if not isinstance(delta, PositionDelta):
            return Joined.KNOWN
        return self.page.join(delta.position.ticker, delta.position, delta)


def _is_held(row: PositionView) -> bool:
    return row.amount != 0


class Fills:
    """The newest fills of one account, live, oldest first."""

    def __init__(self, exc: Exc) -> None:
        self.exc = exc
        self.page: Page[FillView] = Page(keep=lambda _: True)

    def __iter__(self) -> Iterator[FillView]:
        return iter(tuple(self.page.rows.values()))

    def __len__(self) -> int:
        return len(self.page.rows)

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # Python 3.12
        return repr(self.as_list())

    def as_list(self) -> list[FillRow]:
        return [fill_row(row) for row in self]

    def as_dict(self) -> dict[str, FillRow]:
        """Return fills by exec id, the later of two tickers' where they share one."""
        return {row.exec_id: fill_row(row) for row in self}

    @property
    def place(self) -> Place:
        return self.page.newest

    def concerns(self, delta: AnyDelta) -> bool:
        return isinstance(delta, FillDelta) and delta.fill.exc == self.exc

    def load(self, answer: Answer) -> None:
        if isinstance(answer, FillsPage):
            mine = [row for row in answer.fills if row.exc == self.exc]
            rows = {_fill_name(row): row for row in mine}
            self.page.load(rows, answer.epoch, answer.seq)

    def join(self, delta: AnyDelta) -> Joined:
        if not isinstance(delta, FillDelta):
            return Joined.KNOWN
        joined = self.page.join(_fill_name(delta.fill), delta.fill, delta)
        if len(self.page.rows) > MAX_FILLS:
            self.page.forget(next(iter(self.page.rows)))
        return joined


def _fill_name(row: FillView) -> str:
    return f"{row.ticker}\x1f{row.exec_id}"


class Hedges:
    """Hedge orders and their buckets, live; `ended` are those that a page no longer shows."""

    def __init__(self) -> None:
        self.ended: dict[str, HedgeView] = {}
        self._finished: dict[str, None] = {}
        self.links: Page[HedgeView] = Page(keep=lambda _: True)
        self.buckets: Page[BucketView] = Page(keep=lambda _: True)

    @property
    def place(self) -> Place:
        return max(self.links.newest, self.buckets.newest)

    def concerns(self, delta: AnyDelta) -> bool:
        return isinstance(delta, HedgeDelta | BucketDelta)

    def __iter__(self) -> Iterator[HedgeView]:
        return iter(tuple(self.links.rows.values()))

    def __len__(self) -> int:
        return len(self.links.rows)

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # Python 3.12
        return repr(self.as_list())

    def as_list(self) -> list[HedgeRow]:
        return [hedge_row(row) for row in self]

    def as_dict(self) -> dict[str, HedgeRow]:
        """Return hedges by their ids."""
        return {row.hedge_id: hedge_row(row) for row in self}

    def get(self, hedge_id: str) -> HedgeView | None:
        return self.links.rows.get(hedge_id) or self.ended.get(hedge_id)

    def bucket(self, exc: str, ticker: str, pool: str) -> BucketView | None:
        return self.buckets.rows.get(f"{pool}\x1f{exc}\x1f{ticker}")

    def load(self, answer: Answer) -> None:
        if isinstance(answer, HedgesPage):
            links: dict[str, HedgeView] = {row.hedge_id: row for row in answer.hedges}
            for row in self.links.rows.values():
                if row.hedge_id not in links:
                    self._end(row)
            self.links.load(links, answer.epoch, answer.seq)
            done = (row.hedge_id for row in answer.hedges if row.state in ENDED_HEDGES)
            self._finished = dict.fromkeys(done)
            buckets = {bucket_name(row): row for row in answer.buckets}
            self.buckets.load(buckets, answer.epoch, answer.seq)

    def join(self, delta: AnyDelta) -> Joined:
        if isinstance(delta, HedgeDelta):
            joined = self.links.join(delta.hedge.hedge_id, delta.hedge, delta)
            is_told = joined in {Joined.COVERED, Joined.KNOWN}
            if is_told and delta.hedge.hedge_id not in self.links.rows:
                self._end(delta.hedge)
            self._note_end(delta.hedge.hedge_id)
            return joined
        if isinstance(delta, BucketDelta):
            return self.buckets.join(bucket_name(delta.bucket), delta.bucket, delta)
        return Joined.KNOWN

    def _end(self, row: HedgeView) -> None:
        """Keep the last word on a hedge that has left the page, or was refused before it."""
        if row.state in ENDED_HEDGES:
            self.ended[row.hedge_id] = row
            if len(self.ended) > MAX_ENDED:
                del self.ended[next(iter(self.ended))]

    def _note_end(self, hedge_id: str) -> None:
        """Let go of the hedge that ended first beyond the limit; what has work to do stays."""
        row = self.links.rows.get(hedge_id)
        if row is None or row.state not in ENDED_HEDGES:
            self._finished.pop(hedge_id, None)
            return
        self._finished.setdefault(hedge_id)
        if len(self._finished) > MAX_ENDED:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            self.links.forget(oldest)


def bucket_name(row: BucketView) -> str:
    return f"{row.pool}\x1f{row.exc}\x1f{row.ticker}"
