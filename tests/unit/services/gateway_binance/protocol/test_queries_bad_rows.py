"""A row that cannot be read hides no other one of its list, and is named."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.gateway_binance.protocol import queries
from services.gateway_binance.protocol.requests import TRADES_LIMIT
from tandem.gateway.port.requests import (
    FillsQuery,
    Listing,
    OpenOrdersQuery,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    UnfitAccountError,
)
from tandem.transport.exchange import RawAnswer, Transport
from tests.unit.services.gateway_binance.protocol.test_queries import ASKED, EXC, TIME

Payload = Callable[[str], bytes]
BTC = replace(ASKED.instrument)
LISTS: list[tuple[str, str, Query]] = [
    ("openOrders", "open_orders", OpenOrdersQuery()),
    ("allOrders", "open_orders", RecentOrdersQuery((BTC,), 0)),
    ("userTrades", "user_trades", FillsQuery((BTC,), 1)),
    ("positionRisk", "position_risk_v3", PositionsQuery()),
]
BAD_ROWS: list[Any] = [
    {}, [], None, 7, "row", {"symbol": "NEWUSDT"}, {"symbol": "NEWUSDT", "positionAmt": "much"},
]  # fmt: skip


def listing(query: Query, rows: list[Any]) -> Listing:
    answer = RawAnswer(Transport.HTTP, 200, json.dumps(rows).encode(), 9)
    time = RawAnswer(Transport.HTTP, 200, TIME, 9)
    answers = (time, answer) if isinstance(query, PositionsQuery) else (answer,)
    return queries.decode_listing(EXC, query, answers)


@pytest.mark.parametrize(("what", "name", "query"), LISTS)
@pytest.mark.parametrize("bad", BAD_ROWS)
def test_c5_a_row_that_cannot_be_read_hides_no_other_one_and_is_named(
    payload: Payload, what: str, name: str, query: Query, bad: object
) -> None:
    rows = json.loads(payload(name))
    whole = listing(query, rows)

    told = listing(query, [*rows[:1], bad, *rows[1:]])

    assert told.facts == whole.facts
    (fault,) = told.unsound[: len(told.unsound) - len(whole.unsound)]
    assert fault.what == what
    assert json.dumps(bad, separators=(",", ":"))[:30] in fault.value.replace(" ", "")


def test_c5_a_cut_list_goes_on_past_rows_that_cannot_be_read(payload: Payload) -> None:
    row = json.loads(payload("user_trades"))[0]
    rows = [*({} for _ in range(TRADES_LIMIT - 1)), row]

    told = listing(FillsQuery((BTC,), 1), rows)

    assert isinstance(told.more, FillsQuery)
    assert told.more.since_ms == row["time"]


def test_c5_two_way_positions_say_that_the_account_is_unfit(payload: Payload) -> None:
    (row, *_) = json.loads(payload("position_risk_v3"))

    with pytest.raises(UnfitAccountError, match="positionSide=SHORT: the account must be in one"):
        listing(PositionsQuery(), [{**row, "positionSide": "SHORT", "positionAmt": "-1"}])
