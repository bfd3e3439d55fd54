"""Each way in which a venue was seen, or can be thought, to say what cannot be so."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, Side
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.order_bounds import OrderTerms
from tandem.gateway.port.requests import Report
from tandem.gateway.port.soundness import (
    DAY_NS,
    MAX_NS,
    Knowledge,
    book_fault,
    clock_fault,
    fault_of,
    instrument_fault,
    mark_fault,
    short,
    table_of,
)
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport

EXC, SOL, ETH = Exc("venue"), Ticker("SOL"), Ticker("ETH")
NOW = 1_790_000_000_000 * NS_PER_MS
D = Decimal
NAN, SNAN, INF, HUGE = D("NaN"), D("sNaN"), D("Infinity"), D("1E+999999999")
UNCOUNTABLE = (NAN, SNAN, INF, -INF, HUGE, D("1E+15"), D("1E-61"))


def known(terms: OrderTerms | None = None, venue_ns: int = NOW) -> Knowledge:
    return Knowledge(venue_ns, {SOL, ETH}.__contains__, terms)


def fill(**fields: Any) -> FillReport:
    usual: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "exec_id": ExecId("7"),
        "venue_order_id": VenueOrderId("5"),
        "side": Side.SELL,
        "last_qty": D("0.4"),
        "last_px": D(150),
        "source": ReportSource.EVENT,
        "ts_event_ns": NOW,
        "cum_qty": D("0.4"),
        "start_position": D(-1),
    }
    return FillReport(**(usual | fields))


def order(**fields: Any) -> OrderReport:
    usual: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "order_status": OrderStatus.PARTIAL,
        "source": ReportSource.EVENT,
        "ts_event_ns": NOW,
        "venue_order_id": VenueOrderId("5"),
        "client_order_id": ClientOrderId("a"),
        "amount": D(-1),
        "price": D(150),
        "cum_qty": D("0.4"),
        "avg_px": D(150),
    }
    return OrderReport(**(usual | fields))


def cost(**fields: Any) -> FillCost:
    usual: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "exec_id": ExecId("7"),
        "fee": D("-0.01"),
        "fee_asset": "USDC",
        "realized_pnl": D(-3),
        "ts_event_ns": NOW,
    }
    return FillCost(**(usual | fields))


def position(**fields: Any) -> PositionReport:
    usual: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "amount": D(-1),
        "entry": D(150),
        "source": ReportSource.EVENT,
        "ts_event_ns": NOW,
        "unrealized_pnl": D(-3),
    }
    return PositionReport(**(usual | fields))


SOUND = (
    fill(),
    fill(cum_qty=None, start_position=None, client_order_id=ClientOrderId("a")),
    fill(is_system=True, last_px=D(0)),
    fill(ts_event_ns=NOW - DAY_NS),
    fill(ts_event_ns=NOW + DAY_NS),
    fill(ts_event_ns=NOW - 400 * DAY_NS, source=ReportSource.QUERY),
    order(),
    order(price=None, cum_qty=None, avg_px=None, amount=None, client_order_id=None),
    order(amount=D(0), cum_qty=D(0)),
    cost(),
    cost(realized_pnl=None, ts_event_ns=NOW - 2 * DAY_NS),
    position(),
    position(amount=D(0), entry=D(0), unrealized_pnl=None),
)


@pytest.mark.parametrize("fact", SOUND)
def test_what_venues_do_say_is_sound(fact: Report) -> None:
    assert fault_of(fact, known()) is None
    assert fault_of(fact, known(OrderTerms(SOL, D(-1)))) is None


IMPOSSIBLE: tuple[tuple[Report, str], ...] = (
    *((fill(last_qty=value), "last_fill_sz") for value in (*UNCOUNTABLE, D(0), D(-1))),
    *((fill(last_px=value), "last_px") for value in (*UNCOUNTABLE, D(0), D(-1))),
    *((fill(cum_qty=value), "filled_sz") for value in (*UNCOUNTABLE, D(-1))),
    *((fill(start_position=value), "start_position") for value in UNCOUNTABLE),
    (fill(is_system=True, last_px=D(-1)), "last_px"),
    (fill(exec_id=ExecId("")), "exec_id"),
    (fill(exec_id=ExecId("x" * 121)), "exec_id"),
    (fill(venue_order_id=VenueOrderId("a\nb")), "oid"),
    (fill(client_order_id=ClientOrderId("\ud800")), "cloid"),
    *((order(amount=value), "amount") for value in UNCOUNTABLE),
    *((order(price=value), "price") for value in (*UNCOUNTABLE, D(0), D(-1))),
    *((order(cum_qty=value), "filled_sz") for value in (*UNCOUNTABLE, D(-1))),
    *((order(avg_px=value), "avg_px") for value in (*UNCOUNTABLE, D(-1))),
    (order(venue_order_id=VenueOrderId("x" * 121)), "oid"),
    (order(client_order_id=ClientOrderId("")), "cloid"),
    *((cost(fee=value), "fee") for value in UNCOUNTABLE),
    *((cost(realized_pnl=value), "realized_pnl") for value in UNCOUNTABLE),
    (cost(fee_asset=""), "fee_asset"),
    (cost(exec_id=ExecId("x" * 121)), "exec_id"),
    *((position(amount=value), "amount") for value in UNCOUNTABLE),
    *((position(entry=value), "entry") for value in (*UNCOUNTABLE, D(-1))),
    *((position(unrealized_pnl=value), "unrealized_pnl") for value in UNCOUNTABLE),
    *((one(ticker=Ticker("BTC")), "ticker") for one in (fill, order, cost, position)),
    *((one(ticker=Ticker("")), "ticker") for one in (fill, order, cost, position)),
)


@pytest.mark.parametrize(("fact", "field"), IMPOSSIBLE)
def test_e4_number_or_name_that_no_venue_sends_is_named(fact: Report, field: str) -> None:
    fault = fault_of(fact, known())
    assert fault is not None
    assert (fault.field, fault.contradicts) == (field, False)
    assert fault.what == type(fact).__struct_config__.tag


WRONG_TIMES = (
    NOW * 1_000,  # microseconds given for milliseconds
    NOW // 1_000,  # seconds given for milliseconds
    0,
    -1,
    NOW + DAY_NS + 1,
    MAX_NS + 1,
    2**70,
)


@pytest.mark.parametrize("ts_ns", [*WRONG_TIMES, NOW - DAY_NS - 1])
@pytest.mark.parametrize("make", [fill, order, position])
def test_e4_time_that_is_not_near_the_venues_clock_is_named(make: Any, ts_ns: int) -> None:
    fault = fault_of(make(ts_event_ns=ts_ns), known())
    assert fault is not None
    assert (fault.field, fault.value) == ("ts_venue", str(ts_ns))


@pytest.mark.parametrize("ts_ns", WRONG_TIMES)
def test_e4_time_of_a_listed_row_may_be_old_and_no_more(ts_ns: int) -> None:
    listed = fill(ts_event_ns=ts_ns, source=ReportSource.QUERY)
    for fact in (listed, cost(ts_event_ns=ts_ns)):
        fault = fault_of(fact, known())
        assert fault is not None
        assert fault.field == "ts_venue"


def test_before_the_clock_was_measured_a_time_need_only_be_one() -> None:
    assert fault_of(fill(), known(venue_ns=0)) is None
    for ts_ns in (-1, MAX_NS + 1):
        assert fault_of(fill(ts_event_ns=ts_ns), known(venue_ns=0)) is not None


CONTRADICTIONS: tuple[tuple[OrderReport | FillReport, str], ...] = (
    (fill(last_qty=D(400), cum_qty=None), "amount"),
    (fill(cum_qty=D("1.1")), "filled_sz"),
    (fill(side=Side.BUY), "side"),
    (fill(ticker=ETH), "ticker"),
    (order(ticker=ETH), "ticker"),
    (order(amount=D(1)), "side"),
    (order(amount=D(-1_000)), "amount"),
    (order(amount=None, cum_qty=D(2)), "filled_sz"),
)


@pytest.mark.parametrize(("fact", "field"), CONTRADICTIONS)
def test_e4_more_or_other_than_the_order_contradicts_it(
    fact: OrderReport | FillReport, field: str
) -> None:
    assert fault_of(fact, known()) is None
    fault = fault_of(fact, known(OrderTerms(SOL, D(-1))))
    assert fault is not None
    assert (fault.field, fault.contradicts) == (field, True)


def test_e4_a_fact_that_contradicts_itself_cannot_be_so() -> None:
    for fact in (fill(cum_qty=D("0.3")), order(cum_qty=D("1.1"))):
        fault = fault_of(fact, known())
        assert fault is not None
        assert (fault.field, fault.contradicts) == ("filled_sz", False)


@pytest.mark.parametrize(
    ("venue_ms", "is_time"),
    [(1, True), (NOW // NS_PER_MS, True), (0, False), (-1, False), (NOW // 1_000, False)],
)
def test_e4_clock_of_a_venue_is_milliseconds_that_exist(venue_ms: int, is_time: bool) -> None:
    assert (clock_fault(venue_ms) is None) is is_time


def book(ticker: Ticker = SOL, price: str = "99", qty: str = "1", at: int = NOW) -> BookUpdate:
    return BookUpdate(ticker, (Level(D(price), D(qty)),), (Level(D(101), D(1)),), at)


def test_sound_book_and_mark_may_be_priced_by() -> None:
    assert book_fault(book(), known()) is None
    assert book_fault(BookUpdate(SOL, (), (), NOW), known()) is None
    assert mark_fault(MarkUpdate(SOL, D(100), NOW), known()) is None
    # Hyperliquid's mark names no time of the venue's: ours stands in its place.
    assert mark_fault(MarkUpdate(SOL, D(100), NOW - 9 * DAY_NS), known()) is None


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (book(price="NaN"), "price"),
        (book(price="0"), "price"),
        (book(qty="-1"), "quantity"),
        (book(qty="Infinity"), "quantity"),
        (book(ticker=Ticker("BTC")), "ticker"),
        (book(at=NOW * 1_000), "ts_venue"),
        (book(at=NOW - DAY_NS - 1), "ts_venue"),
    ],
)
def test_e4_book_that_cannot_be_so_is_named(update: BookUpdate, field: str) -> None:
    fault = book_fault(update, known())
    assert fault is not None
    assert (fault.what, fault.field) == ("book", field)


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (MarkUpdate(SOL, NAN, NOW), "mark"),
        (MarkUpdate(SOL, D(-1), NOW), "mark"),
        (MarkUpdate(Ticker("BTC"), D(1), NOW), "ticker"),
        (MarkUpdate(SOL, D(1), 2**64), "ts_venue"),
    ],
)
def test_e4_mark_that_cannot_be_so_is_named(update: MarkUpdate, field: str) -> None:
    fault = mark_fault(update, known())
    assert fault is not None
    assert (fault.what, fault.field) == ("mark", field)


def instrument(ticker: Ticker = SOL, **fields: Any) -> Instrument:
    usual: dict[str, Any] = {
        "exc": EXC,
        "ticker": ticker,
        "symbol": ticker,
        "base_asset": "SOL",
        "quote_asset": "USDC",
        "tick": D("0.01"),
        "lot": D("0.1"),
        "min_qty": D("0.1"),
        "min_notional": D(10),
        "venue_asset_id": 3,
    }
    return Instrument(**(usual | fields))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tick": D(0)}, "tick"),
        ({"tick": NAN}, "tick"),
        ({"tick": D("1E-19")}, "tick"),
        ({"lot": D(0)}, "lot"),
        ({"lot": D(-1)}, "lot"),
        ({"min_qty": D(0)}, "min_qty"),
        ({"min_notional": D(-1)}, "min_notional"),
        ({"max_qty": D(0)}, "max_qty"),
        ({"market_max_qty": INF}, "market_max_qty"),
        ({"multiplier": D(0)}, "multiplier"),
        ({"symbol": ""}, "symbol"),
    ],
)
def test_e4_row_of_a_table_without_sound_steps_leaves_the_former_one(
    fields: dict[str, Any], field: str
) -> None:
    former, row = {SOL: instrument()}, instrument(**fields)
    fault = instrument_fault(row)
    assert fault is not None
    assert fault.field == field
    table, faults = table_of([row, instrument(ETH, venue_asset_id=4)], former)
    assert table == {ETH: instrument(ETH, venue_asset_id=4), SOL: instrument()}
    assert faults == [fault]
    assert table_of([row], {})[0] == {}


def test_e4_row_that_is_there_twice_leaves_the_former_one() -> None:
    twice = [instrument(tick=D(1)), instrument(tick=D(2))]
    table, faults = table_of(twice, {SOL: instrument()})
    assert table == {SOL: instrument()}
    assert [fault.field for fault in faults] == ["ticker"]
    assert table_of([instrument(), instrument()], {}) == ({SOL: instrument()}, [])


def test_e4_place_in_the_venues_list_never_moves() -> None:
    table, faults = table_of([instrument(venue_asset_id=2)], {SOL: instrument()})
    assert table == {SOL: instrument()}
    assert [fault.field for fault in faults] == ["venue_asset_id"]


def test_sound_table_replaces_the_former_one_in_order_of_tickers() -> None:
    rows = [instrument(tick=D(1)), instrument(ETH, venue_asset_id=4)]
    table, faults = table_of(rows, {SOL: instrument()})
    assert (list(table), table[SOL].tick, faults) == ([ETH, SOL], D(1), [])


def test_text_of_the_venue_is_one_line_that_people_can_read() -> None:
    assert short("a\nb" + "x" * 500) == "a?b" + "x" * 297
    assert structs.asdict(order())["text"] == ""
