"""Live pages: what they show, what they keep, what they tell handlers."""

from collections.abc import Sized
from decimal import Decimal as D

import pytest

from tandem.client.mirror import mirror_page, mirrors
from tandem.client.mirror.mirror_page import Joined
from tandem.client.mirror.mirrors import Fills, Hedges, Orders, Positions
from tandem.client.mirror.plain_rows import delta_of, plain
from tandem.domain.order import OrderStatus
from tandem.messages.codec import AnyDelta
from tandem.messages.deltas import HedgeState
from tandem.messages.queries import FillsPage, HedgesPage, OrdersPage, PositionsPage
from tests.unit.tandem.client.rows import (
    EXC,
    OTHER,
    SOL,
    bucket,
    bucket_delta,
    fill,
    fill_delta,
    hedge,
    hedge_delta,
    order,
    order_delta,
    position,
    position_delta,
)

CANCELLED, FILLED = OrderStatus.CANCELLED, OrderStatus.FILLED


@pytest.fixture
def orders() -> Orders:
    made = Orders(EXC)
    rows = (order("c1"), order("c2", oid="7", amount=D(-2), cum_qty=D("0.5")))
    made.load(OrdersPage(epoch=0, seq=10, orders=(*rows, order("x", exc=OTHER))))
    return made


def test_orders_show_their_account_only(orders: Orders) -> None:
    assert [row["cloid"] for row in orders.as_list()] == ["c1", "c2"]
    assert len(orders) == 2
    assert orders.as_list("ETH") == []
    assert list(orders.as_dict()) == ["c1", "c2"]
    assert orders.as_dict()["c2"]["ord_status"] == "NEW"


def test_orders_by_side_and_what_is_open(orders: Orders) -> None:
    assert [row.client_order_id for row in orders.bids] == ["c1"]
    assert [row.client_order_id for row in orders.asks] == ["c2"]
    assert [row.client_order_id for row in orders.pending] == ["c1"]
    assert orders.total_open(SOL) == (D(1), D("1.5"))
    assert orders.total_open("ETH") == (D(0), D(0))
    assert orders.waiting == []


def test_d8_a_waiting_trigger_order_is_shown_and_part_of_no_side(orders: Orders) -> None:
    for seq, name, amount in ((11, "c5", D(-3)), (12, "c6", D(3))):
        stop = order(name, oid=name, amount=amount, trigger_px=D("9.99"))
        orders.join(order_delta(seq, stop))

    assert [row.client_order_id for row in orders.waiting] == ["c5", "c6"]
    assert [row.client_order_id for row in orders.bids] == ["c1"]
    assert [row.client_order_id for row in orders.asks] == ["c2"]
    assert orders.total_open(SOL) == (D(1), D("1.5"))
    assert orders.as_dict()["c5"]["trigger_px"] == D("9.99")


def test_order_without_client_id_goes_by_its_venue_id() -> None:
    made = Orders(EXC)
    made.load(OrdersPage(epoch=0, seq=1, orders=(order(None, oid="5"),)))
    assert list(made.as_dict()) == ["5"]
    assert made.by_oid("5") == order(None, oid="5")


def test_ended_order_leaves_the_page_and_stays_known(orders: Orders) -> None:
    orders.join(order_delta(11, order("c2", CANCELLED, "7"), "0.9.0"))
    assert orders.as_list() == [plain(order("c1"))]
    assert orders.known("c2") == orders.by_oid("7") == order("c2", CANCELLED, "7")
    assert orders.known("c9") is orders.by_oid("9") is None


def test_query_tells_the_transitions_seen(orders: Orders) -> None:
    orders.join(order_delta(11, order("c3")))
    orders.join(order_delta(12, order("c3", FILLED, cum_qty=D(1)), "0.11.0"))
    found = orders.query(orders.known("c3"))
    assert found is not None
    assert found["history"] == [
        {"ord_status": "NEW", "filled_sz": D(0), "timestamp": 1},
        {"ord_status": "FILLED", "filled_sz": D(1), "timestamp": 1},
    ]
    assert orders.query(None) is None


