"""A venue with a still SOL book and traders who sign with the official SDK's own functions."""

import json
from decimal import Decimal
from typing import Any

import eth_account
import msgspec
from hyperliquid.utils import signing

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import DepthSnapshot, Level, Mark, Trade
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.exchange.outbox import News
from services.paper_hyperliquid.info.info import Info
from services.paper_hyperliquid.service import MASTER, new_venue
from services.paper_hyperliquid.wire.info_requests import decode_info
from services.paper_hyperliquid.wire.schemas import decode_envelope
from tandem.domain.units import NS_PER_MS

MASTER_KEY = "0x" + "11" * 32
AGENT_KEY = "0x" + "22" * 32
STRANGER_KEY = "0x" + "33" * 32
OTHER_KEY = "0x" + "44" * 32
SOL = 5
START_NS = 1_790_000_000_000_000_000
CLOID = "0x0000000000000000000000000000beef"
NO_LIMITS = Settings(schedule_volume_required_usd=0)

# Ten SOL at each of 149.99, 149.98, … and 150.01, 150.02, …
BIDS = tuple(Level(Decimal(14999 - n) / 100, Decimal(10)) for n in range(20))
ASKS = tuple(Level(Decimal(15001 + n) / 100, Decimal(10)) for n in range(20))


def address_of(key: str) -> str:
    return str(eth_account.Account.from_key(key).address).lower()


def limit(side: str, px: str, size: str, tif: str = "Gtc", **changes: object) -> dict[str, Any]:
    """A SOL limit order on the wire."""
    wire = {"a": SOL, "b": side == "buy", "p": px, "s": size, "r": False}
    return wire | {"t": {"limit": {"tif": tif}}} | changes


def trigger(side: str, tpsl: str, trigger_px: str, size: str, **changes: object) -> dict[str, Any]:
    """A SOL market trigger order on the wire, far from its worst price, reduce-only."""
    px = "200" if side == "buy" else "100"
    kind = {"isMarket": True, "triggerPx": trigger_px, "tpsl": tpsl}
    wire = {"a": SOL, "b": side == "buy", "p": px, "s": size, "r": True}
    return wire | {"t": {"trigger": kind}} | changes


class Floor:
    """The venue and a clock that moves a millisecond per request."""

    def __init__(self, settings: Settings = NO_LIMITS) -> None:
        self.now_ns = START_NS
        self.venue = new_venue(settings, self.now_ms)
        self.info = Info(self.venue)
        self.show_book()

    @property
    def now_ms(self) -> int:
        return self.now_ns // NS_PER_MS

    def show_book(self) -> None:
        self.venue.apply_market(DepthSnapshot("SOL", 0, BIDS, ASKS), self.now_ns)
        self.venue.take_news()

    def mark(self, px: str) -> None:
        self.venue.apply_market(Mark("SOL", 0, Decimal(px)), self.now_ns)

    def trade(self, side: Side, px: str, qty: str) -> None:
        trade = Trade("SOL", 0, Decimal(px), Decimal(qty), side)
        self.venue.apply_market(trade, self.now_ns)

    def pass_ms(self, duration_ms: int) -> None:
        self.now_ns += duration_ms * NS_PER_MS

    def post(self, action: dict[str, Any], key: str = MASTER_KEY, **envelope: Any) -> Any:
        """Sign and send an action; return the JSON answer."""
        self.pass_ms(1)
        nonce = envelope.pop("nonce", self.now_ms)
        mainnet = envelope.pop("mainnet", False)
        wallet = eth_account.Account.from_key(key)
        vault, expiry = envelope.get("vaultAddress"), envelope.get("expiresAfter")
        signature = signing.sign_l1_action(wallet, action, vault, nonce, expiry, mainnet)
        return self.send({"action": action, "nonce": nonce, "signature": signature} | envelope)

    def send(self, body: dict[str, Any]) -> Any:
        """Send a signed body; return the JSON answer."""
        envelope = decode_envelope(json.dumps(body))
        return json.loads(msgspec.json.encode(self.venue.exchange(envelope, self.now_ns).answer))

    def order(self, *orders: dict[str, Any], **envelope: Any) -> list[Any]:
        """Place orders; return the statuses."""
        action = {"type": "order", "orders": list(orders), "grouping": "na"}
        return self.statuses(self.post(action, **envelope))

    def group(self, grouping: str, *orders: dict[str, Any]) -> Any:
        return self.post({"type": "order", "orders": list(orders), "grouping": grouping})

    def cancel(self, oid: int, asset: int = SOL) -> Any:
        action = {"type": "cancel", "cancels": [{"a": asset, "o": oid}]}
        return self.statuses(self.post(action))[0]

    def cancel_cloid(self, cloid: str = CLOID, asset: int = SOL) -> Any:
        cancels = [{"asset": asset, "cloid": cloid}]
        return self.statuses(self.post({"type": "cancelByCloid", "cancels": cancels}))[0]

    def modify(self, oid: int | str, order: dict[str, Any], **members: Any) -> Any:
        modifies = [{"oid": oid, "order": order}]
        action = {"type": "batchModify", "modifies": modifies} | members
        return self.statuses(self.post(action))[0]

    @staticmethod
    def statuses(answer: Any) -> list[Any]:
        assert answer["status"] == "ok", answer
        return list(answer["response"]["data"]["statuses"])

    def rest(self, side: str, px: str, size: str, **changes: Any) -> int:
        """Place an order that rests; return its oid."""
        return int(self.order(limit(side, px, size, **changes))[0]["resting"]["oid"])

    def take(self, side: str, size: str) -> int:
        """Trade at once; return the oid."""
        px = "160" if side == "buy" else "140"
        return int(self.order(limit(side, px, size, "Ioc"))[0]["filled"]["oid"])

    def ask(self, kind: str, **members: object) -> Any:
        """Ask /info; return the JSON payload."""
        question = decode_info(json.dumps({"type": kind} | members).encode())
        return json.loads(msgspec.json.encode(self.info.answer(question, self.now_ms)))

    def ask_mine(self, kind: str, **members: object) -> Any:
        return self.ask(kind, user=MASTER, **members)

    def status_of(self, oid: int | str) -> str:
        found = self.ask_mine("orderStatus", oid=oid)
        return str(found["order"]["status"] if found["status"] == "order" else found["status"])

    def position(self) -> str:
        rows = self.ask_mine("clearinghouseState")["assetPositions"]
        return str(rows[0]["position"]["szi"]) if rows else "0.0"

    def news(self) -> News:
        return self.venue.take_news()

    def updates(self) -> list[tuple[int, str, str]]:
        """The master's order updates since the last call: oid, status, remaining size."""
        told = self.news().users
        return [
            (record.oid, record.status.value, str(record.sz))
            for user_news in told.values()
            for record in user_news.updates
        ]
