"""A venue with Hyperliquid's rules and words around the simulated engine.

1. An action is taken once a nonce of its signer; the same nonce again is refused.
2. Actions wait for blocks: while the chain stalls its time stands still, and what waits is judged
   by `expiresAfter` when a block comes.
3. Events tell no cumulative quantity: an order's end is a word, its fills come on another
   channel, and fills may come without the order.
"""

import random
from decimal import Decimal

import msgspec

from tandem.transport.exchange import HttpRequest
from tests.simulation.forced import hyperliquid_part
from tests.simulation.network import Reply, Weather, Wire
from tests.simulation.venue import CANCELLED, EXPIRED, LIVE, Venue, VenueFill, VenueOrder

HOST = "hyperliquid.sim"
ACCOUNT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
NOOP = b"noop"
GONE = "Order was never placed, already canceled, or filled."
NO_MATCH = "Order could not immediately match against any resting orders. asset=0"
REFUSALS = (
    "Insufficient margin to place order. asset=0",
    "Order price too far from oracle asset=0",
    "Too many cumulative requests sent (1 > 0) for cumulative volume traded $0.",
    "A rule that no table lists. asset=0",
    "Builder fee has not been approved. asset=0",
)
_json = msgspec.json.Encoder()


class _Limit(msgspec.Struct):
    tif: str


class _Kind(msgspec.Struct):
    limit: _Limit


class _Order(msgspec.Struct):
    a: int
    b: bool
    p: Decimal
    s: Decimal
    t: _Kind
    r: bool = False
    c: str = ""


class _Cancel(msgspec.Struct):
    a: int = 0
    o: int | None = None
    cloid: str | None = None


class _Action(msgspec.Struct):
    type: str
    orders: list[_Order] = []
    cancels: list[_Cancel] = []


class _Signature(msgspec.Struct):
    r: str


class _Body(msgspec.Struct, rename="camel"):
    action: _Action
    nonce: int
    signature: _Signature
    expires_after: int | None = None


class _Request(msgspec.Struct):
    payload: msgspec.Raw


class _Subscription(msgspec.Struct, omit_defaults=True):
    type: str
    user: str | None = None
    coin: str | None = None


class _Frame(msgspec.Struct):
    method: str
    id: int = 0
    request: _Request | None = None
    subscription: _Subscription | None = None


class _Info(msgspec.Struct, rename="camel"):
    type: str
    oid: int | str | None = None
    start_time: int = 0


_frame = msgspec.json.Decoder(_Frame)
_body = msgspec.json.Decoder(_Body)
_info = msgspec.json.Decoder(_Info)


