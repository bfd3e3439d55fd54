"""A REST request from its bytes to the answer: limits, key, signature, clock, then the endpoint."""

import msgspec

from services.paper_binance.auth.limits import Address
from services.paper_binance.auth.signature import check_signature, check_timestamp, signed_parts
from services.paper_binance.control.faults import perform, written
from services.paper_binance.exchange.trading import Failure
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.rest.routes import REST_ROUTES, Route, Security, handle
from services.paper_binance.wire.errors import BannedError, Code, VenueError
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.params import Params, from_wire
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.units import MS_PER_S

NOBODY = AccountId("")
OK = 200
TOO_MANY = 429
JSON = "application/json"
HTML = "text/html"
RETRY_AFTER_S = 1


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as received; `query` and `body` are the raw bytes that were signed."""

    method: str
    path: str
    query: bytes
    body: bytes
    api_key: str | None
    address: Address


class Answer(msgspec.Struct, frozen=True):
    """Status, body and headers; a lost answer ends the connection, a silent one never comes."""

    status: int
    body: bytes
    headers: dict[str, str]
    delay_ms: int = 0
    is_lost: bool = False
    is_silent: bool = False
    content_type: str = JSON


def answer(venue: Venue, request: RestRequest, now_ns: int) -> Answer:
    """Carry out a request and return what goes back over the wire."""
    route = REST_ROUTES.get((request.method, request.path))
    if route is None:
        unknown = VenueError(Code.PATH_INVALID, request.path, request.method)
        return _refusal(unknown, {}, ms(now_ns))
    disturbance = venue.faults.next_answer(route.operation)
    if disturbance.ban_ms:
        venue.weight_of(request.address).ban(ms(now_ns) + disturbance.ban_ms)
    headers: dict[str, str] = {}
    try:
        call = _admit(venue, route, request, now_ns, headers)
        call = msgspec.structs.replace(call, late_fill_ms=disturbance.late_fill_ms)
        result = perform(disturbance, lambda: handle(venue, route, call))
        told = Answer(OK, written(disturbance, msgspec.json.encode(result)), headers)
    except VenueError as error:
        told = _refusal(error, headers, ms(now_ns))
    venue.journal.commit()
    return msgspec.structs.replace(
        told,
        delay_ms=disturbance.delay_ms,
        is_lost=disturbance.is_lost,
        is_silent=disturbance.is_silent,
    )


def _refusal(error: VenueError, headers: dict[str, str], now_ms: int) -> Answer:
    """Return a refusal; one for too many requests says when to come back.

    Binance docs, limits: Retry-After comes with 429 and 418.
    """
    if isinstance(error, BannedError):
        headers["Retry-After"] = str(-(-(error.until_ms - now_ms) // MS_PER_S))
    elif error.http_status == TOO_MANY:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.page:
        return Answer(error.http_status, error.page, headers, content_type=HTML)
    failure = Failure(error.number, error.message)
    return Answer(error.http_status, msgspec.json.encode(failure), headers)


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
