"""A venue with Binance's rules and words around the simulated engine.

1. A client id is refused only while an order of it is open (-4116); afterwards the same request
   is a second order.
2. A request outside its recvWindow is refused by the venue's own clock (-1021).
3. Each trade is told twice: TRADE_LITE first, ORDER_TRADE_UPDATE with the cumulative behind it;
   the kinds overtake each other.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tandem.transport.exchange import HttpMethod, HttpRequest
from tests.simulation.forced import binance_words
from tests.simulation.network import Reply, Weather, Wire
from tests.simulation.venue import (
    CANCELLED,
    EXPIRED,
    FILLED,
    LIVE,
    Venue,
    VenueFill,
    VenueOrder,
)

HOST = "binance.sim"
WINDOW_AHEAD_MS = 1_000
UNKNOWN_503 = "Unknown error, please check your request or try again later."
_json = msgspec.json.Encoder()
Params = dict[str, str]
Done = Callable[[int, object], None]


class _Call(msgspec.Struct):
    id: int | str
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


_call = msgspec.json.Decoder(_Call)
_params = msgspec.json.Decoder(dict[str, str | int])


class BinanceFront:
    """REST, WebSocket API and streams of one account; satisfies `Front`."""

    def __init__(self, venue: Venue, weather: Weather, rng: random.Random) -> None:
        self.venue, self.weather, self.rng = venue, weather, rng
        self.users: list[Wire] = []
        self.markets: dict[Wire, set[str]] = {}
        self.order_wires: list[Wire] = []
        self._names: dict[Wire, str] = {}
        self.costs_permille = 100
        self.positions_permille = 60
        venue.tell = self._tell

    # Connections.

    def opened(self, wire: Wire, url: str) -> None:
        if "/private" in url:
            self.users.append(wire)
        elif "/ws-fapi" in url:
            self.order_wires.append(wire)
        else:
            self.markets[wire] = set()

    def closed(self, wire: Wire) -> None:
        self.users = [one for one in self.users if one is not wire]
        self.order_wires = [one for one in self.order_wires if one is not wire]
        self.markets.pop(wire, None)

    def wires(self) -> list[Wire]:
        return [*self.users, *self.order_wires, *self.markets]

    def frame(self, wire: Wire, frame: bytes) -> None:
        call = _call.decode(frame)
        if call.method == "SUBSCRIBE":
            if wire in self.markets:
                self.markets[wire].update(msgspec.json.decode(call.params))
                self.tick_market(wire)
            wire.push("reply", _json.encode({"result": None, "id": call.id}))
            return
        params = {name: str(value) for name, value in _params.decode(call.params).items()}

        def done(status: int, body: object) -> None:
            if self.weather.strikes("lost_answer"):
                return
            late_ns = 0
            if self.weather.strikes("late_answer"):
                late_ns = self.rng.randint(800, 2_500) * 1_000_000
            key = "result" if status == 200 else "error"
            wire.push("reply", _json.encode({"id": call.id, "status": status, key: body}), late_ns)

        if call.method == "order.place":
            self._place(params, done)
        else:
            self._cancel(params, done)
        if self.weather.strikes("cut_after"):
            wire.cut("cut after a request arrived")

    def begin_anew(self) -> None:
        self.venue.restart()

    def http(self, request: HttpRequest, reply: Reply) -> None:
        url = urlsplit(request.url)
        params = dict(parse_qsl(url.query))

        def done(status: int, body: object) -> None:
            reply(status, _json.encode(body))

        if self.weather.is_down:
            done(503, {"code": -1000, "msg": UNKNOWN_503})
            return
        name = url.path.rpartition("/")[2]
        if name == "order":
            self._order_call(request.method, params, done)
        else:
            done(200, self._list(name, params))

    def _order_call(self, method: HttpMethod, params: Params, done: Done) -> None:
        match method:
            case HttpMethod.POST:
                self._place(params, done)
            case HttpMethod.DELETE:
                self._cancel(params, done)
            case _:
                self._query(params, done)

    # Orders.

    def _window_fault(self, params: Params) -> bool:
        now_ms, sent_ms = self.venue.now_ms(), int(params["timestamp"])
        late = now_ms - sent_ms > int(params["recvWindow"])
        if late or sent_ms > now_ms + WINDOW_AHEAD_MS:
            self.venue.counts["outside the window"] += 1
            return True
        return False

    def _place(self, params: Params, done: Done) -> None:
        self.venue.asked(params["newClientOrderId"])
        if self._window_fault(params):
            done(400, {"code": -1021, "msg": "Timestamp for this request is outside recvWindow."})
            return
        venue, odds = self.venue, self.venue.odds
        roll = 1_000 if self.weather.is_calm else self.rng.randrange(1_000)
        if roll < odds.timeout_lost:
            venue.counts["5xx not executed"] += 1
            self._unknown(done)
            return
        refusal = self._refusal(params)
        if refusal is not None:
            done(400, {"code": refusal[0], "msg": refusal[1]})
            return
        strange = venue.unlisted.answer()
        if strange is not None:
            done(*strange)
            return
        order = venue.accept(_order_of(params))
        if roll < odds.timeout_lost + odds.timeout_executed:
            venue.counts["5xx executed"] += 1
            self._unclear(order, done)
            return
        done(200, _row(order))

    def _unclear(self, order: VenueOrder, done: Done) -> None:
        """Answer as if it were not known what became of an order that was accepted.

        Of one that rests the venue may have seen its own second try: its client id is taken.
        """
        if order.status == LIVE and order.oid % 2:
            self.venue.counts["duplicate client ids refused"] += 1
            done(400, {"code": -4116, "msg": "ClientOrderId is duplicated."})
            return
        self._unknown(done)

    def _unknown(self, done: Done) -> None:
        if self.rng.randrange(2):
            done(408, {"code": -1007, "msg": "Timeout waiting for response from backend server."})
        else:
            done(503, {"msg": UNKNOWN_503})

    def _refusal(self, params: Params) -> tuple[int, str] | None:
        venue = self.venue
        cloid, qty = params["newClientOrderId"], Decimal(params["quantity"])
        if venue.is_open(cloid):
            venue.counts["duplicate client ids refused"] += 1
            return -4116, "ClientOrderId is duplicated."
        contract = venue.contract
        reduce_only = params.get("reduceOnly") == "true"
        if qty % contract.lot or qty < contract.min_qty:
            venue.counts["filter failures"] += 1
            return -4023, "Quantity not increased by step size."
        if not reduce_only and qty * Decimal(params["price"]) < contract.min_notional:
            venue.counts["filter failures"] += 1
            return -4164, "Order's notional must be no smaller."
        if not self.weather.is_calm and self.rng.randrange(1_000) < venue.odds.refuse:
            venue.counts["orders refused"] += 1
            return self.rng.choice(
                ((-2019, "Margin is insufficient."), (-4131, "PERCENT_PRICE filter."),
                 (-1008, "Request throttled by system-level protection."),
                 (-1015, "Too many new orders."), (-4998, "A rule that no table lists."),
                 (-4109, "This account is inactive."))
            )  # fmt: skip
        return None

    def _cancel(self, params: Params, done: Done) -> None:
        if self._window_fault(params):
            done(400, {"code": -1021, "msg": "Timestamp for this request is outside recvWindow."})
            return
        order = self._named(params)
        if order is None or order.status != LIVE:
            done(400, {"code": -2011, "msg": "Unknown order sent."})
            return
        self.venue.cancel(order)
        done(200, _row(order))

    def _named(self, params: Params) -> VenueOrder | None:
        oid = params.get("orderId")
        return self.venue.find(oid=int(oid) if oid else None, cloid=params.get("origClientOrderId"))

    def _query(self, params: Params, done: Done) -> None:
        order = self._named(params)
        if order is None:
            done(400, {"code": -2013, "msg": "Order does not exist."})
        else:
            done(200, _row(order))

    # Lists.

    def _list(self, name: str, params: Params) -> object:
        match name:
            case "time":
                return {"serverTime": self.venue.now_ms()}
            case "exchangeInfo":
                return self._info()
            case "listenKey":
                return {"listenKey": "key"}
            case "openOrders":
                now_ms = self.venue.now_ms()
                return [_row(one) for one in self.venue.open.values() if one.seen_ms <= now_ms]
            case "allOrders":
                return [_row(one) for one in self.venue.recent(int(params["startTime"]))]
            case "userTrades":
                return self._trades(params)
            case "positionRisk":
                return [_position(name, held) for name, held in self.venue.books.holdings.items()]
            case "balance":
                return [{"accountAlias": "Sim", "asset": "USDT", "balance": "0"}]
            case _:
                raise ValueError(f"no such path: {name}")

    def _info(self) -> object:
        contract = self.venue.contract
        filters = [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "stepSize": contract.lot, "minQty": contract.min_qty,
             "maxQty": "1000000"},
            {"filterType": "MIN_NOTIONAL", "notional": contract.min_notional},
        ]  # fmt: skip
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
             "limit": 1_000_000},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100_000},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 100_000},
        ]  # fmt: skip
        symbol = {
            "symbol": contract.ticker,
            "status": "TRADING",
            "contractType": "PERPETUAL",
            "baseAsset": "SOL",
            "quoteAsset": "USDT",
            "filters": filters,
        }
        return {"symbols": [symbol], "rateLimits": limits}

    def _trades(self, params: Params) -> object:
        first, since_ms = int(params.get("fromId", 0)), int(params.get("startTime", 0))
        fills = [one for one in self.venue.books.fills if one.trade_id >= first]
        return [_trade_row(one) for one in fills if one.time_ms >= since_ms][:1_000]

    # Events.

    def _tell(self, order: VenueOrder, fill: VenueFill | None) -> None:
        time_ms = order.updated_ms
        if fill is not None and not fill.forced:
            self._push("lite", _lite(fill))
        self._push("order", _update(order, fill, has_cost=self._happens(self.costs_permille)))
        if fill is not None and self._happens(self.positions_permille):
            held = self.venue.holding(order.ticker)
            row = {"s": order.ticker, "pa": held.amount, "ep": round(held.entry, 6), "ps": "BOTH"}
            change = {"m": "ORDER", "P": [row]}
            self._push(
                "account",
                _json.encode({"e": "ACCOUNT_UPDATE", "E": time_ms, "T": time_ms, "a": change}),
            )

    def _happens(self, permille: int) -> bool:
        return self.rng.randrange(1_000) < permille

    def _push(self, kind: str, frame: bytes) -> None:
        weather = self.weather
        if weather.muted:
            weather.counts["events muted"] += 1
            return
        for wire in self.users:
            if weather.strikes("drop_event"):
                continue
            wire.push(kind, frame, weather.event_delay_ns())
            if weather.strikes("repeat_event"):
                wire.push(kind, frame, weather.event_delay_ns())

    def tick_markets(self) -> None:
        for wire in tuple(self.markets):
            self.tick_market(wire)

    def tick_market(self, wire: Wire) -> None:
        """Tell one market connection where the market stands."""
        now_ms, mark, name = self.venue.now_ms(), self.venue.mark, self.venue.contract.ticker
        streams = self.markets.get(wire, set())
        if any("depth20" in stream for stream in streams):
            bids, asks = [[mark - Decimal("0.05"), "500"]], [[mark + Decimal("0.05"), "500"]]
            book = {"e": "depthUpdate", "E": now_ms, "T": now_ms, "s": name, "u": now_ms,
                    "b": bids, "a": asks}  # fmt: skip
            wire.push("book", _json.encode({"stream": "depth", "data": book}))
        if any("markPrice" in stream for stream in streams):
            price = {"e": "markPriceUpdate", "E": now_ms, "s": name, "p": mark}
            wire.push("mark", _json.encode({"stream": "mark", "data": price}))


def _order_of(params: Params) -> VenueOrder:
    return VenueOrder(
        oid=0,
        cloid=params["newClientOrderId"],
        ticker=params["symbol"],
        sign=1 if params["side"] == "BUY" else -1,
        qty=Decimal(params["quantity"]),
        price=Decimal(params["price"]),
        tif=params["timeInForce"],
        placed_ms=0,
        seen_ms=0,
        reduce_only=params.get("reduceOnly") == "true",
    )


def _side(sign: int) -> str:
    return "BUY" if sign > 0 else "SELL"


def _status(order: VenueOrder) -> str:
    match order.status:
        case "live":
            return "PARTIALLY_FILLED" if order.filled else "NEW"
        case "filled":
            return "FILLED"
        case "cancelled":
            return "CANCELED"
        case _:
            return "EXPIRED"


_EXEC_TYPES = {LIVE: "NEW", FILLED: "TRADE", CANCELLED: "CANCELED", EXPIRED: "EXPIRED"}


def _row(order: VenueOrder) -> object:
    return {
        "orderId": order.oid,
        "symbol": order.ticker,
        "status": _status(order),
        "clientOrderId": order.cloid,
        "price": order.price,
        "origQty": order.qty,
        "executedQty": order.filled,
        "timeInForce": "GTC" if order.tif == "EXTERNAL" else order.tif,
        "type": "LIMIT",
        "reduceOnly": order.reduce_only,
        "side": _side(order.sign),
        "updateTime": order.updated_ms,
        "time": order.placed_ms,
    }


def _update(order: VenueOrder, fill: VenueFill | None, *, has_cost: bool) -> bytes:
    kind, traded = binance_words(order.forced)
    inner = {
        "s": order.ticker,
        "c": order.cloid,
        "S": _side(order.sign),
        "o": kind,
        "f": "GTC" if order.tif == "EXTERNAL" else order.tif,
        "q": order.qty,
        "p": order.price,
        "x": traded if fill is not None else _EXEC_TYPES[order.status],
        "X": _status(order),
        "i": order.oid,
        "z": order.filled,
        "T": order.updated_ms,
    }
    if fill is not None:
        inner |= {"t": fill.trade_id, "l": fill.qty, "L": fill.price, "m": fill.is_maker}
        if has_cost:
            inner |= {"n": "0.001", "N": "USDT"}
    elif order.status == EXPIRED:
        inner["er"] = "2"
    time_ms = order.updated_ms
    return _json.encode({"e": "ORDER_TRADE_UPDATE", "E": time_ms, "T": time_ms, "o": inner})


def _lite(fill: VenueFill) -> bytes:
    return _json.encode(
        {
            "e": "TRADE_LITE",
            "E": fill.time_ms,
            "T": fill.time_ms,
            "s": fill.ticker,
            "m": fill.is_maker,
            "c": fill.cloid,
            "S": _side(fill.sign),
            "L": fill.price,
            "l": fill.qty,
            "t": fill.trade_id,
            "i": fill.oid,
        }
    )


def _trade_row(fill: VenueFill) -> object:
    return {
        "id": fill.trade_id,
        "orderId": fill.oid,
        "symbol": fill.ticker,
        "side": _side(fill.sign),
        "price": fill.price,
        "qty": fill.qty,
        "time": fill.time_ms,
        "maker": fill.is_maker,
    }


def _position(name: str, held: object) -> object:
    return {
        "symbol": name,
        "positionAmt": held.amount,  # type: ignore[attr-defined]
        "entryPrice": round(held.entry, 6),  # type: ignore[attr-defined]
        "updateTime": held.updated_ms,  # type: ignore[attr-defined]
    }
