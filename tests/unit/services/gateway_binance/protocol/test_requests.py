import json
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.gateway_binance.protocol import requests
from services.gateway_binance.protocol.signing import HmacSigner
from tandem.domain.ids import ClientOrderId, ExecId, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    CancelOne,
    FillsQuery,
    InstrumentsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PlaceOrder,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    Stamp,
    TimeQuery,
)
from tandem.transport.exchange import HttpMethod, HttpRequest

SIGNER = HmacSigner("key", b"secret")
STAMP = Stamp(call=41, venue_ms=1790000000000, nonce=1790000000000, window_ms=1000)
OPTIONS = requests.OrderOptions()
REST = requests.RestRequests("http://venue", SIGNER)
CLOID = ClientOrderId("0x7a4e0123456789abcdef0123456789ab")


@pytest.fixture
def limit(btc: Instrument) -> PlaceOrder:
    return PlaceOrder(
        instrument=btc,
        client_order_id=CLOID,
        amount=Decimal("-0.010"),
        order_type=OrderType.LIMIT,
        price=Decimal("64000.1"),
        time_in_force=TimeInForce.GTC,
    )


def _named(order: PlaceOrder) -> dict[str, str | int]:
    return dict(requests.place_params(order, OPTIONS))


def _query_of(request: HttpRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


def test_limit_order_names_price_and_time_in_force(limit: PlaceOrder) -> None:
    assert _named(limit) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "quantity": "0.010",
        "newClientOrderId": CLOID,
        "newOrderRespType": "RESULT",
        "timeInForce": "GTC",
        "price": "64000.1",
    }


@pytest.mark.parametrize("force", [TimeInForce.IOC, TimeInForce.FOK])
def test_times_in_force_keep_their_names(limit: PlaceOrder, force: TimeInForce) -> None:
    assert _named(replace(limit, time_in_force=force))["timeInForce"] == force.value


def test_post_only_is_gtx(limit: PlaceOrder) -> None:
    assert _named(replace(limit, post_only=True))["timeInForce"] == "GTX"


def test_market_order_names_neither_price_nor_time_in_force(limit: PlaceOrder) -> None:
    market = replace(limit, order_type=OrderType.MARKET, price=None, amount=Decimal("0.01"))
    named = _named(market)
    assert (named["side"], named["type"]) == ("BUY", "MARKET")
    assert {"price", "timeInForce", "priceMatch"}.isdisjoint(named)


def test_price_match_replaces_the_price(limit: PlaceOrder) -> None:
    named = _named(replace(limit, price=None, price_match=PriceMatch.QUEUE_5))
    assert named["priceMatch"] == "QUEUE_5"
    assert "price" not in named


def test_limit_order_without_any_price_is_left_to_the_venue_to_refuse(limit: PlaceOrder) -> None:
    assert {"price", "priceMatch"}.isdisjoint(_named(replace(limit, price=None)))


def test_reduce_only_is_said_only_when_asked_for(limit: PlaceOrder) -> None:
    assert _named(replace(limit, reduce_only=True))["reduceOnly"] == "true"
    assert "reduceOnly" not in _named(limit)


def test_self_trade_prevention_is_left_to_the_account_unless_set(limit: PlaceOrder) -> None:
    options = requests.OrderOptions(stp_mode="EXPIRE_BOTH")
    assert dict(requests.place_params(limit, options))["selfTradePreventionMode"] == "EXPIRE_BOTH"
    assert "selfTradePreventionMode" not in _named(limit)


def test_cancel_prefers_the_venues_id(btc: Instrument) -> None:
    both = CancelOne(
        instrument=btc, client_order_id=CLOID, venue_order_id=VenueOrderId("9000000000000000123")
    )
    ours = CancelOne(instrument=btc, client_order_id=CLOID)
    assert requests.cancel_params(both) == (
        ("symbol", "BTCUSDT"),
        ("orderId", 9000000000000000123),
    )
    assert requests.cancel_params(ours) == (("symbol", "BTCUSDT"), ("origClientOrderId", CLOID))


def test_frame_signs_itself_and_keeps_numbers_apart_from_decimals(limit: PlaceOrder) -> None:
    frame = json.loads(requests.order_frame(limit, OPTIONS, STAMP, SIGNER))
    params = frame["params"]
    signature = params.pop("signature")
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    assert (frame["id"], frame["method"]) == (41, "order.place")
    assert (params["timestamp"], params["recvWindow"]) == (1790000000000, 1000)
    assert (params["quantity"], params["apiKey"]) == ("0.010", "key")
    assert signature == SIGNER.sign(text.encode())


def test_frame_inside_a_session_carries_neither_key_nor_signature(btc: Instrument) -> None:
    cancel = CancelOne(instrument=btc, client_order_id=CLOID)
    frame = json.loads(requests.order_frame(cancel, OPTIONS, STAMP, None))
    assert frame["method"] == "order.cancel"
    assert set(frame["params"]) == {"symbol", "origClientOrderId", "recvWindow", "timestamp"}


def test_logon_signs_key_and_time() -> None:
    frame = json.loads(requests.logon_frame(SIGNER, STAMP))
    assert (frame["id"], frame["method"]) == ("logon", "session.logon")
    assert frame["params"] == {
        "apiKey": "key",
        "timestamp": 1790000000000,
        "signature": SIGNER.sign(b"apiKey=key&timestamp=1790000000000"),
    }


