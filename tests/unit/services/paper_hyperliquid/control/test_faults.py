import json
from typing import Any

import eth_account
import pytest
from hyperliquid.utils import signing
from msgspec import Raw

from services.paper_exchange.faults.vocabulary import NOTHING, Fault, PlanChange, Scripted
from services.paper_exchange.market.channels import Channel
from services.paper_hyperliquid.control.faults import (
    UNKNOWN_LOOKS,
    Conduct,
    Faults,
    FaultSwitches,
    RefusingText,
    active,
    supported,
)
from services.paper_hyperliquid.request_handler import Answer
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import CLOID, MASTER_KEY, limit
from tests.unit.services.paper_hyperliquid.sockets import IP, Hall


def test_nothing_is_on_by_default() -> None:
    assert active(FaultSwitches().now) == ()


def test_faults_are_named_by_their_fields() -> None:
    assert active(Faults(mute_users=True, hide_orders=True)) == ("mute_users", "hide_orders")
    assert set(active(Faults(repeat_fills=True))) < set(supported())


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.LOSE_ANSWER, (200, 1, Conduct(is_lost=True))),
        (Fault.DELAY_ANSWER, (200, 1, Conduct(delay_ms=50))),
        (Fault.ANSWER_LAST, (200, 1, Conduct(comes_last=True))),
        (Fault.DROP_REQUEST, (200, 0, Conduct(is_silent=True))),
        (Fault.RATE_LIMIT, (429, 0, Conduct())),
        (Fault.ADDRESS_LIMIT, (200, 0, Conduct())),
    ],
)
def test_plan_disturbs_orders_and_the_books_tell_the_truth(
    fault: Fault, expected: tuple[int, int, Conduct]
) -> None:
    hall = Hall()
    script(hall, Scripted(fault=fault, on="place_order", ms=50))

    told = ordered(hall)

    assert (told.status, len(hall.floor.ask_mine("openOrders")), told.conduct) == expected
    assert hall.faults.plan.fired == {fault: 1}


@pytest.mark.parametrize("looks", UNKNOWN_LOOKS)
@pytest.mark.parametrize(
    ("fault", "orders_count"), [(Fault.FAIL_EXECUTED, 1), (Fault.FAIL_UNEXECUTED, 0)]
)
def test_plan_fails_orders_with_and_without_execution(
    looks: str, fault: Fault, orders_count: int
) -> None:
    hall = Hall()
    script(hall, Scripted(fault=fault, looks=looks))

    told = ordered(hall)

    assert told.status == int(looks)
    assert told.body.startswith(b"null" if looks == "500" else b"<html>")
    assert len(hall.floor.ask_mine("openOrders")) == orders_count
    assert len(hall.journal.requests) == orders_count


def test_a_spent_address_is_told_in_the_venues_words_and_only_once() -> None:
    hall = Hall()
    script(hall, Scripted(fault=Fault.ADDRESS_LIMIT))

    first, second = ordered(hall), ordered(hall)

    assert b"Too many cumulative requests sent (10001 > 10000)" in first.body
    assert b"resting" in second.body


def test_a_failing_post_mirrors_the_status() -> None:
    hall = Hall()
    script(hall, Scripted(fault=Fault.FAIL_UNEXECUTED, looks="502"))
    payload = Raw(b'{"type":"allMids"}')

    choice = hall.front.choose_info(payload)

    assert str(hall.front.post_info(payload, IP, choice).response.payload).startswith("502 Bad")


def test_nonsense_meets_no_fault() -> None:
    hall = Hall()
    script(hall, Scripted(fault=Fault.LOSE_ANSWER))

    assert hall.front.choose_action(b"{") is NOTHING
    assert hall.front.choose_info(b"{") is NOTHING


