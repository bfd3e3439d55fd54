"""How a stream is followed in order: a throw-away push consumer, made anew wherever it breaks.

1. `on_entry` sees stream sequences that only rise, none skipped that the server still has.
2. A consumer is replaced, from the last delivered sequence + 1, when its own numbering jumps (a
   message was dropped on the way), when two heartbeats are missed, and after a reconnect.
3. Messages of a replaced consumer are ignored: each has its own inbox.
4. Before each consumer is made, the stream must still hold the message that was read last. If it
   does not, it was cut: nothing more is delivered. What a connection brings that was lost since
   is ignored, so nothing of another log gets in between.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tandem.bus.clock import Timing
from tandem.bus.cursor import cursor_at, place_is_kept
from tandem.bus.nats.api import ConsumerConfig, JetStreamApi
from tandem.bus.nats.client import DirectClient
from tandem.bus.nats.counters import BusCounters
from tandem.bus.nats.wire import (
    HEARTBEAT,
    LAST_CONSUMER_HEADER,
    STALLED_HEADER,
    delivery,
)
from tandem.bus.port import Cursor, Entry, LogState, OnCut
from tandem.bus.spells import Spell
from tandem.bus.tasks import Background, report
from tandem.domain.errors import InvariantError, UnavailableError

HEARTBEAT_NS = 500_000_000
SILENCE_NS = 2 * HEARTBEAT_NS + 200_000_000
INACTIVE_NS = 10_000_000_000
WATCH_PERIOD_S = 0.2
BACKOFF_FIRST_S = 0.02
BACKOFF_MOST_S = 1.0

_log = structlog.get_logger(component="bus.reader")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader follows, and from where: a sequence, or a place as it was left."""

    stream: str
    filters: tuple[str, ...]
    after: int | Cursor

    @property
    def after_seq(self) -> int:
        return self.after if isinstance(self.after, int) else self.after.seq


class StreamCutError(Exception):
    """The stream no longer holds what was read."""

    def __init__(self, state: LogState) -> None:
        super().__init__(f"it now ends at {state.last_seq}")
        self.state = state


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of messages, of a cut, and of the reader's end."""

    on_entry: Callable[[Entry], None]
    on_cut: OnCut | None
    on_close: Callable[["NatsReader"], None]


@dataclass(frozen=True, slots=True)
class ReaderPorts:
    """What a reader works with."""

    client: DirectClient
    api: JetStreamApi
    timing: Timing
    counters: BusCounters


