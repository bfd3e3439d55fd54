"""Random sessions of two accounts: whatever they do, records and engine tell one story."""

import random
from typing import Any

import pytest

from services.paper_exchange.engine.orders import AccountId, Side
from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.wire.vocabulary import Status
from tests.unit.services.paper_hyperliquid.floor import (
    MASTER_KEY,
    OTHER_KEY,
    SOL,
    Floor,
    address_of,
)

STEPS = 120
KEYS = (MASTER_KEY, OTHER_KEY)


class Session:
    """Two accounts that do anything at all, from one seed."""

    def __init__(self, seed: int, *, clears: bool = True) -> None:
        self.draw = random.Random(seed)
        self.clears = clears
        self.floor = Floor()
        balance = self.floor.venue.engine.account(AccountId(MASTER)).wallet_balance
        self.floor.venue.open_account(address_of(OTHER_KEY), balance / 10)

    def px(self) -> str:
        return f"{self.draw.randint(14970, 15030) / 100:.2f}"

    def size(self) -> str:
        return self.draw.choice(["0.01", "0.5", "1", "3", "7", "15", "30"])

    def wire(self, waits: bool) -> dict[str, Any]:
        draw = self.draw
        kind: dict[str, Any] = {"limit": {"tif": draw.choice(["Gtc", "Alo", "Ioc"])}}
        px = self.px()
        if waits:
            terms = {"isMarket": draw.random() < 0.5, "triggerPx": self._signed(self.px())}
            kind = {"trigger": terms | {"tpsl": draw.choice(["tp", "sl"])}}
            px = draw.choice(["160", "140", px])
        wire = {"a": SOL, "b": draw.random() < 0.5, "p": self._signed(px), "s": self.size(),
                "r": draw.random() < 0.4, "t": kind}  # fmt: skip
        if draw.random() < 0.5:
            wire["c"] = f"0x{draw.randint(1, 8):032x}"
        return wire

    @staticmethod
    def _signed(px: str) -> str:
        """The canonical spelling, which is what a client signs."""
        return px.rstrip("0").rstrip(".") if "." in px else px

    def step(self) -> None:
        act = self.draw.choice(
            [self.order, self.order, self.order, self.cancel, self.modify, self.move, self.clear]
        )
        act()

    def order(self) -> None:
        grouping = self.draw.choice(["na", "na", "normalTpsl", "positionTpsl"])
        count = self.draw.randint(1, 3)
        orders = [self.wire(self._waits(grouping, place)) for place in range(count)]
        for child in orders[1:] if grouping == "normalTpsl" else ():
            child["r"] = True
        self.post({"type": "order", "orders": orders, "grouping": grouping})

    def _waits(self, grouping: str, place: int) -> bool:
        if grouping == "normalTpsl":
            return place > 0
        return grouping == "positionTpsl" or self.draw.random() < 0.25

    def some_oid(self, key: str) -> int:
        live = self.floor.venue.desk.records.live(AccountId(address_of(key)))
        return self.draw.choice([record.oid for record in live] or [1])

    def cancel(self) -> None:
        key = self.draw.choice(KEYS)
        self.post({"type": "cancel", "cancels": [{"a": SOL, "o": self.some_oid(key)}]}, key)

    def modify(self) -> None:
        key = self.draw.choice(KEYS)
        modifies = [{"oid": self.some_oid(key), "order": self.wire(self.draw.random() < 0.2)}]
        action: dict[str, Any] = {"type": "batchModify", "modifies": modifies}
        if self.draw.random() < 0.5:
            action["a"] = True
        self.post(action, key)

    def move(self) -> None:
        if self.draw.random() < 0.5:
            self.floor.mark(self.px())
        else:
            side = self.draw.choice([Side.BUY, Side.SELL])
            self.floor.trade(side, self.px(), self.size())

    def clear(self) -> None:
        if self.clears:
            self.floor.venue.desk.clear_ended()

    def post(self, action: dict[str, Any], key: str | None = None) -> None:
        answer = self.floor.post(action, key or self.draw.choice(KEYS))
        assert "does not exist" not in str(answer)

    def require_one_story(self) -> None:
        """Every record is as its order in the engine; what waits is in no book."""
        desk, triggers = self.floor.venue.desk, self.floor.venue.triggers
        known = {order.order_id: order for order in self.floor.venue.engine.orders()}
        for record in desk.records.all():
            order = known.get(desk.engine_id(record.oid))
            if order is None:
                assert triggers.is_waiting(record.oid) is record.status.is_live
                assert record.status is not Status.TRIGGERED
            else:
                assert record.status.is_live is order.is_open
                assert record.sz == order.qty - order.filled_qty


@pytest.mark.parametrize("seed", range(6))
def test_records_and_engine_tell_one_story(seed: int) -> None:
    session = Session(seed)
    for _ in range(STEPS):
        session.step()
        session.require_one_story()
        for question in ("clearinghouseState", "frontendOpenOrders", "userFills"):
            session.floor.ask_mine(question)


@pytest.mark.parametrize("seed", range(6))
def test_money_is_only_made_of_deposits_profit_and_fees(seed: int) -> None:
    session = Session(seed, clears=False)
    engine = session.floor.venue.engine
    start = {account.account_id: account.wallet_balance for account in engine.accounts()}
    for _ in range(STEPS):
        session.step()
    for account in engine.accounts():
        fills = session.floor.venue.desk.fills_of(account.account_id)
        earned = sum(fill.fill.realized_pnl - fill.fill.fee for fill in fills)
        assert account.wallet_balance == start[account.account_id] + earned