def test_rest_order_is_the_same_request_signed_over_its_own_bytes(limit: PlaceOrder) -> None:
    request = REST.order(limit, OPTIONS, STAMP)
    signed, _, signature = urlsplit(request.url).query.rpartition("&signature=")
    assert (request.method, urlsplit(request.url).path) == (HttpMethod.POST, "/fapi/v1/order")
    assert signature == SIGNER.sign(signed.encode())
    assert request.headers == (("X-MBX-APIKEY", "key"),)
    assert _query_of(request)["newClientOrderId"] == CLOID


def test_rest_cancel_deletes(btc: Instrument) -> None:
    request = REST.order(CancelOne(instrument=btc, client_order_id=CLOID), OPTIONS, STAMP)
    assert request.method is HttpMethod.DELETE


def test_listen_key_needs_the_key_and_no_signature() -> None:
    request = REST.listen_key(HttpMethod.PUT)
    assert request == HttpRequest(
        HttpMethod.PUT, "http://venue/fapi/v1/listenKey", (("X-MBX-APIKEY", "key"),)
    )


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        (InstrumentsQuery(), ["/fapi/v1/exchangeInfo"]),
        (TimeQuery(), ["/fapi/v1/time"]),
        (OpenOrdersQuery(), ["/fapi/v1/openOrders"]),
        (PositionsQuery(), ["/fapi/v1/time", "/fapi/v3/positionRisk"]),
        (BalanceQuery(), ["/fapi/v3/account", "/fapi/v1/accountConfig"]),
        (AccountQuery(), ["/fapi/v3/balance"]),
    ],
)
def test_questions_go_to_their_pages(query: Query, paths: list[str]) -> None:
    asked = REST.query(query, STAMP)
    assert [urlsplit(request.url).path for request in asked] == paths
    assert all(request.method is HttpMethod.GET for request in asked)


def test_open_orders_of_a_few_symbols_are_asked_for_one_by_one(btc: Instrument) -> None:
    asked = REST.query(OpenOrdersQuery((btc, replace(btc, symbol="ETHUSDT"))), STAMP)
    assert [_query_of(request)["symbol"] for request in asked] == ["BTCUSDT", "ETHUSDT"]
    (whole,) = REST.query(OpenOrdersQuery((btc,) * 40), STAMP)
    assert "symbol" not in _query_of(whole)


def test_recent_orders_are_asked_for_by_symbol_and_time(btc: Instrument) -> None:
    (request,) = REST.query(RecentOrdersQuery((btc,), 1789999990000), STAMP)
    assert urlsplit(request.url).path == "/fapi/v1/allOrders"
    asked = _query_of(request)
    assert (asked["symbol"], asked["startTime"]) == ("BTCUSDT", "1789999990000")
    (old,) = REST.query(RecentOrdersQuery((btc,), 0), STAMP)
    assert int(_query_of(old)["startTime"]) > STAMP.venue_ms - 7 * 24 * 3_600_000


def test_order_is_asked_for_by_our_id(btc: Instrument) -> None:
    (request,) = REST.query(OrderQuery(instrument=btc, client_order_id=CLOID), STAMP)
    assert urlsplit(request.url).path == "/fapi/v1/order"
    assert _query_of(request)["origClientOrderId"] == CLOID


def test_fills_are_asked_for_by_symbol_and_time(btc: Instrument) -> None:
    asked = REST.query(FillsQuery((btc, replace(btc, symbol="ETHUSDT")), 1789999990000), STAMP)
    assert [_query_of(request)["symbol"] for request in asked] == ["BTCUSDT", "ETHUSDT"]
    assert _query_of(asked[0])["startTime"] == "1789999990000"
    assert _query_of(asked[0])["limit"] == "1000"


def test_fills_of_a_cut_list_are_asked_for_after_the_last_one_and_with_no_time(
    btc: Instrument,
) -> None:
    both = (btc, replace(btc, symbol="ETHUSDT"))
    asked = REST.query(FillsQuery(both, 1789999990000, 1789999999999, (ExecId("41"), None)), STAMP)
    by_id, by_time = map(_query_of, asked)
    assert (by_id["symbol"], by_id["fromId"], by_id["limit"]) == ("BTCUSDT", "42", "1000")
    assert not {"startTime", "endTime"} & by_id.keys()
    assert (by_time["startTime"], "fromId" in by_time) == ("1789999990000", False)


def test_fills_are_never_asked_for_past_the_venues_seven_days(btc: Instrument) -> None:
    (request,) = REST.query(FillsQuery((btc,), 0), STAMP)
    assert int(_query_of(request)["startTime"]) > 1790000000000 - 7 * 24 * 3_600_000


def test_streams_are_named_in_lower_case() -> None:
    assert requests.stream_names("BTCUSDT", 100) == ("btcusdt@bookTicker", "btcusdt@depth20@100ms")
    assert requests.mark_stream_name("BTCUSDT") == "btcusdt@markPrice@1s"


def test_subscription_names_its_streams() -> None:
    frame = json.loads(requests.subscribe_frame(3, ("a", "b")))
    assert frame == {"method": "SUBSCRIBE", "params": ["a", "b"], "id": 3}
