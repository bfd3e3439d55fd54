"""What each process of a desk keeps in memory while it hedges: `python -m examples.bench.memory`.

One desk of real processes; makers of many fills on both sides, hedged as they fill. At a twentieth,
a quarter, a half, three quarters and all of the fills the resident memory of each process is read.
What a process gains from the quarter to the end is what it keeps of fills that are long over: it
must stay below a limit, but for the exchanges (they keep their books: they are what audits compare
with) and nats-server (it keeps the log). Exits with 1 where it does not.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import aiohttp

from examples.bench.latency import environment
from examples.bench.rates import rss_kib
from examples.bench.tape import ASK, BID, Swings, write_swings
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.handles import LinkHandle
from tandem.client.oms import ClientOptions
from tandem.messages import subjects
from tandem.messages.deltas import BucketView, HedgeState
from tandem.runtime.clock import SystemClock
from tandem.runtime.interrupts import run_command

QTY = Decimal("0.10")
FILLS_OF_MAKER = 50
MAKERS_A_SIDE = 6
POLL_S = 0.05
SETTLE_S = 3.0
READINGS, BETWEEN_S = 8, 0.25
STALLED_S = 120.0
TAPE_TRADES = 100_000  # then the tape begins again
SHARES = (0.05, 0.25, 0.5, 0.75, 1.0)
FROM_SHARE = 0.25
KEEPERS = ("nats", "redis", "paper-binance", "paper-hyperliquid")
OVER = frozenset({HedgeState.DONE, HedgeState.REFUSED})
KIB_PER_MIB = 1_024
MIB = 1_048_576


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory by process in KiB, and the log's size, after so many hedged fills."""

    fills: int
    seconds: float
    rss_kib: Mapping[str, int]
    messages: Mapping[str, int]
    stored: Mapping[str, int]


@dataclass(slots=True)
class Quotes:
    """The makers at work on both sides, and what those that are over have filled."""

    oms: OMS
    live: dict[bool, list[LinkHandle]] = field(default_factory=lambda: {True: [], False: []})
    over: Decimal = Decimal(0)

    def hedged(self) -> int:
        """Return how many fills are hedged by now."""
        at_work = [one for side in self.live.values() for one in side]
        filled = self.over + sum((abs(one.maker_filled) for one in at_work), Decimal(0))
        bucket = self._bucket()
        return int((filled - (abs(bucket.owed) if bucket else 0)) / QTY)

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing that could be hedged is owed."""
        bucket = self._bucket()
        return bucket is not None and abs(bucket.owed) < QTY and not bucket.in_flight

    def standing(self) -> str:
        """Return what is owed and how the makers stand, for a run that does not go on."""
        states = [
            one.link.state if one.link else "?" for side in self.live.values() for one in side
        ]
        return f"makers {' '.join(states)}; {self._bucket()}"

    def _bucket(self) -> BucketView | None:
        return self.oms.hedges.bucket("hyperliquid", "SOL", self.oms.strategy)

    async def refill(self) -> None:
        """Let go of makers that are filled and place as many anew."""
        for is_buy, handles in self.live.items():
            for handle in [one for one in handles if _is_over(one)]:
                handles.remove(handle)
                self.over += abs(handle.maker_filled)
            for _ in range(MAKERS_A_SIDE - len(handles)):
                amount = QTY * FILLS_OF_MAKER * (1 if is_buy else -1)
                price = BID if is_buy else ASK
                maker = {"exc": "binance", "ticker": "SOLUSDT", "amount": amount, "price": price}
                leg = {"exc": "hyperliquid", "ticker": "SOL"}
                handles.append(await self.oms.hedge_order(maker, leg))


def _is_over(handle: LinkHandle) -> bool:
    return handle.link is not None and handle.link.state in OVER


def main() -> int:
    """Run the desk, print the table and the verdict."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    parser.add_argument("--fills", type=int, default=200_000, help="hedged fills")
    parser.add_argument("--hz", type=int, default=250, help="trades a second on the tape")
    parser.add_argument("--limit-mb", type=float, default=10.0, help="most growth, MB")
    parser.add_argument("--json", action="store_true", help="print one JSON line as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tandem-memory-") as name:
        directory = Path(name)
        write_swings(directory / "tape.jsonl", Swings(TAPE_TRADES, options.hz, str(QTY)))
        with LocalStack(_plan(directory)) as stack:
            samples = asyncio.run(_measure(stack, options.fills))
    growth = _growth(samples, options.fills)
    sys.stdout.write(_table(samples, growth))
    if options.json:
        line = {"bench": "memory", "growth_mb": growth, "samples": [_plain(one) for one in samples]}
        sys.stdout.write(json.dumps(line) + "\n")
    over = {
        name: mb for name, mb in growth.items() if name not in KEEPERS and mb > options.limit_mb
    }
    sys.stdout.write(f"above {options.limit_mb} MB: {over or 'none'}\n")
    return 1 if over else 0


def _plan(directory: Path) -> StackPlan:
    tape = ("--tape", str(directory / "tape.jsonl"), "--paused", "true", "--restarts", "true")
    paper = {
        "paper-binance": (*tape, "--symbols", "SOLUSDT"),
        "paper-hyperliquid": ("--symbols", "SOL"),
    }
    return StackPlan(checkout(), directory, paper=paper, environment=environment())


