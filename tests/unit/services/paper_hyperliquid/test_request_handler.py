import json
from typing import Any

import eth_account
import pytest
from hyperliquid.utils import signing
from msgspec import Raw

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import Faults
from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.wire.frames import encoded
from tests.unit.services.paper_hyperliquid.floor import CLOID, MASTER_KEY, limit, trigger
from tests.unit.services.paper_hyperliquid.sockets import IP, Hall


def signed(hall: Hall, *orders: dict[str, Any]) -> bytes:
    hall.floor.pass_ms(1)
    action = {"type": "order", "orders": list(orders), "grouping": "na"}
    nonce = hall.floor.now_ms
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_l1_action(wallet, action, None, nonce, None, False)
    return json.dumps({"action": action, "nonce": nonce, "signature": signature}).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"", 400), (b"[]", 422), (b'{"type":"allMids","dex":7}', 422),
     (b'{"type":"recentTrades","coin":"NONE"}', 500)],
)  # fmt: skip
def test_faults_of_form_have_a_status(body: bytes, status: int) -> None:
    hall = Hall()
    assert hall.front.http_info(body, IP).status == status


def test_json_cut_short_after_a_type_error_is_still_no_json() -> None:
    assert Hall().front.http_action(b'{"nonce":"x", "action":', IP).status == 400


def test_an_answer_is_json_in_the_venues_order() -> None:
    hall = Hall()
    answer = hall.front.http_action(signed(hall, limit("buy", "149", "1")), IP)
    assert answer.body.startswith(b'{"status":"ok","response":{"type":"order","data":{')


def test_weight_is_counted_per_ip() -> None:
    hall = Hall(Settings(ip_weight_per_minute=2))
    body = b'{"type":"allMids"}'
    statuses = [hall.front.http_info(body, ip).status for ip in ("a", "a", "b")]
    assert statuses == [200, 429, 200]


def test_fills_weigh_more_the_more_there_are() -> None:
    hall = Hall(Settings(ip_weight_per_minute=21))
    body = json.dumps({"type": "userFills", "user": MASTER}).encode()
    for _ in range(40):
        hall.floor.take("buy", "0.1")
    assert hall.front.http_info(body, IP).status == 429


def test_a_refused_weight_carries_out_nothing() -> None:
    hall = Hall(Settings(ip_weight_per_minute=0))
    assert hall.front.http_action(signed(hall, limit("buy", "149", "1")), IP).status == 429
    assert hall.floor.ask_mine("openOrders") == []


def test_posts_answer_as_http_does() -> None:
    hall = Hall()
    action = hall.front.post_action(Raw(signed(hall, limit("buy", "149", "1"))), IP).response
    info = hall.front.post_info(Raw(b'{"type":"allMids"}'), IP).response
    assert json.loads(encoded(action))["payload"]["status"] == "ok"
    assert json.loads(encoded(info))["payload"] == {"type": "allMids", "data": {"SOL": "150.0"}}


def test_a_post_over_the_limit_is_an_error() -> None:
    hall = Hall(Settings(ip_weight_per_minute=0))
    response = hall.front.post_info(Raw(b'{"type":"allMids"}'), IP).response
    assert response.payload == "429 Too Many Requests: null"


def test_every_order_of_a_request_is_noted_with_one_time() -> None:
    hall = Hall()
    orders = (limit("buy", "149", "1", c=CLOID), limit("buy", "150", "1", "Ioc"))
    hall.front.http_action(signed(hall, *orders), IP)
    first, second = hall.journal.requests
    assert (first.cloid, first.outcome) == (CLOID, "accepted")
    assert first.oid is not None
    assert (second.oid, second.mono_parsed_ns) == (None, first.mono_parsed_ns)
    assert second.outcome.startswith("Order could not immediately match")


def test_one_static_error_is_noted_for_each_order() -> None:
    hall = Hall()
    hall.front.http_action(signed(hall, limit("buy", "149", "1"), limit("buy", "149", "0")), IP)
    outcomes = {entry.outcome for entry in hall.journal.requests}
    assert outcomes == {"Order has zero size."}
    assert len(hall.journal.requests) == 2


def test_a_request_refused_as_a_whole_is_noted_too() -> None:
    hall = Hall()
    body = signed(hall, limit("buy", "149", "1"))
    hall.front.http_action(body, IP)
    hall.front.http_action(body, IP)
    assert hall.journal.requests[1].outcome.startswith("Invalid nonce: duplicate nonce")


def test_waiting_children_are_noted_as_accepted_without_an_oid() -> None:
    hall = Hall()
    hall.floor.pass_ms(1)
    orders = [limit("buy", "149", "1"), trigger("sell", "sl", "140", "1")]
    action = {"type": "order", "orders": orders, "grouping": "normalTpsl"}
    nonce = hall.floor.now_ms
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_l1_action(wallet, action, None, nonce, None, False)
    body = json.dumps({"action": action, "nonce": nonce, "signature": signature}).encode()
    hall.front.http_action(body, IP)
    assert [entry.outcome for entry in hall.journal.requests] == ["accepted", "accepted"]
    assert hall.journal.requests[1].oid is None


def test_only_orders_are_noted() -> None:
    hall = Hall()
    body = b'{"action":{"type":"noop"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27}}'
    hall.front.http_action(body, IP)
    assert hall.journal.requests == []


def test_a_busy_venue_refuses_everything() -> None:
    hall = Hall()
    hall.faults.now = Faults(refuse_busy=True)
    answer = hall.front.http_info(b'{"type":"allMids"}', IP)
    assert (answer.status, answer.body) == (429, b"null")


def test_orders_may_be_hidden_from_queries() -> None:
    hall = Hall()
    oid = hall.floor.rest("buy", "149", "1")
    hall.faults.now = Faults(hide_orders=True)
    body = json.dumps({"type": "orderStatus", "user": MASTER, "oid": oid}).encode()
    assert hall.front.http_info(body, IP).body == b'{"status":"unknownOid"}'


@pytest.mark.parametrize("odd", [{"nSigFigs": 1}, {"mantissa": 2}])
def test_d6_an_odd_book_is_answered_by_a_failing_venue(odd: dict[str, int]) -> None:
    hall = Hall()
    body = json.dumps({"type": "l2Book", "coin": "SOL"} | odd).encode()

    answer = hall.front.http_info(body, IP)
    posted = hall.front.post_info(Raw(body), IP)

    assert (answer.status, answer.body) == (500, b"null")
    assert posted.response.payload == "500 Internal Server Error: null"


@pytest.mark.parametrize("kind", ["portfolio", "webData2", "rumours"])
def test_d6_an_unknown_question_is_no_question(kind: str) -> None:
    body = json.dumps({"type": kind, "user": MASTER}).encode()

    answer = Hall().front.http_info(body, IP)

    told = b"Failed to deserialize the JSON body into the target type"
    assert (answer.status, answer.body) == (422, told)