def test_an_order_is_unknown_for_a_while_by_oid_and_by_cloid() -> None:
    hall = Hall()
    oid = hall.floor.rest("buy", "149", "1", c=CLOID)
    hall.faults.plan.change(PlanChange(chances={Fault.HIDE_ORDER: 1}, hide_ms=(100, 100)))

    young = [asked(hall, name) for name in (oid, CLOID)]
    hall.floor.pass_ms(100)
    old = [asked(hall, name) for name in (oid, CLOID)]

    assert [b"unknownOid" in body for body in young + old] == [True, True, False, False]


def test_a_late_fill_is_in_the_books_at_once_and_told_after_the_cancel() -> None:
    hall = Hall()
    sink = hall.listener("userFills", "orderUpdates")
    oid = hall.floor.rest("buy", "149", "1")
    hall.publisher.publish()
    sink.frames()
    script(hall, Scripted(fault=Fault.LATE_FILL, ms=0))

    sent(hall, {"type": "cancel", "cancels": [{"a": 5, "o": oid}]})
    hall.publisher.publish()
    prompt = sink.frames()
    hall.hub.release()
    late = sink.frames()

    assert [frame["channel"] for frame in prompt] == ["orderUpdates"]
    (update,) = prompt[0]["data"]
    assert (update["status"], update["order"]["sz"]) == ("canceled", "0.5")
    assert [frame["data"]["fills"][0]["sz"] for frame in late] == ["0.5"]
    assert hall.floor.position() == "0.5"
    assert hall.faults.plan.fired == {Fault.LATE_FILL: 1}


def test_margin_gone_refuses_what_opens_and_lets_reduce() -> None:
    hall = Hall()
    hall.floor.take("buy", "1")
    hall.faults.plan.change(PlanChange(margin_orders={MASTER: 0}))

    (refused,) = hall.floor.order(limit("buy", "149", "1"))
    (closed,) = hall.floor.order(limit("sell", "140", "1", "Ioc", r=True))

    assert refused["error"].startswith("Insufficient margin to place order.")
    assert "filled" in closed


@pytest.mark.parametrize(
    ("fault", "channels"),
    [
        (Fault.DROP_EVENT, ["orderUpdates"]),
        (Fault.DUPLICATE_EVENT, ["userFills", "userFills", "orderUpdates"]),
        (Fault.REORDER_EVENT, ["orderUpdates", "userFills"]),
        (Fault.MUTE_USER, []),
    ],
)
def test_plan_disturbs_the_frames_of_a_fill(fault: Fault, channels: list[str]) -> None:
    hall = Hall()
    sink = hall.listener("userFills", "orderUpdates")
    script(hall, Scripted(fault=fault, on="userFills", ms=60_000))

    hall.floor.take("buy", "1")
    hall.publisher.publish()

    assert [frame["channel"] for frame in sink.frames()] == channels


def test_a_delayed_frame_comes_later() -> None:
    hall = Hall()
    sink = hall.listener("userFills", "orderUpdates")
    script(hall, Scripted(fault=Fault.DELAY_EVENT, on="userFills", ms=0))
    hall.floor.take("buy", "1")
    hall.publisher.publish()
    first = sink.frames()

    hall.hub.release()

    assert [frame["channel"] for frame in first + sink.frames()] == ["orderUpdates", "userFills"]
    assert hall.journal.written_ns == {}


def test_sockets_can_be_cut_by_what_they_are_used_for() -> None:
    hall = Hall()
    user, market = hall.listener("userFills"), hall.listener("bbo", coin="SOL")
    client, order = hall.connect()
    client.has_posted = True

    hall.hub.cut(Channel.USER)
    after_user = [sink.is_aborted for sink in (user, market, order)]
    hall.hub.cut(Channel.MARKET)
    hall.hub.cut(Channel.ORDER)

    assert after_user == [True, False, False]
    assert [sink.is_aborted for sink in (market, order)] == [True, True]


@pytest.mark.parametrize(
    ("fault", "is_aborted"), [(Fault.CUT_USER, True), (Fault.CUT_MARKET, False)]
)
def test_an_event_may_end_the_users_socket(fault: Fault, is_aborted: bool) -> None:
    hall = Hall()
    user = hall.listener("userFills")
    script(hall, Scripted(fault=fault))

    hall.floor.take("buy", "1")
    hall.publisher.publish()

    assert user.is_aborted is is_aborted


