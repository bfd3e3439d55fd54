"""Every REST answer has the members and JSON types of the venue's documentation, and no others."""

import json
from decimal import Decimal
from typing import Any

import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.external_orders import act
from services.paper_binance.exchange.venue import PAPER_WALLET, Switches, Venue
from services.paper_binance.rest.rest import answer
from services.paper_binance.rest.routes import REST_ROUTES
from services.paper_binance.wire.vocabulary import OrderType
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import Trade
from services.paper_exchange.shell.audit import Deleverage, Liquidate
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    request,
    send,
    venue_with_books,
)
from tests.unit.services.shapes import differences, load_shapes

SHAPES = load_shapes("paper_binance")
SYMBOL = {"symbol": "SOLUSDT"}
RESTING = LIMIT | {"price": "140.00", "newClientOrderId": "rests"}
AMENDED = {"symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "141.00"}
BY_CLIENT_ID = SYMBOL | {"origClientOrderId": "rests"}
PARAMS: dict[str, dict[str, str]] = {
    "GET /fapi/v1/klines": SYMBOL | {"interval": "1m"},
    "POST /fapi/v1/order": LIMIT | {"newClientOrderId": "another"},
    "POST /fapi/v1/order/test": LIMIT,
    "PUT /fapi/v1/order": AMENDED | BY_CLIENT_ID | {"modifyId": "7"},
    "DELETE /fapi/v1/order": BY_CLIENT_ID,
    "GET /fapi/v1/order": BY_CLIENT_ID,
    "GET /fapi/v1/openOrder": BY_CLIENT_ID,
    "POST /fapi/v1/batchOrders": {"batchOrders": json.dumps([LIMIT, LIMIT | {"quantity": "0"}])},
    "PUT /fapi/v1/batchOrders": {"batchOrders": json.dumps([AMENDED | BY_CLIENT_ID])},
    "DELETE /fapi/v1/batchOrders": SYMBOL | {"origClientOrderIdList": '["rests","none"]'},
    "POST /fapi/v1/countdownCancelAll": SYMBOL | {"countdownTime": "120000"},
    "POST /fapi/v1/positionSide/dual": {"dualSidePosition": "true"},
    "POST /fapi/v1/multiAssetsMargin": {"multiAssetsMargin": "true"},
    "POST /fapi/v1/leverage": SYMBOL | {"leverage": "7"},
    "POST /fapi/v1/marginType": {"symbol": "ETHUSDT", "marginType": "ISOLATED"},
}
NEEDS_SYMBOL = {
    "/fapi/v1/depth", "/fapi/v1/trades", "/fapi/v1/aggTrades", "/fapi/v1/openInterest",
    "/fapi/v1/userTrades", "/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders",
    "/fapi/v1/commissionRate",
}  # fmt: skip
JUNE_2020_MS = 1_590_969_600_000
FLAT_FIRST = "POST /fapi/v1/positionSide/dual"


def lively_venue() -> Venue:
    """A venue where everything that can be listed has happened."""
    venue = venue_with_books()
    send(venue, "POST", "order", **MARKET)
    act(venue, Liquidate(account=PAPER_ACCOUNT, symbol="SOLUSDT"), NOW_MS * NS_PER_MS)
    send(venue, "POST", "order", **(MARKET | {"quantity": "2"}))
    send(venue, "POST", "order", **RESTING)
    send(venue, "POST", "listenKey")
    return venue


def asked(venue: Venue, name: str) -> Any:
    method, path = name.split(" ")
    params = PARAMS.get(name, SYMBOL if path in NEEDS_SYMBOL else {})
    status, body = send(venue, method, "../" + path.removeprefix("/fapi/"), **params)
    assert status == 200, body
    return body


def told(name: str, body: object) -> list[str]:
    return differences(SHAPES["rest"][name], body, SHAPES["named"])


def test_d2_the_table_has_every_route() -> None:
    assert set(SHAPES["rest"]) == {f"{method} {path}" for method, path in REST_ROUTES}


@pytest.mark.parametrize("name", sorted(SHAPES["rest"]))
def test_d2_answers_have_the_documented_shape(name: str) -> None:
    venue = venue_with_books() if name == FLAT_FIRST else lively_venue()

    assert told(name, asked(venue, name)) == []


@pytest.mark.parametrize(
    "path",
    ["v1/ticker/bookTicker", "v1/ticker/price", "v1/ticker/24hr", "v1/premiumIndex",
     "v1/leverageBracket"],
)  # fmt: skip
def test_d2_one_symbol_is_answered_by_an_object(path: str) -> None:
    _, body = send(lively_venue(), "GET", f"../{path}", **SYMBOL)

    assert told(f"GET /fapi/{path}", [body]) == []


def test_d2_full_acknowledgements_have_their_shape() -> None:
    venue = venue_with_books()
    venue.switches = Switches(slim_acks=False)

    _, body = send(venue, "POST", "order", **LIMIT)

    assert differences("#fullAck", body, SHAPES["named"]) == []


def test_d1_symbols_list_what_the_venue_lists() -> None:
    _, body = send(venue_with_books(), "GET", "exchangeInfo")

    for symbol in body["symbols"]:
        assert symbol["timeInForce"] == ["GTC", "IOC", "FOK", "GTX", "GTD"]
        assert symbol["orderTypes"] == [
            "LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ]  # fmt: skip
        assert "RPI" in symbol["permissionSets"]
        assert symbol["maxMoveOrderLimit"] == 10_000
        control = {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"}
        assert control in symbol["filters"]


@pytest.mark.parametrize("order_type", [OrderType.LIQUIDATION, OrderType.STOP])
def test_d1_what_is_not_listed_or_conditional_cannot_be_sent(order_type: OrderType) -> None:
    status, _ = send(venue_with_books(), "POST", "order", **(LIMIT | {"type": order_type.value}))

    assert status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "../v1/nothing"), ("PATCH", "order"), ("POST", "algoOrder"), ("GET", "../v1/account")],
)
def test_d2_an_unknown_path_is_answered_by_name(method: str, path: str) -> None:
    told_path = request(method, path, "").path
    result = answer(venue_with_books(), request(method, path, ""), NOW_MS * NS_PER_MS)

    wanted = {"code": -5000, "msg": f"Path {told_path}, Method {method} is invalid"}
    assert (result.status, json.loads(result.body)) == (404, wanted)


