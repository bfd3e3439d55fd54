"""How the desk knows that a strategy lives, and a client that it is the only one of its name.

1. A client says twice a second that it lives, from before its first intent on. It does so on the
   loop that runs the strategy: one that is stuck is as good as gone.
2. A name that is in use is refused, unless the option shares it. In use means that another client
   was heard after this one began: what was heard before may have been killed since, so that is
   waited for. Of two that begin at once the one with the smaller token stays.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from tandem.bus.port import StrategyBus
from tandem.client.arguments import flag, whole, word
from tandem.client.identities import rand_token
from tandem.client.stream_reader import ReadingPorts
from tandem.domain.errors import InvalidInputError, NameInUseError, TandemError, UnavailableError
from tandem.domain.ids import Strategy
from tandem.domain.units import NS_PER_MS, NS_PER_S
from tandem.messages.presence import ClientState, OtherClient, StrategyAlive
from tandem.messages.rules import LEAST_DISCONNECT_MS, MAX_VALID_FOR_MS
from tandem.runtime.clock import Clock

DISCONNECT_AFTER_MS = 5_000
PERIOD_S = 0.5
SURE_S = 1.2  # by then a client that lives has said so again
RETRY_S = 0.1


class OnDisconnect(StrEnum):
    """What becomes of resting orders when no client of the strategy is heard any more."""

    CANCEL = "CANCEL"
    KEEP = "KEEP"


class DisconnectOptions(TypedDict, total=False):
    """What becomes of limit orders and of makers of hedges when this strategy is gone.

    `on_disconnect`: "cancel" (the default) or "keep". `disconnect_after_ms`: once no client of the
    strategy was heard for so long. What has filled is hedged in any case. `share_strategy`: other
    clients may work under the same name; orders live while any of them does.
    """

    on_disconnect: OnDisconnect | str
    disconnect_after_ms: int
    share_strategy: bool


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The same, checked: `after_ms` is None where orders are kept."""

    after_ms: int | None = DISCONNECT_AFTER_MS
    is_shared: bool = False


def disconnect(given: Mapping[str, Any]) -> Disconnect:
    """Parse what an OMS is given."""
    after_ms = whole("disconnect_after_ms", given.get("disconnect_after_ms", DISCONNECT_AFTER_MS))
    if not LEAST_DISCONNECT_MS <= after_ms <= MAX_VALID_FOR_MS:
        rule = f"{LEAST_DISCONNECT_MS} to {MAX_VALID_FOR_MS} milliseconds"
        raise InvalidInputError("disconnect_after_ms", after_ms, rule)
    what = word("on_disconnect", given.get("on_disconnect", OnDisconnect.CANCEL), OnDisconnect)
    is_shared = flag("share_strategy", given.get("share_strategy", False))
    return Disconnect(None if what is OnDisconnect.KEEP else after_ms, is_shared)


class Presence:
    """One client's part in it."""

    def __init__(
        self, bus: StrategyBus, strategy: Strategy, ports: ReadingPorts, *, is_shared: bool
    ) -> None:
        self._bus, self._strategy, self._ports = bus, strategy, ports
        self._is_shared = is_shared
        self._client = rand_token()
        self._state = ClientState.JOINING
        self._began_ns = 0
        self._wake = asyncio.Event()
        self._is_told = False

    async def begin(self) -> None:
        """Say for the first time that this client lives, and go on saying it.

        Raises:
            NameInUseError: another client of this name is there already.
        """
        while True:
            with suppress(UnavailableError):
                self._began_ns = self._clock.monotonic_ns()
                others = await self._say()
                break
            await self._clock.sleep(RETRY_S)
        self._bus.on_reconnect(self._wake.set)
        self._ports.tasks.spawn(self._run(), "presence")
        self._check(others)

    @property
    def _clock(self) -> Clock:
        return self._ports.clock

    async def join(self) -> None:
        """Work from now on; raises as `begin` does, once it is sure."""
        others = await self._heard()
        while not self._is_shared and others and not self._is_sure():
            self._check(others)
            await self._clock.sleep(RETRY_S)
            others = await self._heard()
        self._check(others)
        self._state = ClientState.JOINED
        self._wake.set()

    async def leave(self) -> None:
        """Say the last word, if it can be said: the name is free at once."""
        self._state = ClientState.LEAVING
        with suppress(TandemError):
            await self._say()

    async def _heard(self) -> tuple[OtherClient, ...]:
        try:
            return await self._say()
        except UnavailableError:
            return ()

    def _is_sure(self) -> bool:
        return self._clock.monotonic_ns() - self._began_ns > SURE_S * NS_PER_S

    async def _say(self) -> tuple[OtherClient, ...]:
        alive = StrategyAlive(strategy=self._strategy, client=self._client, state=self._state)
        return await self._bus.say_alive(alive, self._wake.set)

    async def _run(self) -> None:
        """Say it again and again, at once where it is asked for, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                self._tell(await self._say())
            except TandemError as error:
                self._ports.log.warning("not said that this client lives", error=str(error))

    def _check(self, others: Iterable[OtherClient]) -> None:
        if self._is_shared:
            return
        lived_ms = (self._clock.monotonic_ns() - self._began_ns) // NS_PER_MS
        for other in others:
            is_first = other.state is ClientState.JOINED or other.client < self._client
            if is_first and other.age_ms < lived_ms:
                raise NameInUseError(self._strategy, other.client)

    def _tell(self, others: tuple[OtherClient, ...]) -> None:
        """Say once when another client works under a name that was to be this one's alone."""
        rivals = [one.client for one in others if one.state is ClientState.JOINED]
        if rivals and self._state is ClientState.JOINED and not self._is_shared:
            if not self._is_told:
                text = "another client works under this strategy's name"
                self._ports.log.error(text, strategy=self._strategy, client=rivals[0])
            self._is_told = True
        elif not rivals:
            self._is_told = False
