"""`tandem halt` and `tandem resume`: one message to the log, needing nothing but the log."""

import asyncio

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.client.identities import rand_token
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc, Strategy, Token
from tandem.messages import facts
from tandem.messages.intents import Halt, Resume
from tandem.runtime.clock import SystemClock

OPERATOR = Strategy("operator")
TIMEOUT_S = 10.0


def halt(nats: NatsOptions, exc: str, text: str) -> Token:
    """Log a halt of one account, or (empty) of all; return its token."""
    fact = Halt(token=rand_token(), strategy=OPERATOR, exc=Exc(exc) if exc else None, text=text)
    asyncio.run(_append(nats, fact))
    return fact.token


def resume(nats: NatsOptions, halt_token: str) -> None:
    """Log that one halt, or (empty) every one, is lifted."""
    named = Token(halt_token) if halt_token else None
    fact = Resume(token=rand_token(), strategy=OPERATOR, halt=named)
    asyncio.run(_append(nats, fact))


async def _append(nats: NatsOptions, fact: Halt | Resume) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            bus = await NatsBus.connect(nats, SystemClock())
            try:
                await bus.log.append(*facts.written(fact), same=True)
            finally:
                await bus.close()
    except TimeoutError as error:
        raise UnavailableError(f"the log at {nats.url} did not confirm in time") from error
