"""Calls to the server's JetStream API, with typed answers."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client

from tandem.bus.nats.wire import NO_MESSAGE_CODE, ApiError, time_ns
from tandem.bus.port import Entry, LogState
from tandem.domain.errors import UnavailableError

TIMEOUT_S = 2.0
API_PREFIX = "$JS.API"

A = TypeVar("A")


class JetStreamError(UnavailableError):
    """The server answered an API call with an error; most pass, so the caller may ask again."""

    def __init__(self, call: str, error: ApiError) -> None:
        super().__init__(f"{call}: {error.description} ({error.code}, {error.err_code})")
        self.err_code = error.err_code


class StreamConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a stream that matter here; durations in nanoseconds."""

    name: str
    subjects: tuple[str, ...] = ()
    retention: str = "limits"
    storage: str = "file"
    discard: str = "new"
    discard_new_per_subject: bool = False
    max_msgs_per_subject: int = 1
    max_msgs: int = -1
    max_bytes: int = -1
    max_age: int = 0
    duplicate_window: int = 100_000_000
    num_replicas: int = 1
    allow_direct: bool = True
    deny_delete: bool = False
    deny_purge: bool = False


class StreamCounts(msgspec.Struct, frozen=True):
    """`bytes` is what its messages take in the store."""

    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0


class StreamInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One stream as the server describes it."""

    config: StreamConfig
    created: str
    state: StreamCounts

    @property
    def created_ns(self) -> int:
        return time_ns(self.created)

    @property
    def keeps_newest(self) -> bool:
        """Whether a message replaces the one before it under its subject."""
        return self.config.discard == "old"

    @property
    def log_state(self) -> LogState:
        counts = self.state
        sizes = (counts.messages, counts.bytes)
        return LogState(counts.first_seq, counts.last_seq, self.created_ns, *sizes)


class SequencePair(msgspec.Struct, frozen=True):
    """Up to where a consumer has delivered."""

    consumer_seq: int = 0
    stream_seq: int = 0


class ConsumerInfo(msgspec.Struct, frozen=True):
    """How much a consumer has delivered, and how many messages still wait for it."""

    name: str
    num_pending: int = 0
    delivered: SequencePair = SequencePair()


class _StoredMessage(msgspec.Struct, frozen=True):
    subject: str
    seq: int
    time: str
    data: bytes = b""


class _Stored(msgspec.Struct, frozen=True):
    message: _StoredMessage


class _Success(msgspec.Struct, frozen=True):
    success: bool = True


class _Failure(msgspec.Struct, frozen=True):
    error: ApiError | None = None


class ConsumerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """An ephemeral push consumer that acknowledges nothing; durations in nanoseconds.

    Push, because it delivers a third sooner here than a continuous pull, and catches up faster.
    """

    name: str
    deliver_subject: str
    filter_subjects: tuple[str, ...]
    filter_subject: str = ""
    opt_start_seq: int
    idle_heartbeat: int
    inactive_threshold: int
    deliver_policy: str = "by_start_sequence"
    ack_policy: str = "none"
    replay_policy: str = "instant"
    flow_control: bool = True
    mem_storage: bool = True
    num_replicas: int = 1


class _CreateConsumer(msgspec.Struct, frozen=True):
    stream_name: str
    config: ConsumerConfig


class _BySeq(msgspec.Struct, frozen=True):
    seq: int


class _BySubject(msgspec.Struct, frozen=True):
    last_by_subj: str


@dataclass(frozen=True, slots=True)
class JetStreamApi:
    """Each call raises JetStreamError for a refusal and UnavailableError for silence."""

    client: Client

    async def stream_info(self, stream: str) -> StreamInfo:
        return await self._call(f"STREAM.INFO.{stream}", None, StreamInfo)

    async def create_stream(self, config: StreamConfig) -> StreamInfo:
        return await self._call(f"STREAM.CREATE.{config.name}", config, StreamInfo)

    async def update_stream(self, config: StreamConfig) -> StreamInfo:
        return await self._call(f"STREAM.UPDATE.{config.name}", config, StreamInfo)

    async def delete_stream(self, stream: str) -> None:
        await self._call(f"STREAM.DELETE.{stream}", None, _Success)

    async def create_consumer(self, stream: str, config: ConsumerConfig) -> ConsumerInfo:
        """Create a consumer; a single filter stands in the call's subject.

        There the server can hold a user to it: what the request says must be the same.
        """
        call = f"CONSUMER.CREATE.{stream}.{config.name}"
        if len(config.filter_subjects) == 1:
            (only,) = config.filter_subjects
            config = msgspec.structs.replace(config, filter_subject=only, filter_subjects=())
            call = f"{call}.{only}"
        return await self._call(call, _CreateConsumer(stream, config), ConsumerInfo)

    async def delete_consumer(self, stream: str, name: str) -> None:
        await self._call(f"CONSUMER.DELETE.{stream}.{name}", None, _Success)

    async def message_at(self, stream: str, seq: int) -> Entry | None:
        """Return the message at `seq`, asked of the stream's leader; None when it is gone."""
        return await self._message(stream, _BySeq(seq)) if seq > 0 else None

    async def message_under(self, stream: str, subject: str) -> Entry | None:
        """Return the newest message of one subject, asked of the stream's leader."""
        return await self._message(stream, _BySubject(subject))

    async def _message(self, stream: str, request: _BySeq | _BySubject) -> Entry | None:
        try:
            stored = await self._call(f"STREAM.MSG.GET.{stream}", request, _Stored)
        except JetStreamError as error:
            if error.err_code == NO_MESSAGE_CODE:
                return None
            raise
        message = stored.message
        return Entry(message.seq, time_ns(message.time), message.subject, message.data)

    async def _call(self, call: str, request: object, answer: type[A]) -> A:
        payload = b"" if request is None else msgspec.json.encode(request)
        try:
            reply = await self.client.request(f"{API_PREFIX}.{call}", payload, timeout=TIMEOUT_S)
        except (nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"{call}: {str(error) or type(error).__name__}") from error
        failure = msgspec.json.decode(reply.data, type=_Failure)
        if failure.error is not None:
            raise JetStreamError(call, failure.error)
        return msgspec.json.decode(reply.data, type=answer)
