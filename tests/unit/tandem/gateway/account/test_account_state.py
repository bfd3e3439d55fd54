"""The gateway's own fold: live orders, positions that may be open, where fills may be missing."""

from decimal import Decimal

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Strategy, Ticker, Token, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.account import account_state as known_module
from tandem.gateway.account.account_state import Known
from tandem.messages.intents import CancelOrder
from tandem.messages.reports import FillReport, OrderReport, PositionReport

EXC, SOL = Exc("v"), Ticker("SOL")
A, ONE = ClientOrderId("a"), VenueOrderId("1")
ONE_UNIT = Decimal(1)


def order(
    status: OrderStatus,
    *,
    cloid: ClientOrderId | None = A,
    oid: VenueOrderId | None = ONE,
    ticker: Ticker = SOL,
    ts_ns: int = 1,
    in_doubt: bool = False,
    cum_qty: Decimal | None = None,
) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=ticker,
        order_status=status,
        source=ReportSource.EVENT,
        ts_event_ns=ts_ns,
        client_order_id=cloid,
        venue_order_id=oid,
        in_doubt=in_doubt,
        cum_qty=cum_qty,
    )


def fill(ts_ns: int, cloid: ClientOrderId | None = None) -> FillReport:
    return FillReport(
        client_order_id=cloid,
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId("7"),
        venue_order_id=ONE,
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(1),
        source=ReportSource.EVENT,
        ts_event_ns=ts_ns,
    )


def position(amount: str, ts_ns: int) -> PositionReport:
    return PositionReport(
        exc=EXC,
        ticker=SOL,
        amount=Decimal(amount),
        entry=Decimal(1),
        source=ReportSource.QUERY,
        ts_event_ns=ts_ns,
    )


def test_order_is_found_by_either_name() -> None:
    known = Known()
    known.take_order(order(OrderStatus.NEW))
    assert known.find(None, A, None) is known.find(SOL, None, ONE)


def test_names_told_apart_join_in_one_order() -> None:
    known = Known()
    known.take_order(order(OrderStatus.NEW, cloid=None))
    known.take_order(order(OrderStatus.PARTIAL))
    assert len(known.live_orders()) == 1
    assert known.by_cloid[A].status is OrderStatus.PARTIAL


def test_client_id_used_again_by_somebody_else_is_another_order() -> None:
    known, two = Known(), VenueOrderId("2")
    known.take_order(order(OrderStatus.FILLED))
    known.take_order(order(OrderStatus.NEW, oid=two))
    assert [one.oid for one in known.live_orders()] == [two]
    known.take_order(order(OrderStatus.PARTIAL))
    assert [one.oid for one in known.live_orders()] == [two]


def test_client_id_of_our_form_is_one_order_whatever_the_venue_calls_it() -> None:
    known, ours = Known(), ClientOrderId("0x" + "ab" * 16)
    known.take_order(order(OrderStatus.NEW, cloid=ours))
    known.take_order(order(OrderStatus.CANCELLED, cloid=ours, oid=VenueOrderId("2")))
    assert known.live_orders() == ()


def test_terminal_order_is_not_live_and_late_news_do_not_revive_it() -> None:
    known = Known()
    known.take_order(order(OrderStatus.CANCELLED))
    known.take_order(order(OrderStatus.NEW))
    assert known.live_orders() == ()


def test_doubt_is_no_report() -> None:
    known = Known()
    known.take_order(order(OrderStatus.PENDING, in_doubt=True))
    assert known.find(SOL, A, ONE) is None


def test_venue_id_without_a_ticker_must_be_unambiguous() -> None:
    known = Known()
    known.take_order(order(OrderStatus.NEW))
    assert known.find(None, None, ONE) is not None
    known.take_order(order(OrderStatus.NEW, cloid=None, ticker=Ticker("ETH")))
    assert known.find(None, None, ONE) is None


def test_no_name_finds_nothing() -> None:
    assert Known().find(SOL, None, None) is None


