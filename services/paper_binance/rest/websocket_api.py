"""A WebSocket API message from its text to the answer (Binance docs, WebSocket API general info).

1. The id is echoed as it was sent.
2. After session.logon a request needs neither key nor signature; either one overrides the session.
"""

from functools import partial

import msgspec

from services.paper_binance.auth.keyring import Holder
from services.paper_binance.auth.limits import Address, RateLimit
from services.paper_binance.auth.signature import (
    ApiKey,
    Ed25519Key,
    check_timestamp,
    check_websocket_signature,
)
from services.paper_binance.control.faults import UNDISTURBED, Disturbance, perform
from services.paper_binance.exchange.trading import Failure
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.rest.rest import NOBODY
from services.paper_binance.rest.routes import WEBSOCKET_ROUTES, Route, Security, handle
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.params import Params, from_json
from services.paper_exchange.engine.orders import AccountId

HANDSHAKE_WEIGHT = 5
SESSION_WEIGHT = 2
OK = 200
NULL_ID = msgspec.Raw(b"null")


class ApiRequest(msgspec.Struct, frozen=True):
    """One request as sent."""

    method: str
    id: msgspec.Raw = NULL_ID
    params: dict[str, msgspec.Raw] = {}


class ApiSuccess(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to a request that was carried out."""

    id: msgspec.Raw
    status: int
    result: object
    rate_limits: tuple[RateLimit, ...] | None = None


class ApiFailure(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The answer to a request that was refused."""

    id: msgspec.Raw
    status: int
    error: Failure
    rate_limits: tuple[RateLimit, ...] | None = None


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is logged on; `api_key` and `authorized_since` are None when nobody is."""

    api_key: str | None
    authorized_since: int | None
    connected_since: int
    return_rate_limits: bool
    server_time: int


class Reply(msgspec.Struct, frozen=True):
    """The text to send back; a lost one ends the connection, a silent one is not sent."""

    text: bytes
    delay_ms: int = 0
    is_lost: bool = False
    is_silent: bool = False


class ApiSession:
    """One WebSocket API connection."""

    def __init__(
        self, address: Address, connected_ms: int, *, returns_rate_limits: bool = True
    ) -> None:
        self.address = address
        self.connected_ms = connected_ms
        self.returns_rate_limits = returns_rate_limits
        self.holder: Holder | None = None
        self.api_key: ApiKey | None = None
        self.authorized_ms: int | None = None

    def status(self, now_ms: int) -> SessionStatus:
        return SessionStatus(
            api_key=self.api_key,
            authorized_since=self.authorized_ms,
            connected_since=self.connected_ms,
            return_rate_limits=self.returns_rate_limits,
            server_time=now_ms,
        )

    def log_on(self, api_key: ApiKey, holder: Holder, now_ms: int) -> None:
        self.api_key, self.holder, self.authorized_ms = api_key, holder, now_ms

    def log_out(self) -> None:
        self.api_key, self.holder, self.authorized_ms = None, None, None


class Exchange(msgspec.Struct, frozen=True):
    """A request with the session it came on and the time."""

    venue: Venue
    session: ApiSession
    params: Params
    values: dict[str, str]
    disturbance: Disturbance
    now_ns: int

    @property
    def now_ms(self) -> int:
        return ms(self.now_ns)


_decoder = msgspec.json.Decoder(ApiRequest)
_encoder = msgspec.json.Encoder()


def answer_message(venue: Venue, session: ApiSession, text: str, now_ns: int) -> Reply:
    """Carry out one message and return what to send back."""
    try:
        request = _decoder.decode(text)
    except msgspec.MsgspecError:
        failure = Failure(Code.INVALID_PARAMETER.value, "Request is not valid JSON.")
        return Reply(_encoder.encode(ApiFailure(id=NULL_ID, status=400, error=failure)))
    route = WEBSOCKET_ROUTES.get(request.method)
    disturbance = UNDISTURBED if route is None else venue.faults.next_answer(route.operation)
    if disturbance.ban_ms:
        venue.weight_of(session.address).ban(ms(now_ns) + disturbance.ban_ms)
    try:
        answer: ApiSuccess | ApiFailure = _answer(venue, session, request, disturbance, now_ns)
    except VenueError as error:
        answer = ApiFailure(
            id=request.id,
            status=error.http_status,
            error=Failure(error.number, error.message),
            rate_limits=_rate_limits(venue, session, NOBODY, ms(now_ns)),
        )
    venue.journal.commit()
    return Reply(
        _encoder.encode(answer), disturbance.delay_ms, disturbance.is_lost, disturbance.is_silent
    )


def _answer(
    venue: Venue, session: ApiSession, request: ApiRequest, disturbance: Disturbance, now_ns: int
) -> ApiSuccess:
    values = from_json(request.params)
    exchange = Exchange(venue, session, Params(values), values, disturbance, now_ns)
    if exchange.params.has("returnRateLimits"):
        session.returns_rate_limits = exchange.params.flag("returnRateLimits")
    is_session = request.method.startswith("session.")
    carry_out = _session_request if is_session else _routed
    account_id, result = carry_out(exchange, request.method)
    limits = _rate_limits(venue, session, account_id, exchange.now_ms)
    return ApiSuccess(id=request.id, status=OK, result=result, rate_limits=limits)


def _session_request(exchange: Exchange, method: str) -> tuple[AccountId, object]:
    session = exchange.session
    _weigh(exchange, SESSION_WEIGHT)
    match method:
        case "session.logon":
            _log_on(exchange)
        case "session.logout":
            session.log_out()
        case "session.status":
            pass
        case _:
            raise VenueError(Code.INVALID_PARAMETER, "method")
    account_id = session.holder.account_id if session.holder is not None else NOBODY
    return account_id, session.status(exchange.now_ms)


def _log_on(exchange: Exchange) -> None:
    api_key = exchange.params.optional("apiKey")
    holder = exchange.venue.keyring.holder(api_key)
    # Only Ed25519 keys may log on (docs, session authentication).
    if not isinstance(holder.credential, Ed25519Key):
        raise VenueError(Code.UNAUTHORIZED)
    _check_signed(exchange, holder)
    exchange.session.log_on(ApiKey(api_key or ""), holder, exchange.now_ms)


def _routed(exchange: Exchange, method: str) -> tuple[AccountId, object]:
    route = WEBSOCKET_ROUTES.get(method)
    if route is None:
        raise VenueError(Code.INVALID_PARAMETER, "method")
    _weigh(exchange, route.weigh(exchange.params))
    account_id = _authenticated(exchange, route)
    if route.orders_10s:
        counts = exchange.venue.order_counts(account_id)
        counts.charge(route.orders_10s, route.orders_1m, exchange.now_ms)
    call = Call(
        account_id=account_id,
        params=exchange.params,
        now_ns=exchange.now_ns,
        late_fill_ms=exchange.disturbance.late_fill_ms,
    )
    act = partial(handle, exchange.venue, route, call)
    return account_id, perform(exchange.disturbance, act)


def _weigh(exchange: Exchange, weight: int) -> None:
    venue = exchange.venue
    weights = venue.weight_of(exchange.session.address)
    weights.charge(weight, venue.limits.weight_1m, exchange.now_ms)


def _authenticated(exchange: Exchange, route: Route) -> AccountId:
    if route.security is Security.NONE:
        return NOBODY
    params, session = exchange.params, exchange.session
    overrides = params.has("apiKey") or params.has("signature")
    if session.holder is not None and not overrides:
        if route.security is Security.SIGNED:
            _check_time(exchange)
        return session.holder.account_id
    holder = exchange.venue.keyring.holder(params.optional("apiKey"))
    if route.security is Security.SIGNED:
        _check_signed(exchange, holder)
    return holder.account_id


def _check_signed(exchange: Exchange, holder: Holder) -> None:
    exchange.params.integer("timestamp")
    check_websocket_signature(holder.credential, exchange.values)
    _check_time(exchange)


def _check_time(exchange: Exchange) -> None:
    params = exchange.params
    check_timestamp(params.integer("timestamp"), params.recv_window_ms(), exchange.now_ms)


def _rate_limits(
    venue: Venue, session: ApiSession, account_id: AccountId, now_ms: int
) -> tuple[RateLimit, ...] | None:
    """Return the counts reached; the order counts only where an account is known."""
    if not session.returns_rate_limits:
        return None
    settings = venue.limits
    weight = venue.weight_of(session.address).minute.count(now_ms)
    used = RateLimit("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_1m, weight)
    if account_id == NOBODY:
        return (used,)
    counts = venue.order_counts(account_id)
    return (
        RateLimit("ORDERS", "SECOND", 10, settings.orders_10s, counts.ten_seconds.count(now_ms)),
        RateLimit("ORDERS", "MINUTE", 1, settings.orders_1m, counts.minute.count(now_ms)),
        used,
    )
