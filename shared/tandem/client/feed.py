"""How mirrors stay current: one reader of the deltas, a page for each join or gap.

1. A mirror joins by listening first, then taking a page from a copy at or past the newest delta
   stored when it asked, then applying what it heard meanwhile: nothing falls between.
2. A broken chain makes the mirror ask for the page again; deltas heard meanwhile wait for it.
3. Handlers run one at a time in order, outside the reader. One that raises is logged and does
   not stop the mirror; a slow one delays itself only, and its backlog can be seen.
"""

import inspect
from asyncio import Future, Queue, get_running_loop, timeout
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tandem.bus.port import Bus, Entry, Following
from tandem.client.mirrors import Orders, Plain, delta_of
from tandem.client.pages import Joined
from tandem.domain.errors import MalformedMessageError, UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import codec, subjects
from tandem.messages.codec import Answer, AnyDelta
from tandem.messages.queries import OrderHistory, OrderHistoryRequest, PageRequest, QueryFailed
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.seam import Seam, no_seam

REQUEST_TIMEOUT_S = 1.0
RETRY_S = 0.1
Handler = Callable[[Any], Awaitable[None] | None]


class Log(Protocol):
    """The two calls of a structured logger that the client makes."""

    def warning(self, event: str, **fields: object) -> object: ...

    def exception(self, event: str, **fields: object) -> object: ...


class Mirror(Protocol):
    """A live page: loaded whole, then changed delta by delta."""

    def load(self, answer: Answer) -> None: ...

    def join(self, delta: AnyDelta) -> Joined: ...


@dataclass(slots=True)
class Subscriber:
    """One mirror with its handlers. `waiting` holds deltas while a page is asked for."""

    mirror: Mirror
    page_subject: str
    exc: Exc | None
    on_update: Handler | None = None
    on_delta: Handler | None = None
    waiting: list[AnyDelta] | None = field(default_factory=list)
    queue: "Queue[Plain | None]" = field(default_factory=Queue)

    @property
    def backlog(self) -> int:
        """Changes that the handlers have not seen yet."""
        return self.queue.qsize()


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """`ready_timeout_s`: how long a join waits for the state services before it gives up."""

    ready_timeout_s: float = 10.0
    seam: Seam = no_seam


class Feed:
    """Reads the deltas once and keeps every subscribed mirror current."""

    def __init__(self, bus: Bus, clock: Clock, log: Log, options: FeedOptions) -> None:
        self._bus, self._clock, self._log, self._options = bus, clock, log, options
        self._tasks = TaskOwner()
        self._subscribers: list[Subscriber] = []
        self._waiters: list[tuple[Callable[[], bool], Future[None]]] = []
        self._reader: Following | None = None

    async def start(self) -> None:
        state = await self._bus.deltas.state()
        self._reader = await self._bus.deltas.follow(
            subjects.ALL_DELTAS, state.last_seq, self._on_entry
        )

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
        await self._tasks.close()
        for _, waiter in self._waiters:
            waiter.cancel()

    async def subscribe(self, subscriber: Subscriber) -> None:
        """Join a mirror; returns once it is current.

        Raises:
            UnavailableError: no state service answered within the ready timeout.
        """
        self._subscribers.append(subscriber)
        if subscriber.on_delta or subscriber.on_update:
            self._tasks.spawn(self._handle(subscriber), "handlers")
        try:
            async with timeout(self._options.ready_timeout_s):
                await self._load(subscriber, await self._newest_seq())
        except TimeoutError as error:
            self._subscribers.remove(subscriber)
            what = subscriber.page_subject
            raise UnavailableError(f"{what}: no state service answered in time") from error

    async def until(self, holds: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Return once `holds()` is true, looked at after each change of any mirror.

        Raises:
            TimeoutError: not within `timeout_s`.
        """
        if holds():
            return
        waiter: Future[None] = get_running_loop().create_future()
        entry = (holds, waiter)
        self._waiters.append(entry)
        try:
            async with timeout(timeout_s):
                await waiter
        finally:
            self._waiters.remove(entry)

    async def _newest_seq(self) -> int:
        """Return the log sequence of the newest delta stored: a page must have reached it."""
        state = await self._bus.deltas.state()
        entry = await self._bus.deltas.get(state.last_seq) if state.last_seq else None
        return codec.decode_delta(entry.payload).seq if entry else 0

    def _on_entry(self, entry: Entry) -> None:
        try:
            delta = codec.decode_delta(entry.payload)
        except MalformedMessageError as error:
            self._log.warning("delta skipped", subject=entry.subject, error=str(error))
            return
        for subscriber in self._subscribers:
            self._deliver(subscriber, delta)
        self._wake()

    def _deliver(self, subscriber: Subscriber, delta: AnyDelta) -> None:
        if subscriber.waiting is not None:
            subscriber.waiting.append(delta)
            return
        match subscriber.mirror.join(delta):
            case Joined.APPLIED:
                self._hand_over(subscriber, delta_of(delta))
            case Joined.GAP:
                subscriber.waiting = [delta]
                self._tasks.spawn(self._load(subscriber, delta.seq), "page")
            case Joined.KNOWN:
                pass

    async def _load(self, subscriber: Subscriber, min_seq: int) -> None:
        """Take a page at or past `min_seq`, then what was heard while asking."""
        request = codec.encode(PageRequest(exc=subscriber.exc, min_seq=min_seq))
        answer = await self._ask(subscriber.page_subject, request)
        subscriber.mirror.load(answer)
        self._options.seam("client.mirror.after_page")
        await self._settle_vanished(subscriber.mirror)
        heard, subscriber.waiting = subscriber.waiting or [], None
        for delta in heard:
            self._deliver(subscriber, delta)
        self._hand_over(subscriber, None)
        self._wake()

    async def _ask(self, subject: str, request: bytes) -> Answer:
        while True:
            try:
                reply = await self._bus.request(subject, request, REQUEST_TIMEOUT_S)
            except UnavailableError:
                await self._clock.sleep(RETRY_S)
                continue
            answer = codec.decode_answer(reply)
            if not isinstance(answer, QueryFailed):
                return answer
            await self._clock.sleep(RETRY_S)

    async def _settle_vanished(self, mirror: Mirror) -> None:
        """Ask how the orders ended that left the page while nobody listened."""
        if not isinstance(mirror, Orders):
            return
        for row in mirror.vanished:
            request = OrderHistoryRequest(
                exc=row.exc, cloid=row.client_order_id, oid=row.venue_order_id
            )
            answer = await self._ask(subjects.ORDER_HISTORY, codec.encode(request))
            if isinstance(answer, OrderHistory) and answer.order is not None:
                mirror.settle(answer.order)

    def _hand_over(self, subscriber: Subscriber, change: Plain | None) -> None:
        if subscriber.on_delta or subscriber.on_update:
            subscriber.queue.put_nowait(change)

    async def _handle(self, subscriber: Subscriber) -> None:
        while True:
            change = await subscriber.queue.get()
            if change is not None and subscriber.on_delta:
                await self._call(subscriber.on_delta, change)
            if subscriber.on_update and subscriber.queue.empty():
                await self._call(subscriber.on_update, subscriber.mirror)

    async def _call(self, handler: Handler, argument: object) -> None:
        try:
            result = handler(argument)
            if inspect.isawaitable(result):
                await result
        except Exception:  # noqa: BLE001 (a strategy's handler may raise anything; the mirror goes on)
            self._log.exception("a handler raised", handler=repr(handler))

    def _wake(self) -> None:
        for holds, waiter in self._waiters:
            if not waiter.done() and holds():
                waiter.set_result(None)
