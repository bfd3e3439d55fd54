"""The paper exchange's invariants over random tapes and orders of several accounts."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.paper_exchange.engine.events import Accepted, Amended, BookChanged, Event, Filled
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.ledger import is_reducing
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import (
    AccountId,
    Amendment,
    NewOrder,
    Order,
    OrderId,
    OrderRefused,
    Side,
    StpMode,
    TimeInForce,
)
from services.paper_exchange.engine.resting import Resting
from services.paper_exchange.market.events import (
    BookTicker,
    DepthDelta,
    DepthSnapshot,
    Level,
    Levels,
    Trade,
)
from services.paper_exchange.market.instruments import (
    BINANCE_POLICY,
    HYPERLIQUID_POLICY,
    Contract,
    VenuePolicy,
)

SYMBOL = "XYZ"
WALLET = Decimal(1_000_000)
ACCOUNTS = tuple(AccountId(name) for name in ("a", "b", "c"))
CONTRACT = Contract(
    symbol=SYMBOL,
    base="X",
    quote="USD",
    tick=Decimal(1),
    lot=Decimal(1),
    min_qty=Decimal(1),
    price_decimals=0,
    qty_decimals=0,
)

Action = Callable[[Engine, int], list[Event]]
GTC_MOSTLY = (*[TimeInForce.GTC] * 8, *TimeInForce)
STP_SOMETIMES = (*[StpMode.NONE] * 3, *StpMode)

sessions = st.builds(
    lambda seed, count: _session(Random(seed), count),
    st.integers(0, 2**32 - 1),
    st.integers(1, 120),
)
"""Sequences of actions by seed: denser than drawing each one, and a failing count shrinks."""


def _session(rng: Random, count: int) -> list[Action]:
    kinds = (_placing, _placing, _placing, _placing, _tape, _trade, _on_open)
    return [rng.choice(kinds)(rng) for _ in range(count)]


def _placing(rng: Random) -> Action:
    account_id, new = rng.choice(ACCOUNTS), _new_order(rng)
    return lambda engine, now_ns: engine.place(account_id, new, now_ns)


def _trade(rng: Random) -> Action:
    trade = Trade(SYMBOL, 0, _number(rng, 95, 105), _number(rng, 1, 9), rng.choice(list(Side)))
    return lambda engine, now_ns: engine.apply_market(trade, now_ns)


def _tape(rng: Random) -> Action:
    """A book event; its sequence id may be older than what came before."""
    best, last_id = _number(rng, 95, 105), rng.randint(0, 40)
    event = rng.choice(
        (
            DepthDelta(SYMBOL, 0, _levels(rng, -3, 0), _levels(rng, 3, 0), last_id),
            DepthSnapshot(SYMBOL, 0, _levels(rng, -3, 1), _levels(rng, 3, 1)),
            BookTicker(
                SYMBOL,
                0,
                Level(best, _number(rng, 1, 9)),
                Level(best + rng.randint(1, 3), _number(rng, 1, 9)),
                last_id,
            ),
        )
    )
    return lambda engine, now_ns: engine.apply_market(event, now_ns)


def _on_open(rng: Random) -> Action:
    """Cancel, amend or replace one of an account's open orders, or let time pass."""
    account_id, pick, what = rng.choice(ACCOUNTS), rng.randint(0, 50), rng.randint(0, 3)
    terms = Amendment(px=_number(rng, 96, 104), qty=_number(rng, 1, 9))
    new = _new_order(rng)

    def run(engine: Engine, now_ns: int) -> list[Event]:
        open_orders = engine.open_orders(account_id)
        if not open_orders or what == 0:
            return engine.advance(now_ns)
        order_id = open_orders[pick % len(open_orders)].order_id
        if what == 1:
            return engine.cancel(account_id, order_id, now_ns)
        if what == 2:
            return engine.amend(account_id, order_id, terms, now_ns)
        return engine.replace(account_id, order_id, new, now_ns).events

    return run


def _new_order(rng: Random) -> NewOrder:
    return NewOrder(
        symbol=SYMBOL,
        side=rng.choice(list(Side)),
        qty=_number(rng, 1, 9),
        px=None if rng.random() < 0.1 else _number(rng, 96, 104),
        tif=rng.choice(GTC_MOSTLY),
        reduce_only=rng.random() < 0.25,
        stp=rng.choice(STP_SOMETIMES),
        expire_at_ns=rng.randint(1, 150),
    )


def _number(rng: Random, lowest: int, highest: int) -> Decimal:
    return Decimal(rng.randint(lowest, highest))


def _levels(rng: Random, shift: int, least: int) -> Levels:
    """Levels on one side's half of the grid, so that an event never crosses itself."""
    prices = rng.sample(range(95, 106), rng.randint(1, 5))
    return tuple(Level(Decimal(px + shift), _number(rng, least, 9)) for px in prices)


def _engine(policy: VenuePolicy) -> Engine:
    engine = Engine([CONTRACT], policy)
    for account_id in ACCOUNTS:
        engine.open_account(
            account_id, WALLET, FeeSchedule(maker=Decimal("0.0002"), taker=Decimal("0.0005"))
        )
    bids = tuple(Level(Decimal(px), Decimal(3)) for px in range(99, 95, -1))
    asks = tuple(Level(Decimal(px), Decimal(3)) for px in range(101, 105))
    engine.apply_market(DepthSnapshot(SYMBOL, 0, bids, asks), 0)
    return engine


def _run(engine: Engine, action: Action, now_ns: int) -> list[Event]:
    try:
        return action(engine, now_ns)
    except OrderRefused:
        return []


def _queues(engine: Engine) -> dict[Side, list[Resting]]:
    """Every resting order, in the order in which its side must fill."""
    resting = engine._state.markets[SYMBOL].resting
    return {
        side: [r for px in resting.side(side).prices() for r in resting.side(side).queue(px)]
        for side in Side
    }


