"""A REST request from its bytes to the answer: limits, key, signature, clock, then the endpoint."""

import msgspec

from services.paper_binance.auth import check_signature, check_timestamp, signed_parts
from services.paper_binance.errors import VenueError
from services.paper_binance.faults import perform
from services.paper_binance.limits import Address
from services.paper_binance.numbers import ms
from services.paper_binance.params import Params, from_wire
from services.paper_binance.routes import REST_ROUTES, Route, Security
from services.paper_binance.trading import Failure
from services.paper_binance.venue import Call, Venue
from services.paper_exchange.orders import AccountId

NOBODY = AccountId("")
OK = 200
NOT_FOUND = 404


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as received; `query` and `body` are the raw bytes that were signed."""

    method: str
    path: str
    query: bytes
    body: bytes
    api_key: str | None
    address: Address


class Answer(msgspec.Struct, frozen=True):
    """Status, JSON body and headers; a lost answer is not sent and ends the connection."""

    status: int
    body: bytes
    headers: dict[str, str]
    delay_ms: int = 0
    is_lost: bool = False


def answer(venue: Venue, request: RestRequest, now_ns: int) -> Answer:
    """Carry out a request and return what goes back over the wire."""
    route = REST_ROUTES.get((request.method, request.path))
    if route is None:
        return Answer(NOT_FOUND, b'{"code":-5000,"msg":"Path is invalid"}', {})
    disturbance = venue.faults.next_answer(route.operation)
    headers: dict[str, str] = {}
    try:
        call = _admit(venue, route, request, now_ns, headers)
        result = perform(disturbance, lambda: route.handler(venue, call))
    except VenueError as error:
        failure = Failure(error.code.value, error.message)
        status, body = error.http_status, msgspec.json.encode(failure)
    else:
        status, body = OK, msgspec.json.encode(result)
    return Answer(status, body, headers, disturbance.delay_ms, disturbance.is_lost)


def _admit(
    venue: Venue, route: Route, request: RestRequest, now_ns: int, headers: dict[str, str]
) -> Call:
    """Check limits, key, signature and clock, and return the call to be carried out."""
    now_ms = ms(now_ns)
    params = from_wire(request.query, request.body)
    weight = venue.weight_of(request.address)
    headers["X-MBX-USED-WEIGHT-1M"] = str(
        weight.charge(route.weigh(params), venue.limits.weight_1m, now_ms)
    )
    account_id = _authenticated(venue, route, request, params, now_ms)
    if route.orders_10s:
        _charge_orders(venue, route, account_id, now_ms, headers)
    return Call(account_id=account_id, params=params, now_ns=now_ns)


def _authenticated(
    venue: Venue, route: Route, request: RestRequest, params: Params, now_ms: int
) -> AccountId:
    if route.security is Security.NONE:
        return NOBODY
    holder = venue.keyring.holder(request.api_key)
    if route.security is Security.SIGNED:
        timestamp_ms = params.integer("timestamp")
        check_signature(holder.credential, signed_parts(request.query, request.body))
        check_timestamp(timestamp_ms, params.recv_window_ms(), now_ms)
    return holder.account_id


def _charge_orders(
    venue: Venue, route: Route, account_id: AccountId, now_ms: int, headers: dict[str, str]
) -> None:
    counts = venue.order_counts(account_id)
    counts.charge(route.orders_10s, route.orders_1m, now_ms)
    headers["X-MBX-ORDER-COUNT-10S"] = str(counts.ten_seconds.count(now_ms))
    headers["X-MBX-ORDER-COUNT-1M"] = str(counts.minute.count(now_ms))
