"""How one channel of a venue is kept open: connect, confirm, renew, reconnect with backoff.

1. `is_ready` is True only while the connection in use is confirmed by the venue.
2. A connection near its end is renewed without a gap: the next one is confirmed before the old
   one is closed, and what both tell has one identity. If it never is, the old one stays.
3. A venue that cannot be reached is tried every second; one that takes connections and drops
   them is tried ever more slowly, for venues count new connections.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tandem.domain.instrument import Instrument
from tandem.domain.units import MS_PER_S
from tandem.gateway.port.channel import Channel, ChannelItem, RenewNeeded
from tandem.gateway.port.requests import VenueQueryError
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.connection import Connection
from tandem.transport.backoff import Backoff
from tandem.transport.exchange import NoAnswerError, NothingSentError

LASTING_NS = 30_000_000_000
RETRY_RENEWAL_NS = 60_000_000_000
UNREACHED_MOST_MS = 1_000
RESTART_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class _End:
    """Why a connection ended, and how long the venue asked us to wait."""

    reason: str
    retry_after_ms: int = 0


class SessionListener(Protocol):
    """What hears of the channels."""

    def on_item(self, session: "Session", item: ChannelItem) -> None: ...

    def on_ready(self, session: "Session") -> None: ...

    def on_down(self, session: "Session", reason: str) -> None: ...


class Session:
    """Keeps one channel open until its task is cancelled; satisfies `ConnectionOwner`."""

    def __init__(self, core: Core, channel: Channel, listener: SessionListener) -> None:
        self.channel = channel
        self._core = core
        self._listener = listener
        self._current: Connection | None = None
        self._lives: dict[Connection, asyncio.Task[_End]] = {}
        self._next: Connection | None = None
        self._renewing_ns: int | None = None
        self._restarted_ns: int | None = None
        self._dropped = Backoff(f"{core.exc}:{channel.name}")
        self._unreached = Backoff(f"{core.exc}:{channel.name}", most_ms=UNREACHED_MOST_MS)

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def is_ready(self) -> bool:
        return self._current is not None and self._current.is_ready

    def readiness(self) -> float:
        return float(self.is_ready)

    def write(self, frame: bytes) -> bool:
        """Write a frame now; False: nothing was written."""
        return self._current is not None and self._current.write(frame)

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Ask for market data of more instruments on the open connection."""
        if self._current is not None:
            self._current.watch(instruments)

    def reopen(self, reason: str) -> None:
        """Drop the connection in use and open another."""
        if self._current is not None:
            self._current.end(reason)

    def restart(self, reason: str) -> None:
        """Open another connection, unless that was done just now."""
        now_ns = self._core.context.clock.monotonic_ns()
        if self._restarted_ns is None or now_ns - self._restarted_ns > RESTART_NS:
            self._restarted_ns = now_ns
            self.reopen(reason)

    async def run(self) -> None:
        """Connect again and again."""
        clock, tries = self._core.context.clock, 0
        while True:
            began_ns = clock.monotonic_ns()
            last, end = await self._live(Connection(self._core, self.channel, self))
            lasted = clock.monotonic_ns() - began_ns > LASTING_NS
            tries = 1 if lasted else tries + 1
            backoff = self._dropped if last.was_opened else self._unreached
            wait_ms = max(backoff.delay_ms(tries), end.retry_after_ms)
            log = self._core.context.log
            log.info("reconnecting", channel=self.name, reason=end.reason, wait_ms=wait_ms)
            await clock.sleep(wait_ms / MS_PER_S)

    async def _live(self, first: Connection) -> tuple[Connection, _End]:
        """Live through a connection and those that replace it; return the last one and its end."""
        self._current = first
        self._begin(first)
        try:
            while True:
                connection = self._current
                end = await self._lives[connection]
                if connection is self._current:
                    return connection, end
        finally:
            for life in self._lives.values():
                life.cancel()
            self._lives.clear()
            self._next = None

    def _begin(self, connection: Connection) -> None:
        life = self._lived(connection)
        self._lives[connection] = self._core.context.tasks.spawn(life, f"connection-{self.name}")

    async def _lived(self, connection: Connection) -> _End:
        try:
            end = _End(await connection.live())
        except (NothingSentError, NoAnswerError) as error:
            end = _End(str(error))
        except VenueQueryError as error:
            end = _End(str(error), error.retry_after_ms)
        connection.lost(end.reason)
        if connection is self._next:
            self._next = None
        if connection is not self._current:
            self._lives.pop(connection, None)
        return end

    def on_item(self, connection: Connection, item: ChannelItem) -> None:  # noqa: ARG002 (port)
        self._listener.on_item(self, item)

    def on_ready(self, connection: Connection) -> None:
        if connection is self._current:
            self._listener.on_ready(self)
        elif connection is self._next:
            self._replace(connection)

    def _replace(self, connection: Connection) -> None:
        old, self._current, self._next = self._current, connection, None
        self.channel, self._renewing_ns = connection.channel, None
        self._core.context.log.info("renewed", channel=self.name)
        if old is not None:
            old.end("renewed")

    def on_end(self, connection: Connection, reason: str) -> None:
        if connection is self._current:
            self._listener.on_down(self, reason)

    def on_renewal(self, connection: Connection, renewal: RenewNeeded) -> None:
        now_ns = self._core.context.clock.monotonic_ns()
        too_soon = self._renewing_ns is not None and now_ns - self._renewing_ns < RETRY_RENEWAL_NS
        if connection is not self._current or self._next is not None or too_soon:
            return
        self._renewing_ns = now_ns
        self._core.context.log.info("renewing", channel=self.name, reason=renewal.reason)
        self._next = Connection(self._core, renewal.channel, self)
        self._begin(self._next)
