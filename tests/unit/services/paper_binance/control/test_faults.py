from decimal import Decimal
from typing import Any

import pytest

from services.paper_binance.auth.limits import Address
from services.paper_binance.control.faults import (
    BREAKDOWNS,
    UNDISTURBED,
    UNKNOWN_OUTCOMES,
    Breakdown,
    Disturbance,
    EventAction,
    EventDisturbance,
    Faults,
    RefusingCode,
    arranged,
    breakdown_error,
    disturbance_of,
    perform,
)
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.websocket_api import ApiSession, answer_message
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_exchange.faults.vocabulary import Choice, Fault, PlanChange, Scripted
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    Listener,
    refused,
    send,
    send_at,
    signed_answer,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def test_disturbance_meets_its_operation_as_often_as_asked() -> None:
    faults = Faults()
    faults.add_answer(Disturbance(operation="place_order", count=2))

    met = [faults.next_answer(name) for name in ("ping", "place_order", "place_order")]
    after = faults.next_answer("place_order")

    assert [one is UNDISTURBED for one in met] == [True, False, False]
    assert after is UNDISTURBED


def test_disturbance_without_name_meets_anything() -> None:
    faults = Faults()
    faults.add_answer(Disturbance(delay_ms=5))
    faults.add_event(EventDisturbance(action=EventAction.DROP))

    assert faults.pending == ("answer:any", "event:any:DROP")
    assert faults.next_answer("ping").delay_ms == 5
    assert faults.next_event("TRADE_LITE") is EventAction.DROP


def test_event_disturbance_waits_for_its_name() -> None:
    faults = Faults()
    faults.add_event(EventDisturbance(action=EventAction.HOLD, event="TRADE_LITE"))

    actions = [faults.next_event(name) for name in ("ACCOUNT_UPDATE", "TRADE_LITE", "TRADE_LITE")]

    assert actions == [None, EventAction.HOLD, None]


def test_reset_forgets_everything() -> None:
    faults = Faults()
    faults.add_answer(UNDISTURBED)
    faults.add_event(EventDisturbance(action=EventAction.DROP))
    faults.hidden_ms = 5
    before = faults.pending

    faults.reset()

    assert (len(before), faults.pending) == (3, ())


@pytest.mark.parametrize(
    ("breakdown", "status", "code"),
    [
        (Breakdown.TIMEOUT, 408, -1007),
        (Breakdown.UNEXPECTED, 503, -1006),
        (Breakdown.UNKNOWN, 503, -1000),
        (Breakdown.UNAVAILABLE, 503, -1000),
        (Breakdown.INTERNAL, 503, -1001),
        (Breakdown.BUSY, 503, -1008),
        (Breakdown.TOO_MANY, 429, -1003),
        (Breakdown.BANNED, 418, -1003),
    ],
)
def test_breakdowns_look_as_documented(breakdown: Breakdown, status: int, code: int) -> None:
    error = breakdown_error(breakdown)

    assert (error.http_status, error.code.value) == (status, code)


def test_two_503_differ_in_text_only() -> None:
    texts = [breakdown_error(one).message for one in (Breakdown.UNKNOWN, Breakdown.UNAVAILABLE)]

    assert texts == [
        "Unknown error, please check your request or try again later.",
        "Service Unavailable.",
    ]


def test_failing_answer_hides_a_refusal_too() -> None:
    def refuse() -> None:
        raise VenueError(Code.BAD_SYMBOL)

    with pytest.raises(VenueError, match="-1007"):
        perform(Disturbance(breakdown=Breakdown.TIMEOUT), refuse)


def test_held_event_follows_the_next_one() -> None:
    held: list[str] = []

    told = [
        arranged(EventAction.HOLD, "a", held),
        arranged(EventAction.DROP, "b", held),
        arranged(EventAction.DUPLICATE, "c", held),
        arranged(None, "d", held),
        arranged(None, "e", held),
    ]

    assert told == [[], [], ["c", "c"], ["d", "a"], ["e"]]


