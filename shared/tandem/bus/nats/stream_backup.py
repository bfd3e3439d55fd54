"""A stream as bytes and back, by the server's own snapshots: taken while everything runs.

1. A copy is what the stream held at one moment, sequences and times included, so that every place
   in the log that somebody kept is found in it again.
2. The server sends no more than it has answers for; what breaks off is an error, never an end.
"""

from collections.abc import AsyncIterator, Iterable

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tandem.bus.nats.api import API_PREFIX, JetStreamError
from tandem.bus.nats.wire import ApiError
from tandem.domain.errors import UnavailableError

CHUNK_BYTES = 256 * 1024
# The server gives up after two seconds of silence when it sends, after five when it receives.
TIMEOUT_S = 15.0
GOOD = (None, "204")


class StreamHead(msgspec.Struct, frozen=True):
    """What stands before the bytes: the stream's settings and state, in the server's own words."""

    config: dict[str, object] = {}
    state: dict[str, object] = {}

    @property
    def messages(self) -> int:
        found = self.state.get("messages", 0)
        return found if isinstance(found, int) else 0

    def kept_by(self, replicas: int) -> "StreamHead":
        """Return the same stream, kept by another number of servers."""
        return StreamHead({**self.config, "num_replicas": replicas}, self.state)


class _Wanted(msgspec.Struct, frozen=True):
    deliver_subject: str
    no_consumers: bool = True
    chunk_size: int = CHUNK_BYTES
    jsck: bool = True


class _Answer(msgspec.Struct, frozen=True):
    error: ApiError | None = None
    deliver_subject: str = ""


async def save(client: Client, stream: str) -> tuple[StreamHead, AsyncIterator[bytes]]:
    """Return a stream's head, and its content piece by piece.

    Raises:
        UnavailableError: there is no such stream, or the server broke off.
    """
    inbox = client.new_inbox()
    chunks = await client.subscribe(inbox, pending_bytes_limit=-1, pending_msgs_limit=-1)
    asked = msgspec.json.encode(_Wanted(inbox))
    answer = await _call(client, f"{API_PREFIX}.STREAM.SNAPSHOT.{stream}", asked)
    head = msgspec.json.decode(answer, type=StreamHead)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while (chunk := await _next(chunks, stream)).data:
                yield chunk.data
                if chunk.reply:
                    await client.publish(chunk.reply)
        finally:
            await chunks.unsubscribe()

    return head, pieces()


async def load(client: Client, stream: str, head: StreamHead, pieces: Iterable[bytes]) -> None:
    """Make a stream that does not exist from its copy.

    Raises:
        UnavailableError: it exists, or the server did not take the copy.
    """
    subject = f"{API_PREFIX}.STREAM.RESTORE.{stream}"
    answer = await _call(client, subject, msgspec.json.encode(head))
    deliver_to = msgspec.json.decode(answer, type=_Answer).deliver_subject
    for piece in pieces:
        await _call(client, deliver_to, piece)
    await _call(client, deliver_to, b"")


async def _next(chunks: Subscription, stream: str) -> Msg:
    try:
        chunk = await chunks.next_msg(TIMEOUT_S)
    except (nats.errors.Error, TimeoutError) as error:
        raise UnavailableError(f"{stream}: the copy broke off: {error}") from error
    if (chunk.headers or {}).get("Status") not in GOOD:
        raise UnavailableError(f"{stream}: the server broke off: {chunk.headers}")
    return chunk


async def _call(client: Client, subject: str, payload: bytes) -> bytes:
    try:
        reply = await client.request(subject, payload, timeout=TIMEOUT_S)
    except (nats.errors.Error, TimeoutError) as error:
        raise UnavailableError(f"{subject}: {str(error) or 'no answer'}") from error
    if reply.data:
        failure = msgspec.json.decode(reply.data, type=_Answer)
        if failure.error is not None:
            raise JetStreamError(subject, failure.error)
    return reply.data