class HyperliquidFront:
    """The info and exchange endpoints and the sockets of one account; satisfies `Front`."""

    def __init__(self, venue: Venue, weather: Weather, rng: random.Random) -> None:
        self.venue, self.weather, self.rng = venue, weather, rng
        self.users: dict[str, list[Wire]] = {"orderUpdates": [], "userFills": []}
        self.markets: list[Wire] = []
        self.all: list[Wire] = []
        self.nonces: dict[tuple[str, int], bytes] = {}
        self.reused: list[str] = []
        self._waiting: list[tuple[bytes, _Done]] = []
        venue.tell = self._tell

    # Connections.

    def opened(self, wire: Wire, url: str) -> None:
        self.all.append(wire)

    def closed(self, wire: Wire) -> None:
        for name, wires in self.users.items():
            self.users[name] = [one for one in wires if one is not wire]
        self.markets = [one for one in self.markets if one is not wire]
        self.all = [one for one in self.all if one is not wire]

    def wires(self) -> list[Wire]:
        return list(self.all)

    def frame(self, wire: Wire, frame: bytes) -> None:
        asked = _frame.decode(frame)
        if asked.method == "ping":
            wire.push("reply", b'{"channel":"pong"}')
        elif asked.subscription is not None:
            self._subscribe(wire, asked.subscription)
        elif asked.request is not None:
            self._act(bytes(asked.request.payload), _Done(self, wire, asked.id))
            if self.weather.strikes("cut_after"):
                wire.cut("cut after a request arrived")

    def _subscribe(self, wire: Wire, wanted: _Subscription) -> None:
        data = {"method": "subscribe", "subscription": wanted}
        wire.push("reply", _json.encode({"channel": "subscriptionResponse", "data": data}))
        if wanted.type in self.users:
            self.users[wanted.type].append(wire)
        elif wire not in self.markets:
            self.markets.append(wire)
            self.tick_market(wire)

    def http(self, request: HttpRequest, reply: Reply) -> None:
        if self.weather.is_down:
            reply(502, b"bad gateway")
        elif request.url.endswith("/info"):
            reply(200, _json.encode(self._told(_info.decode(request.body))))
        else:
            self._act(request.body, _Done(self, None, 0, reply))

    # Actions.

    def _act(self, body: bytes, done: "_Done") -> None:
        if self.venue.stalled_at_ms is not None:
            self.venue.counts["actions stalled"] += 1
            self._waiting.append((body, done))
            return
        self._carry_out(body, done)

    def resume(self) -> None:
        """Blocks come again: what waited is judged now."""
        self.venue.resume()
        waiting, self._waiting = self._waiting, []
        for body, done in waiting:
            self._carry_out(body, done)

    def begin_anew(self) -> None:
        """Restart: what waited for a block is lost; books and nonces are those of before."""
        self._waiting.clear()
        self.venue.restart()

    def _carry_out(self, payload: bytes, done: "_Done") -> None:
        body, venue = _body.decode(payload), self.venue
        for order in body.action.orders:
            venue.asked(order.c)
        if body.expires_after is not None and body.expires_after < venue.now_ms():
            venue.counts["outside the window"] += 1
            done.refuse("Action already expired")
            return
        key = (body.signature.r, body.nonce)
        mark = NOOP if body.action.type == "noop" else payload
        if key in self.nonces:
            venue.counts["duplicate nonces refused"] += 1
            if NOOP not in {self.nonces[key], mark} and self.nonces[key] != mark:
                self.reused.append(f"nonce {body.nonce} of {key[0]} for other bytes")
            done.refuse("Invalid nonce: duplicate nonce")
            return
        self.nonces[key] = mark
        self._dispatch(body.action, done)

    def _dispatch(self, action: _Action, done: "_Done") -> None:
        match action.type:
            case "order":
                self._place(action.orders[0], done)
            case "cancel" | "cancelByCloid":
                self._cancel(action.cancels[0], done)
            case _:
                self.venue.counts["noops"] += 1
                done.answer({"status": "ok", "response": {"type": "default"}})

    def _place(self, asked: _Order, done: "_Done") -> None:
        venue, odds = self.venue, self.venue.odds
        roll = 1_000 if self.weather.is_calm else self.rng.randrange(1_000)
        if roll < odds.timeout_lost:
            venue.counts["5xx not executed"] += 1
            done.fail()
            return
        refusal = self._refusal(asked) or self.venue.unlisted.text()
        if refusal:
            done.status({"error": refusal})
            return
        order = venue.accept(_order_of(asked, venue.contract.ticker))
        if roll < odds.timeout_lost + odds.timeout_executed:
            venue.counts["5xx executed"] += 1
            done.fail()
            return
        if order.filled:
            filled = {"totalSz": order.filled, "avgPx": venue.mark, "oid": order.oid}
            done.status({"filled": filled})
        elif order.status == LIVE:
            done.status({"resting": {"oid": order.oid}})
        else:
            done.status({"error": NO_MATCH})

    def _refusal(self, asked: _Order) -> str:
        contract = self.venue.contract
        if asked.s % contract.lot:
            self.venue.counts["filter failures"] += 1
            return "Order has invalid size."
        if not asked.r and asked.s * asked.p < contract.min_notional:
            self.venue.counts["filter failures"] += 1
            return "Order must have minimum value of $10. asset=0"
        if not self.weather.is_calm and self.rng.randrange(1_000) < self.venue.odds.refuse:
            self.venue.counts["orders refused"] += 1
            return self.rng.choice(REFUSALS)
        return ""

    def _cancel(self, asked: _Cancel, done: "_Done") -> None:
        order = self.venue.find(oid=asked.o, cloid=asked.cloid)
        if order is None or order.status != LIVE:
            done.status({"error": GONE})
            return
        self.venue.cancel(order)
        done.status("success")

    # Questions.

    def _told(self, asked: _Info) -> object:
        venue = self.venue
        match asked.type:
            case "exchangeStatus":
                return {"time": venue.now_ms()}
            case "meta":
                decimals = -int(venue.contract.lot.as_tuple().exponent)
                return {"universe": [{"name": venue.contract.ticker, "szDecimals": decimals}]}
            case "userRole":
                return {"role": "agent", "data": {"user": ACCOUNT}}
            case "orderStatus":
                return self._order_status(asked.oid)
            case "frontendOpenOrders":
                now_ms = venue.now_ms()
                return [_row(one) for one in venue.open.values() if one.seen_ms <= now_ms]
            case "historicalOrders":
                return [_state(one) for one in venue.recent()]
            case "userFillsByTime":
                rows = [one for one in venue.books.fills if one.time_ms >= asked.start_time]
                return [_fill(one) for one in rows[:2_000]]
            case "clearinghouseState":
                return self._state()
            case _:
                raise ValueError(f"no such question: {asked.type}")

    def _order_status(self, name: int | str | None) -> object:
        oid = name if isinstance(name, int) else None
        order = self.venue.find(oid=oid, cloid=None if oid is not None else str(name))
        if order is None:
            return {"status": "unknownOid"}
        return {"status": "order", "order": _state(order)}

    def _state(self) -> object:
        rows = [
            {"position": {"coin": name, "szi": held.amount, "entryPx": round(held.entry, 6)}}
            for name, held in self.venue.books.holdings.items()
            if held.amount
        ]
        return {
            "marginSummary": {"accountValue": "1000000"},
            "withdrawable": "1000000",
            "assetPositions": rows,
            "time": self.venue.now_ms(),
        }

    # Events.

    def _tell(self, order: VenueOrder, fill: VenueFill | None) -> None:
        if fill is not None:
            data = {"user": ACCOUNT, "fills": [_fill(fill)]}
            self._push("userFills", data)
        if fill is None or order.status != LIVE:
            self._push("orderUpdates", [_state(order)])

    def _push(self, channel: str, data: object) -> None:
        weather = self.weather
        if weather.muted:
            weather.counts["events muted"] += 1
            return
        frame = _json.encode({"channel": channel, "data": data})
        for wire in self.users[channel]:
            if weather.strikes("drop_event"):
                continue
            wire.push(channel, frame, weather.event_delay_ns())
            if weather.strikes("repeat_event"):
                wire.push(channel, frame, weather.event_delay_ns())

    def tick_markets(self) -> None:
        for wire in tuple(self.markets):
            self.tick_market(wire)

    def tick_market(self, wire: Wire) -> None:
        """Tell one market connection where the market stands."""
        now_ms, mark, coin = self.venue.now_ms(), self.venue.mark, self.venue.contract.ticker
        bids, asks = [_level(mark - Decimal("0.05"))], [_level(mark + Decimal("0.05"))]
        book = {"coin": coin, "time": now_ms, "levels": [bids, asks]}
        wire.push("market", _json.encode({"channel": "l2Book", "data": book}))
        context = {"coin": coin, "ctx": {"markPx": mark}}
        wire.push("market", _json.encode({"channel": "activeAssetCtx", "data": context}))


