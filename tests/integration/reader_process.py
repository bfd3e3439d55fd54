"""Follows the log in a process of its own until a fact `end`, then says what it has read."""

import asyncio
import sys

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    bus = await NatsBus.connect(NatsOptions(url), SystemClock())
    seqs: list[int] = []
    ended = asyncio.Event()

    def take(entry: Entry) -> None:
        seqs.append(entry.seq)
        if entry.payload == b"end":
            ended.set()

    await bus.log.follow([subjects.ALL_FACTS], 0, take)
    _say("following")
    await ended.wait()
    order = "rising" if seqs == sorted(set(seqs)) else "broken"
    _say(f"read {len(seqs)} {order}")
    await bus.close()


asyncio.run(main(sys.argv[1]))