def _check_books(engine: Engine) -> None:
    market = engine._state.markets[SYMBOL]
    view = engine.book(SYMBOL)
    assert all(level.qty > 0 for level in view.bids + view.asks)
    assert not view.bids or not view.asks or view.bids[0].px < view.asks[0].px
    for side, queue in _queues(engine).items():
        for resting in queue:
            displayed = market.displayed.ladder(side).qty(resting.px)
            assert 0 <= resting.queue_ahead <= displayed
            assert resting.leaves_qty == engine.order(resting.order_id).leaves_qty > 0


def _check_orders(engine: Engine) -> None:
    resting = {r.order_id for queue in _queues(engine).values() for r in queue}
    for order in engine.orders():
        fills = [f for f in engine.fills() if f.order.order_id == order.order_id]
        assert sum(f.qty for f in fills) == order.filled_qty <= order.qty
        assert order.is_open == (order.order_id in resting)


def _check_fills(events: list[Event]) -> None:
    for fill in (event for event in events if isinstance(event, Filled)):
        assert fill.qty > 0
        sign, limit = fill.order.side.sign, fill.order.px
        assert limit is None or (fill.px - limit) * sign <= 0
        if is_reducing(fill.order):
            assert fill.start_position * sign < 0
            assert fill.qty <= abs(fill.start_position)


def _check_accounts(engine: Engine) -> None:
    for account in engine.accounts():
        fills = engine.fills(account.account_id)
        signed = [(f.qty * f.order.side.sign, f.px) for f in fills]
        amount = account.net_amount(SYMBOL)
        fees = sum(f.fee for f in fills)
        assert amount == sum(qty for qty, _ in signed)
        assert account.wallet_balance == WALLET + sum(f.realized_pnl for f in fills) - fees
        at = Decimal(100)
        unrealized = account.position(SYMBOL).unrealized_pnl(at)
        paper = WALLET + sum(qty * (at - px) for qty, px in signed) - fees
        assert abs(account.wallet_balance + unrealized - paper) < Decimal("0.00001")


def _check_margin(engine: Engine) -> None:
    for account in engine.accounts():
        working = [o for o in engine.open_orders(account.account_id) if not is_reducing(o)]
        rows = engine.margin(account.account_id).positions
        assert sum(row.buy_notional + row.sell_notional for row in rows) == sum(
            order.leaves_qty * order.px for order in working if order.px is not None
        )


def _check_priority(engine: Engine, before: list[Order], events: list[Event]) -> None:
    """Whoever filled while resting, nobody that stood before it is still open."""
    filled = {e.order.order_id for e in events if isinstance(e, Filled) and e.is_maker}
    for side in Side:
        queue = [order for order in before if order.side is side]
        last = max((i for i, o in enumerate(queue) if o.order_id in filled), default=0)
        for order in queue[:last]:
            assert not engine.order(order.order_id).is_open


class _Arrivals:
    """When each order joined its queue, told from the events alone."""

    def __init__(self) -> None:
        self._order: dict[OrderId, Order] = {}
        self._joined: dict[OrderId, int] = {}

    def note(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Accepted | Amended):
                before = self._order.get(event.order.order_id)
                after = event.order
                kept = before is not None and before.px == after.px and after.qty < before.qty
                if not kept:
                    self._joined[after.order_id] = len(self._joined) + event.ts_ns * 1000
                self._order[after.order_id] = after

    def in_turn(self, engine: Engine) -> list[Order]:
        """Every open order, those that must fill first before those that must wait."""
        return sorted(
            (order for order in engine.orders() if order.is_open and order.px is not None),
            key=lambda o: (-o.side.sign * (o.px or 0), self._joined[o.order_id]),
        )


@pytest.mark.parametrize("policy", [BINANCE_POLICY, HYPERLIQUID_POLICY], ids=("binance", "hl"))
@settings(max_examples=60, deadline=None)
@given(sequence=sessions)
def test_no_sequence_breaks_the_books(policy: VenuePolicy, sequence: list[Action]) -> None:
    engine, arrivals = _engine(policy), _Arrivals()

    for now_ns, action in enumerate(sequence, start=1):
        before = arrivals.in_turn(engine)
        events = _run(engine, action, now_ns)
        arrivals.note(events)

        _check_priority(engine, before, events)
        _check_fills(events)
        _check_books(engine)
        _check_orders(engine)
        _check_accounts(engine)
        _check_margin(engine)


@settings(max_examples=40, deadline=None)
@given(sequence=sessions)
def test_published_changes_rebuild_the_book(sequence: list[Action]) -> None:
    engine = _engine(BINANCE_POLICY)
    start = engine.book(SYMBOL)
    sides, last_id = (dict(start.bids), dict(start.asks)), start.last_id

    for now_ns, action in enumerate(sequence, start=1):
        for change in _run(engine, action, now_ns):
            if isinstance(change, BookChanged):
                assert change.first_id == last_id + 1
                last_id = change.last_id
                sides[0].update(change.bids)
                sides[1].update(change.asks)

    view = engine.book(SYMBOL)
    assert view.last_id == last_id
    assert {px: qty for px, qty in sides[0].items() if qty} == dict(view.bids)
    assert {px: qty for px, qty in sides[1].items() if qty} == dict(view.asks)


@settings(max_examples=20, deadline=None)
@given(sequence=sessions)
def test_the_same_calls_give_the_same_events(sequence: list[Action]) -> None:
    first, second = _engine(HYPERLIQUID_POLICY), _engine(HYPERLIQUID_POLICY)

    for now_ns, action in enumerate(sequence, start=1):
        assert _run(first, action, now_ns) == _run(second, action, now_ns)
