from services.paper_exchange.engine.events import BookChanged
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.depth import DepthDiff, DepthTracker
from services.paper_exchange.market.events import Levels
from tests.unit.services.paper_exchange.builders import (
    ALICE,
    SYMBOL,
    buy,
    engine_with_book,
    levels,
    of_kind,
    trade,
)


def changed(first_id: int, last_id: int, bids: Levels = (), asks: Levels = ()) -> BookChanged:
    return BookChanged(0, SYMBOL, first_id, last_id, bids, asks)


def test_nothing_is_published_while_nothing_changed() -> None:
    assert DepthTracker(5).publish() is None


def test_changes_between_publications_are_merged_best_first() -> None:
    tracker = DepthTracker(5)
    tracker.observe(changed(6, 8, levels((98, 1), (99, 2)), levels((102, 1))))
    tracker.observe(changed(9, 10, levels((99, 0)), levels((101, 4))))

    diff = tracker.publish()

    bids, asks = levels((99, 0), (98, 1)), levels((101, 4), (102, 1))
    assert diff == DepthDiff(6, 10, 5, bids, asks)


def test_each_message_names_the_last_one() -> None:
    tracker = DepthTracker(5)
    tracker.observe(changed(6, 8, levels((98, 1))))
    first = tracker.publish()
    tracker.observe(changed(9, 9, levels((98, 0))))

    second = tracker.publish()

    assert first is not None
    assert second is not None
    assert second.prev_id == first.last_id
    assert second.first_id == first.last_id + 1
    assert tracker.publish() is None


def test_a_snapshot_and_the_messages_after_it_rebuild_the_book() -> None:
    engine = engine_with_book()
    tracker = DepthTracker(engine.book(SYMBOL).last_id)
    snapshot = engine.book(SYMBOL)
    for events in (
        engine.place(ALICE, buy(7, 101), 1),
        engine.apply_market(trade(Side.SELL, 101, 1), 2),
    ):
        for change in of_kind(events, BookChanged):
            tracker.observe(change)

    diff = tracker.publish()

    assert diff is not None
    assert diff.prev_id == snapshot.last_id
    bids = dict(snapshot.bids) | dict(diff.bids)
    assert {px: qty for px, qty in bids.items() if qty} == dict(engine.book(SYMBOL).bids)
    assert diff.last_id == engine.book(SYMBOL).last_id
