"""Orders, cancels and questions to method, path and signed parameters.

1. A LIMIT order names a time in force and exactly one of price and priceMatch; a MARKET order
   names neither (Binance docs, New Order; a superfluous one is refused with -1106).
2. Every signed request dies by itself: `timestamp` + `recvWindow`, which the matching engine
   checks again.
3. In the WebSocket API integers are JSON numbers and decimals strings (Binance docs, general info).
"""

from dataclasses import dataclass

import msgspec

from services.gateway_binance.protocol import vocabulary
from services.gateway_binance.protocol.signing import (
    Param,
    Params,
    Signer,
    signed_params,
    signed_query,
)
from services.gateway_binance.protocol.vocabulary import decimal_text
from tandem.domain.ids import ExecId
from tandem.domain.order import OrderType, side_of
from tandem.gateway.port.decoding import id_number
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    CancelOne,
    FillsQuery,
    InstrumentsQuery,
    OpenOrdersQuery,
    OrderQuery,
    OrderRequest,
    PlaceOrder,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    Stamp,
    TimeQuery,
)
from tandem.transport.exchange import HttpMethod, HttpRequest

ORDER_PATH = "/fapi/v1/order"
LISTEN_KEY_PATH = "/fapi/v1/listenKey"
KEY_HEADER = "X-MBX-APIKEY"
TRADES_LIMIT = 1_000
TRADES_WINDOW_MS = 7 * 24 * 3_600_000  # userTrades spans at most 7 days
TRADES_MARGIN_MS = 60_000
TRADES_KEPT_MS = 90 * 24 * 3_600_000  # userTrades goes back three months (August 2026)
# Of the open orders of all symbols; those of one weigh 1 (Binance docs, Current All Open Orders).
OPEN_ORDERS_WEIGHT = 40

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """What every new order says beyond the order itself.

    Attributes:
        response_type: RESULT makes the acknowledgement of an IOC or MARKET its final state.
        stp_mode: self-trade prevention; empty leaves it to the account's default.
    """

    response_type: str = "RESULT"
    stp_mode: str = ""


def place_params(order: PlaceOrder, options: OrderOptions) -> Params:
    """Return a new order's own parameters: no time, key or signature yet."""
    params: list[Param] = [
        ("symbol", order.instrument.symbol),
        ("side", side_of(order.amount).value),
        ("type", order.order_type.value),
        ("quantity", decimal_text(abs(order.amount))),
        ("newClientOrderId", order.client_order_id),
        ("newOrderRespType", options.response_type),
    ]
    if order.order_type is OrderType.LIMIT:
        params += _limit_params(order)
    if order.reduce_only:
        params.append(("reduceOnly", "true"))
    if options.stp_mode:
        params.append(("selfTradePreventionMode", options.stp_mode))
    return tuple(params)


def _limit_params(order: PlaceOrder) -> list[Param]:
    force = vocabulary.POST_ONLY if order.post_only else order.time_in_force.value
    params: list[Param] = [("timeInForce", force)]
    if order.price_match is not None:
        params.append(("priceMatch", order.price_match.value))
    elif order.price is not None:
        params.append(("price", decimal_text(order.price)))
    return params


def cancel_params(cancel: CancelOne | OrderQuery) -> Params:
    """Return the parameters that name one order: the venue's id where known, else ours."""
    symbol: Param = ("symbol", cancel.instrument.symbol)
    if cancel.venue_order_id is not None:
        return (symbol, ("orderId", id_number(cancel.venue_order_id)))
    return (symbol, ("origClientOrderId", cancel.client_order_id or ""))


def order_params(request: OrderRequest, options: OrderOptions) -> Params:
    if isinstance(request, PlaceOrder):
        return place_params(request, options)
    return cancel_params(request)


def open_orders_params(query: OpenOrdersQuery) -> tuple[Params, ...]:
    """Return one listing of each symbol as long as that weighs less than one of everything."""
    if not 0 < len(query.instruments) < OPEN_ORDERS_WEIGHT:
        return ((),)
    return tuple((("symbol", each.symbol),) for each in query.instruments)


def trades_params(
    symbol: str, query: FillsQuery, stamp: Stamp, after: ExecId | None = None
) -> Params:
    """Return a question for the oldest trades after one, or of a window; the last is up to now.

    An id goes with no time (Binance docs, Account Trade List): what it lists may pass the window.
    """
    limit: Param = ("limit", TRADES_LIMIT)
    if after is not None:
        return ("symbol", symbol), ("fromId", id_number(after) + 1), limit
    if query.until_ms is None:
        return ("symbol", symbol), ("startTime", _within_window(query.since_ms, stamp)), limit
    span: Params = (("startTime", query.since_ms), ("endTime", query.until_ms))
    return (("symbol", symbol), *span, limit)


def timing(stamp: Stamp) -> Params:
    return (("recvWindow", stamp.window_ms), ("timestamp", stamp.venue_ms))


def ws_frame(call: int | str, method: str, params: Params) -> bytes:
    """Return one request frame of the WebSocket API."""
    return _encoder.encode({"id": call, "method": method, "params": dict(params)})