def test_d3_income_is_what_the_wallet_gained_and_paid() -> None:
    venue = lively_venue()
    _, rows = send(venue, "GET", "income")
    gained = sum(Decimal(row["income"]) for row in rows)

    _, (balance,) = send(venue, "GET", "../v3/balance")
    assert PAPER_WALLET + gained == Decimal(balance["balance"])
    _, paid = send(venue, "GET", "income", incomeType="COMMISSION", limit="1", page="2")
    assert [row["incomeType"] for row in paid] == ["COMMISSION"]
    assert send(venue, "GET", "income", incomeType="FUNDING_FEE") == (200, [])


def test_d3_forced_orders_are_listed_by_kind() -> None:
    venue = lively_venue()
    act(venue, Deleverage(account=PAPER_ACCOUNT, symbol="SOLUSDT"), NOW_MS * NS_PER_MS)

    _, (closed,) = send(venue, "GET", "forceOrders", autoCloseType="LIQUIDATION")
    _, (queued,) = send(venue, "GET", "forceOrders", autoCloseType="ADL")

    assert closed["clientOrderId"].startswith("autoclose-")
    assert queued["clientOrderId"] == "adl_autoclose"
    assert send(venue, "GET", "forceOrders", symbol="BTCUSDT") == (200, [])


def test_d3_open_interest_is_one_side_of_what_is_held() -> None:
    _, body = send(lively_venue(), "GET", "openInterest", **SYMBOL)

    assert body["openInterest"] == "2.00"


@pytest.mark.parametrize(
    ("path", "params"),
    [("income", {"limit": "1001"}), ("income", {"page": "-1"}), ("forceOrders", {"limit": "0"}),
     ("forceOrders", {"autoCloseType": "OTHER"})],
)  # fmt: skip
def test_d3_odd_questions_are_refused_by_name(path: str, params: dict[str, str]) -> None:
    (name,) = params
    status, body = send(venue_with_books(), "GET", path, **params)

    wanted = {"code": -1130, "msg": f"Data sent for parameter '{name}' is not valid."}
    assert (status, body) == (400, wanted)


def test_d3_quantiles_name_the_sides_of_hedge_mode() -> None:
    venue = venue_with_books()
    send(venue, "POST", "positionSide/dual", dualSidePosition="true")
    send(venue, "POST", "order", **(MARKET | {"positionSide": "LONG"}))

    _, (row,) = send(venue, "GET", "adlQuantile", **SYMBOL)

    assert row["adlQuantile"] == {"LONG": 1, "SHORT": 0, "HEDGE": 0}


def trade_at(venue: Venue, at_ms: int, px: str) -> None:
    trade = Trade("SOLUSDT", 0, Decimal(px), Decimal(1), Side.BUY)
    now_ns = at_ms * NS_PER_MS
    venue.publish(venue.engine.apply_market(trade, now_ns), now_ns)


def test_d3_candles_begin_where_they_were_asked_for() -> None:
    venue = venue_with_books()
    minute = NOW_MS // 60_000 * 60_000
    for index in range(4):
        trade_at(venue, minute + index * 60_000, f"150.0{index + 1}")
    later = minute + 5 * 60_000

    def opened(**params: str) -> list[int]:
        pairs = {"symbol": "SOLUSDT", "interval": "1m"} | params
        query = "&".join(f"{name}={value}" for name, value in pairs.items())
        result = answer(venue, request("GET", "klines", query), later * NS_PER_MS)
        return [(row[0] - minute) // 60_000 for row in json.loads(result.body)]

    assert opened(limit="2") == [2, 3]
    assert opened(startTime=str(minute + 1), limit="2") == [1, 2]
    assert opened(endTime=str(minute + 60_000)) == [0, 1]
    assert opened(interval="1M") == [(JUNE_2020_MS - minute) // 60_000]
