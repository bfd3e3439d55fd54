"""Which clients of each strategy live, as one process hears them; and how one of them says so.

1. A client that has said its last word, or was not heard for some seconds, is not there.
2. A word is told to whoever listens at that moment: it may be lost, and the next one follows soon.
3. Nobody says a word, or is told who is there, before the subscription stands.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from tandem.bus.clock import Timing
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Strategy, Token
from tandem.domain.units import NS_PER_MS
from tandem.messages import codec, subjects
from tandem.messages.presence import ClientState, OtherClient, StrategyAlive

LATELY_NS = 3_000_000_000
MOST_KNOWN = 10_000

OnJoining = Callable[[], None]


class Town(Protocol):
    """Where words are told and heard."""

    def announce(self, subject: str, payload: bytes) -> Awaitable[None]: ...

    def listen(self, subject: str, on_word: Callable[[bytes], None]) -> Awaitable[None]: ...


class RollCall:
    """Hears every client; `on_joining` is called when another client of any name begins."""

    def __init__(self, town: Town, timing: Timing) -> None:
        self._town, self._timing = town, timing
        self._known: dict[tuple[Strategy, Token], tuple[ClientState, int]] = {}
        self._own: dict[Token, OnJoining] = {}
        self._is_attending = False
        self._subscribing = asyncio.Lock()

    async def attend(self) -> None:
        """Listen from now on; one that failed, or whose caller gave up, is made again (3)."""
        async with self._subscribing:
            if not self._is_attending:
                await self._town.listen(subjects.ALIVE, self._heard)
                self._is_attending = True

    async def say(
        self, alive: StrategyAlive, on_joining: OnJoining | None = None
    ) -> tuple[OtherClient, ...]:
        """Say that a client lives; return the others of its strategy that were heard lately."""
        await self.attend()
        if on_joining is not None:
            self._own[alive.client] = on_joining
        await self._town.announce(subjects.ALIVE, codec.encode(alive))
        return self._others(alive)

    def _heard(self, payload: bytes) -> None:
        with suppress(MalformedMessageError):
            self._take(codec.decode_word(payload))

    def _take(self, alive: StrategyAlive) -> None:
        now_ns = self._timing.monotonic_ns()
        key = (alive.strategy, alive.client)
        if alive.state is ClientState.LEAVING:
            self._known.pop(key, None)
            return
        if len(self._known) >= MOST_KNOWN:
            self._forget(now_ns)
        if key in self._known or len(self._known) < MOST_KNOWN:
            self._known[key] = (alive.state, now_ns)
        if alive.state is ClientState.JOINING:
            for client, on_joining in self._own.items():
                if client != alive.client:
                    on_joining()

    def _forget(self, now_ns: int) -> None:
        kept = {key: at for key, at in self._known.items() if now_ns - at[1] <= LATELY_NS}
        self._known = kept

    def _others(self, alive: StrategyAlive) -> tuple[OtherClient, ...]:
        now_ns = self._timing.monotonic_ns()
        return tuple(
            OtherClient(client=client, state=state, age_ms=(now_ns - at_ns) // NS_PER_MS)
            for (strategy, client), (state, at_ns) in self._known.items()
            if strategy == alive.strategy and client != alive.client and now_ns - at_ns <= LATELY_NS
        )
