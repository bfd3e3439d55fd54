"""Every order and every fill that an exchange has seen, for lookups and for audits.

1. An order's latest state is kept under its id; ended orders stay until the history is cleared.
2. A client id finds the latest order that used it; it is unique among an account's open orders.
3. The demand of a position is the notional of its open limit orders that may increase it.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import PositionKey
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.orders import (
    AccountId,
    NewOrder,
    Order,
    OrderId,
    OrderRefused,
    PositionSide,
    Refusal,
    Side,
)
from services.paper_exchange.units import ZERO


def is_reducing(order: Order | NewOrder) -> bool:
    """Whether an order may only shrink its position: by flag, or by closing a hedge-mode side."""
    if order.position_side is PositionSide.LONG:
        return order.side is Side.SELL
    if order.position_side is PositionSide.SHORT:
        return order.side is Side.BUY
    return order.reduce_only


class Demand(msgspec.Struct, frozen=True):
    """The notional of open buys and sells at their own prices."""

    buys: Decimal = ZERO
    sells: Decimal = ZERO

    def plus(self, side: Side, notional: Decimal) -> "Demand":
        if side is Side.BUY:
            return Demand(self.buys + notional, self.sells)
        return Demand(self.buys, self.sells + notional)


NO_DEMAND = Demand()


def working_notional(order: Order) -> Decimal:
    """What an order adds to its position's demand."""
    return ZERO if order.px is None or is_reducing(order) else order.px * order.leaves_qty


class OrderLedger:
    """Orders by id, by client id and by account; fills in the order in which they happened."""

    def __init__(self) -> None:
        self.fills: list[Filled] = []
        self._orders: dict[OrderId, Order] = {}
        self._open: dict[AccountId, dict[OrderId, Order]] = {}
        self._latest: dict[tuple[AccountId, str], OrderId] = {}
        self._demands: dict[AccountId, dict[PositionKey, Demand]] = {}

    def put(self, order: Order) -> None:
        """Record an order's new state."""
        before = self._orders.get(order.order_id)
        if before is None and order.client_id:
            self._latest[order.account_id, order.client_id] = order.order_id
        self._orders[order.order_id] = order
        self._count_demand(before, order)
        open_orders = self._open.setdefault(order.account_id, {})
        if order.is_open:
            open_orders[order.order_id] = order
        else:
            open_orders.pop(order.order_id, None)

    def _count_demand(self, before: Order | None, order: Order) -> None:
        change = working_notional(order) - (ZERO if before is None else working_notional(before))
        if not change:
            return
        demands = self._demands.setdefault(order.account_id, {})
        key = (order.symbol, order.position_side)
        demands[key] = demands.get(key, NO_DEMAND).plus(order.side, change)

    def demands(self, account_id: AccountId) -> dict[PositionKey, Demand]:
        """An account's demand by position; those without any may be left out."""
        return self._demands.get(account_id, {})

    def get(self, order_id: OrderId) -> Order | None:
        """The order's latest state, or None when there never was one."""
        return self._orders.get(order_id)

    def must_get(self, order_id: OrderId) -> Order:
        order = self._orders.get(order_id)
        if order is None:
            raise OrderRefused(Refusal.UNKNOWN_ORDER, "order_id", order_id, "no such order")
        return order

    def open_order(self, account_id: AccountId, order_id: OrderId) -> Order:
        """The account's open order; refused when it is another's, has ended or never was."""
        order = self._open.get(account_id, {}).get(order_id)
        if order is None:
            raise OrderRefused(Refusal.UNKNOWN_ORDER, "order_id", order_id, "no such open order")
        return order

    def latest_of_client(self, account_id: AccountId, client_id: str) -> Order | None:
        """The latest order with this client id, or None."""
        order_id = self._latest.get((account_id, client_id))
        return None if order_id is None else self._orders.get(order_id)

    def open_orders(self, account_id: AccountId, symbol: str | None = None) -> list[Order]:
        """An account's open orders, oldest first; of one symbol or of all."""
        orders = self._open.get(account_id, {}).values()
        return [order for order in orders if symbol is None or order.symbol == symbol]

    def reducing(self, account_id: AccountId, key: PositionKey) -> list[Order]:
        """The open orders that may only shrink this position, oldest first."""
        return [
            order
            for order in self._open.get(account_id, {}).values()
            if (order.symbol, order.position_side) == key and is_reducing(order)
        ]

    def all_orders(self, account_id: AccountId | None = None) -> Iterator[Order]:
        """Every order, oldest first; of one account or of all."""
        orders = self._orders.values()
        return (o for o in orders if account_id is None or o.account_id == account_id)

    def clear_history(self) -> None:
        """Forget ended orders and all fills."""
        self.fills.clear()
        self._orders = {i: order for i, order in self._orders.items() if order.is_open}
        self._latest = {k: i for k, i in self._latest.items() if i in self._orders}
