"""How a user event says what cannot be so: one field of it wrong, or no event at all.

Books and trades stay as they are: what is told is wrong, what happened is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

LATER_MS = 7
DEPTH = 2_000


class Garbling(StrEnum):
    """What is wrong; `other_time` tells the event as it is, and again with another time."""

    NAN = "nan"
    INFINITE = "infinite"
    NEGATIVE = "negative"
    THOUSANDFOLD = "thousandfold"
    NEGATIVE_TOTAL = "negative_total"
    OTHER_SYMBOL = "other_symbol"
    MICROSECONDS = "microseconds"
    OTHER_TIME = "other_time"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"


@dataclass(frozen=True, slots=True)
class FieldNames:
    """How a venue names, at any depth, an execution's size, an order's total, symbols and times."""

    sizes: frozenset[str]
    totals: frozenset[str]
    symbols: frozenset[str]
    times: frozenset[str]
    other_symbol: str


Change = Callable[[Any], Any]


def garbled(payload: bytes, garbling: Garbling, names: FieldNames) -> tuple[bytes, ...]:
    """Return what is written in place of an event."""
    match garbling:
        case Garbling.NOT_JSON:
            return (b"\xff" + payload[:-1],)
        case Garbling.TOO_DEEP:
            return (b'{"a":' * DEPTH,)
        case Garbling.OTHER_TIME:
            return (payload, _with(payload, names.times, lambda ms: ms + LATER_MS))
        case Garbling.MICROSECONDS:
            return (_with(payload, names.times, lambda ms: ms * 1_000),)
        case Garbling.OTHER_SYMBOL:
            return (_with(payload, names.symbols, lambda _: names.other_symbol),)
        case Garbling.NEGATIVE_TOTAL:
            return (_with(payload, names.totals, lambda _: "-1"),)
        case _:
            return (_with(payload, names.sizes, _SIZES[garbling]),)


_SIZES: dict[Garbling, Change] = {
    Garbling.NAN: lambda _: "NaN",
    Garbling.INFINITE: lambda _: "Infinity",
    Garbling.NEGATIVE: lambda _: "-1",
    Garbling.THOUSANDFOLD: lambda size: str(Decimal(size) * 1_000),
}


def _with(payload: bytes, names: frozenset[str], change: Change) -> bytes:
    return msgspec.json.encode(_changed(msgspec.json.decode(payload), names, change))


def _changed(value: Any, names: frozenset[str], change: Change) -> Any:
    if isinstance(value, dict):
        return {
            key: change(inner)
            if key in names and not isinstance(inner, dict | list)
            else _changed(inner, names, change)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_changed(inner, names, change) for inner in value]
    return value