class _Done:
    """Where the answer to one action goes."""

    def __init__(
        self, front: HyperliquidFront, wire: Wire | None, call: int, reply: Reply | None = None
    ) -> None:
        self._front, self._wire, self._call, self._reply = front, wire, call, reply

    def status(self, status: object) -> None:
        data = {"type": "order", "data": {"statuses": [status]}}
        self.answer({"status": "ok", "response": data})

    def refuse(self, text: str) -> None:
        self.answer({"status": "err", "response": text})

    def answer(self, payload: object) -> None:
        if self._reply is not None:
            self._reply(200, _json.encode(payload))
            return
        self._push({"type": "action", "payload": payload})

    def fail(self) -> None:
        """Answer without saying what became of it."""
        if self._reply is not None:
            self._reply(502, b"bad gateway")
            return
        self._push({"type": "error", "payload": "502 Bad Gateway"})

    def _push(self, response: object) -> None:
        weather = self._front.weather
        if self._wire is None or weather.strikes("lost_answer"):
            return
        late_ns = 0
        if weather.strikes("late_answer"):
            late_ns = weather.rng.randint(800, 2_500) * 1_000_000
        data = {"id": self._call, "response": response}
        self._wire.push("reply", _json.encode({"channel": "post", "data": data}), late_ns)


def _order_of(asked: _Order, ticker: str) -> VenueOrder:
    return VenueOrder(
        oid=0,
        cloid=asked.c,
        ticker=ticker,
        sign=1 if asked.b else -1,
        qty=asked.s,
        price=asked.p,
        tif="IOC" if asked.t.limit.tif == "Ioc" else asked.t.limit.tif,
        placed_ms=0,
        seen_ms=0,
        reduce_only=asked.r,
    )


def _level(price: Decimal) -> object:
    return {"px": price, "sz": "500"}


def _word(order: VenueOrder) -> str:
    if order.status == LIVE:
        return "open"
    if order.status == EXPIRED:
        return "filled" if order.filled else "iocCancelRejected"
    return "canceled" if order.status == CANCELLED else "filled"


def _row(order: VenueOrder) -> object:
    return {
        "coin": order.ticker,
        "side": "B" if order.sign > 0 else "A",
        "limitPx": order.price,
        "sz": order.left,
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "origSz": order.qty,
        "cloid": order.cloid or None,
        "reduceOnly": order.reduce_only,
        "tif": "Ioc" if order.tif == "IOC" else "Gtc",
    }


def _state(order: VenueOrder) -> object:
    return {"order": _row(order), "status": _word(order), "statusTimestamp": order.updated_ms}


def _fill(fill: VenueFill) -> object:
    row = {
        "coin": fill.ticker,
        "px": fill.price,
        "sz": fill.qty,
        "side": "B" if fill.sign > 0 else "A",
        "time": fill.time_ms,
        "startPosition": fill.start_position,
        "oid": fill.oid,
        "crossed": not fill.is_maker,
        "tid": fill.trade_id,
        **hyperliquid_part(fill.forced),
    }
    if fill.cloid.startswith("0x"):
        row["cloid"] = fill.cloid
    return row