class NatsReader:
    """Follows one stream; satisfies `Following`."""

    def __init__(self, ports: ReaderPorts, wanted: Wanted, listener: Listener) -> None:
        self._client = ports.client
        self._api = ports.api
        self._timing = ports.timing
        self._counters = ports.counters
        self._wanted = wanted
        self._listener = listener
        self._on_entry = listener.on_entry
        self._background = Background()
        self._subscription: Subscription | None = None
        self._consumer = ""
        self._consumer_seq = 0
        self._last_seq = wanted.after_seq
        self._last: Entry | None = None
        self._left = wanted.after if isinstance(wanted.after, Cursor) else None
        self._heard_ns = 0
        self._pending = 0
        self._replacing = False
        self._again = False
        self._closed = False
        self._failures = Spell()

    @property
    def heard_ns(self) -> int:
        return self._heard_ns

    @property
    def pending(self) -> int:
        return self._pending

    async def start(self) -> None:
        self._pending = 1
        await self._replace_until_done()
        self._background.spawn(self._watch(), f"bus-reader-watch-{self._wanted.stream}")

    async def close(self) -> None:
        self._closed = True
        self._listener.on_close(self)
        await self._background.close()
        await self._forget()

    def mute(self) -> None:
        """Ignore what still comes: the next consumer is made only after the place was checked."""
        self._consumer = ""
        self._heard_ns = 0

    def replace(self, reason: str) -> None:
        """Make a new consumer from where this one broke."""
        if self._closed:
            return
        self._heard_ns = 0
        if self._replacing:
            self._again = True
            return
        self._replacing = True
        _log.info("reading anew", reason=reason, after_seq=self._last_seq)
        self._background.spawn(self._replace_until_done(), f"bus-reader-{self._wanted.stream}")

    async def _replace_until_done(self) -> None:
        self._replacing = True
        delay_s = BACKOFF_FIRST_S
        while self._replacing:
            self._again = False
            try:
                await self._forget()
                await self._create()
                self._replacing = self._again
                self._say_what_ended()
            except StreamCutError as cut:
                self._end(cut)
            except (UnavailableError, nats.errors.Error) as error:
                times = self._failures.failed(self._timing.monotonic_ns())
                if times:
                    stream, what = self._wanted.stream, "cannot read, trying again"
                    _log.warning(what, stream=stream, error=str(error), times=times)
                await self._timing.sleep(delay_s)
                delay_s = min(delay_s * 2, BACKOFF_MOST_S)

    def _say_what_ended(self) -> None:
        told = self._failures.ended(self._timing.monotonic_ns(), quiet_ns=0)
        if told is not None:
            stream, times = self._wanted.stream, told.count
            _log.info("reads again", stream=stream, times=times, lasted_ms=told.lasted_ms)

    def _end(self, cut: StreamCutError) -> None:
        """Deliver nothing more, and say why."""
        self._closed, self._replacing = True, False
        self.mute()
        stream, listener = self._wanted.stream, self._listener
        _log.error("the stream was cut", stream=stream, read_seq=self._last_seq, now=str(cut))
        if listener.on_cut is None:
            report(f"{stream} was cut", InvariantError(f"read up to {self._last_seq}, {cut}"))
        else:
            asyncio.get_running_loop().call_soon(listener.on_cut, cut.state)

    async def _forget(self) -> None:
        subscription, self._subscription = self._subscription, None
        consumer, self._consumer = self._consumer, ""
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await self._client.unsubscribe_direct(subscription)
        if consumer and self._client.is_connected:
            # The server drops it by itself once nobody listens; asking only makes it sooner.
            with contextlib.suppress(UnavailableError):
                await self._api.delete_consumer(self._wanted.stream, consumer)

    async def _create(self) -> None:
        inbox = self._client.new_inbox()
        name = inbox.rpartition(".")[2]
        self._consumer_seq = 0

        def deliver(subject: str, reply: str, payload: bytes) -> None:
            if self._consumer == name:
                self._received(subject, reply, payload)

        async def signal(message: Msg) -> None:
            if self._consumer == name:
                await self._signalled(message)

        self._consumer = name
        self._subscription = await self._client.subscribe_direct(inbox, deliver, signal)
        await self._check_place()
        if self._consumer != name:
            raise UnavailableError("the connection was lost meanwhile")
        made = await self._api.create_consumer(self._wanted.stream, self._config(name, inbox))
        if self._consumer_seq == 0:
            self._pending = made.num_pending + made.delivered.consumer_seq
        self._heard_ns = self._timing.monotonic_ns()

    async def _check_place(self) -> None:
        """Make sure that the stream still holds what was read last.

        Raises:
            StreamCutError: it does not.
        """
        info = await self._api.stream_info(self._wanted.stream)
        stored = await self._api.message_at(self._wanted.stream, self._last_seq)
        left = self._left or Cursor(created_ns=info.created_ns, seq=self._last_seq)
        place = left if self._last is None else cursor_at(left.created_ns, self._last)
        if not place_is_kept(place, info.log_state, stored, keeps_newest=info.keeps_newest):
            raise StreamCutError(info.log_state)
        self._left = cursor_at(info.created_ns, stored, self._last_seq)

    def _config(self, name: str, inbox: str) -> ConsumerConfig:
        return ConsumerConfig(
            name=name,
            deliver_subject=inbox,
            filter_subjects=self._wanted.filters,
            opt_start_seq=self._last_seq + 1,
            idle_heartbeat=HEARTBEAT_NS,
            inactive_threshold=INACTIVE_NS,
        )

    def _received(self, subject: str, reply: str, payload: bytes) -> None:
        self._heard_ns = self._timing.monotonic_ns()
        place = delivery(reply)
        if place is None:
            return
        if place.consumer_seq != self._consumer_seq + 1:
            self._gap(f"message {place.consumer_seq} after {self._consumer_seq}")
            return
        self._consumer_seq = place.consumer_seq
        if place.stream_seq > self._last_seq:
            self._deliver(Entry(place.stream_seq, place.ts_ns, subject, payload, place.pending))

    def _deliver(self, entry: Entry) -> None:
        self._last, self._last_seq = entry, entry.seq
        self._pending = entry.pending
        try:
            self._on_entry(entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, reading on would skip a fact
            self._consumer = ""
            report(f"reading stopped at {entry.seq} {entry.subject}", error)

    async def _signalled(self, message: Msg) -> None:
        """Take what the server itself says."""
        headers = message.headers or {}
        if message.data or headers.get("Status") != HEARTBEAT:
            self._received(message.subject, message.reply, message.data)
            return
        self._heard_ns = self._timing.monotonic_ns()
        await self._signal(message, headers)

    async def _signal(self, message: Msg, headers: dict[str, str]) -> None:
        """Handle a heartbeat or a flow-control request."""
        resume = headers.get(STALLED_HEADER) or message.reply
        if resume:
            with contextlib.suppress(nats.errors.Error):
                await self._client.publish(resume)
            return
        last = int(headers.get(LAST_CONSUMER_HEADER, self._consumer_seq))
        if last > self._consumer_seq:
            self._gap(f"heartbeat at {last} after {self._consumer_seq}")
            return
        self._pending = 0

    def _gap(self, reason: str) -> None:
        self._counters.gaps += 1
        self.replace(reason)

    async def _watch(self) -> None:
        while not self._closed:
            await self._timing.sleep(WATCH_PERIOD_S)
            silent_ns = self._timing.monotonic_ns() - self._heard_ns
            if silent_ns > SILENCE_NS and self._client.is_connected and not self._replacing:
                self.replace("heartbeats missed")