def test_gap_changes_no_order(orders: Orders) -> None:
    assert orders.join(order_delta(15, order("c1", CANCELLED), "0.12.0")) is Joined.GAP
    assert orders.ended == {}


def test_orders_that_a_later_page_lacks_have_vanished(orders: Orders) -> None:
    orders.load(OrdersPage(epoch=0, seq=20, orders=(order("c1"),)))
    assert [row.client_order_id for row in orders.vanished] == ["c2"]
    orders.settle(order("c2"))
    assert orders.known("c2") is None
    orders.settle(order("c2", CANCELLED))
    assert orders.known("c2") == order("c2", CANCELLED)


def test_order_known_by_venue_id_goes_on_under_its_client_id(orders: Orders) -> None:
    orders.join(order_delta(11, order(None, oid="8")))
    joined = orders.join(order_delta(12, order("c8", oid="8"), "0.11.0"))
    assert joined is Joined.APPLIED
    assert [row.client_order_id for row in orders] == ["c1", "c2", "c8"]


def test_only_the_newest_ended_orders_are_kept(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "MAX_ENDED", 2)
    for place in range(4):
        orders.join(order_delta(11 + place, order(f"e{place}", CANCELLED)))
    assert list(orders.ended) == ["e2", "e3"]
    assert orders.query(order("e1")) == plain(order("e1")) | {"history": []}


def test_positions_leave_when_flat() -> None:
    made = Positions(EXC)
    page = PositionsPage(epoch=0, seq=10, positions=(position("2"), position("5", OTHER)))
    made.load(page)
    assert made.amount(SOL) == 2
    assert made.as_dict()[SOL] == made.as_list()[0]
    assert set(made.as_list()[0]) == {"ticker", "amount", "entry", "value", "unrealized_pnl"}
    made.join(position_delta(11, "0", "0.9.0"))
    assert len(made) == made.amount(SOL) == 0


def test_fills_are_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "MAX_FILLS", 2)
    made = Fills(EXC)
    made.load(FillsPage(epoch=0, seq=10, fills=(fill("e1"), fill("e2"))))
    made.join(fill_delta(11, "e3"))
    assert list(made.as_dict()) == ["e2", "e3"]
    assert [row["exec_id"] for row in made.as_list()] == ["e2", "e3"]
    assert len(made) == 2


def test_hedges_and_buckets_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "MAX_ENDED", 1)
    made = Hedges()
    made.load(HedgesPage(epoch=0, seq=10, hedges=(hedge("h1"),), buckets=(bucket(),)))
    made.join(hedge_delta(11, hedge("h2", HedgeState.DONE)))
    made.join(hedge_delta(12, hedge("h3")))
    made.join(bucket_delta(13))
    assert made.get("h1") == hedge("h1")
    assert made.bucket(EXC, SOL, "s") == bucket()
    assert made.bucket(EXC, SOL, "t") is None
    assert made.place == (0, 13)
    made.join(hedge_delta(14, hedge("h1", HedgeState.DONE), "0.9.0"))
    assert made.get("h2") is None
    assert made.get("h1") == hedge("h1", HedgeState.DONE)
    assert made.get("h3") == hedge("h3")
    made.join(hedge_delta(15, hedge("h1"), "0.14.0"))
    made.join(hedge_delta(16, hedge("h4", HedgeState.DONE)))
    assert made.get("h1") == hedge("h1")


def test_e7_a_mirror_holds_what_is_open_and_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_ENDED", "MAX_FILLS"):
        monkeypatch.setattr(mirrors, name, 20)
    monkeypatch.setattr(mirror_page, "MAX_GONE", 20)
    held = []
    for count in (100, 400):
        orders, fills, hedges = Orders(EXC), Fills(EXC), Hedges()
        orders.load(OrdersPage(epoch=0, seq=10, orders=()))
        fills.load(FillsPage(epoch=0, seq=10, fills=()))
        hedges.load(HedgesPage(epoch=0, seq=10, hedges=(), buckets=()))
        hedges.join(hedge_delta(11, hedge("open")))
        for place in range(20, 20 + count):
            orders.join(order_delta(place, order(f"o{place}", CANCELLED)))
            fills.join(fill_delta(place, f"e{place}"))
            hedges.join(hedge_delta(place, hedge(f"h{place}", HedgeState.DONE)))
        assert hedges.get("open") is not None
        tables: list[Sized] = [
            orders.ended,
            orders._history,
            orders._past,
            hedges.ended,
            hedges._finished,
        ]
        for page in (orders.page, fills.page, hedges.links):
            tables += [page.rows, page.last, page.gone]
        held.append([len(table) for table in tables])

    assert held[0] == held[1]
    assert max(held[0]) <= 21