@pytest.mark.parametrize("is_executed", [True, False])
def test_timeout_says_nothing_about_execution(venue: Venue, is_executed: bool) -> None:
    venue.faults.add_answer(
        Disturbance(operation="place_order", breakdown=Breakdown.TIMEOUT, is_executed=is_executed)
    )

    status, body = send(venue, "POST", "order", **LIMIT)

    assert (status, body["code"]) == (408, -1007)
    assert len(venue.engine.orders()) == is_executed


def test_new_order_is_hidden_from_queries_for_a_while(venue: Venue) -> None:
    venue.faults.hidden_ms = 100
    by_id = {"symbol": "SOLUSDT"}
    by_id["orderId"] = str(send(venue, "POST", "order", **LIMIT)[1]["orderId"])

    answers = [
        send_at(venue, NOW_MS + age_ms, "GET", path, **by_id)[0]
        for path in ("order", "openOrder")
        for age_ms in (99, 100)
    ]

    assert answers == [400, 200, 400, 200]


def scripted(fault: Fault, **terms: Any) -> PlanChange:
    return PlanChange(script=(Scripted(fault=fault, **terms),))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.LOSE_ANSWER, (200, 1, True, False)),
        (Fault.DELAY_ANSWER, (200, 1, False, False)),
        (Fault.DROP_REQUEST, (408, 0, False, True)),
        (Fault.RATE_LIMIT, (429, 0, False, False)),
        (Fault.BAN, (418, 0, False, False)),
    ],
)
def test_plan_disturbs_orders_and_the_books_tell_the_truth(
    venue: Venue, fault: Fault, expected: tuple[int, int, bool, bool]
) -> None:
    venue.faults.plan.change(scripted(fault, on="place_order", ms=50))

    told = signed_answer(venue, "POST", "order", **LIMIT)

    outcome = (told.status, len(venue.engine.orders()), told.is_lost, told.is_silent)
    assert outcome == expected
    assert venue.faults.plan.fired == {fault: 1}


@pytest.mark.parametrize("looks", UNKNOWN_OUTCOMES)
@pytest.mark.parametrize(
    ("fault", "orders_count"), [(Fault.FAIL_EXECUTED, 1), (Fault.FAIL_UNEXECUTED, 0)]
)
def test_plan_fails_orders_with_and_without_execution(
    venue: Venue, looks: Breakdown, fault: Fault, orders_count: int
) -> None:
    venue.faults.plan.change(scripted(fault, looks=looks))

    told = signed_answer(venue, "POST", "order", **LIMIT)

    assert told.status == BREAKDOWNS[looks].http_status
    assert len(venue.engine.orders()) == orders_count


def test_executed_orders_never_look_like_documented_refusals() -> None:
    looks = {
        disturbance_of(Choice(Fault.FAIL_EXECUTED, pick=pick)).breakdown for pick in range(100)
    }

    assert looks == set(UNKNOWN_OUTCOMES)
    assert Breakdown.UNAVAILABLE not in looks


def test_a_proxy_answers_without_json(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.FAIL_UNEXECUTED, looks="BAD_GATEWAY"))

    told = signed_answer(venue, "POST", "order", **LIMIT)

    assert (told.status, told.content_type, told.body[:6]) == (502, "text/html", b"<html>")


def test_a_ban_lasts_and_says_when_to_come_back(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.BAN, ms=2_500))

    first = signed_answer(venue, "POST", "order", **LIMIT)
    still = send_at(venue, NOW_MS + 2_499, "GET", "openOrders")[0]
    after = send_at(venue, NOW_MS + 2_500, "GET", "openOrders")[0]

    assert (first.status, first.headers["Retry-After"]) == (418, "3")
    assert (still, after) == (418, 200)


def test_a_late_fill_is_in_the_books_at_once_and_told_after_the_cancel(venue: Venue) -> None:
    listener = Listener(venue)
    placed = send(venue, "POST", "order", **LIMIT)[1]
    venue.subscribe(listener)
    venue.faults.plan.change(scripted(Fault.LATE_FILL, ms=400))

    gone = send(venue, "DELETE", "order", symbol="SOLUSDT", orderId=str(placed["orderId"]))[1]

    late = [event for event in listener.events if "after_ms" in event]
    prompt = [event for event in listener.events if "after_ms" not in event]
    assert (gone["status"], gone["executedQty"]) == ("CANCELED", "0.50")
    assert [event["o"]["x"] for event in prompt] == ["CANCELED"]
    assert [event["e"] for event in late] == ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    assert {event["after_ms"] for event in late} == {400}
    assert [fill.qty for fill in venue.engine.fills()] == [Decimal("0.50")]
    assert venue.faults.plan.fired == {Fault.LATE_FILL: 1}


