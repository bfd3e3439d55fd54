"""One connection of a channel, from its first request to the reason it ended.

1. `is_ready` is True only between the venue's confirmation and the end.
2. Items reach the owner in the turn of the loop that read them from the socket.
3. A connection that is silent is asked for a sign of life, and dropped without one. A request on
   its behalf that brings no answer proves nothing about it: the channel asks again.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    CallHttp,
    Channel,
    ChannelItem,
    ChannelReady,
    ChannelStep,
    RenewNeeded,
    ReopenNeeded,
    SendFrame,
)
from tandem.gateway.port.decoding import UnreadableError, unsound
from tandem.gateway.shell.state import Core
from tandem.transport.exchange import NoAnswerError, NothingSentError
from tandem.transport.network import Socket
from tandem.transport.websocket import Receiver

CONNECT_TIMEOUT_S = 5.0
PREPARE_TIMEOUT_S = 5.0
TICK_S = 0.25
PING_AFTER_NS = 10_000_000_000
DEAD_AFTER_NS = 25_000_000_000


class ConnectionOwner(Protocol):
    """What hears of a connection."""

    def on_item(self, connection: "Connection", item: ChannelItem) -> None: ...

    def on_ready(self, connection: "Connection") -> None: ...

    def on_end(self, connection: "Connection", reason: str) -> None:
        """The socket is gone; called at most once, and only if it was ready."""
        ...

    def on_renewal(self, connection: "Connection", renewal: RenewNeeded) -> None: ...


class Connection:
    """Opened once; `live` returns why it ended."""

    def __init__(self, core: Core, channel: Channel, owner: ConnectionOwner) -> None:
        self.channel = channel
        self.is_ready = False
        self.was_opened = False
        self._core = core
        self._owner = owner
        self._socket: Socket | None = None
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def write(self, frame: bytes) -> bool:
        """Write a frame now; False: nothing was written."""
        return self._socket is not None and self._socket.write(frame)

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Ask for market data of more instruments on the open connection."""
        if instruments and self._socket is not None and self._socket.is_open:
            for frame in self.channel.watch(instruments):
                self._socket.write(frame)

    def end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)

    async def live(self) -> str:
        """Open the connection, keep it alive, and return why it ended.

        Raises:
            NothingSentError, NoAnswerError, VenueQueryError: it could not be opened.
        """
        core = self._core
        request = self.channel.prepare(core.stamp())
        prepared = await core.network.call(request, PREPARE_TIMEOUT_S) if request else None
        watched = tuple(core.watched.values())
        opening = self.channel.open(prepared, core.stamp(), watched)
        receiver = Receiver(self._on_frame, self._on_closed)
        try:
            self._socket = await core.network.connect(opening.url, receiver, CONNECT_TIMEOUT_S)
            self.was_opened = True
            for frame in opening.frames:
                self._socket.write(frame)
            self.watch([one for one in core.watched.values() if one not in watched])
            return await self._keep_alive()
        finally:
            socket, self._socket = self._socket, None
            if socket is not None:
                socket.close()

    async def _keep_alive(self) -> str:
        clock = self._core.context.clock
        while not self._ended.done():
            for step in self.channel.tick(clock.monotonic_ns(), self._core.stamp()):
                self._carry_out(step)
            self._check_silence(clock.monotonic_ns())
            await asyncio.wait((self._ended,), timeout=TICK_S)
        return self._ended.result()

    def _carry_out(self, step: ChannelStep) -> None:
        match step:
            case SendFrame():
                self.write(step.frame)
            case CallHttp():
                call = self._call(step)
                self._core.context.tasks.spawn(call, f"call-{self.channel.name}")
            case ReopenNeeded():
                self.end(step.reason)
            case RenewNeeded():
                self._owner.on_renewal(self, step)
            case ChannelReady():
                self._take(step)

    async def _call(self, step: CallHttp) -> None:
        try:
            answer = await self._core.network.call(step.request, PREPARE_TIMEOUT_S)
        except (NothingSentError, NoAnswerError) as error:
            name = self.channel.name
            self._core.context.log.warning("no answer", channel=name, error=str(error))
            return
        if self._ended.done():
            return
        for item in self._read(lambda: self.channel.answered(answer)):
            self._take(item)

    def _check_silence(self, mono_ns: int) -> None:
        if self._socket is None:
            return
        silent_ns = mono_ns - self._socket.heard_ns
        if silent_ns > DEAD_AFTER_NS:
            self.end(f"silent for {silent_ns // 1_000_000} ms")
        elif silent_ns > PING_AFTER_NS:
            self._socket.ping()

    def _on_frame(self, frame: bytes, recv_ns: int) -> None:
        for item in self._read(lambda: self.channel.receive(frame, recv_ns)):
            self._take(item)

    def _read(self, read: Callable[[], tuple[ChannelItem, ...]]) -> tuple[ChannelItem, ...]:
        """Return what bytes of the venue say; those that cannot be read are one item that says so.

        Whatever else they held is lost with them.
        """
        try:
            return read()
        except UnreadableError as error:
            return (unsound(f"frame of {self.channel.name}", error),)

    def _take(self, item: ChannelItem) -> None:
        match item:
            case ChannelReady():
                if not self.is_ready:
                    self.is_ready = True
                    self._owner.on_ready(self)
            case ReopenNeeded():
                self.end(item.reason)
            case _:
                self._owner.on_item(self, item)

    def _on_closed(self, reason: str) -> None:
        self.end(reason)
        self.lost(reason)

    def lost(self, reason: str) -> None:
        """Say once that a connection that was ready is ready no more."""
        was_ready, self.is_ready = self.is_ready, False
        if was_ready:
            self._owner.on_end(self, reason)
