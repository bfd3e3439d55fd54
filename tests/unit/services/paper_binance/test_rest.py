"""Whole REST requests against the pure venue, with the time injected."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.paper_binance.auth import ApiKey, HmacSecret
from services.paper_binance.contracts import CONTRACTS
from services.paper_binance.keyring import PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from services.paper_binance.limits import Address, LimitSettings
from services.paper_binance.rest import Answer, RestRequest, answer
from services.paper_binance.venue import PAPER_ACCOUNT, Switches, Venue
from services.paper_exchange.market_events import DepthSnapshot, Level

NS_PER_MS = 1_000_000
NOW_MS = 1_591_702_613_943
DOCUMENTED_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
DOCUMENTED_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
V1_QUERY = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
V1_SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
LIMIT = {
    "symbol": "SOLUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
    "quantity": "1", "price": "149.50",
}  # fmt: skip
MARKET = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


def venue_with_books() -> Venue:
    venue = Venue(dict(CONTRACTS), lambda: 0)
    venue.keyring.add(ApiKey(DOCUMENTED_KEY), PAPER_ACCOUNT, HmacSecret(DOCUMENTED_SECRET))
    for symbol, mid, tick in (("BTCUSDT", "64000", "0.1"), ("SOLUSDT", "150", "0.01")):
        steps = [Decimal(tick) * step for step in range(1, 8)]
        bids = tuple(Level(Decimal(mid) - step, Decimal(5)) for step in steps)
        asks = tuple(Level(Decimal(mid) + step, Decimal(5)) for step in steps)
        venue.engine.apply_market(DepthSnapshot(symbol, 0, bids, asks), NOW_MS * NS_PER_MS)
    return venue


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def request(method: str, path: str, query: str, body: str = "", key: str = "") -> RestRequest:
    return RestRequest(
        method=method,
        path=f"/fapi/v1/{path}",
        query=query.encode(),
        body=body.encode(),
        api_key=key or PAPER_HMAC_KEY,
        address=Address("test"),
    )


def send(
    venue: Venue, method: str, path: str, now_ms: int = NOW_MS, **params: str
) -> tuple[int, Any]:
    """Sign parameters, send them at a time, and return status and JSON."""
    pairs = {**params, "timestamp": str(now_ms)}
    query = "&".join(f"{name}={value}" for name, value in pairs.items())
    signature = hmac.new(PAPER_HMAC_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    sent = request(method, path, f"{query}&signature={signature}")
    result = answer(venue, sent, now_ms * NS_PER_MS)
    return result.status, msgspec.json.decode(result.body)


def refused(venue: Venue, method: str = "POST", path: str = "order", **params: str) -> int:
    """Return the code of a request that must be refused."""
    status, body = send(venue, method, path, **params)
    assert status >= 400, body
    return int(body["code"])


def code_of(result: Answer) -> tuple[int, int | None]:
    body = msgspec.json.decode(result.body)
    return result.status, body.get("code") if isinstance(body, dict) else None


def test_documented_request_places_its_order(venue: Venue) -> None:
    sent = request("POST", "order", f"{V1_QUERY}&signature={V1_SIGNATURE}", key=DOCUMENTED_KEY)

    result = answer(venue, sent, NOW_MS * NS_PER_MS)

    assert msgspec.json.decode(result.body)["status"] == "NEW"


def test_documented_request_altered_by_a_bit_places_nothing(venue: Venue) -> None:
    for index in range(len(V1_QUERY) - len("&timestamp=1591702613943")):
        flipped = chr(ord(V1_QUERY[index]) ^ 1)
        query = V1_QUERY[:index] + flipped + V1_QUERY[index + 1 :]
        sent = request("POST", "order", f"{query}&signature={V1_SIGNATURE}", key=DOCUMENTED_KEY)
        assert answer(venue, sent, NOW_MS * NS_PER_MS).status == 400, query

    assert venue.engine.orders() == []


def test_documented_request_is_too_old_after_its_window(venue: Venue) -> None:
    sent = request("POST", "order", f"{V1_QUERY}&signature={V1_SIGNATURE}", key=DOCUMENTED_KEY)

    result = answer(venue, sent, (NOW_MS + 5_001) * NS_PER_MS)

    assert code_of(result) == (400, -1021)


def test_order_parameters_in_the_body_with_signature_in_the_query(venue: Venue) -> None:
    body = "&".join(f"{name}={value}" for name, value in LIMIT.items())
    query = f"timestamp={NOW_MS}"
    payload = (query + body).encode()
    signature = hmac.new(PAPER_HMAC_SECRET.encode(), payload, hashlib.sha256).hexdigest()
    sent = request("POST", "order", f"{query}&signature={signature}", body)

    assert answer(venue, sent, NOW_MS * NS_PER_MS).status == 200


def test_query_wins_over_the_body() -> None:
    venue = venue_with_books()
    body = "&".join(f"{name}={value}" for name, value in {**LIMIT, "quantity": "9"}.items())
    query = f"quantity=2&timestamp={NOW_MS}"
    payload = (query + body).encode()
    signature = hmac.new(PAPER_HMAC_SECRET.encode(), payload, hashlib.sha256).hexdigest()

    sent = request("POST", "order", f"{query}&signature={signature}", body)
    answer(venue, sent, NOW_MS * NS_PER_MS)

    assert [order.qty for order in venue.engine.orders()] == [Decimal(2)]


@pytest.mark.parametrize(("key", "code"), [("", -2014), ("white space", -2014), ("unknown", -2015)])
def test_bad_key_is_unauthorised(venue: Venue, key: str, code: int) -> None:
    sent = request("POST", "listenKey", "")
    result = answer(venue, msgspec.structs.replace(sent, api_key=key), NOW_MS * NS_PER_MS)

    assert code_of(result) == (401, code)


def test_unknown_path_is_not_found(venue: Venue) -> None:
    assert answer(venue, request("GET", "account", ""), NOW_MS * NS_PER_MS).status == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": ""}, -1102),
        ({"symbol": "DOGEUSDT"}, -1121),
        ({"side": ""}, -1102),
        ({"side": "LONG"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"timeInForce": ""}, -1102),
        ({"timeInForce": "DAY"}, -1115),
        ({"quantity": ""}, -1102),
        ({"quantity": "many"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "-1"}, -4003),
        ({"quantity": "1.001"}, -1111),
        ({"quantity": "2000000"}, -4005),
        ({"price": ""}, -1102),
        ({"price": "-1"}, -4001),
        ({"price": "149.123456"}, -1111),
        ({"price": "149.5050"}, -4014),
        ({"price": "0.41"}, -4013),
        ({"price": "9999"}, -4002),
        ({"price": "158"}, -4016),
        ({"side": "SELL", "price": "142"}, -4024),
        ({"quantity": "0.01"}, -4164),
        ({"newClientOrderId": "semi;colon"}, -4015),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"positionSide": "UP"}, -4060),
        ({"positionSide": "LONG"}, -4061),
        ({"reduceOnly": "perhaps"}, -1130),
        ({"reduceOnly": "true"}, -2022),
        ({"selfTradePreventionMode": "SOME"}, -5039),
        ({"priceMatch": "QUEUE"}, -1106),
        ({"price": "", "priceMatch": "BEST"}, -5037),
        ({"price": "", "priceMatch": "OPPONENT_10"}, -5037),
        ({"price": "", "priceMatch": "QUEUE_20"}, -5041),
        ({"timeInForce": "GTX", "price": "150.01"}, -5022),
        ({"timeInForce": "FOK"}, -5021),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 599_000)}, -5040),
        ({"goodTillDate": str(NOW_MS + 900_000)}, -1106),
        ({"stopPrice": "140"}, -1106),
        ({"newOrderRespType": "FULL"}, -1130),
        ({"recvWindow": "-1"}, -1130),
        ({"quantity": "900000"}, -2019),
    ],
)
def test_bad_limit_order_is_refused_with_its_code(
    venue: Venue, changes: dict[str, str], code: int
) -> None:
    assert refused(venue, **{**LIMIT, **changes}) == code
    assert venue.engine.orders() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"timeInForce": "GTC"}, -1106),
        ({"price": "150"}, -1106),
        ({"priceMatch": "QUEUE"}, -5038),
        ({"quantity": "80001"}, -4005),
        ({"quantity": "0.03"}, -4164),
    ],
)
def test_bad_market_order_is_refused_with_its_code(
    venue: Venue, changes: dict[str, str], code: int
) -> None:
    assert refused(venue, **{**MARKET, **changes}) == code


def test_client_id_is_unique_among_open_orders_only(venue: Venue) -> None:
    order = {**LIMIT, "newClientOrderId": "mine"}
    send(venue, "POST", "order", **order)

    duplicate = refused(venue, **order)
    send(venue, "DELETE", "order", symbol="SOLUSDT", origClientOrderId="mine")
    status, _ = send(venue, "POST", "order", **order)

    assert (duplicate, status) == (-4116, 200)


def test_acknowledgement_is_slim_until_switched(venue: Venue) -> None:
    order = {**MARKET, "newOrderRespType": "RESULT"}
    _, slim = send(venue, "POST", "order", **order)
    venue.switches = Switches(slim_acks=False)
    _, full = send(venue, "POST", "order", **order)

    assert (slim["status"], "avgPrice" in slim, "cumQuote" in slim) == ("FILLED", False, False)
    assert (full["avgPrice"], full["cumQuote"]) == ("150.010000", "150.01000000")


def test_acknowledgement_of_type_ack_shows_no_fill(venue: Venue) -> None:
    _, body = send(venue, "POST", "order", **MARKET)

    assert (body["status"], body["executedQty"], body["cumQty"]) == ("NEW", "0.00", "0.00")


@pytest.mark.parametrize(
    ("side", "match", "price"),
    [
        ("BUY", "QUEUE", "149.9900"),
        ("SELL", "QUEUE_5", "150.0500"),
        ("BUY", "OPPONENT", "150.0100"),
        ("SELL", "OPPONENT_5", "149.9500"),
    ],
)
def test_price_match_takes_its_price_from_the_book(
    venue: Venue, side: str, match: str, price: str
) -> None:
    order = {**LIMIT, "side": side, "price": "", "priceMatch": match}

    _, body = send(venue, "POST", "order", **order)

    assert (body["price"], body["priceMatch"]) == (price, match)


def test_market_order_remainder_expires(venue: Venue) -> None:
    order = {**MARKET, "quantity": "50", "newOrderRespType": "RESULT"}

    _, body = send(venue, "POST", "order", **order)

    assert (body["status"], body["executedQty"]) == ("EXPIRED", "35.00")


def test_reduce_only_orders_that_cover_the_position_refuse_another(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)
    close = {**LIMIT, "side": "SELL", "price": "151", "reduceOnly": "true"}
    send(venue, "POST", "order", **close)

    assert refused(venue, **close) == -4118


def test_amendment_keeps_ids_and_echoes_its_own(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **LIMIT, newClientOrderId="kept")
    order_id = str(placed["orderId"])

    _, amended = send(
        venue, "PUT", "order", symbol="SOLUSDT", side="BUY", quantity="2", price="149",
        orderId=order_id, modifyId="m-7",
    )  # fmt: skip

    assert [amended[name] for name in ("orderId", "clientOrderId", "price", "modifyId")] == [
        placed["orderId"], "kept", "149.0000", "m-7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": "1", "price": "149.50"}, -5027),
        ({"price": ""}, -1102),
        ({"price": "149.505"}, -4014),
        ({"quantity": "0.01"}, -5029),
        ({"side": "SELL"}, -1117),
        ({"reduceOnly": "true"}, -5047),
        ({"origClientOrderId": "other"}, -2013),
    ],
)
def test_refused_amendment_leaves_the_order_as_it_was(
    venue: Venue, changes: dict[str, str], code: int
) -> None:
    send(venue, "POST", "order", **LIMIT, newClientOrderId="kept")
    terms = {
        "symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "149",
        "origClientOrderId": "kept",
    }  # fmt: skip

    assert refused(venue, "PUT", "order", **{**terms, **changes}) == code
    assert [(str(o.qty), str(o.px)) for o in venue.engine.orders()] == [("1", "149.50")]


def test_cancel_of_what_is_not_open_is_refused(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **MARKET)
    symbol = {"symbol": "SOLUSDT"}

    assert refused(venue, "DELETE", "order", **symbol, orderId=str(placed["orderId"])) == -2011
    assert refused(venue, "DELETE", "order", **symbol, origClientOrderId="never") == -2011
    assert refused(venue, "DELETE", "order", **symbol) == -1102
    assert refused(venue, "DELETE", "order", symbol="BTCUSDT", orderId="1") == -2011


def test_query_finds_an_order_until_it_is_purged(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **LIMIT)
    by_id = {"symbol": "SOLUSDT", "orderId": str(placed["orderId"])}
    send(venue, "DELETE", "order", **by_id)
    three_days_ms = 3 * 86_400_000

    kept, _ = send(venue, "GET", "order", NOW_MS + three_days_ms, **by_id)
    gone, body = send(venue, "GET", "order", NOW_MS + three_days_ms + 1, **by_id)

    assert (kept, gone, body["code"]) == (200, 400, -2013)


def test_open_order_is_gone_once_it_has_ended(venue: Venue) -> None:
    _, placed = send(venue, "POST", "order", **LIMIT)
    by_id = {"symbol": "SOLUSDT", "orderId": str(placed["orderId"])}
    found, _ = send(venue, "GET", "openOrder", **by_id)
    send(venue, "DELETE", "allOpenOrders", symbol="SOLUSDT")

    assert (found, refused(venue, "GET", "openOrder", **by_id)) == (200, -2013)


def test_all_orders_gives_the_newest_and_user_trades_the_oldest(venue: Venue) -> None:
    ids = [send(venue, "POST", "order", **MARKET)[1]["orderId"] for _ in range(3)]

    _, orders = send(venue, "GET", "allOrders", symbol="SOLUSDT", limit="2")
    _, trades = send(venue, "GET", "userTrades", symbol="SOLUSDT", limit="2")

    assert [order["orderId"] for order in orders] == ids[1:]
    assert [trade["orderId"] for trade in trades] == ids[:2]


def test_user_trades_page_by_id_and_refuse_long_spans(venue: Venue) -> None:
    for _ in range(3):
        send(venue, "POST", "order", **MARKET)
    _, trades = send(venue, "GET", "userTrades", symbol="SOLUSDT")

    _, later = send(venue, "GET", "userTrades", symbol="SOLUSDT", fromId=str(trades[1]["id"]))
    week = {"startTime": "0", "endTime": str(8 * 86_400_000)}

    assert later == trades[1:]
    assert refused(venue, "GET", "userTrades", symbol="SOLUSDT", **week) == -4165


def test_batch_answers_item_by_item(venue: Venue) -> None:
    good, bad = dict(LIMIT), {**LIMIT, "price": "149.505"}
    batch = msgspec.json.encode([good, bad]).decode()
    encoded = batch.replace('"', "%22").replace(",", "%2C").replace(":", "%3A")

    _, answers = send(venue, "POST", "batchOrders", batchOrders=encoded)

    assert [item.get("status", item.get("code")) for item in answers] == ["NEW", -4014]


def test_batch_cancel_accepts_names_in_lower_case(venue: Venue) -> None:
    send(venue, "POST", "order", **LIMIT, newClientOrderId="a")
    names = "[%22a%22%2C%22b%22]"

    _, answers = send(venue, "DELETE", "batchOrders", symbol="SOLUSDT", origclientorderidlist=names)

    assert [item.get("status", item.get("code")) for item in answers] == ["CANCELED", -2011]


def test_batch_of_six_is_refused(venue: Venue) -> None:
    batch = msgspec.json.encode([{}] * 6).decode()

    assert refused(venue, path="batchOrders", batchOrders=batch) == -4082


def test_hedge_mode_needs_a_side_and_no_reduce_only(venue: Venue) -> None:
    send(venue, "POST", "positionSide/dual", dualSidePosition="true")

    assert refused(venue, **LIMIT) == -4061
    assert refused(venue, **LIMIT, positionSide="LONG", reduceOnly="false") == -1106
    assert send(venue, "POST", "order", **LIMIT, positionSide="LONG")[0] == 200


def test_position_mode_is_fixed_by_orders_and_positions(venue: Venue) -> None:
    dual = {"path": "positionSide/dual", "dualSidePosition": "true"}
    assert refused(venue, path="positionSide/dual", dualSidePosition="false") == -4059
    send(venue, "POST", "order", **LIMIT)
    assert refused(venue, **dual) == -4067
    send(venue, "DELETE", "allOpenOrders", symbol="SOLUSDT")
    send(venue, "POST", "order", **MARKET)
    assert refused(venue, **dual) == -4068


def test_margin_type_and_leverage_say_what_forbids_them(venue: Venue) -> None:
    symbol = {"symbol": "SOLUSDT"}
    assert refused(venue, path="leverage", **symbol, leverage="126") == -4028
    assert refused(venue, path="marginType", **symbol, marginType="CROSSED") == -4046
    send(venue, "POST", "order", **LIMIT)
    assert refused(venue, path="marginType", **symbol, marginType="ISOLATED") == -4047


def test_countdown_cancels_unless_it_is_armed_again(venue: Venue) -> None:
    send(venue, "POST", "order", **LIMIT)
    arm = {"symbol": "SOLUSDT", "countdownTime": "1000"}
    _, armed = send(venue, "POST", "countdownCancelAll", **arm)
    send(venue, "POST", "countdownCancelAll", NOW_MS + 900, **arm)

    venue.run_timers((NOW_MS + 1_899) * NS_PER_MS)
    open_before = len(venue.engine.open_orders(PAPER_ACCOUNT))
    venue.run_timers((NOW_MS + 1_900) * NS_PER_MS)

    assert armed == {"symbol": "SOLUSDT", "countdownTime": "1000"}
    assert (open_before, venue.engine.open_orders(PAPER_ACCOUNT)) == (1, [])


def test_good_till_date_expires_at_its_whole_second(venue: Venue) -> None:
    good_till_ms = NOW_MS + 700_000
    order = {**LIMIT, "timeInForce": "GTD", "goodTillDate": str(good_till_ms)}
    send(venue, "POST", "order", **order)

    venue.run_timers((good_till_ms // 1_000 * 1_000) * NS_PER_MS)

    assert venue.engine.open_orders(PAPER_ACCOUNT) == []


def test_order_limit_is_refused_with_429_and_counted_in_headers(venue: Venue) -> None:
    venue.limits = LimitSettings(orders_10s=2)
    statuses = [send(venue, "POST", "order", **MARKET)[0] for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert refused(venue, **MARKET) == -1015


def test_weight_limit_is_refused_then_banned(venue: Venue) -> None:
    venue.limits = LimitSettings(weight_1m=3)
    ping = request("GET", "ping", "")
    results = [answer(venue, ping, NOW_MS * NS_PER_MS) for _ in range(60)]

    assert [result.status for result in results[:4]] == [200, 200, 200, 429]
    assert (results[-1].status, code_of(results[3])) == (418, (429, -1003))


def test_used_weight_is_told(venue: Venue) -> None:
    answer(venue, request("GET", "depth", "symbol=SOLUSDT&limit=100"), NOW_MS * NS_PER_MS)
    result = answer(venue, request("GET", "ping", ""), NOW_MS * NS_PER_MS)

    assert result.headers["X-MBX-USED-WEIGHT-1M"] == "6"


def test_listen_key_is_one_per_account_and_ends_when_deleted(venue: Venue) -> None:
    _, first = send(venue, "POST", "listenKey")
    _, again = send(venue, "POST", "listenKey")
    send(venue, "DELETE", "listenKey")
    gone = refused(venue, "PUT", "listenKey")
    _, new = send(venue, "POST", "listenKey")

    assert first == again
    assert gone == -1125
    assert new != first


def test_order_test_checks_and_enters_nothing(venue: Venue) -> None:
    assert send(venue, "POST", "order/test", **LIMIT) == (200, {})
    assert refused(venue, path="order/test", **{**LIMIT, "price": "149.505"}) == -4014
    assert venue.engine.orders() == []
