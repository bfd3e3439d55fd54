"""A venue without sockets, with books on two symbols, and requests to it at a given time."""

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import msgspec

from services.paper_binance.auth.keyring import PAPER_ACCOUNT, PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from services.paper_binance.auth.limits import Address
from services.paper_binance.auth.signature import ApiKey, HmacSecret
from services.paper_binance.exchange.contracts import CONTRACTS
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.rest import Answer, RestRequest, answer
from services.paper_binance.stream.user_events import user_news
from services.paper_exchange.engine.events import Event
from services.paper_exchange.market.events import DepthSnapshot, Level
from tandem.domain.units import NS_PER_MS

OTHER = "../"
NOW_MS = 1_591_702_613_943
DOCUMENTED_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
DOCUMENTED_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
V1_QUERY = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
V1_SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
LIMIT = {
    "symbol": "SOLUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
    "quantity": "1", "price": "149.50",
}  # fmt: skip
MARKET = {"symbol": "SOLUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


def venue_with_books() -> Venue:
    venue = Venue(dict(CONTRACTS), lambda: 0)
    venue.keyring.add(ApiKey(DOCUMENTED_KEY), PAPER_ACCOUNT, HmacSecret(DOCUMENTED_SECRET))
    for symbol, mid, tick in (("BTCUSDT", "64000", "0.1"), ("SOLUSDT", "150", "0.01")):
        steps = [Decimal(tick) * step for step in range(1, 8)]
        bids = tuple(Level(Decimal(mid) - step, Decimal(5)) for step in steps)
        asks = tuple(Level(Decimal(mid) + step, Decimal(5)) for step in steps)
        venue.engine.apply_market(DepthSnapshot(symbol, 0, bids, asks), NOW_MS * NS_PER_MS)
    return venue


class Listener:
    """Collects what every account is told, as JSON."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.events: list[Any] = []

    def engine_events(self, events: list[Event], now_ns: int, modify_id: str) -> None:
        for news in user_news(self.venue, events, now_ns, modify_id):
            self.events.append(json.loads(msgspec.json.encode(news.event)))

    def late_events(self, events: list[Event], now_ns: int, after_ms: int) -> None:
        for news in user_news(self.venue, events, now_ns, ""):
            told = json.loads(msgspec.json.encode(news.event))
            self.events.append(told | {"after_ms": after_ms})

    def user_event(self, account_id: object, event: object) -> None:
        self.events.append(json.loads(msgspec.json.encode(event)))

    def keys_ended(self, leases: object, now_ms: int) -> None:
        self.events.append({"e": "ended"})


def request(method: str, path: str, query: str, body: str = "", key: str = "") -> RestRequest:
    return RestRequest(
        method=method,
        path=f"/fapi/{path.removeprefix(OTHER)}" if path.startswith(OTHER) else f"/fapi/v1/{path}",
        query=query.encode(),
        body=body.encode(),
        api_key=key or PAPER_HMAC_KEY,
        address=Address("test"),
    )


def send(venue: Venue, method: str, path: str, **params: str) -> tuple[int, Any]:
    """Sign parameters, send them, and return status and JSON."""
    return send_at(venue, NOW_MS, method, path, **params)


def send_at(venue: Venue, now_ms: int, method: str, path: str, **params: str) -> tuple[int, Any]:
    """Send as at this time."""
    result = signed_answer(venue, method, path, now_ms, **params)
    return result.status, msgspec.json.decode(result.body)


def signed_answer(
    venue: Venue, method: str, path: str, now_ms: int = NOW_MS, /, **params: str
) -> Answer:
    """Sign parameters, send them, and return the whole answer."""
    pairs = {**params, "timestamp": str(now_ms)}
    query = "&".join(f"{name}={value}" for name, value in pairs.items())
    signature = hmac.new(PAPER_HMAC_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    sent = request(method, path, f"{query}&signature={signature}")
    return answer(venue, sent, now_ms * NS_PER_MS)


def refused(venue: Venue, method: str = "POST", path: str = "order", **params: str) -> int:
    """Return the code of a request that must be refused."""
    status, body = send(venue, method, path, **params)
    assert status >= 400, body
    return int(body["code"])


def code_of(result: Answer) -> tuple[int, int | None]:
    body = msgspec.json.decode(result.body)
    return result.status, body.get("code") if isinstance(body, dict) else None
