import msgspec
import pytest

from services.hedger.fold import expiry
from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus, RejectReason
from tandem.runtime.fold.port import SetRow
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    Desk,
    d,
    two_venues,
)

HOUR_NS = 3_600_000_000_000


def later(desk: Desk, hours: int) -> None:
    desk.now_ns += hours * HOUR_NS
    desk.mark(HYPERLIQUID, SOL, "100")


def test_a_hedge_whose_maker_filled_whole_leaves_its_page_and_is_watched() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "1")
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    desk.hedge_all()

    later(desk, 1)

    assert SetRow(expiry.HEDGES_PAGE, hedge, None) in desk.effects
    assert not desk.state.links
    assert not desk.state.makers
    assert not desk.state.oids
    assert len(desk.state.shelf) == 1
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    assert not desk.state.strays


def test_a_cancelled_maker_is_watched_until_the_retention_ends() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")
    later(desk, 1)
    assert len(desk.state.shelf) == 1
    later(desk, 47)
    assert len(desk.state.shelf) == 1

    later(desk, 2)

    assert not len(desk.state.shelf)
    assert not desk.state.oids


def test_a_hedge_with_dust_owed_stays() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "0.2")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.2")

    later(desk, 30)

    assert hedge in desk.state.links


def test_a_working_hedge_stays() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    later(desk, 30)

    assert hedge in desk.state.links


def test_a_taker_that_did_not_fill_whole_is_watched_until_the_retention_ends() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.5")
    later(desk, 47)
    assert not desk.bucket().ended
    assert desk.state.takers.peek(cloid) is not None

    later(desk, 2)

    assert desk.state.takers.peek(cloid) is None
    assert desk.naked() == d("0.5")


def test_a_taker_that_has_just_ended_stays_where_it_is() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    desk.taker_report(decision.takers[0].client_order_id, OrderStatus.EXPIRED, "0.5")
    desk.now_ns += 59_000_000_000
    desk.mark(HYPERLIQUID, SOL, "100")

    assert set(desk.bucket().ended) == {decision.takers[0].client_order_id}


def test_nothing_happens_twice_in_one_minute() -> None:
    desk = two_venues()
    later(desk, 1)

    assert expiry.sweep(desk.state) == ()


@pytest.mark.parametrize(
    ("source", "is_known"), [(ReportSource.LOCAL, False), (ReportSource.ACK, True)]
)
def test_a_taker_that_was_never_sent_is_let_go_soon(source: ReportSource, is_known: bool) -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.REJECTED, "0", reason=RejectReason.STALE, source=source)

    later(desk, 1)

    assert not desk.bucket().ended
    assert (desk.state.takers.peek(cloid) is not None) is is_known
    assert desk.amounts() == [d(1)]


def hedge_whole(desk: Desk, number: int, filled: str = "1", end: str = "FILLED") -> None:
    """Let a maker fill, end, and be hedged by a taker that first fills half and expires."""
    hedge = desk.hedge(f"h{number}", "-1")
    desk.maker_fill(hedge, filled)
    desk.maker_report(hedge, OrderStatus(end), filled)
    (decision,) = desk.decide()
    desk.taker_fill(decision.takers[0].client_order_id, d(filled) / 2)
    desk.taker_report(decision.takers[0].client_order_id, OrderStatus.EXPIRED, f"{d(filled) / 2}")
    desk.hedge_all()


def kept(desk: Desk) -> dict[str, int]:
    """Count everything that the state holds one by one."""
    state, bucket = desk.state, desk.bucket()
    tables = {name: getattr(state, name) for name in state.__struct_fields__}
    counts = {name: len(table) for name, table in tables.items() if isinstance(table, dict)}
    of_bucket = {"flying": bucket.flying, "ended": bucket.ended, "lots": bucket.lots}
    counts |= {name: len(table) for name, table in of_bucket.items()}
    runs = sum(len(one) for one in bucket.decided.values())
    return counts | {"decided": runs, "fresh": len(state.shelf.fresh) + len(state.takers.fresh)}


