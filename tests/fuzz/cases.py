"""What is fed to a gateway's codecs: frames of one connection in turn, or the answers to one ask.

The seeds are the real payloads of tests/data; where those hold no frame of a kind, the venue's
documents give one.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
STREAMS = ("user", "market", "marks", "orders")
BINANCE, HYPERLIQUID = "binance", "hyperliquid"


@dataclass(frozen=True)
class Case:
    """`kind` is a channel's name, or what was asked for; `headers` are an answer's."""

    venue: str
    kind: str
    payloads: tuple[bytes, ...]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the case as the corpus keeps it."""
        payloads = [base64.b64encode(one).decode() for one in self.payloads]
        head = {"venue": self.venue, "kind": self.kind, "status": self.status}
        return json.dumps({**head, "headers": self.headers, "payloads": payloads}, indent=1) + "\n"


def read_case(text: str) -> Case:
    kept = json.loads(text)
    return Case(
        kept["venue"],
        kept["kind"],
        tuple(base64.b64decode(one) for one in kept["payloads"]),
        kept["status"],
        tuple((name, value) for name, value in kept["headers"]),
    )


def _read(venue: str, name: str) -> Any:
    return json.loads((DATA / venue / f"{name}.json").read_bytes())


def _binance() -> dict[str, list[Any]]:
    names = sorted(path.stem for path in (DATA / BINANCE).glob("*.json"))
    rest = {
        "order": ["order_query"],
        "open-orders": ["open_orders"],
        "fills": ["user_trades"],
        "positions": ["position_risk_v3"],
        "balance": ["account_v3"],
        "instruments": ["exchange_info"],
        "outcome-http": [name for name in names if name.startswith(("order_ack", "order_cancel"))],
        "outcome-websocket": ["ws_place_accepted", "ws_cancel_refused"],
        "orders": [name for name in names if name.startswith("ws_")],
        "market": ["stream_depth20", "stream_book_ticker"],
        "marks": ["stream_mark_price"],
    }
    taken = {name for group in rest.values() for name in group}
    seeds = {kind: [_read(BINANCE, name) for name in group] for kind, group in rest.items()}
    events = [_read(BINANCE, name) for name in names if name not in taken]
    refused = {"code": -1003, "msg": "Way too many requests; banned until 1790000060000."}
    return seeds | {
        "user": [*events, *({"stream": "key", "data": event} for event in events)],
        "time": [{"serverTime": 1790000000125}],
        "listen-key": [{"listenKey": "k"}],
        "refused": [refused, {"code": -2011, "msg": "Unknown order sent."}],
    }


def _hyperliquid() -> dict[str, list[Any]]:
    fills, updates = _read(HYPERLIQUID, "user_fills"), _read(HYPERLIQUID, "order_updates")
    live = {**fills, "data": {**fills["data"], "isSnapshot": False}}
    answers = list(_read(HYPERLIQUID, "answers").values())
    levels = [[{"px": "82770.0", "sz": "1.5", "n": 3}], [{"px": "82771.0", "sz": "2.0", "n": 1}]]
    posts = [
        {"channel": "post", "data": {"id": 7, "response": {"type": "action", "payload": one}}}
        for one in answers
    ]
    at_ms, coin = 1770118781600, "BTC"
    return {
        "user": [fills, live, updates, {"channel": "error", "data": "Already subscribed: {}"}],
        "market": [
            {"channel": "l2Book", "data": {"coin": coin, "time": at_ms, "levels": levels}},
            {"channel": "bbo", "data": {"coin": coin, "time": at_ms, "bbo": [levels[0][0], None]}},
            {
                "channel": "activeAssetCtx",
                "data": {"coin": coin, "ctx": {"markPx": "82770.5", "midPx": "82770.4"}},
            },
        ],
        "orders": [*posts, {"channel": "error", "data": "too many pending post requests id=7"}],
        "outcome-http": answers,
        "outcome-websocket": posts,
        "order": [_read(HYPERLIQUID, "order_status"), {"status": "unknownOid"}],
        "open-orders": [_read(HYPERLIQUID, "open_orders")],
        "fills": [fills["data"]["fills"]],
        "positions": [_read(HYPERLIQUID, "clearinghouse_state")],
        "balance": [_read(HYPERLIQUID, "clearinghouse_state")],
        "instruments": [_read(HYPERLIQUID, "meta")],
        "time": [{"time": at_ms, "specialStatuses": None}],
        "role": [{"role": "agent", "data": {"user": "0x" + "1" * 40}}, {"role": "missing"}],
        "refused": [None, {"error": "L1 error: Too many cumulative requests sent"}],
    }


SEEDS = {BINANCE: _binance(), HYPERLIQUID: _hyperliquid()}
