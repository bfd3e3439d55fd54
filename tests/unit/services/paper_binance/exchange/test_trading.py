from decimal import Decimal

import msgspec
import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.venue import Switches, Venue
from services.paper_exchange.engine.events import Accepted
from services.paper_exchange.engine.fees import BINANCE_FEES
from services.paper_exchange.engine.orders import AccountId, NewOrder, Side
from services.paper_exchange.market.events import DepthSnapshot, Level
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    refused,
    send,
    send_at,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


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


def test_countdown_cancels_unless_it_is_armed_again(venue: Venue) -> None:
    send(venue, "POST", "order", **LIMIT)
    arm = {"symbol": "SOLUSDT", "countdownTime": "1000"}
    _, armed = send(venue, "POST", "countdownCancelAll", **arm)
    send_at(venue, NOW_MS + 900, "POST", "countdownCancelAll", **arm)

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


def test_order_test_checks_and_enters_nothing(venue: Venue) -> None:
    assert send(venue, "POST", "order/test", **LIMIT) == (200, {})
    assert refused(venue, path="order/test", **{**LIMIT, "price": "149.505"}) == -4014
    assert venue.engine.orders() == []


def test_negative_countdown_is_refused(venue: Venue) -> None:
    arm = {"path": "countdownCancelAll", "symbol": "SOLUSDT", "countdownTime": "-1"}

    assert refused(venue, **arm) == -1130


def test_batch_amends_and_cancels_by_venue_ids(venue: Venue) -> None:
    order_id = send(venue, "POST", "order", **LIMIT)[1]["orderId"]
    terms = {**LIMIT, "quantity": "2", "orderId": str(order_id)}
    batch = msgspec.json.encode([terms]).decode()

    _, (amended,) = send(venue, "PUT", "batchOrders", batchOrders=batch)
    _, (gone,) = send(venue, "DELETE", "batchOrders", symbol="SOLUSDT", orderIdList=f"[{order_id}]")

    assert (amended["origQty"], gone["status"]) == ("2.00", "CANCELED")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("POST", {"batchOrders": "nonsense"}, -1130),
        ("POST", {}, -1102),
        ("DELETE", {"symbol": "SOLUSDT", "orderIdList": "nonsense"}, -1130),
        ("DELETE", {"symbol": "SOLUSDT", "orderIdList": "[]"}, -4082),
    ],
)
def test_bad_batch_is_refused(venue: Venue, method: str, params: dict[str, str], code: int) -> None:
    assert refused(venue, method, "batchOrders", **params) == code


def test_order_of_another_account_is_not_found(venue: Venue) -> None:
    venue.engine.open_account(AccountId("other"), Decimal(1_000), BINANCE_FEES)
    theirs = NewOrder(symbol="SOLUSDT", side=Side.BUY, qty=Decimal(1), px=Decimal(149))
    accepted = venue.engine.place(AccountId("other"), theirs, 0)[0]
    assert isinstance(accepted, Accepted)
    order_id = str(accepted.order.order_id)

    assert refused(venue, "DELETE", "order", symbol="SOLUSDT", orderId=order_id) == -2011


def test_order_can_be_amended_ten_thousand_times(venue: Venue) -> None:
    order_id = send(venue, "POST", "order", **LIMIT)[1]["orderId"]
    order = venue.engine.order(order_id)
    worn_out = msgspec.structs.replace(order, amend_count=10_000)
    venue.engine._state.ledger.put(worn_out)

    terms = {"symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "149"}

    assert refused(venue, "PUT", "order", **terms, orderId=str(order_id)) == -5026


def test_order_that_reaches_the_engine_too_late_is_refused(venue: Venue) -> None:
    send(venue, "POST", "order", **LIMIT, newClientOrderId="early")
    venue.switches = Switches(engine_lag_ms=5_001)
    terms = {"symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "149"}

    assert refused(venue, **LIMIT) == -5028
    assert refused(venue, "PUT", "order", **terms, origClientOrderId="early") == -5028
    assert send(venue, "POST", "order", **LIMIT, recvWindow="6000")[0] == 200


@pytest.mark.parametrize(("side", "code"), [("BUY", -4131), ("SELL", -4131)])
def test_market_order_out_of_bounds_is_refused(venue: Venue, side: str, code: int) -> None:
    far = DepthSnapshot(
        "SOLUSDT", 0, (Level(Decimal(100), Decimal(5)),), (Level(Decimal(200), Decimal(5)),)
    )
    venue.engine.apply_market(far, 0)

    assert refused(venue, **{**MARKET, "side": side}) == code


def test_market_order_in_an_empty_book_expires(venue: Venue) -> None:
    venue.engine.apply_market(DepthSnapshot("SOLUSDT", 0, (), ()), 0)

    _, body = send(venue, "POST", "order", **MARKET, newOrderRespType="RESULT")

    assert (body["status"], body["executedQty"]) == ("EXPIRED", "0.00")


def test_open_orders_are_limited_by_symbol(venue: Venue) -> None:
    for _ in range(200):
        send_at(venue, NOW_MS, "POST", "order", **LIMIT)

    assert refused(venue, **LIMIT) == -2025
