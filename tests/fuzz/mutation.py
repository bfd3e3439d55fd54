"""How a payload is changed: a field's type, sign, size or unit, a whole part, or some bytes.

Everything is drawn from the generator that is passed in: the same generator, the same case.
"""

import json
import pickle
import re
from random import Random
from typing import Any

from tests.fuzz.cases import SEEDS, STREAMS, Case

RAW = re.compile(r'"@raw@(?P<text>[^"]*)"')
MOST_FRAMES = 6
# What the log is fed from is tried most.
OFTEN = {
    "user": 8,
    "fills": 4,
    "open-orders": 3,
    "order": 3,
    "positions": 3,
    "outcome-http": 2,
    "orders": 2,
}
DIGITS = re.compile(r"\d+")
# What json.dumps cannot write: it is put in as it stands.
BARE = (
    "NaN", "Infinity", "-Infinity", "1e400", "-0", "1E+999999999", "01", "+1", ".5", "1.", "0x1F",
    "9" * 30, "9" * 5_000, "-" + "9" * 25, "1e-400", "true", "nul", "1.0000000000000000000000001",
)  # fmt: skip
WORDS = (
    "", "NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "-0.0", "1e15", "1E+999999999",
    "1e-999999999", "0.1" + "1" * 70, "9" * 4_000, "1_000", "\u0661\u0662", " 1 ", "null", "0x1f",
    "\ud800", "\udfff\ud800", "\u0000", "a\nb", "SOLUSDT", "ETHUSDT", "ETH", "@107", "xyz:TSLA",
    "BUY", "SELL", "A", "B", "HOLD", "FILLED", "NEW", "canceled", "odd", "x" * 300, ".", "*", ">",
    "oms.venue.binance", "BOTH", "LONG", "\u202e", "{}", "[]",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**25)
FACTORS = (1_000, 1_000_000, -1, 10)


def case_of(rng: Random) -> Case:
    """Draw a case: one or a few payloads of one kind, most of them changed."""
    venue = rng.choice(tuple(SEEDS))
    kinds = tuple(SEEDS[venue])
    weights = [OFTEN.get(kind, 1) for kind in kinds]
    kind = rng.choices(kinds, weights)[0]
    count = rng.randint(1, MOST_FRAMES) if kind in STREAMS else 1
    payloads = tuple(_payload(rng, rng.choice(SEEDS[venue][kind])) for _ in range(count))
    if kind in STREAMS:
        return Case(venue, kind, payloads)
    status = rng.choice((200, 200, 200, 200, 400, 418, 429, 503, 0, 2**31))
    return Case(venue, kind, payloads, status, _headers(rng))


def _headers(rng: Random) -> tuple[tuple[str, str], ...]:
    if rng.random() < 0.7:
        return ()
    names = ("retry-after", "x-mbx-used-weight-1m", "x-mbx-order-count-10s")
    values = ("1", "-1", "9" * 30, "9" * 5_000, "\u0661", "soon", "")
    return tuple((name, rng.choice(values)) for name in names)


def _payload(rng: Random, seed: Any) -> bytes:
    if rng.random() < 0.1:
        return json.dumps(seed).encode()
    value = pickle.loads(pickle.dumps(seed))  # noqa: S301  (our own; quicker than a deep copy)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _changed(rng, value)
    written = _written(value)
    return _garbled(rng, written) if rng.random() < 0.1 else written


def _written(value: Any) -> bytes:
    text = RAW.sub(lambda match: match["text"], json.dumps(value))
    return text.encode("utf-8", "surrogatepass")


def _changed(rng: Random, value: Any) -> Any:
    """Return the value with one part of it, at any depth, changed."""
    if isinstance(value, dict | list) and value and rng.random() < 0.95:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = rng.choice(keys)
        inner = value[key]
        goes_in = isinstance(inner, dict | list) and inner
        if goes_in and rng.random() < 0.9:
            value[key] = _changed(rng, inner)
        else:
            _replace(rng, value, key)
        return value
    return _other(rng, value)


def _replace(rng: Random, parent: Any, key: Any) -> None:
    drawn = rng.random()
    if drawn < 0.08:
        del parent[key]
    elif drawn < 0.12 and isinstance(parent, list):
        parent.extend([parent[key]] * rng.randint(1, 3))
    elif drawn < 0.16:
        other = rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[key], parent[other] = parent[other], parent[key]
    else:
        parent[key] = _other(rng, parent[key])


def _other(rng: Random, value: Any) -> Any:
    """Return what stands in a value's place; as a rule of nearly its own kind."""
    if rng.random() < 0.6:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return _other_number(rng, value)
        if isinstance(value, str):
            return _other_text(rng, value)
    return _anything(rng)


def _other_number(rng: Random, value: int) -> Any:
    factor = rng.choice(FACTORS)
    return rng.choice((value * factor, value // 1_000, value + 1, -value, str(value), float(value)))


def _other_text(rng: Random, text: str) -> Any:
    shifted = f"{text}000", f"-{text}", f"0.{text}", f"{text}e3", text[:-1], text.swapcase()
    digits = DIGITS.sub(rng.choice(("9" * 5_000, "9" * 19, "0", "-1")), text)
    return rng.choice((*shifted, digits, rng.choice(WORDS)))


def _anything(rng: Random) -> Any:
    drawn = rng.random()
    if drawn < 0.35:
        return rng.choice(WORDS)
    if drawn < 0.55:
        return rng.choice(NUMBERS)
    if drawn < 0.75:
        return f"@raw@{rng.choice(BARE)}"
    if drawn < 0.78:
        deep = rng.choice((3, 40, 600, 3_000))
        return f"@raw@{'[' * deep}{']' * deep}"
    return rng.choice((None, True, False, [], {}, [None], {"a": 1}, 0.5, [[]]))


def _garbled(rng: Random, payload: bytes) -> bytes:
    """Return the bytes with a few of them flipped, cut out, doubled or put in."""
    if not payload:
        return bytes([rng.randrange(256)])
    at = rng.randrange(len(payload))
    end = min(len(payload), at + rng.randint(1, 8))
    return rng.choice(
        (
            payload[:at],
            payload[:at] + bytes([rng.randrange(256)]) + payload[at + 1 :],
            payload[:at] + payload[end:],
            payload[:end] + payload[at:],
            payload[:at] + rng.choice((b"\xff", b"\xed\xa0\x80", b"\x00", b'"', b"}", b"{"))
            + payload[at:],
            rng.choice((b"[", b'{"data":', b'{"a":')) * rng.choice((5, 2_000)) + payload,
        )
    )  # fmt: skip
