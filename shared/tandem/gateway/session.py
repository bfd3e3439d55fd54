"""How one channel of a venue is kept open: connect, confirm, keep alive, reconnect with backoff.

1. `is_ready` is True only between the venue's confirmation and the end of that connection.
2. Items reach the listener in the turn of the loop that read them from the socket.
3. A connection that is silent is asked for a sign of life, and dropped without one.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from tandem.domain.instrument import Instrument
from tandem.gateway.channel import (
    CallHttp,
    Channel,
    ChannelItem,
    ChannelReady,
    ChannelStep,
    ReopenNeeded,
    SendFrame,
)
from tandem.gateway.core import Core
from tandem.gateway.requests import VenueQueryError
from tandem.transport.backoff import Backoff
from tandem.transport.exchange import NoAnswerError, NothingSentError
from tandem.transport.network import Socket
from tandem.transport.websocket import Receiver

CONNECT_TIMEOUT_S = 10.0
PREPARE_TIMEOUT_S = 5.0
TICK_S = 0.25
PING_AFTER_NS = 10_000_000_000
DEAD_AFTER_NS = 25_000_000_000
LASTING_NS = 30_000_000_000
MS_PER_S = 1_000


class SessionListener(Protocol):
    """What hears of the channels."""

    def on_item(self, session: "Session", item: ChannelItem) -> None: ...

    def on_ready(self, session: "Session") -> None: ...

    def on_down(self, session: "Session", reason: str) -> None: ...


class Session:
    """Keeps one channel open until its task is cancelled."""

    def __init__(self, core: Core, channel: Channel, listener: SessionListener) -> None:
        self.channel = channel
        self.is_ready = False
        self._core = core
        self._listener = listener
        self._socket: Socket | None = None
        self._ended: asyncio.Future[str] | None = None
        self._backoff = Backoff(f"{core.exc}:{channel.name}")

    @property
    def name(self) -> str:
        return self.channel.name

    def readiness(self) -> float:
        return float(self.is_ready)

    def write(self, frame: bytes) -> bool:
        """Write a frame now; False: nothing was written."""
        return self._socket is not None and self._socket.write(frame)

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Ask for market data of more instruments on the open connection."""
        if instruments and self._socket is not None and self._socket.is_open:
            for frame in self.channel.watch(instruments):
                self._socket.write(frame)

    async def run(self) -> None:
        """Connect again and again."""
        clock, tries = self._core.context.clock, 0
        while True:
            began_ns = clock.monotonic_ns()
            try:
                reason = await self._live()
            except (NothingSentError, NoAnswerError, VenueQueryError) as error:
                reason = str(error)
            lasted = clock.monotonic_ns() - began_ns > LASTING_NS
            tries = 1 if lasted else tries + 1
            self._down(reason)
            await clock.sleep(self._backoff.delay_ms(tries) / MS_PER_S)

    async def _live(self) -> str:
        """Open one connection and return why it ended."""
        core = self._core
        request = self.channel.prepare(core.stamp())
        prepared = await core.network.call(request, PREPARE_TIMEOUT_S) if request else None
        watched = tuple(core.watched.values())
        opening = self.channel.open(prepared, core.stamp(), watched)
        self._ended = asyncio.get_running_loop().create_future()
        receiver = Receiver(self._on_frame, self._on_closed)
        try:
            self._socket = await core.network.connect(opening.url, receiver, CONNECT_TIMEOUT_S)
            for frame in opening.frames:
                self._socket.write(frame)
            self.watch([one for one in core.watched.values() if one not in watched])
            return await self._keep_alive(self._ended)
        finally:
            socket, self._socket = self._socket, None
            if socket is not None:
                socket.close()

    async def _keep_alive(self, ended: "asyncio.Future[str]") -> str:
        clock = self._core.context.clock
        while not ended.done():
            for step in self.channel.tick(clock.monotonic_ns(), self._core.stamp()):
                await self._carry_out(step)
            self._check_silence(clock.monotonic_ns())
            await asyncio.wait((ended,), timeout=TICK_S)
        return ended.result()

    async def _carry_out(self, step: ChannelStep) -> None:
        match step:
            case SendFrame():
                self.write(step.frame)
            case CallHttp():
                answer = await self._core.network.call(step.request, PREPARE_TIMEOUT_S)
                for item in self.channel.answered(answer):
                    self._take(item)
            case ReopenNeeded():
                self._end(step.reason)
            case ChannelReady():
                self._take(step)

    def _check_silence(self, mono_ns: int) -> None:
        if self._socket is None:
            return
        silent_ns = mono_ns - self._socket.heard_ns
        if silent_ns > DEAD_AFTER_NS:
            self._end(f"silent for {silent_ns // 1_000_000} ms")
        elif silent_ns > PING_AFTER_NS:
            self._socket.ping()

    def _on_frame(self, frame: bytes, recv_ns: int) -> None:
        for item in self.channel.receive(frame, recv_ns):
            self._take(item)

    def _take(self, item: ChannelItem) -> None:
        match item:
            case ChannelReady():
                if not self.is_ready:
                    self.is_ready = True
                    self._listener.on_ready(self)
            case ReopenNeeded():
                self._end(item.reason)
            case _:
                self._listener.on_item(self, item)

    def _on_closed(self, reason: str) -> None:
        self._end(reason)
        self._down(reason)

    def _end(self, reason: str) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(reason)

    def _down(self, reason: str) -> None:
        was_ready, self.is_ready = self.is_ready, False
        if was_ready:
            self._listener.on_down(self, reason)
