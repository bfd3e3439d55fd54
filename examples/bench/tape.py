"""The benchmark's market: a tape of trades at a fixed rate that fill one resting maker order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tandem.domain.units import NS_PER_MS, NS_PER_S

SYMBOL = "SOLUSDT"
START_NS = 1_790_000_000 * NS_PER_S
BID, ASK = "149.95", "150.05"


@dataclass(frozen=True, slots=True)
class Pace:
    """`count` trades of `qty` at `price`, `rate_hz` a second, after `lead_ms` of quiet."""

    count: int
    rate_hz: int
    price: str
    qty: str
    lead_ms: int = 500


def write_tape(path: Path, pace: Pace) -> None:
    """Write the tape in the recorders' format: receive time, then the combined-stream JSON."""
    with path.open("w") as file:
        file.write(_line(START_NS, _depth()))
        for index in range(pace.count):
            ts_ns = START_NS + pace.lead_ms * NS_PER_MS + index * NS_PER_S // pace.rate_hz
            file.write(_line(ts_ns, _trade(index, ts_ns, pace)))


@dataclass(frozen=True, slots=True)
class Swings:
    """`count` trades of `qty`, `rate_hz` a second: `swing` buys at ASK, as many sells at BID."""

    count: int
    rate_hz: int
    qty: str
    swing: int = 1_000

    def __iter__(self) -> Iterator[tuple[int, bool, str]]:
        """Yield when each trade comes, whether its buyer was resting, and at which price."""
        for index in range(self.count):
            is_sell = bool(index // self.swing % 2)
            ts_ns = START_NS + NS_PER_S + index * NS_PER_S // self.rate_hz
            yield ts_ns, is_sell, BID if is_sell else ASK


def write_swings(path: Path, swings: Swings) -> None:
    """Write a tape that fills makers of both sides, so that no position grows without bound."""
    with path.open("w") as file:
        file.write(_line(START_NS, _depth()))
        for index, (ts_ns, is_sell, price) in enumerate(swings):
            pace = Pace(swings.count, swings.rate_hz, price, swings.qty)
            file.write(_line(ts_ns, _trade(index, ts_ns, pace, is_sell=is_sell)))


def _line(ts_ns: int, message: dict[str, object]) -> str:
    return f"{ts_ns} {json.dumps(message)}\n"


def _depth() -> dict[str, object]:
    """Return a book around 150 that leaves the maker's own price empty."""
    bids = [[f"{149.9 - step * 0.01:.2f}", "500.00"] for step in range(20)]
    asks = [[f"{150.1 + step * 0.01:.2f}", "500.00"] for step in range(20)]
    ms = START_NS // NS_PER_MS
    data = {"e": "depthUpdate", "E": ms, "T": ms, "s": SYMBOL, "U": 1, "u": 2, "pu": 0}
    return {"stream": f"{SYMBOL.lower()}@depth@0ms", "data": data | {"b": bids, "a": asks}}


def _trade(index: int, ts_ns: int, pace: Pace, *, is_sell: bool = False) -> dict[str, object]:
    ms = ts_ns // NS_PER_MS
    data = {"e": "trade", "E": ms, "T": ms, "s": SYMBOL, "t": index + 1, "p": pace.price}
    data |= {"q": pace.qty, "X": "MARKET", "m": is_sell}
    return {"stream": f"{SYMBOL.lower()}@trade", "data": data}
