"""Prints the alarms of the log, the oldest first, and goes on with new ones where asked to."""

import asyncio
import sys
from datetime import UTC, datetime

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.reading import read_to_end
from tandem.domain.errors import MalformedMessageError, UnavailableError
from tandem.messages import facts, subjects
from tandem.messages.hedges import Alarm
from tandem.runtime.clock import SystemClock
from tandem.runtime.interrupts import end_if_interrupted

TIMEOUT_S = 10.0
POLL_S = 0.02
NS = 1_000_000_000
MAX_SHOWN = 200


def show(nats: NatsOptions, *, follow: bool) -> None:
    """Print what the log holds; `follow`: and what comes, until the process is ended."""
    asyncio.run(_show(nats, follow=follow))


async def _show(nats: NatsOptions, *, follow: bool) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            bus = await NatsBus.connect(nats, SystemClock())
    except TimeoutError as error:
        raise UnavailableError(f"no NATS server at {nats.url}") from error
    try:
        await read_to_end(bus.log, [subjects.ALL_ALARMS], _print)
        while follow:
            end_if_interrupted()
            await SystemClock().sleep(POLL_S)
    finally:
        await bus.close()


def _print(entry: Entry) -> None:
    sys.stdout.write(f"{line(entry)}\n")
    sys.stdout.flush()


def line(entry: Entry) -> str:
    """Return one alarm as a person reads it; what is no alarm is shown as it is."""
    at = datetime.fromtimestamp(entry.ts_ns // NS, UTC).strftime("%Y-%m-%d %H:%M:%S")
    try:
        fact = facts.read_fact(entry.subject, entry.payload)
    except MalformedMessageError:
        fact = None
    told = f"{fact.source}: {fact.text}" if isinstance(fact, Alarm) else None
    return f"{at} {told or f'{entry.subject}: {entry.payload[:MAX_SHOWN]!r}'}"
