"""What outlives an exchange's process; numbers refer to the module's invariants."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from services.paper_exchange.engine.events import BookChanged, Filled, Printed
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import OrderRefused, Side, TimeInForce
from services.paper_exchange.engine.state_journal import (
    FIRST_BOOKS_NS,
    RESERVED_COUNT,
    Entry,
    StateJournal,
    ids_used_before,
)
from services.paper_exchange.market.instruments import BINANCE_POLICY
from tandem.domain.units import NS_PER_S
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    BOB,
    buy,
    contract,
    engine_with_book,
    levels,
    of_kind,
    place,
    sell,
    snapshot,
    trade,
)


class Disk:
    """Keeps the operations that a journal hands over."""

    def __init__(self, journal: StateJournal) -> None:
        self.operations: list[tuple[Entry, ...]] = [tuple(journal.standing())]
        self.is_full = False
        journal.begin(self._take)

    def _take(self, entries: Sequence[Entry]) -> None:
        if self.is_full:
            raise OSError("no space left")
        self.operations.append(tuple(entries))

    def again(self, *, only_standing: bool = False) -> Engine:
        """Return an exchange that starts anew with these books."""
        engine = Engine([contract()], BINANCE_POLICY)
        for operation in self.operations[: 1 if only_standing else None]:
            engine.journal.restore(operation)
        engine.restored()
        return engine


def noted() -> tuple[Engine, Disk]:
    engine = engine_with_book()
    return engine, Disk(engine.journal)


def traded(engine: Engine) -> None:
    """Let Alice rest and be filled in part, Bob take and cancel."""
    resting = place(engine, ALICE, buy(4, 100, client_id="rests"))
    place(engine, BOB, sell(1, 100, client_id="takes", tif=TimeInForce.IOC))
    gone = place(engine, BOB, sell(2, 104, client_id="gone"))
    engine.cancel(BOB, gone.order_id, 5)
    engine.apply_market(trade(Side.SELL, 100, 1), 6)
    assert engine.order(resting.order_id).filled_qty == 2
    engine.journal.commit()


def test_what_is_told_again_is_what_was() -> None:
    engine, disk = noted()
    traded(engine)
    again = disk.again()
    assert again.orders() == engine.orders()
    assert again.fills() == engine.fills()
    assert again.open_orders(ALICE) == engine.open_orders(ALICE)
    for account_id in (ALICE, BOB):
        before, after = engine.account(account_id), again.account(account_id)
        assert after.wallet_balance == before.wallet_balance
        assert after.positions == before.positions
    # What is published and numbered goes on behind what was reserved; nothing else may differ.
    assert [e for e in again.journal.standing() if "reserved" not in dir(e)] == [
        e for e in engine.journal.standing() if "reserved" not in dir(e)
    ]


def test_a_resting_order_still_rests_and_fills_after_a_restart() -> None:
    engine, disk = noted()
    traded(engine)
    again = disk.again()
    again.apply_market(snapshot(levels((98, 5)), levels((103, 5))), 7)
    assert again.best("XYZ", Side.BUY) == (Decimal(100), Decimal(2))
    fills = of_kind(again.apply_market(trade(Side.SELL, 100, 5), 8), Filled)
    assert [(int(fill.qty), fill.order.client_id) for fill in fills] == [(2, "rests")]
    assert again.account(ALICE).position("XYZ").amount == Decimal(4)


def test_entries_told_twice_change_nothing() -> None:
    """Invariant 1."""
    engine, disk = noted()
    traded(engine)
    disk.operations += disk.operations[1:]
    assert disk.again().orders() == engine.orders()
    assert disk.again().fills() == engine.fills()


def test_what_stands_alone_is_enough_to_go_on_with() -> None:
    engine, _ = noted()
    traded(engine)
    disk = Disk(engine.journal)
    again = disk.again(only_standing=True)
    assert again.open_orders(ALICE) == engine.open_orders(ALICE)
    assert again.account(BOB).positions == engine.account(BOB).positions
    assert again.fills() == []


def test_an_operation_is_handed_over_whole_and_once() -> None:
    """Invariant 2."""
    engine, disk = noted()
    place(engine, ALICE, buy(7, 102))
    assert len(disk.operations) == 1
    engine.journal.commit()
    engine.journal.commit()
    kinds = {type(entry).__name__ for entry in disk.operations[1]}
    assert len(disk.operations) == 2
    assert {"OrderEntry", "FillEntry", "AccountEntry", "NumbersEntry"} == kinds


def test_what_the_disk_does_not_take_is_handed_over_with_the_next() -> None:
    engine, disk = noted()
    first = place(engine, ALICE, buy(1, 90))
    disk.is_full = True
    with pytest.raises(OSError, match="space"):
        engine.journal.commit()
    disk.is_full = False
    second = place(engine, ALICE, buy(1, 91))
    engine.journal.commit()
    assert [o.order_id for o in disk.again().open_orders(ALICE)] == [
        first.order_id,
        second.order_id,
    ]


def test_no_id_is_given_twice_over_restarts() -> None:
    """Invariant 4: not even where the last operations were lost."""
    engine, disk = noted()
    traded(engine)
    used = {order.order_id for order in engine.orders()}
    executions = {fill.exec_id for fill in engine.fills()}
    lost = place(engine, ALICE, buy(1, 102))
    again = disk.again()
    order = place(again, ALICE, buy(1, 90))
    assert order.order_id not in {*used, lost.order_id}
    again.apply_market(snapshot(levels((85, 5)), levels((89, 5))), 9)
    assert {fill.exec_id for fill in again.fills()} > executions


def test_ids_of_published_trades_and_changes_go_on_as_well() -> None:
    engine, disk = noted()
    before = engine.apply_market(trade(Side.BUY, 101, 1), 2)
    engine.apply_market(snapshot(levels((99, 4)), levels((101, 4))), 3)
    last_id = engine.book("XYZ").last_id
    engine.journal.commit()
    again = disk.again()
    after = again.apply_market(trade(Side.BUY, 101, 1), 4)
    changed = again.apply_market(snapshot(levels((99, 4)), levels((101, 4))), 5)
    assert of_kind(after, Printed)[0].trade_id > of_kind(before, Printed)[0].trade_id
    assert of_kind(changed, BookChanged)[0].first_id > last_id


def test_numbers_are_noted_a_block_at_a_time() -> None:
    engine, disk = noted()
    for _ in range(RESERVED_COUNT + 2):
        engine.apply_market(trade(Side.BUY, 101, 1), 1)
        engine.journal.commit()
    told = [entry for operation in disk.operations[1:] for entry in operation]
    assert len(told) == 2


def test_an_order_with_a_date_still_expires() -> None:
    engine, disk = noted()
    place(engine, ALICE, buy(1, 90, tif=TimeInForce.GTD, expire_at_ns=50))
    engine.journal.commit()
    again = disk.again()
    assert again.next_expiry_ns() == 50
    again.advance(50)
    assert again.open_orders(ALICE) == []


def test_history_that_was_cleared_stays_cleared() -> None:
    engine, disk = noted()
    traded(engine)
    engine.clear_history()
    engine.journal.commit()
    assert disk.again().orders() == engine.orders()
    assert disk.again().fills() == []


def test_books_of_a_symbol_that_is_not_listed_are_refused_by_name() -> None:
    engine, disk = noted()
    traded(engine)
    other = Engine([contract(symbol="ABC")], BINANCE_POLICY)
    for operation in disk.operations:
        other.journal.restore(operation)
    with pytest.raises(ValueError, match="symbols: must list XYZ"):
        other.restored()


def test_without_a_sink_nothing_is_collected() -> None:
    engine = engine_with_book()
    place(engine, ALICE, buy(1, 102))
    disk = Disk(engine.journal)
    engine.journal.commit()
    assert len(disk.operations) == 1
    with pytest.raises(OrderRefused):
        engine.cancel(ALICE, engine.orders()[0].order_id, 2)


def test_fresh_books_leave_out_the_ids_of_those_before_them() -> None:
    assert ids_used_before(FIRST_BOOKS_NS - 1) == 0
    sooner, later = (ids_used_before(FIRST_BOOKS_NS + s * NS_PER_S) for s in (10, 11))
    assert later - sooner == 1_000