def ws_method(request: OrderRequest) -> str:
    return "order.place" if isinstance(request, PlaceOrder) else "order.cancel"


def order_frame(
    request: OrderRequest, options: OrderOptions, stamp: Stamp, signer: Signer | None
) -> bytes:
    """Return an order request for the WebSocket API; no signer inside a logged-on session."""
    params = (*order_params(request, options), *timing(stamp))
    if signer is not None:
        params = signed_params(signer, params)
    return ws_frame(stamp.call, ws_method(request), params)


def logon_frame(signer: Signer, stamp: Stamp) -> bytes:
    params = signed_params(signer, (("timestamp", stamp.venue_ms),))
    return ws_frame("logon", "session.logon", params)


@dataclass(frozen=True, slots=True)
class RestRequests:
    """Requests to the REST API of one account."""

    base_url: str
    signer: Signer

    def order(self, request: OrderRequest, options: OrderOptions, stamp: Stamp) -> HttpRequest:
        method = HttpMethod.POST if isinstance(request, PlaceOrder) else HttpMethod.DELETE
        return self._signed(method, ORDER_PATH, order_params(request, options), stamp)

    def listen_key(self, method: HttpMethod) -> HttpRequest:
        """POST makes or returns the account's key, PUT extends it.

        There is no DELETE on purpose: it would silence every consumer of the account.
        """
        return HttpRequest(method, f"{self.base_url}{LISTEN_KEY_PATH}", self._headers)

    def query(self, query: Query, stamp: Stamp) -> tuple[HttpRequest, ...]:
        """Return the requests that answer a question together, in order."""
        match query:
            case InstrumentsQuery():
                return (self._public("/fapi/v1/exchangeInfo"),)
            case TimeQuery():
                return (self._public("/fapi/v1/time"),)
            case OrderQuery():
                return (self._get(ORDER_PATH, cancel_params(query), stamp),)
            case OpenOrdersQuery() | RecentOrdersQuery() | FillsQuery():
                return self._lists(query, stamp)
            case PositionsQuery():
                # The time is asked first: the listing covers everything before it.
                positions = self._get("/fapi/v3/positionRisk", (), stamp)
                return (self._public("/fapi/v1/time"), positions)
            case BalanceQuery():
                # The mode says which of the account's numbers are meant.
                account = self._get("/fapi/v3/account", (), stamp)
                return account, self._get("/fapi/v1/accountConfig", (), stamp)
            case AccountQuery():
                return (self._get("/fapi/v3/balance", (), stamp),)

    def _lists(
        self, query: OpenOrdersQuery | RecentOrdersQuery | FillsQuery, stamp: Stamp
    ) -> tuple[HttpRequest, ...]:
        match query:
            case OpenOrdersQuery():
                return tuple(
                    self._get("/fapi/v1/openOrders", params, stamp)
                    for params in open_orders_params(query)
                )
            case RecentOrdersQuery():
                return tuple(
                    self._recent(each.symbol, query.since_ms, stamp) for each in query.instruments
                )
            case FillsQuery():
                lasts = query.after or (None,) * len(query.instruments)
                asked = zip(query.instruments, lasts, strict=True)
                return tuple(
                    self._get(
                        "/fapi/v1/userTrades", trades_params(each.symbol, query, stamp, last), stamp
                    )
                    for each, last in asked
                )

    def _recent(self, symbol: str, since_ms: int, stamp: Stamp) -> HttpRequest:
        """Ask for the newest orders of a symbol; more than fit are the older ones."""
        params: Params = (
            ("symbol", symbol),
            ("startTime", _within_window(since_ms, stamp)),
            ("limit", TRADES_LIMIT),
        )
        return self._get("/fapi/v1/allOrders", params, stamp)

    def _get(self, path: str, params: Params, stamp: Stamp) -> HttpRequest:
        return self._signed(HttpMethod.GET, path, params, stamp)

    def _public(self, path: str) -> HttpRequest:
        return HttpRequest(HttpMethod.GET, f"{self.base_url}{path}")

    def _signed(self, method: HttpMethod, path: str, params: Params, stamp: Stamp) -> HttpRequest:
        query = signed_query(self.signer, (*params, *timing(stamp)))
        return HttpRequest(method, f"{self.base_url}{path}?{query}", self._headers)

    @property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        return ((KEY_HEADER, self.signer.api_key),)


def _within_window(since_ms: int, stamp: Stamp) -> int:
    """Return a time that with no end given is answered up to now (Binance docs: 7 days at most)."""
    return max(since_ms, stamp.venue_ms - TRADES_WINDOW_MS + TRADES_MARGIN_MS)


def stream_names(symbol: str, depth_ms: int) -> tuple[str, ...]:
    """Return the public streams that make up the book of one symbol (names are lower-case)."""
    name = symbol.lower()
    return (f"{name}@bookTicker", f"{name}@depth20@{depth_ms}ms")


def mark_stream_name(symbol: str) -> str:
    return f"{symbol.lower()}@markPrice@1s"


def subscribe_frame(call: int, streams: tuple[str, ...]) -> bytes:
    return _encoder.encode({"method": "SUBSCRIBE", "params": streams, "id": call})