def test_fill_may_open_a_position_until_a_later_flat_report() -> None:
    known = Known()
    known.take_fill(fill(100))
    known.take_position(position("0", 100))
    assert known.maybe_open() == {SOL}
    known.take_position(position("0", 101))
    assert known.maybe_open() == frozenset()
    assert known.dealt == {SOL}


def test_open_position_may_be_open() -> None:
    known = Known()
    known.take_position(position("-2", 5))
    assert known.maybe_open() == {SOL}


def test_fills_may_be_missing_since_the_oldest_live_order_or_the_last_fill() -> None:
    known = Known()
    assert known.fills_since_ms(90_000, 1_000) == 89_000
    known.take_order(order(OrderStatus.NEW, ts_ns=50_000_000_000))
    assert known.fills_since_ms(90_000, 1_000) == 49_000
    known.take_fill(fill(20_000_000_000))
    assert known.fills_since_ms(90_000, 1_000) == 19_000


def test_order_asked_for_after_a_place_in_the_log_is_told_from_those_before() -> None:
    known = Known()
    known.take_ask(A, 10, 1)
    known.take_ask(A, 99, 2)
    assert known.was_asked_after(A, 9)
    assert not known.was_asked_after(A, 10)
    assert not known.was_asked_after(ClientOrderId("never"), 0)
    assert not known.was_asked_after(None, 0)


def test_ended_orders_are_forgotten_after_the_retention_live_ones_never() -> None:
    known = Known()
    known.take_order(order(OrderStatus.FILLED, ts_ns=5))
    known.take_order(
        order(OrderStatus.NEW, cloid=ClientOrderId("b"), oid=VenueOrderId("2"), ts_ns=5)
    )
    known.expire(6)
    assert set(known.by_cloid) == {"b"}
    assert set(known.by_oid) == {(SOL, "2")}


def test_order_refused_before_the_venue_named_it_is_known_by_its_client_id() -> None:
    known = Known()
    known.take_order(order(OrderStatus.REJECTED, oid=None))
    assert known.by_cloid[A].status is OrderStatus.REJECTED
    assert known.by_oid == {}


def test_order_whose_end_lacks_its_quantity_is_asked_for_until_it_is_told() -> None:
    known = Known()
    known.take_order(order(OrderStatus.NEW, ts_ns=5_000_000))
    known.take_order(order(OrderStatus.EXPIRED, ts_ns=9_000_000))
    assert known.live_orders() == ()
    assert [one.cloid for one in known.unproven_orders()] == [A]
    assert known.fills_since_ms(100, 2) == 3
    known.take_order(order(OrderStatus.EXPIRED, ts_ns=9_000_000, cum_qty=Decimal(1)))
    assert known.unproven_orders() == ()


def test_refused_order_has_nothing_to_prove() -> None:
    known = Known()
    known.take_order(order(OrderStatus.REJECTED))
    assert known.unproven_orders() == ()


def test_unproven_order_is_forgotten_with_the_log() -> None:
    known = Known()
    known.take_order(order(OrderStatus.EXPIRED, ts_ns=5))
    known.expire(6)
    assert known.unproven_orders() == ()


def test_order_that_a_fill_has_shown_is_remembered_for_the_retention() -> None:
    known = Known()
    known.take_fill(fill(7, A))
    assert known.traded == {A: 7}
    known.expire(8)
    assert known.traded == {}


def test_latest_fill_of_an_order_counts_in_whatever_order_fills_are_told() -> None:
    known = Known()
    known.take_fill(fill(9, A))
    known.take_fill(fill(7, A))
    known.expire(8)
    assert known.traded == {A: 9}


def test_order_that_nobody_has_told_of_yet_keeps_its_owner_and_its_place() -> None:
    known = Known()
    known.take_owner(A, Strategy("s"))
    known.take_ask(A, 10, 5)
    known.expire(5)
    assert known.was_asked_after(A, 9)
    assert not known.take_owner(A, Strategy("other"))
    known.expire(6)
    assert not known.was_asked_after(A, 9)
    assert known.take_owner(A, Strategy("other"))


