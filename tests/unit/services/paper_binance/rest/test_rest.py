import hashlib
import hmac
from decimal import Decimal

import msgspec
import pytest

from services.paper_binance.auth.keyring import PAPER_HMAC_SECRET
from services.paper_binance.auth.limits import LimitSettings
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.rest import answer
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    DOCUMENTED_KEY,
    LIMIT,
    MARKET,
    NOW_MS,
    V1_QUERY,
    V1_SIGNATURE,
    code_of,
    refused,
    request,
    send,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


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


def test_query_wins_over_the_body(venue: Venue) -> None:
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
