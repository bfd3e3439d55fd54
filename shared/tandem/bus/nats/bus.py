"""The bus on a NATS server: streams as logs, core NATS for requests.

1. Losing the connection loses no append: it is sent again when the connection is back.
2. Nothing is buffered by the client library while disconnected, so an offer is never sent late.
3. A failure that no caller awaits goes to the loop's exception handler, never nowhere.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence

import nats.errors
import structlog
from nats.aio.msg import Msg

from tandem.bus.clock import Timing
from tandem.bus.nats.api import JetStreamApi
from tandem.bus.nats.client import DeniedError, DirectClient, PlainServerError
from tandem.bus.nats.counters import BusCounters
from tandem.bus.nats.options import (
    CA_VARIABLE,
    KEY_VARIABLE,
    NatsOptions,
    connect_options,
)
from tandem.bus.nats.publisher import Publisher
from tandem.bus.nats.reader import Listener, NatsReader, ReaderPorts, Wanted
from tandem.bus.nats.records import NatsCells
from tandem.bus.permissions import is_inbox
from tandem.bus.port import Appended, Cursor, Entry, Following, Guard, LogState, OnCut
from tandem.bus.roll_call import RollCall
from tandem.bus.spells import Spell
from tandem.bus.tasks import Background, report
from tandem.domain.errors import (
    ConfigurationError,
    ConflictError,
    NotAllowedError,
    UnavailableError,
)
from tandem.messages import codec, subjects
from tandem.messages.presence import OtherClient, StrategyAlive
from tandem.messages.queries import QueryFailed

OFFER_TIMEOUT_S = 2.0
READ_BACK_WAIT_S = 0.1
READ_BACKS_AT_ONCE = 64
ANSWERS_AT_ONCE = 1_024
GIVE_UP_S = 1.0

_NOT_LET_IN = "authorization violation"
_DENIED = re.compile(r'permissions violation for publish to "(?P<subject>[^"]+)"')
_log = structlog.get_logger(component="bus")


class NatsLog:
    """One stream; satisfies `Log`."""

    def __init__(self, stream: str, publisher: Publisher, ports: ReaderPorts) -> None:
        self._stream = stream
        self._publisher = publisher
        self._ports = ports
        self._readers: set[NatsReader] = set()
        self._reads_back = asyncio.Semaphore(READ_BACKS_AT_ONCE)
        self._unread = Spell()

    async def append(self, subject: str, payload: bytes, *, same: bool = False) -> Appended:
        while True:
            appended = await self._publisher.append_soon(subject, payload)
            if not (appended.already and same):
                return appended
            stored = await self._read_back(subject)
            if stored is not None:
                return _same(stored, payload)

    def append_soon(
        self, subject: str, payload: bytes, guard: Guard | None = None
    ) -> Awaitable[Appended]:
        return self._publisher.append_soon(subject, payload, guard)

    async def try_append(self, subject: str, payload: bytes) -> Appended:
        return await self._publisher.offer(subject, payload, OFFER_TIMEOUT_S)

    async def follow(
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        wanted = Wanted(self._stream, tuple(filters), after)
        reader = NatsReader(self._ports, wanted, Listener(on_entry, on_cut, self._drop))
        self._readers.add(reader)
        try:
            await reader.start()
        except BaseException:
            await reader.close()
            raise
        return reader

    async def get(self, seq: int) -> Entry | None:
        return await self._ports.api.message_at(self._stream, seq)

    async def find(self, subject: str) -> Entry | None:
        return await self._ports.api.message_under(self._stream, subject)

    async def state(self) -> LogState:
        return (await self._ports.api.stream_info(self._stream)).log_state

    def disconnected(self) -> None:
        for reader in self._readers:
            reader.mute()

    def reconnected(self) -> None:
        for reader in tuple(self._readers):
            reader.replace("reconnected")

    async def close(self) -> None:
        for reader in tuple(self._readers):
            await reader.close()

    def _drop(self, reader: NatsReader) -> None:
        self._readers.discard(reader)

    async def _read_back(self, subject: str) -> Entry | None:
        """Return what is stored, however long the server takes to answer; None: it expired.

        Few ask at once: a server too busy to answer in time would have all of them again and again.
        """
        async with self._reads_back:
            while True:
                try:
                    found = await self.find(subject)
                except UnavailableError as error:
                    times = self._unread.failed(self._ports.timing.monotonic_ns())
                    if times:
                        text = "cannot read back, trying again"
                        _log.warning(text, subject=subject, error=str(error), times=times)
                    await self._ports.timing.sleep(READ_BACK_WAIT_S)
                    continue
                told = self._unread.ended(self._ports.timing.monotonic_ns(), quiet_ns=0)
                if told is not None:
                    _log.info("reads back again", times=told.count, lasted_ms=told.lasted_ms)
                return found


def _same(stored: Entry, payload: bytes) -> Appended:
    if stored.payload != payload:
        raise ConflictError(f"id already used: {stored.subject} holds different content")
    return Appended(stored.seq, already=True)


class NatsBus:
    """One connection with its streams; satisfies `Bus`."""

    def __init__(self, client: DirectClient, timing: Timing) -> None:
        self.counters = BusCounters()
        self.api = JetStreamApi(client)
        self._client = client
        self._background = Background()
        # One for each stream: a refusal by one makes appends to it wait, and to no other.
        self._publishers = tuple(
            Publisher(client, timing, self._background, self.counters) for _ in range(4)
        )
        facts, deltas, snapshots, marks = self._publishers
        ports = ReaderPorts(client, self.api, timing, self.counters)
        self._log = NatsLog(subjects.OMS_STREAM, facts, ports)
        self._deltas = NatsLog(subjects.DELTAS_STREAM, deltas, ports)
        self._snapshots = NatsLog(subjects.SNAP_STREAM, snapshots, ports)
        self._marks = NatsLog(subjects.MARKS_STREAM, marks, ports)
        self._logs = (self._log, self._deltas, self._snapshots, self._marks)
        self._leases = NatsCells(client, self.api, subjects.LEASES_STREAM)
        self._roll_call = RollCall(self, timing)
        self._callbacks: list[Callable[[], None]] = []
        self._answering = 0
        self._options = NatsOptions()
        self._timing = timing
        self._failing = Spell()
        self._connecting = self._closing = False

    @classmethod
    async def connect(cls, options: NatsOptions, timing: Timing) -> "NatsBus":
        """Connect, waiting for the server as long as it takes.

        Raises:
            ConfigurationError: a server's certificate is not vouched for by the authority given,
                or it lets nobody in with this key, or without one.
        """
        gather_s = options.gather_s
        pace = (lambda _read: gather_s) if gather_s else None
        client = DirectClient(timing, pace, encrypted=options.encrypted)
        bus = cls(client, timing)
        how = connect_options(options) | {
            "error_cb": bus._failed,
            "disconnected_cb": bus._disconnected,
            "reconnected_cb": bus._reconnected,
            "closed_cb": bus._closed,
        }
        bus._options, bus._connecting = options, True
        try:
            await client.connect(**how)
            bus._connecting = False
            for publisher in bus._publishers:
                await publisher.start()
        except BaseException:
            bus._closing = True  # who called is told by the error
            # A connection whose handshake failed never says that it is closed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.close(), GIVE_UP_S)
            raise
        return bus

    @property
    def log(self) -> NatsLog:
        return self._log

    @property
    def deltas(self) -> NatsLog:
        return self._deltas

    @property
    def snapshots(self) -> NatsLog:
        return self._snapshots

    @property
    def marks(self) -> NatsLog:
        return self._marks

    @property
    def leases(self) -> NatsCells:
        return self._leases

    @property
    def connected(self) -> bool:
        return bool(self._client.is_connected)

    @property
    def backlog(self) -> int:
        """Appends that the server has not answered yet."""
        return sum(publisher.backlog for publisher in self._publishers)

    @property
    def server_version(self) -> str:
        version = self._client.connected_server_version
        return f"{version.major}.{version.minor}.{version.patch}"

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        try:
            reply = await self._client.request(subject, payload, timeout=timeout_s)
        except nats.errors.NoRespondersError as error:
            raise UnavailableError(f"{subject}: nobody listens") from error
        except DeniedError as error:
            raise NotAllowedError("subject", subject, str(error)) from error
        except (nats.errors.Error, TimeoutError) as error:
            raise UnavailableError(f"{subject}: {str(error) or 'no answer'}") from error
        return bytes(reply.data)

    async def serve(
        self, subject: str, answer: Callable[[bytes], Awaitable[bytes]], *, queue: str
    ) -> None:
        async def asked(message: Msg) -> None:
            if not is_inbox(message.reply):
                # Whoever asks names where the answer goes: never into a stream in our name.
                self.counters.misdirected += 1
                return
            if self._answering >= ANSWERS_AT_ONCE:
                await self._refuse(message)
                return
            self._answering += 1
            self._background.spawn(self._reply(message, answer), f"bus-answer-{subject}")

        await self._client.subscribe(subject, queue=queue, cb=asked)

    async def _refuse(self, message: Msg) -> None:
        """Say by name that this one is not answered: silence would have it asked again later."""
        self.counters.refused_questions += 1
        bound = f"{self._answering} of {ANSWERS_AT_ONCE}"
        failed = QueryFailed(text=f"too many open questions: {bound}")
        with contextlib.suppress(nats.errors.Error):
            await self._client.publish(message.reply, codec.encode(failed))

    async def _reply(self, message: Msg, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        try:
            await self._client.publish(message.reply, await answer(message.data))
        except nats.errors.Error as error:
            _log.error("not answered", subject=message.subject, error=str(error))
        finally:
            self._answering -= 1

    async def announce(self, subject: str, payload: bytes) -> None:
        if self.connected:  # else the client would keep it, and tell it too late
            await self._client.publish(subject, payload)

    async def listen(self, subject: str, on_word: Callable[[bytes], None]) -> None:
        async def heard(message: Msg) -> None:
            on_word(message.data)

        await self._client.subscribe(subject, cb=heard)

    async def attend(self) -> None:
        await self._roll_call.attend()

    async def say_alive(
        self, alive: StrategyAlive, on_joining: Callable[[], None] | None = None
    ) -> tuple[OtherClient, ...]:
        if not self.connected:
            raise UnavailableError("not connected")
        return await self._roll_call.say(alive, on_joining)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    async def close(self) -> None:
        self._closing = True
        for log in self._logs:
            await log.close()
        await self._background.close()
        for publisher in self._publishers:
            publisher.fail_all(UnavailableError("the bus was closed"))
        await self._client.close()

    async def _failed(self, error: Exception) -> None:
        self.counters.errors += 1
        if self._connecting and isinstance(error, ssl.SSLCertVerificationError | PlainServerError):
            # Waiting mends neither. Later on it may: then servers are changed one after the other.
            told = getattr(error, "verify_message", str(error))
            rule = f"the authority that vouches for the server: {told}"
            raise ConfigurationError(CA_VARIABLE, self._options.ca_file or "", rule) from error
        if self._connecting and _NOT_LET_IN in str(error).lower():
            raise self._not_let_in() from error
        if isinstance(error, nats.errors.SlowConsumerError):
            _log.error("messages dropped: reader too slow", subject=error.subject)
            return
        self._tell(error)
        denied = _DENIED.search(str(error).lower())
        if denied is not None:
            self._client.denied(denied["subject"])
            for publisher in self._publishers:
                publisher.denied(denied["subject"])

    def _tell(self, error: Exception) -> None:
        """Log an error; of those that each attempt to connect meets, ever fewer."""
        text = str(error) or type(error).__name__
        if not (isinstance(error, OSError | TimeoutError) or _NOT_LET_IN in text.lower()):
            _log.error("bus error", error=text)
        elif times := self._failing.failed(self._timing.monotonic_ns()):
            _log.error("cannot connect, trying on", error=text, times=times)

    def _not_let_in(self) -> ConfigurationError:
        """Return the error for a key that is missing or unknown: waiting mends neither."""
        key = self._options.key_file
        given = "with this one" if key is not None else "without one"
        rule = f"a key that the server at {self._options.url} knows: it lets nobody in {given}"
        return ConfigurationError(KEY_VARIABLE, key or "", rule)

    async def _disconnected(self) -> None:
        for log in self._logs:
            log.disconnected()
        if not self._closing:
            _log.error("disconnected")

    async def _reconnected(self) -> None:
        self.counters.reconnects += 1
        self._failing.ended(self._timing.monotonic_ns(), quiet_ns=0)
        _log.warning("reconnected", server=self.server_version)
        for publisher in self._publishers:
            publisher.resend()
        for log in self._logs:
            log.reconnected()
        for callback in self._callbacks:
            callback()

    async def _closed(self) -> None:
        if not self._closing:
            report("bus", UnavailableError("the connection was given up"))
