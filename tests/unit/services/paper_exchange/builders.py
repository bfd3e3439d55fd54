"""A small exchange with round numbers, for the tests of the paper exchange."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from services.paper_exchange.engine.events import Event, Filled
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import AccountId, NewOrder, Order, Side
from services.paper_exchange.market.events import DepthSnapshot, Level, Levels, Trade
from services.paper_exchange.market.instruments import BINANCE_POLICY, Contract, VenuePolicy

SYMBOL = "XYZ"
ALICE, BOB = AccountId("alice"), AccountId("bob")
FEES = FeeSchedule(maker=Decimal("0.001"), taker=Decimal("0.002"))

EventT = TypeVar("EventT", bound=Event)


def contract(**changes: object) -> Contract:
    terms: dict[str, object] = {
        "symbol": SYMBOL,
        "base": "X",
        "quote": "USD",
        "tick": Decimal(1),
        "lot": Decimal(1),
        "min_qty": Decimal(1),
        "price_decimals": 0,
        "qty_decimals": 0,
    }
    return Contract(**(terms | changes))  # type: ignore[arg-type]


def levels(*pairs: tuple[int, int]) -> Levels:
    return tuple(Level(Decimal(px), Decimal(qty)) for px, qty in pairs)


def snapshot(bids: Levels, asks: Levels) -> DepthSnapshot:
    return DepthSnapshot(SYMBOL, 0, bids, asks)


def engine_with_book(policy: VenuePolicy = BINANCE_POLICY, /, **changes: object) -> Engine:
    """Bids 5@99 5@98 5@97, asks 5@101 5@102 5@103, and two accounts with a million each."""
    engine = Engine([contract(**changes)], policy)
    for account_id in (ALICE, BOB):
        engine.open_account(account_id, Decimal(1_000_000), FEES)
    bids, asks = levels((99, 5), (98, 5), (97, 5)), levels((101, 5), (102, 5), (103, 5))
    engine.apply_market(snapshot(bids, asks), 0)
    return engine


def order(side: Side, qty: int, px: int | None = None, **changes: object) -> NewOrder:
    terms: dict[str, object] = {
        "symbol": SYMBOL,
        "side": side,
        "qty": Decimal(qty),
        "px": None if px is None else Decimal(px),
    }
    return NewOrder(**(terms | changes))  # type: ignore[arg-type]


def buy(qty: int, px: int | None = None, **changes: object) -> NewOrder:
    return order(Side.BUY, qty, px, **changes)


def sell(qty: int, px: int | None = None, **changes: object) -> NewOrder:
    return order(Side.SELL, qty, px, **changes)


def trade(side: Side, px: int, qty: int) -> Trade:
    return Trade(SYMBOL, 0, Decimal(px), Decimal(qty), side)


def place(engine: Engine, account_id: AccountId, new: NewOrder, now_ns: int = 1) -> Order:
    """Place an order and return what became of it."""
    accepted = engine.place(account_id, new, now_ns)[0]
    assert hasattr(accepted, "order")
    return engine.order(accepted.order.order_id)


def of_kind(events: Iterable[Event], kind: type[EventT]) -> list[EventT]:
    return [event for event in events if isinstance(event, kind)]


def blocks(events: Iterable[Event]) -> list[tuple[int, int]]:
    """Price and quantity of each fill."""
    return [(int(fill.px), int(fill.qty)) for fill in of_kind(events, Filled)]
