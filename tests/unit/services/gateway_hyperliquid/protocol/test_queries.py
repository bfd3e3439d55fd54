"""Questions to the info endpoint and what cut or unreadable answers prove."""

from decimal import Decimal

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.info_requests import Info
from services.gateway_hyperliquid.protocol.queries import (
    ROWS_MAY_BE_CUT,
    ROWS_MOST,
    TIME,
    decoded,
    extra_weight,
    info_of,
    next_fills,
    weight_of,
)
from services.gateway_hyperliquid.protocol.wire import FillRow
from tandem.domain.ids import ClientOrderId, Exc, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.gateway.port.requests import (
    BalanceQuery,
    FillsQuery,
    InstrumentsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    TimeQuery,
    VenueQueryError,
)
from tandem.transport.exchange import RawAnswer, Transport

USER = "0x1"
CLOID = ClientOrderId("0x0000000000000000000000000000beef")
BTC = Instrument(
    exc=Exc("hyperliquid"),
    ticker=Ticker("BTC"),
    symbol="BTC",
    base_asset="BTC",
    quote_asset="USDC",
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    min_notional=Decimal(10),
)


@pytest.mark.parametrize(
    ("query", "info", "weight"),
    [
        (InstrumentsQuery(), Info("meta"), 20),
        (TimeQuery(), Info("exchangeStatus"), 2),
        (
            OrderQuery(instrument=BTC, venue_order_id=VenueOrderId("7"), client_order_id=CLOID),
            Info("orderStatus", USER, oid=7),
            2,
        ),
        (
            OrderQuery(instrument=BTC, client_order_id=CLOID),
            Info("orderStatus", USER, oid=CLOID),
            2,
        ),
        (OpenOrdersQuery(), Info("frontendOpenOrders", USER), 20),
        (FillsQuery((), 5), Info("userFillsByTime", USER, start_time=5), 20),
        (RecentOrdersQuery((), 5), Info("historicalOrders", USER), 120),
        (PositionsQuery(), Info("clearinghouseState", USER), 2),
        (BalanceQuery(), Info("clearinghouseState", USER), 2),
    ],
)
def test_each_question(query: Query, info: Info, weight: int) -> None:
    assert info_of(query, USER) == info
    assert weight_of(query) == weight


def test_each_twenty_fills_of_an_answer_weigh_one_more() -> None:
    body = b"[" + b",".join([b'{"coin":"BTC","tid":7}'] * 45) + b"]"
    assert extra_weight(FillsQuery((), 5), body) == 2
    assert extra_weight(OpenOrdersQuery(), body) == 0


def test_an_order_without_a_name_cannot_be_asked_for() -> None:
    with pytest.raises(VenueQueryError, match="oid or its cloid"):
        info_of(OrderQuery(instrument=BTC), USER)


def test_questions_leave_out_what_is_not_set() -> None:
    encoded = msgspec.json.encode(Info("userFillsByTime", USER, start_time=5))

    assert encoded == b'{"type":"userFillsByTime","user":"0x1","startTime":5}'


def answer(status: int, body: bytes) -> list[RawAnswer]:
    return [RawAnswer(Transport.HTTP, status, body, 5)]


def test_a_readable_answer() -> None:
    assert decoded(TIME, answer(200, b'{"time":7,"specialStatuses":null}')).time == 7


@pytest.mark.parametrize(
    ("status", "body", "wait_ms"),
    [
        (429, b"null", 1_000),
        (500, b"null", 0),
        (200, b"null", 0),
        (200, b"<html>", 0),
        (200, b"\xff", 0),
    ],
)
def test_any_other_answer_proves_nothing(status: int, body: bytes, wait_ms: int) -> None:
    with pytest.raises(VenueQueryError) as failed:
        decoded(TIME, answer(status, body))

    assert failed.value.retry_after_ms == wait_ms


def fill(time: int) -> FillRow:
    return FillRow(
        coin="BTC",
        px=Decimal(1),
        sz=Decimal(1),
        side="B",
        time=time,
        start_position=Decimal(0),
        oid=1,
        crossed=True,
        tid=time,
    )


def test_a_short_list_is_complete() -> None:
    rows = [fill(10)] * (ROWS_MAY_BE_CUT - 1)

    assert next_fills(FillsQuery((), 5), rows, len(rows)) is None


def test_a_long_list_is_continued_at_its_last_millisecond() -> None:
    rows = [fill(time) for time in range(10, 10 + ROWS_MAY_BE_CUT)]

    assert next_fills(FillsQuery((), 5), rows, len(rows)) == FillsQuery((), 9 + ROWS_MAY_BE_CUT)


def test_a_list_that_cannot_be_continued_says_so() -> None:
    with pytest.raises(VenueQueryError, match="cannot be continued"):
        next_fills(FillsQuery((), 10), [fill(10)] * ROWS_MOST, ROWS_MOST)


def test_a_millisecond_of_many_fills_that_the_venue_lists_whole_is_the_end() -> None:
    assert next_fills(FillsQuery((), 10), [fill(10)] * ROWS_MAY_BE_CUT, ROWS_MAY_BE_CUT) is None
