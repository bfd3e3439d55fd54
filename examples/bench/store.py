"""What nats-server takes for each message, in memory and on disk: `python -m examples.bench.store`.

One server, no services. Facts of short-lived orders go into OMS and what order-state would tell of
them into DELTAS. At each size: resident memory at once, after a quiet spell (what the server
caches of a file goes after some seconds) and after a restart, and the bytes of the store.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from examples.bench.rates import BINANCE, order_facts, rss_kib
from services.order_state.fold import OrderFold
from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Log
from tandem.cli.servers import NATS, LocalServer, ServerSettings, free_port, locate_nats
from tandem.messages import facts
from tandem.messages.codec import encode
from tandem.runtime.clock import SystemClock
from tandem.runtime.fold.port import LogEvent, Publish
from tandem.runtime.interrupts import run_command

QUIET_S = 20.0
WINDOW = 2_000
STREAMS = ("OMS", "DELTAS")
YEAR_S = 365 * 86_400
Message = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a server takes with so many messages; `empty_kib` is what it takes with none."""

    stream: str
    messages: int
    empty_kib: int
    rss_kib: int
    quiet_kib: int
    restarted_kib: int
    disk_bytes: int

    def line(self) -> str:
        busy, quiet, anew = (
            (kib - self.empty_kib) * 1_024 / self.messages
            for kib in (self.rss_kib, self.quiet_kib, self.restarted_kib)
        )
        disk = self.disk_bytes / self.messages
        cells = (busy, quiet, anew, disk)
        return f"{self.stream:<8}{self.messages:>12,}" + "".join(f"{one:>12.0f}" for one in cells)


def main() -> int:
    """Fill each stream up to each size and print bytes a message."""
    parser = argparse.ArgumentParser(prog="bench.store", description=__doc__)
    parser.add_argument(
        "--messages", type=int, nargs="+", default=[200_000, 1_000_000], help="sizes, rising"
    )
    parser.add_argument("--streams", nargs="+", choices=STREAMS, default=STREAMS)
    options = parser.parse_args()
    columns = ("messages", "at once", "quiet", "restarted", "disk")
    head = "bytes   " + "".join(f"{one:>12}" for one in columns)
    sys.stdout.write(head + "\n")
    for stream in options.streams:
        for taken in _filled(stream, options.messages):
            sys.stdout.write(taken.line() + "\n")
            sys.stderr.write(json.dumps(asdict(taken)) + "\n")
    return 0


def _filled(stream: str, sizes: list[int]) -> Iterator[Taken]:
    with tempfile.TemporaryDirectory(prefix="tandem-store-") as name:
        directory = Path(name)
        server = LocalServer(NATS, ServerSettings(locate_nats(), directory, free_port()))
        server.start()
        try:
            messages, done = _messages(stream), 0
            asyncio.run(_make_streams(server.url))
            empty = rss_kib(server.pid)
            for size in sizes:
                asyncio.run(_append(server.url, stream, messages, size - done))
                done = size
                busy = rss_kib(server.pid)
                asyncio.run(SystemClock().sleep(QUIET_S))
                quiet = rss_kib(server.pid)
                server.stop()
                server.start()
                disk = sum(one.stat().st_size for one in directory.rglob("*") if one.is_file())
                anew = rss_kib(server.pid)
                yield Taken(stream, size, empty, busy, quiet, anew, disk)
        finally:
            server.stop()


def _messages(stream: str) -> Iterator[Message]:
    fold = OrderFold()
    state = fold.initial()
    for seq, fact in enumerate(order_facts(YEAR_S, BINANCE), 1):
        subject, payload = facts.written(fact)
        if stream == "OMS":
            yield subject, payload
            continue
        event = LogEvent(seq, seq * 1_000_000, subject, fact)
        for effect in fold.apply(state, event):
            if isinstance(effect, Publish):
                yield facts.subject_of_delta(effect.delta), encode(effect.delta)


async def _make_streams(url: str) -> None:
    bus = await NatsBus.connect(NatsOptions(url=url, name="store"), SystemClock())
    await topology.apply(bus, topology.Limits(retention_s=YEAR_S, deltas_s=YEAR_S))
    await bus.close()


async def _append(url: str, stream: str, messages: Iterator[Message], count: int) -> None:
    bus = await NatsBus.connect(NatsOptions(url=url, name="store"), SystemClock())
    log: Log = bus.log if stream == "OMS" else bus.deltas
    waiting: list[Awaitable[object]] = []
    for _ in range(count):
        subject, payload = next(messages)
        waiting.append(log.append_soon(subject, payload))
        if len(waiting) == WINDOW:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    await bus.close()


if __name__ == "__main__":
    sys.exit(run_command(main))