def test_e7_the_steps_of_an_order_of_many_fills_are_bounded(orders: Orders) -> None:
    prev = "0.9.0"
    for place in range(11, 11 + 3 * mirrors.MAX_STEPS):
        orders.join(order_delta(place, order("c1"), prev))
        prev = f"0.{place}.0"

    assert len(orders._history["c1"]) == mirrors.MAX_STEPS
    orders.join(order_delta(500, order("c1", CANCELLED), prev))
    assert "c1" not in orders._history
    found = orders.query(orders.known("c1"))
    assert found is not None
    history = found["history"]
    assert isinstance(history, list)
    assert len(history) == mirrors.MAX_STEPS
    assert history[-1]["ord_status"] == "CANCELLED"


def test_hedge_that_ended_before_the_page_was_taken_is_still_found() -> None:
    made = Hedges()
    made.load(HedgesPage(epoch=0, seq=10, hedges=(hedge("h1"), hedge("h2")), buckets=()))
    made.join(hedge_delta(11, hedge("h2", HedgeState.DONE), "0.9.0"))
    made.load(HedgesPage(epoch=0, seq=20, hedges=(), buckets=()))

    refused = hedge("h1", HedgeState.REFUSED)

    assert made.get("h1") is None
    assert made.join(hedge_delta(15, refused, "0.9.0")) is Joined.COVERED
    assert made.get("h1") == refused
    assert made.get("h2") == hedge("h2", HedgeState.DONE)


def test_hedge_refused_before_the_first_page_of_an_epoch_is_found() -> None:
    made = Hedges()
    made.load(HedgesPage(epoch=0, seq=10, hedges=(), buckets=()))
    refused = hedge("h1", HedgeState.REFUSED)

    assert made.join(hedge_delta(9, refused)) is Joined.KNOWN
    assert made.get("h1") == refused


DELTAS: tuple[AnyDelta, ...] = (
    order_delta(11, order()),
    position_delta(11, "1"),
    fill_delta(11, "e1"),
    hedge_delta(11, hedge()),
    bucket_delta(11),
)


@pytest.mark.parametrize(
    ("mirror", "own"),
    [
        (Orders(EXC), {0}),
        (Positions(EXC), {1}),
        (Fills(EXC), {2}),
        (Hedges(), {3, 4}),
    ],
)
def test_mirror_takes_its_own_deltas_and_pages_only(
    mirror: Orders | Positions | Fills | Hedges, own: set[int]
) -> None:
    mirror_page = (
        OrdersPage(epoch=0, seq=10, orders=()),
        PositionsPage(epoch=0, seq=10, positions=()),
        FillsPage(epoch=0, seq=10, fills=()),
        HedgesPage(epoch=0, seq=10, hedges=(), buckets=()),
    )
    for page in mirror_page:
        mirror.load(page)
    assert mirror.place == (0, 10)
    assert {place for place, delta in enumerate(DELTAS) if mirror.concerns(delta)} == own
    joined = {place for place, delta in enumerate(DELTAS) if mirror.join(delta) is Joined.APPLIED}
    assert joined == own


def test_position_of_another_account_does_not_concern() -> None:
    assert not Positions(EXC).concerns(position_delta(11, "1", exc=OTHER))


def test_handlers_are_given_plain_words() -> None:
    told = [delta_of(delta) for delta in DELTAS]
    assert told[0]["ord_status"] == "NEW"
    assert told[1] == {"ticker": SOL, "amount": D(1), "delta": D(1), "entry": D(100)}
    assert told[2]["exec_id"] == "e1"
    assert told[3]["hedge_id"] == "h1"
    assert told[4]["pool"] == "s"