def test_market_frames_may_end_the_socket_or_fall_silent() -> None:
    cut, mute = Hall(), Hall()
    sinks = [hall.listener("bbo", coin="SOL") for hall in (cut, mute)]
    script(cut, Scripted(fault=Fault.CUT_MARKET, on="bbo"))
    script(mute, Scripted(fault=Fault.MUTE_MARKET, on="bbo", ms=60_000))

    for hall in (cut, mute):
        hall.floor.rest("buy", "150", "1")
        hall.publisher.publish()

    assert [sink.is_aborted for sink in sinks] == [True, False]
    assert sinks[1].frames() == []


def script(hall: Hall, *steps: Scripted) -> None:
    hall.faults.plan.change(PlanChange(script=steps))


def ordered(hall: Hall) -> Answer:
    """Place an order as the front door does."""
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na"}
    return sent(hall, action)


def sent(hall: Hall, action: dict[str, Any]) -> Answer:
    hall.floor.pass_ms(1)
    nonce = hall.floor.now_ms
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_l1_action(wallet, action, None, nonce, None, False)
    body = json.dumps({"action": action, "nonce": nonce, "signature": signature}).encode()
    return hall.front.http_action(body, IP, hall.front.choose_action(body))


def asked(hall: Hall, oid: int | str) -> bytes:
    body = json.dumps({"type": "orderStatus", "user": MASTER, "oid": oid}).encode()
    return hall.front.http_info(body, IP).body


@pytest.mark.parametrize("whole", [True, False])
def test_c3_an_order_is_refused_in_any_words(whole: bool) -> None:
    hall = Hall()
    hall.faults.refusals.add((RefusingText(symbol="SOL", text="Not today.", whole=whole),))

    told = json.loads(ordered(hall).body)

    statuses = {"type": "order", "data": {"statuses": [{"error": "Not today."}]}}
    refused = {"status": "ok", "response": statuses}
    assert told == ({"status": "err", "response": "Not today."} if whole else refused)
    assert hall.floor.ask_mine("openOrders") == []
    assert json.loads(ordered(hall).body)["response"]["data"]["statuses"][0].keys() == {"resting"}


def test_c3_a_cancel_is_refused_in_any_words() -> None:
    hall = Hall()
    oid = hall.floor.rest("buy", "149", "1")
    hall.faults.refusals.add((RefusingText(on="cancel_order", text="Not today."),))

    told = json.loads(sent(hall, {"type": "cancel", "cancels": [{"a": 5, "o": oid}]}).body)

    assert told["response"]["data"]["statuses"] == [{"error": "Not today."}]
    assert hall.floor.status_of(oid) == "open"


def test_c3_a_refusal_of_one_coin_leaves_the_others() -> None:
    hall = Hall()
    hall.faults.refusals.add((RefusingText(symbol="ETH", text="Not today."),))

    assert "Not today." not in ordered(hall).body.decode()


def test_c3_a_refused_request_that_is_not_admitted_says_why() -> None:
    hall = Hall()
    hall.faults.refusals.add((RefusingText(text="Not today."),))
    script(hall, Scripted(fault=Fault.ADDRESS_LIMIT))

    assert "Too many cumulative requests" in ordered(hall).body.decode()


def test_c3_the_plan_refuses_orders_in_words_that_no_table_lists() -> None:
    hall = Hall()
    script(hall, Scripted(fault=Fault.REFUSE, count=8))

    told = [json.loads(ordered(hall).body) for _ in range(8)]

    assert {one["status"] for one in told} == {"ok", "err"}
    assert all("no table lists" in json.dumps(one) for one in told)
    assert hall.floor.ask_mine("openOrders") == []
    assert hall.faults.plan.fired == {Fault.REFUSE: 8}
