"""A row that cannot be read hides no other one of its list, and is named."""

import json
from typing import Any

import pytest

from services.gateway_hyperliquid.protocol.queries import ROWS_MAY_BE_CUT
from tandem.gateway.port.requests import (
    FillsQuery,
    Listing,
    OpenOrdersQuery,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    VenueQueryError,
)
from tandem.transport.exchange import RawAnswer, Transport
from tests.unit.services.gateway_hyperliquid.protocol.test_venue import venue

ORDER = {
    "coin": "BTC", "side": "B", "limitPx": "100.0", "sz": "1.0", "oid": 7,
    "timestamp": 1_790_000_000_000, "origSz": "1.0",
}  # fmt: skip
FILL = {
    "coin": "BTC", "px": "100.0", "sz": "1.0", "side": "B", "time": 1_790_000_000_000,
    "startPosition": "0.0", "oid": 7, "crossed": True, "tid": 9,
}  # fmt: skip
HELD = {"type": "oneWay", "position": {"coin": "BTC", "szi": "1.0", "entryPx": "100.0"}}
STATE: dict[str, Any] = {
    "marginSummary": {"accountValue": "1.0"}, "withdrawable": "1.0", "time": 1_790_000_000_000,
}  # fmt: skip
LISTS: list[tuple[str, Query, Any]] = [
    ("openOrders", OpenOrdersQuery(), ORDER),
    (
        "historicalOrders",
        RecentOrdersQuery((), 0),
        {"order": ORDER, "status": "open", "statusTimestamp": 1_790_000_000_000},
    ),
    ("userFillsByTime", FillsQuery((), 5), FILL),
    ("clearinghouseState", PositionsQuery(), HELD),
]
BAD_ROWS: list[Any] = [{}, [], None, 7, "row", {"coin": "NEW"}, {"coin": "NEW", "sz": "much"}]


def listing(query: Query, rows: list[Any]) -> Listing:
    said: Any = rows
    if isinstance(query, PositionsQuery):
        said = STATE | {"assetPositions": rows}
    body = json.dumps(said, separators=(",", ":")).encode()
    return venue().decode_listing(query, [RawAnswer(Transport.HTTP, 200, body, 10**19)])


@pytest.mark.parametrize(("what", "query", "row"), LISTS)
@pytest.mark.parametrize("bad", BAD_ROWS)
def test_c5_a_row_that_cannot_be_read_hides_no_other_one_and_is_named(
    what: str, query: Query, row: object, bad: object
) -> None:
    assert listing(query, [row]).facts

    told = listing(query, [bad, row])

    assert told.facts == listing(query, [row]).facts
    (fault,) = told.unsound
    assert fault.what == what
    assert json.dumps(bad, separators=(",", ":"))[:30] in fault.value


def test_c5_a_cut_list_goes_on_past_rows_that_cannot_be_read() -> None:
    told = listing(FillsQuery((), 5), [FILL, *({} for _ in range(ROWS_MAY_BE_CUT - 1))])

    assert told.more == FillsQuery((), 1_790_000_000_000)


def test_c5_a_balance_is_of_all_positions_or_of_none() -> None:
    body = json.dumps(STATE | {"assetPositions": [{}]}).encode()

    with pytest.raises(VenueQueryError, match="position"):
        venue().decode_balance([RawAnswer(Transport.HTTP, 200, body, 1)])
