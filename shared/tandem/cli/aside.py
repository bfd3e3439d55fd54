"""`tandem aside`: have one message of the log count for nothing, in every fold, for good.

Every copy makes its state anew without it, and one that starts later learns of it before it reads.
"""

import asyncio

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Log
from tandem.domain.errors import InvalidInputError, UnavailableError
from tandem.messages import facts
from tandem.messages.hedges import Aside
from tandem.runtime.clock import SystemClock

TIMEOUT_S = 10.0


def put_aside(nats: NatsOptions, seq: int, text: str) -> Aside:
    """Log that a message counts for nothing, and return what was logged.

    Raises:
        InvalidInputError: the log holds no message there.
        ConflictError: it was put aside before, for another reason.
    """
    return asyncio.run(_connected(nats, seq, text))


async def _connected(nats: NatsOptions, seq: int, text: str) -> Aside:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            bus = await NatsBus.connect(nats, SystemClock())
            try:
                return await append(bus.log, seq, text)
            finally:
                await bus.close()
    except TimeoutError as error:
        raise UnavailableError(f"the log at {nats.url} did not confirm in time") from error


async def append(log: Log, seq: int, text: str) -> Aside:
    """Put a message aside that the log holds."""
    stored = await log.get(seq) if seq > 0 else None
    if stored is None:
        raise InvalidInputError("seq", seq, "the sequence of a message that the log holds")
    fact = Aside(seq=seq, subject=stored.subject, text=text)
    await log.append(*facts.written(fact), same=True)
    return fact
