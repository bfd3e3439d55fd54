"""How a gateway reaches its venue: HTTP calls and WebSocket connections, whoever carries them."""

from typing import Protocol

from tandem.runtime.clock import Clock
from tandem.transport.exchange import HttpRequest, RawAnswer
from tandem.transport.http import HttpClient
from tandem.transport.websocket import Receiver, open_websocket


class Socket(Protocol):
    """One open connection; its receiver hears each frame and, once, the end."""

    @property
    def heard_ns(self) -> int:
        """Monotonic time of the last sign of life."""
        ...

    @property
    def is_open(self) -> bool: ...

    def write(self, frame: bytes) -> bool:
        """Write one text frame now; False: nothing was written."""
        ...

    def ping(self) -> None: ...

    def close(self) -> None: ...


class Network(Protocol):
    """Makes calls and connections."""

    async def call(self, request: HttpRequest, timeout_s: float) -> RawAnswer:
        """Make one request and return its answer, whatever its status.

        Raises:
            NothingSentError: no byte was written.
            NoAnswerError: the request was written, and no whole answer came in time.
        """
        ...

    async def connect(self, url: str, receiver: Receiver, timeout_s: float) -> Socket:
        """Open a WebSocket connection; raises NothingSentError."""
        ...

    async def close(self) -> None: ...


class Internet:
    """The real one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._http = HttpClient(clock)

    async def call(self, request: HttpRequest, timeout_s: float) -> RawAnswer:
        return await self._http.call(request, timeout_s)

    async def connect(self, url: str, receiver: Receiver, timeout_s: float) -> Socket:
        return await open_websocket(url, receiver, self._clock, timeout_s)

    async def close(self) -> None:
        await self._http.close()
