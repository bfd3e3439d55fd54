"""The NATS client with a short cut: chosen subscriptions get their messages in the read loop.

nats-py gives every message a queue, a task switch and an object of its own; on the hot path that
costs more than what the message causes. Here a message of a direct subscription goes to its
handler as it is parsed. A status (a heartbeat, a refusal) takes the library's usual way.

1. Direct messages, with headers or without, are handled in the order the server sent them, one at
   a time. A status may be handled later than what came after it.
2. A handler is synchronous and raises nothing: it would end the connection's read loop.
3. While a handler runs nothing is read, so the server's flow control is the back-pressure.
4. A client that wants encryption says nothing to a server that offers none: the library would.
5. Bytes that are no text in a subject or reply are replaced, and a message whose headers are none
   is dropped: whoever may say such could otherwise end the read loop, and nothing would be heard
   until the server is missed.
6. A client that gathers reads waits `gather_s` after each read: what arrives meanwhile is handled
   in one go. For what keeps pages; never for what a hedge waits for.
7. A client with a `pace` waits as long as that says after each read of so many bytes: meanwhile
   whoever floods it is held back by the server, whose buffers, not this process, hold what waits.
8. A question that the server does not let this user put fails at once, not when its time is over.

This leans on `_process_msg` and `_connect_command` of the pinned nats-py; the bus's contract suite
covers it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.protocol.parser import Parser

from tandem.bus.clock import Timing

PLAIN_HEADERS = b"NATS/1.0\r\n"
DirectHandler = Callable[[str, str, bytes], None]
Pace = Callable[[int], float]


class PlainServerError(nats.errors.Error):
    """The server offers no encryption, and this client wants it."""


class DeniedError(nats.errors.Error):
    """The server does not let this user publish what was asked."""


class PacedParser(Parser):
    """The library's parser, which its read loop awaits, with a pause behind each read."""

    def __init__(self, client: Client, timing: Timing, pace: Pace) -> None:
        super().__init__(client)
        self._timing, self._pace = timing, pace

    async def parse(self, data: bytes = b"") -> None:  # type: ignore[explicit-override]  # Python 3.12
        await super().parse(data)
        if pause_s := self._pace(len(data)):
            await self._timing.sleep(pause_s)


class DirectClient(Client):
    """A client whose `subscribe_direct` hands over (subject, reply, payload) without delay."""

    def __init__(
        self, timing: Timing, pace: Pace | None = None, *, encrypted: bool = False
    ) -> None:
        super().__init__()
        self._encrypted = encrypted
        if pace is not None:
            self._ps = PacedParser(self, timing, pace)
        self._direct: dict[int, DirectHandler] = {}
        self._asking: dict[str, list[asyncio.Timeout]] = {}

    async def request(  # type: ignore[explicit-override]  # override comes with Python 3.12
        self, subject: str, payload: bytes = b"", *how: Any, **options: Any
    ) -> Msg:
        asked = self._asking.setdefault(subject.lower(), [])
        until_denied = asyncio.timeout(None)
        try:
            async with until_denied:
                asked.append(until_denied)
                return await super().request(subject, payload, *how, **options)
        except TimeoutError as error:
            if until_denied.expired():
                raise DeniedError(f"the server does not let this user say {subject}") from error
            raise
        finally:
            asked.remove(until_denied)
            if not asked:
                self._asking.pop(subject.lower(), None)

    def denied(self, subject: str) -> None:
        """End the questions under a subject, in small letters, that the server does not let by."""
        for question in self._asking.get(subject, ()):
            question.reschedule(asyncio.get_running_loop().time())

    async def subscribe_direct(
        self,
        subject: str,
        handler: DirectHandler,
        on_status: Callable[[Msg], Awaitable[None]],
        queue: str = "",
    ) -> Subscription:
        """Subscribe; what the server itself says goes to `on_status` instead."""
        subscription = await self.subscribe(subject, queue=queue, cb=on_status)
        self._direct[subscription._id] = handler  # noqa: SLF001 (its only name in the protocol)
        return subscription

    async def unsubscribe_direct(self, subscription: Subscription) -> None:
        self._direct.pop(subscription._id, None)  # noqa: SLF001 (as above)
        await subscription.unsubscribe()

    def _connect_command(self) -> bytes:  # type: ignore[explicit-override]  # Python 3.12
        if self._encrypted and not self._server_info.get("tls_required"):
            raise PlainServerError("the server offers no TLS")
        return super()._connect_command()

    async def _process_msg(  # type: ignore[explicit-override]  # override comes with Python 3.12
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        subject_text, reply_text = subject.decode(errors="replace"), reply.decode(errors="replace")
        handler = self._direct.get(sid)
        if handler is None or _is_status(headers):
            said = (subject_text.encode(), reply_text.encode())
            with contextlib.suppress(ValueError, IndexError):  # headers that are none
                await super()._process_msg(sid, *said, data, headers)
            return
        handler(subject_text, reply_text, bytes(data))


def _is_status(headers: bytes) -> bool:
    """Tell whether a message is the server's own word: its first header line has a code."""
    return bool(headers) and not headers.startswith(PLAIN_HEADERS)