def test_e7_what_is_kept_of_hedges_does_not_grow_with_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "MOST_FINISHED", 64)
    desk, counts = two_venues(), []
    for number in range(1, 641):
        hedge_whole(desk, number, *(("0.4", "CANCELLED") if number % 2 else ()))
        if number % 20 == 0:
            desk.now_ns += 61_000_000_000
            desk.mark(HYPERLIQUID, SOL, "100")
        if number in {160, 640}:
            counts.append(kept(desk))

    first, last = counts
    assert {name: n for name, n in last.items() if n > first[name] + 20 and name != "fresh"} == {}
    assert last["fresh"] < 4 * 128
    assert len(desk.state.shelf) + last["links"] == 640
    assert desk.state.shelf.size / len(desk.state.shelf) < 120
    assert desk.state.takers.size / len(desk.state.takers) < 120


def test_e7_a_hedge_that_still_counts_is_not_shelved_for_younger_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "MOST_FINISHED", 64)
    desk = two_venues(lot="0.5")
    dusty = desk.hedge("dusty", "-1")
    desk.maker_fill(dusty, "0.2")
    desk.maker_report(dusty, OrderStatus.CANCELLED, "0.2")
    assert dusty in desk.state.finished
    for number in range(200):
        hedge = desk.hedge(f"h{number}", "-1")
        desk.maker_report(hedge, OrderStatus.CANCELLED, "0")

    assert dusty in desk.state.links
    assert len(desk.state.links) < 64 + 64 + 1
    assert set(desk.state.finished) == set(desk.state.links)


def test_e7_a_late_fill_of_a_taker_packed_long_ago_counts() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    early = desk.taker_fill(cloid, "0.5")
    desk.taker_report(cloid, OrderStatus.EXPIRED, "0.5")
    desk.hedge_all()
    for number in range(2, 400):
        hedge_whole(desk, number)
    later(desk, 1)
    assert desk.state.takers.blocks
    assert cloid not in desk.bucket().ended

    late = msgspec.structs.replace(early, exec_id=desk.next_exec(), last_qty=d("0.1"))
    desk.fill(msgspec.structs.replace(late, client_order_id=None))

    assert desk.naked() == d("-0.1")
    desk.fill(early)
    assert desk.naked() == d("-0.1")
    again = desk.fold.load(desk.fold.dump(desk.state))
    assert again == desk.state


def test_e7_a_late_fill_that_names_only_the_venues_number_finds_its_shelved_hedge() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    fill = desk.maker_fill(hedge, "0.3")
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.3")
    desk.hedge_all()
    later(desk, 1)
    assert hedge not in desk.state.links

    late = msgspec.structs.replace(fill, exec_id=desk.next_exec(), last_qty=d("0.2"))
    desk.fill(msgspec.structs.replace(late, client_order_id=None))

    assert desk.hedge_all() == [d("0.2")]
    desk.foreign_fill(BINANCE, SOLUSDT, "1")
    assert desk.naked() == 0


def test_e7_fills_of_an_order_that_nobody_claims_are_bounded() -> None:
    desk = two_venues()
    fill = desk.maker_fill(desk.hedge("h1", "-1"), "0.1", client_order_id=None)
    for _ in range(1_000):
        desk.fill(msgspec.structs.replace(fill, exec_id=desk.next_exec()))

    assert [len(fills) for fills in desk.state.orphans.values()] == [256]


def test_e7_a_maker_of_many_fills_keeps_eight_bytes_a_fill() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1000")
    for _ in range(2_000):
        desk.maker_fill(hedge, "0.1")

    (order,) = desk.link(hedge).order.venue_orders.values()
    assert len(order.exec_ids) == 2_000
    assert len(order.exec_ids.newest) + sum(map(len, order.exec_ids.runs)) < 8 * 2_000 + 32
    assert len(desk.bucket().lots) < 2_001