def ended(number: int) -> OrderReport:
    cloid, oid = ClientOrderId(f"0x{number:032x}"), VenueOrderId(str(10**9 + number))
    cum = Decimal(1)
    return order(OrderStatus.FILLED, cloid=cloid, oid=oid, ts_ns=number, cum_qty=cum)


def packed(count: int = 300, own: Strategy | None = None) -> Known:
    """Return one that has put away all but the newest of so many orders."""
    known = Known()
    for number in range(count):
        report = ended(number)
        cloid = report.client_order_id
        assert cloid is not None
        known.read_at(number)
        known.take_ask(cloid, number, number)
        if own is not None:
            assert known.take_owner(cloid, own)
        known.take_fill(fill(number, cloid))
        known.take_order(report)
    return known


def test_e7_what_is_known_is_bounded_by_what_is_live_and_a_window() -> None:
    sizes = []
    for count in (2 * known_module.MAX_RECENT, 6 * known_module.MAX_RECENT):
        known = packed(count, Strategy("s"))
        tables = (known.by_cloid, known.by_oid, known.asked, known.owners, known.traded)
        sizes.append([len(table) for table in (*tables, known.recent, known.live)])
        assert known.ended.size / len(known.ended) < 60

    recent = known_module.MAX_RECENT
    assert sizes == [[recent, recent, recent, recent, 0, recent, 0]] * 2


def test_e7_a_packed_order_is_as_ended_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "MAX_RECENT", 2)
    known, one = packed(), ended(7)
    cloid, oid = one.client_order_id, one.venue_order_id
    assert cloid is not None
    assert oid is not None

    assert len(known.by_cloid) == 2
    assert cloid in known
    assert known.has_oid(SOL, oid)
    assert not known.has_oid(SOL, VenueOrderId("5"))
    for names in ((SOL, cloid, None), (SOL, None, oid), (None, None, oid), (None, cloid, oid)):
        found = known.find(*names)
        assert found is not None
        assert (found.status, found.is_live) == (OrderStatus.FILLED, False)
    known.take_order(order(OrderStatus.NEW, cloid=None, oid=oid, ts_ns=999))
    assert known.live_orders() == known.unproven_orders() == ()
    late = known.find(None, cloid, None)
    assert late is not None
    assert late.last_ns == 999
    known.take_fill(fill(1_000, ended(8).client_order_id))
    assert known.traded == {}


def test_e7_a_packed_order_still_has_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_module, "MAX_RECENT", 2)
    own, other = Strategy("own"), Strategy("other")
    known = packed(own=own)
    one = ended(7)
    cloid = one.client_order_id
    assert cloid is not None

    assert known.take_owner(cloid, own)
    assert not known.take_owner(cloid, other)
    cancel = CancelOrder(exc=EXC, strategy=other, token=Token("t"), client_order_id=cloid)
    assert known.owner_of(cancel) == own
    known.take_order(ended(7))
    assert known.owner_of(cancel) == own
    assert not known.take_owner(cloid, other)
    assert known.take_owner(cloid, own)


def test_e7_packed_orders_are_forgotten_after_the_retention(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_module, "MAX_RECENT", 2)
    known = packed(1_000)
    known.expire(900)

    assert len(known.ended) < 300
    assert ClientOrderId(f"0x{7:032x}") not in known


def test_e7_a_client_id_used_again_goes_on_with_its_newer_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_module, "MAX_RECENT", 1)
    known, two = Known(), VenueOrderId("2")
    known.take_order(order(OrderStatus.FILLED, cum_qty=Decimal(1)))
    known.take_order(order(OrderStatus.NEW, oid=two))
    known.take_order(order(OrderStatus.FILLED, cloid=None, oid=VenueOrderId("3"), cum_qty=ONE_UNIT))

    assert len(known.ended) == 1
    assert [one.oid for one in known.live_orders()] == [two]
    assert known.by_cloid[A].oid == two
    known.take_order(order(OrderStatus.NEW, cloid=None, ts_ns=7))
    assert known.by_cloid[A].oid == two
    assert [one.oid for one in known.live_orders()] == [two]