async def _measure(stack: LocalStack, fills: int) -> list[Sample]:
    options = ClientOptions(ready_timeout_s=30.0, append_timeout_s=STALLED_S)
    accounts = ("binance", "hyperliquid")
    async with (
        aiohttp.ClientSession() as session,
        OMS(
            stack.nats.url,
            strategy="bench",
            options=options,
            fills_mirrored_exchanges=accounts,
        ) as oms,
    ):
        venues = [VenueBooks(session, one.control_url) for one in stack.paper.values()]
        quotes = Quotes(oms)
        await quotes.refill()
        await SystemClock().sleep(SETTLE_S)
        await venues[0].resume(1.0)
        samples = await _run(stack, quotes, fills)
        await venues[0].pause()
        await _settle(quotes)
        if not quotes.is_settled:
            sys.stderr.write(f"not hedged at the end: {quotes.standing()}\n")
        held = [one.amount for venue in venues for one in (await venue.books()).positions]
    sys.stderr.write(f"positions at the end: {' '.join(map(str, held))}, sum {sum(held)}\n")
    return samples


async def _run(stack: LocalStack, quotes: Quotes, fills: int) -> list[Sample]:
    """Quote until so many fills are hedged; a desk that stands still ends the run."""
    clock, samples = SystemClock(), []
    began_ns = moved_ns = clock.monotonic_ns()
    due, last = [int(share * fills) for share in SHARES], 0
    while due:
        await clock.sleep(POLL_S)
        await quotes.refill()
        hedged, now_ns = quotes.hedged(), clock.monotonic_ns()
        if hedged > last:
            last, moved_ns = hedged, now_ns
        elif now_ns - moved_ns > STALLED_S * 1e9:
            text = f"no fill was hedged for {STALLED_S} s, after {last}: {quotes.standing()}"
            raise RuntimeError(text)
        if hedged >= due[0]:
            due.pop(0)
            seconds = (now_ns - began_ns) / 1e9
            samples.append(await _sample(stack, hedged, seconds))
            sys.stderr.write(f"{hedged} fills in {seconds:.0f} s\n")
    return samples


async def _settle(quotes: Quotes) -> None:
    """Wait until nothing that could be hedged is owed."""
    for _ in range(int(STALLED_S / POLL_S)):
        await SystemClock().sleep(POLL_S)
        if quotes.is_settled:
            break
    await SystemClock().sleep(SETTLE_S)


async def _least(pids: Mapping[str, int]) -> dict[str, int]:
    """Return the least of some readings: a snapshot on its way is not what a process keeps."""
    least = {name: rss_kib(pid) for name, pid in pids.items()}
    for _ in range(READINGS):
        await SystemClock().sleep(BETWEEN_S)
        least = {name: min(kib, rss_kib(pids[name])) for name, kib in least.items()}
    return least


async def _sample(stack: LocalStack, fills: int, seconds: float) -> Sample:
    pids = {**stack.pids(), "client": os.getpid()}
    bus = await NatsBus.connect(NatsOptions(url=stack.nats.url, name="memory"), SystemClock())
    names = (subjects.OMS_STREAM, subjects.DELTAS_STREAM)
    states = {name: (await bus.api.stream_info(name)).state for name in names}
    await bus.close()
    return Sample(
        fills,
        seconds,
        await _least(pids),
        {name: state.messages for name, state in states.items()},
        {name: state.bytes for name, state in states.items()},
    )


def _growth(samples: list[Sample], fills: int) -> dict[str, float]:
    """Return what each process has gained since the quarter, in MB."""
    first = next(one for one in samples if one.fills >= int(FROM_SHARE * fills))
    last = samples[-1].rss_kib
    return {name: round((last[name] - kib) / KIB_PER_MIB, 1) for name, kib in first.rss_kib.items()}


def _table(samples: list[Sample], growth: Mapping[str, float]) -> str:
    heads = [f"{one.fills:,}" for one in samples]
    rows = [["MB after", *heads, "growth"]]
    for name, gained in growth.items():
        held = [f"{one.rss_kib[name] / KIB_PER_MIB:.1f}" for one in samples]
        rows.append([name, *held, f"{gained:+.1f}"])
    for name in samples[0].messages:
        rows.append([f"{name} messages", *(f"{one.messages[name]:,}" for one in samples), ""])
        rows.append([f"{name} MB", *(f"{one.stored[name] / MIB:.1f}" for one in samples), ""])
    rows.append(["seconds", *(f"{one.seconds:.0f}" for one in samples), ""])
    return "".join(
        f"{row[0]:<20}" + "".join(f"{cell:>11}" for cell in row[1:]) + "\n" for row in rows
    )


def _plain(sample: Sample) -> dict[str, object]:
    return {
        "fills": sample.fills,
        "seconds": round(sample.seconds, 1),
        "rss_kib": dict(sample.rss_kib),
        "messages": dict(sample.messages),
        "stored_bytes": dict(sample.stored),
    }


if __name__ == "__main__":
    sys.exit(run_command(main))
