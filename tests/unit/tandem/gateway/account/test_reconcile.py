"""What the log misses against the venue's own lists."""

from decimal import Decimal

import msgspec

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.account.reconcile import (
    DOUBT_RUNS,
    STRANGER_TRIES,
    Doubts,
    Rota,
    Strangers,
    flat_positions,
    orders_to_ask,
)
from tandem.gateway.port.decoding import Unsound
from tandem.messages.reports import FillReport, OrderReport, PositionReport

EXC, SOL, ETH = Exc("v"), Ticker("SOL"), Ticker("ETH")


def live(name: str, *, ts_ns: int = 1, ticker: Ticker = SOL) -> KnownOrder:
    cloid, oid = ClientOrderId(f"c{name}"), VenueOrderId(name)
    return KnownOrder(ticker, cloid, oid, OrderStatus.NEW, ts_ns)


def listed(name: str, *, cloid: bool = True, ticker: Ticker = SOL) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=ticker,
        order_status=OrderStatus.NEW,
        source=ReportSource.QUERY,
        ts_event_ns=1,
        client_order_id=ClientOrderId(f"c{name}") if cloid else None,
        venue_order_id=VenueOrderId(name),
    )


def position(ticker: Ticker) -> PositionReport:
    return PositionReport(
        exc=EXC,
        ticker=ticker,
        amount=Decimal(1),
        entry=Decimal(1),
        source=ReportSource.QUERY,
        ts_event_ns=1,
    )


def test_live_order_that_is_not_listed_is_asked_for() -> None:
    assert orders_to_ask([live("1"), live("2")], [listed("1")], 10) == (live("2"),)


def test_order_listed_under_its_venue_id_alone_is_not_asked_for() -> None:
    assert orders_to_ask([live("1")], [listed("1", cloid=False)], 10) == ()


def test_live_order_is_asked_for_although_its_client_id_is_listed_for_another() -> None:
    again = msgspec.structs.replace(listed("1"), venue_order_id=VenueOrderId("2"))
    assert orders_to_ask([live("1")], [again], 10) == (live("1"),)
    ours = ClientOrderId("0x" + "ab" * 16)
    modified = msgspec.structs.replace(again, client_order_id=ours)
    held = KnownOrder(SOL, ours, VenueOrderId("1"), OrderStatus.NEW, 1)
    assert orders_to_ask([held], [modified], 10) == ()


def test_order_without_a_client_id_is_asked_for_although_another_such_one_is_listed() -> None:
    mine = KnownOrder(SOL, None, VenueOrderId("1"), OrderStatus.NEW, 1)
    assert orders_to_ask([mine], [listed("2", cloid=False)], 10) == (mine,)


def test_same_venue_id_on_another_ticker_is_another_order() -> None:
    other = listed("1", cloid=False, ticker=ETH)
    assert orders_to_ask([live("1")], [other], 10) == (live("1"),)


def test_order_reported_since_the_request_is_not_asked_for() -> None:
    assert orders_to_ask([live("1", ts_ns=10)], [], 10) == ()


def test_ticker_missing_from_a_full_listing_is_flat_as_of_the_request() -> None:
    flat = flat_positions(EXC, {SOL, ETH}, [position(ETH)], 5)
    assert [(one.ticker, one.amount, one.ts_event_ns) for one in flat] == [
        (SOL, Decimal(0), 5_000_000)
    ]


def asked_in_turn(rota: Rota, due: list[KnownOrder], most: int) -> list[KnownOrder]:
    turn = list(rota.turn(due, most))
    for order in turn:
        rota.asked(order)
    return turn


def test_of_more_orders_than_a_turn_takes_none_starves() -> None:
    rota, due = Rota(), [live(str(number)) for number in range(7)]
    turns = [asked_in_turn(rota, due, 3) for _ in range(3)]
    assert {order.oid for turn in turns for order in turn} == {order.oid for order in due}


def test_order_whose_question_failed_stays_first_in_turn() -> None:
    rota, due = Rota(), [live("1"), live("2")]
    assert rota.turn(due, 1) == (due[0],)
    assert rota.turn(due, 1) == (due[0],)


def test_who_is_no_longer_due_is_forgotten() -> None:
    rota = Rota()
    asked_in_turn(rota, [live("1"), live("2")], 2)
    assert asked_in_turn(rota, [live("2")], 1) == [live("2")]
    assert asked_in_turn(rota, [live("1"), live("2")], 1) == [live("1")]


def fill(oid: str) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId(f"e{oid}"),
        venue_order_id=VenueOrderId(oid),
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(1),
        source=ReportSource.QUERY,
        ts_event_ns=1,
    )


def test_order_known_by_its_fill_alone_is_asked_for_by_its_venue_id() -> None:
    strangers = Strangers()
    strangers.see(fill("5"))
    (order,) = strangers.orders(lambda *_: False)
    assert (order.ticker, order.cloid, order.oid) == (SOL, None, "5")


def test_c1_what_the_venue_does_without_an_order_is_asked_for_by_nobody() -> None:
    strangers = Strangers()
    strangers.see(fill("0"))
    assert strangers.orders(lambda *_: False) == ()


def test_order_that_is_known_or_told_is_no_stranger() -> None:
    strangers = Strangers()
    for oid in ("5", "6"):
        strangers.see(fill(oid))
    strangers.see(listed("6"))
    assert strangers.orders(lambda *name: name == (SOL, "5")) == ()


def test_stranger_that_the_venue_does_not_know_is_given_up() -> None:
    strangers = Strangers()
    strangers.see(fill("5"))
    for _ in range(STRANGER_TRIES):
        (order,) = strangers.orders(lambda *_: False)
        strangers.asked(order, is_found=False)
    assert strangers.orders(lambda *_: False) == ()


def _faults(*fields: str) -> list[Unsound]:
    return [Unsound("userTrades", field, "NaN", "a number") for field in fields]


def test_e4_a_row_that_cannot_be_so_is_asked_about_again_a_few_times() -> None:
    doubts, answers = Doubts(), []
    for _ in range(DOUBT_RUNS + 2):
        doubts.begin()
        assert not doubts.are_new([])
        answers.append(doubts.are_new(_faults("qty")))
        assert doubts.are_new(_faults("qty")) is answers[-1]
    assert answers == [True] * DOUBT_RUNS + [False] * 2
    assert doubts.are_new(_faults("qty", "price"))


def test_a_row_that_was_right_meanwhile_is_a_new_doubt() -> None:
    doubts = Doubts()
    for _ in range(DOUBT_RUNS + 1):
        doubts.begin()
        doubts.are_new(_faults("qty"))
    for _ in range(2):
        doubts.begin()
    assert doubts.are_new(_faults("qty"))
