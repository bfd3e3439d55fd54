"""`tandem halt` and `tandem resume`: one message to the log, needing nothing but the log."""

import asyncio

from tandem.bus.nats_bus import NatsBus
from tandem.bus.nats_options import NatsOptions
from tandem.client.identities import rand_token
from tandem.domain.ids import Exc, Strategy, Token
from tandem.messages import codec, subjects
from tandem.messages.intents import Halt, Resume
from tandem.messages.message import Message
from tandem.runtime.clock import SystemClock

OPERATOR = Strategy("operator")
TIMEOUT_S = 10.0


def halt(nats_url: str, exc: str, text: str) -> Token:
    """Log a halt of one account, or (empty) of all; return its token."""
    fact = Halt(token=rand_token(), strategy=OPERATOR, exc=Exc(exc) if exc else None, text=text)
    asyncio.run(_append(nats_url, subjects.halt(fact.token), fact))
    return fact.token


def resume(nats_url: str, halt_token: str) -> None:
    """Log that one halt, or (empty) every one, is lifted."""
    named = Token(halt_token) if halt_token else None
    fact = Resume(token=rand_token(), strategy=OPERATOR, halt=named)
    asyncio.run(_append(nats_url, subjects.resume(fact.token), fact))


async def _append(nats_url: str, subject: str, fact: Message) -> None:
    bus = await NatsBus.connect(NatsOptions(url=nats_url, name="operator"), SystemClock())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await bus.log.append(subject, codec.encode(fact), same=True)
    finally:
        await bus.close()
