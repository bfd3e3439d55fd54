import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.paper_binance.auth.keyring import PAPER_ED25519_KEY, PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from services.paper_binance.auth.limits import Address
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.websocket_api import ApiSession, answer_message
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import LIMIT, NOW_MS, venue_with_books

# RFC 8032 §7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


@pytest.fixture
def session() -> ApiSession:
    return ApiSession(Address("test"), NOW_MS)


def ask(
    venue: Venue, session: ApiSession, method: str, params: dict[str, object], sent_id: object = 1
) -> Any:
    """Send one message and return its answer."""
    text = json.dumps({"id": sent_id, "method": method, "params": params})
    return json.loads(answer_message(venue, session, text, NOW_MS * NS_PER_MS).text)


def logon(timestamp_ms: int = NOW_MS) -> dict[str, object]:
    payload = f"apiKey={PAPER_ED25519_KEY}&timestamp={timestamp_ms}"
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(payload.encode())
    return {
        "apiKey": PAPER_ED25519_KEY,
        "timestamp": timestamp_ms,
        "signature": base64.b64encode(signature).decode(),
    }


@pytest.mark.parametrize("sent_id", [7, "seven", None])
def test_id_is_echoed_as_sent(venue: Venue, session: ApiSession, sent_id: object) -> None:
    assert ask(venue, session, "session.status", {}, sent_id)["id"] == sent_id


def test_logged_on_session_still_needs_a_fresh_timestamp(venue: Venue, session: ApiSession) -> None:
    ask(venue, session, "session.logon", logon())

    stale = ask(venue, session, "order.place", {**LIMIT, "timestamp": NOW_MS - 5_001})
    missing = ask(venue, session, "order.place", dict(LIMIT))
    fresh = ask(venue, session, "order.place", {**LIMIT, "timestamp": NOW_MS})

    assert [stale["error"]["code"], missing["error"]["code"]] == [-1021, -1102]
    assert fresh["status"] == 200


def test_key_in_a_request_overrides_the_session(venue: Venue, session: ApiSession) -> None:
    ask(venue, session, "session.logon", logon())

    refused = ask(
        venue, session, "order.place", {**LIMIT, "timestamp": NOW_MS, "apiKey": "unknown"}
    )

    assert (refused["status"], refused["error"]["code"]) == (401, -2015)


def test_late_logon_leaves_nobody_logged_on(venue: Venue, session: ApiSession) -> None:
    refused = ask(venue, session, "session.logon", logon(NOW_MS - 5_001))

    assert (refused["error"]["code"], session.holder) == (-1021, None)


def test_logged_on_session_needs_no_timestamp_for_its_stream_key(
    venue: Venue, session: ApiSession
) -> None:
    ask(venue, session, "session.logon", logon())

    started = ask(venue, session, "userDataStream.start", {})

    assert len(started["result"]["listenKey"]) == 64


def test_order_counts_are_told_to_whom_they_belong(venue: Venue, session: ApiSession) -> None:
    public = ask(venue, session, "ticker.price", {"symbol": "SOLUSDT"})
    private = ask(venue, session, "session.logon", logon())

    assert [len(answer["rateLimits"]) for answer in (public, private)] == [1, 3]


def test_logout_ends_the_session(venue: Venue, session: ApiSession) -> None:
    ask(venue, session, "session.logon", logon())

    out = ask(venue, session, "session.logout", {})

    assert (out["result"]["apiKey"], session.holder) == (None, None)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("session.dance", {}, -1130),
        ("order.dance", {}, -1130),
        ("session.logon", {"apiKey": "paper-binance-key"}, -1099),
        ("session.logon", {**logon(), "timestamp": 1}, -1022),
        ("order.place", {**logon(), **LIMIT}, -1022),
        ("depth", {"symbol": {}}, -1130),
    ],
)
def test_bad_request_is_refused(
    venue: Venue, session: ApiSession, method: str, params: dict[str, object], code: int
) -> None:
    assert ask(venue, session, method, params)["error"]["code"] == code


def test_rate_limits_are_left_out_on_request(venue: Venue, session: ApiSession) -> None:
    answer = ask(venue, session, "ticker.price", {"symbol": "X", "returnRateLimits": False})

    assert "rateLimits" not in answer


def test_text_that_is_no_request_is_answered_without_id(venue: Venue, session: ApiSession) -> None:
    answer = json.loads(answer_message(venue, session, "[]", NOW_MS * NS_PER_MS).text)

    assert (answer["id"], answer["status"]) == (None, 400)


def test_signed_request_needs_no_session(venue: Venue, session: ApiSession) -> None:
    params = {**LIMIT, "apiKey": PAPER_HMAC_KEY, "timestamp": str(NOW_MS)}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    signature = hmac.new(PAPER_HMAC_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()

    answer = ask(venue, session, "order.place", {**params, "signature": signature})

    assert answer["result"]["status"] == "NEW"


def test_stream_key_needs_only_the_api_key(venue: Venue, session: ApiSession) -> None:
    answer = ask(venue, session, "userDataStream.start", {"apiKey": PAPER_HMAC_KEY})

    assert len(answer["result"]["listenKey"]) == 64