def test_a_cancel_of_nothing_counts_no_late_fill(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.LATE_FILL))

    assert refused(venue, "DELETE", symbol="SOLUSDT", orderId="1") == -2011
    assert venue.faults.plan.fired[Fault.LATE_FILL] == 0


def test_margin_gone_refuses_what_opens_and_lets_reduce(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)
    venue.faults.plan.change(PlanChange(margin_orders={"paper": 1}))

    codes = [send(venue, "POST", "order", **LIMIT)[1].get("code") for _ in range(2)]
    closing = {**MARKET, "side": "SELL", "reduceOnly": "true"}

    assert codes == [None, -2019]
    assert send(venue, "POST", "order", **closing)[0] == 200


def test_plan_hides_an_order_from_queries(venue: Venue) -> None:
    order_id = str(send(venue, "POST", "order", **LIMIT)[1]["orderId"])
    venue.faults.plan.change(PlanChange(chances={Fault.HIDE_ORDER: 1}, hide_ms=(100, 100)))

    statuses = [
        send_at(venue, NOW_MS + age_ms, "GET", "order", symbol="SOLUSDT", orderId=order_id)[0]
        for age_ms in (99, 100)
    ]

    assert statuses == [400, 200]


def test_websocket_api_meets_the_plan_too(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.LOSE_ANSWER, on="ticker_price"))
    session = ApiSession(Address("test"), NOW_MS)
    text = '{"id":1,"method":"ticker.price","params":{"symbol":"SOLUSDT"}}'

    replies = [answer_message(venue, session, text, NOW_MS * 1_000_000) for _ in range(2)]

    assert [reply.is_lost for reply in replies] == [True, False]


def test_a_ban_by_websocket_closes_the_address(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.BAN, ms=50))
    session = ApiSession(Address("test"), NOW_MS)
    text = '{"id":1,"method":"ticker.price","params":{"symbol":"SOLUSDT"}}'

    reply = answer_message(venue, session, text, NOW_MS * 1_000_000)

    assert b'"status":418' in reply.text


def test_c3_an_order_is_refused_by_any_code_in_any_words(venue: Venue) -> None:
    refusing = RefusingCode(symbol="SOLUSDT", code=-4998, text="Not today.")
    venue.faults.refusals.add((refusing,))

    status, body = send(venue, "POST", "order", **LIMIT)

    assert (status, body) == (400, {"code": -4998, "msg": "Not today."})
    assert venue.faults.refusals.fired == 1
    assert send(venue, "POST", "order", **LIMIT)[0] == 200


def test_c3_a_request_over_the_websocket_is_refused_alike(venue: Venue) -> None:
    refusing = RefusingCode(on="ticker_price", code=-4998, text="Not today.", http_status=403)
    venue.faults.refusals.add((refusing,))
    session = ApiSession(Address("test"), NOW_MS)
    text = '{"id":1,"method":"ticker.price","params":{"symbol":"SOLUSDT"}}'

    reply = answer_message(venue, session, text, NOW_MS * 1_000_000)

    assert b'"status":403,"error":{"code":-4998,"msg":"Not today."}' in reply.text


def test_c3_a_reset_ends_refusals(venue: Venue) -> None:
    venue.faults.refusals.add((RefusingCode(code=-4998),))
    assert "refuse:place_order:any" in venue.faults.pending

    venue.faults.reset()

    assert send(venue, "POST", "order", **LIMIT)[0] == 200


def test_c3_the_plan_refuses_an_order_by_a_code_that_no_table_lists(venue: Venue) -> None:
    venue.faults.plan.change(scripted(Fault.REFUSE, count=8))

    codes = {refused(venue, **LIMIT) for _ in range(8)}

    assert codes == {-4998, -1198}
    assert venue.faults.plan.fired == {Fault.REFUSE: 8}
    assert send(venue, "POST", "order", **LIMIT)[0] == 200
