"""How mirrors stay current: one reader of the deltas, a page for each join or gap.

1. A mirror joins by listening first, then taking a page from a copy at or past the newest delta
   stored when it asked, then applying what it heard meanwhile: nothing falls between.
2. A gap makes the mirror ask for the page again; what it hears meanwhile waits for that page. So
   does a new epoch, a stream that was cut, changes that expired unread (every one is read here,
   so their sequences tell), and every reconnect.
3. Deltas wait for handlers, up to a limit; above it reading stops, and it goes on where it stopped
   once the handlers have caught up: nothing is lost and memory is bounded.
"""

from asyncio import Future, gather, get_running_loop, timeout
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tandem.bus.port import Entry, LogState, StrategyBus
from tandem.client.mirror.handlers import PAGE, Listener
from tandem.client.mirror.mirror_page import NOWHERE, Joined, Place
from tandem.client.mirror.mirrors import Mirror, Orders
from tandem.client.mirror.plain_rows import delta_of
from tandem.client.page_client import Asking
from tandem.client.stream_reader import Reactions, Reading, ReadingPorts
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import facts, subjects
from tandem.messages.codec import AnyDelta
from tandem.runtime.failpoints import Seam, no_seam

CATCH_UP_POLL_S = 0.02


@dataclass(slots=True)
class Subscription:
    """One mirror, who listens to it, and what waits while its page is asked for.

    `heard` is None while the mirror is current. `least` is where the next page must stand.
    """

    mirror: Mirror
    page_subject: str
    exc: Exc | None
    listeners: list[Listener] = field(default_factory=list)
    heard: list[AnyDelta] | None = field(default_factory=list)
    least: Place = (0, 0)

    @property
    def is_current(self) -> bool:
        """Whether the mirror has its page and every change since."""
        return self.heard is None

    @property
    def backlog(self) -> int:
        """Changes that the slowest handlers have not seen, or that wait for a page."""
        slowest = len(self.heard or ())
        for listener in self.listeners:
            slowest = max(slowest, listener.backlog)
        return slowest


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """How long to wait and how much to hold.

    `ready_timeout_s`: how long a join waits for the state services. `drain_timeout_s`: how long
    closing waits for handlers. Reading stops above `most_waiting` changes that a handler has not
    seen and goes on at `few_waiting`.
    """

    ready_timeout_s: float = 10.0
    drain_timeout_s: float = 5.0
    most_waiting: int = 10_000
    few_waiting: int = 1_000
    seam: Seam = no_seam


class Feed:
    """Reads the deltas once and keeps every subscribed mirror current."""

    def __init__(self, bus: StrategyBus, ports: ReadingPorts, options: FeedOptions) -> None:
        self._bus, self._ports, self._options = bus, ports, options
        self._asking = Asking(bus, ports.clock, ports.log)
        self._subscriptions: list[Subscription] = []
        self._waiters: list[tuple[Callable[[], bool], Future[None]]] = []
        self._epoch = self._next_seq = 0
        reactions = Reactions(self._on_entry, self._on_cut)
        self._reading = Reading(bus.deltas, subjects.ALL_DELTAS, reactions, ports)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(self._subscriptions)

    @property
    def epoch(self) -> int:
        """The newest epoch of the log that was heard of."""
        return self._epoch

    @property
    def is_paused(self) -> bool:
        """Whether reading waits for a handler to catch up."""
        return self._reading.is_paused

    async def start(self) -> None:
        state = await self._bus.deltas.state()
        self._next_seq = state.last_seq + 1
        self._reading.start(state.last_seq, state)
        self._bus.on_reconnect(self._missed)

    async def close(self) -> None:
        """Stop reading, let handlers finish what they were given, end what waits."""
        await self._reading.close()
        with suppress(TimeoutError):
            async with timeout(self._options.drain_timeout_s):
                every = [one for known in self._subscriptions for one in known.listeners]
                await gather(*(listener.settled() for listener in every))
        for _, waiter in self._waiters:
            waiter.cancel()

    async def subscribe(self, subscription: Subscription) -> None:
        """Join a mirror; returns once it is current.

        Raises:
            UnavailableError: no state service answered within the ready timeout.
        """
        self._subscriptions.append(subscription)
        try:
            async with timeout(self._options.ready_timeout_s):
                await self._join(subscription)
        except (TimeoutError, UnavailableError) as error:
            self._subscriptions.remove(subscription)
            what = subscription.page_subject
            raise UnavailableError(f"{what}: no state service answered in time") from error

    def join_later(self, subscription: Subscription) -> None:
        """Join a mirror as soon as its service answers; until then it is not current."""
        self._subscriptions.append(subscription)
        self._ports.tasks.spawn(self._join(subscription), "page")

    async def _join(self, subscription: Subscription) -> None:
        newest_seq = await self._asking.newest_seq(subscription.page_subject)
        subscription.least = max(subscription.least, (self._epoch, newest_seq))
        await self._load(subscription)

    def listen(self, subscription: Subscription, listener: Listener) -> None:
        """Tell a listener the page as it is, then each change from now on."""
        subscription.listeners.append(listener)
        self._ports.tasks.spawn(listener.run(self._ports.log), "handlers")
        listener.tell(PAGE)

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

    async def settle(self, orders: Orders, cloid: str | None, oid: str | None) -> None:
        """Learn from order-state how an order ended that the mirror does not know."""
        row = await self._asking.order(orders.exc, cloid, oid)
        if row is not None:
            orders.settle(row)
            self._wake()

    async def passed(self, orders: Orders, seq: int) -> None:
        """Return once the mirror has taken in everything up to `seq` of the log."""
        subscription = next(one for one in self._subscriptions if one.mirror is orders)
        if orders.page.newest[1] < seq:
            self._reload(subscription, (self._epoch, seq))
        await self.until(lambda: subscription.heard is None and orders.page.newest[1] >= seq)

    def epoch_began(self, epoch: int) -> None:
        """Take every page anew, from folds that have entered this epoch."""
        if epoch <= self._epoch:
            return
        self._epoch = epoch
        for subscription in self._subscriptions:
            self._reload(subscription, (epoch, 0))

    def _on_cut(self, state: LogState) -> int:
        """Take any page: the places of a log that was cut mean nothing any more."""
        for subscription in self._subscriptions:
            subscription.least = NOWHERE
            self._reload(subscription, NOWHERE)
        self._next_seq = state.last_seq + 1
        return state.last_seq

    def _missed(self) -> None:
        """Take every page anew: there were deltas that were not read here, or may have been."""
        for subscription in self._subscriptions:
            self._reload(subscription, subscription.mirror.place)

    def _on_entry(self, entry: Entry) -> None:
        if entry.seq > self._next_seq:
            self._ports.log.warning("changes expired unread", since=self._next_seq, to=entry.seq)
            self._missed()
        self._next_seq = entry.seq + 1
        delta = facts.read_delta(entry.subject, entry.payload)
        self.epoch_began(delta.epoch)
        for subscription in self._subscriptions:
            if subscription.mirror.concerns(delta):
                self._deliver(subscription, delta)
                self._watch_backlog(subscription)
        self._wake()

    def _deliver(self, subscription: Subscription, delta: AnyDelta) -> None:
        if subscription.heard is not None:
            subscription.heard.append(delta)
            return
        joined = subscription.mirror.join(delta)
        if joined is Joined.GAP:
            self._reload(subscription, (delta.epoch, delta.seq))
            subscription.heard = [delta]
        elif joined.is_news:
            change = delta_of(delta)
            for listener in subscription.listeners:
                listener.tell(change)

    def _reload(self, subscription: Subscription, least: Place) -> None:
        """Ask for the page anew, unless that is under way: then only for a later one."""
        subscription.least = max(subscription.least, least)
        if subscription.heard is None:
            subscription.heard = []
            self._ports.tasks.spawn(self._load(subscription), "page")

    async def _load(self, subscription: Subscription) -> None:
        """Take a page at or past `least`, then what was heard while asking.

        While it settles what has vanished, a later page may be asked for: then that is taken too.
        """
        place: Place | None = None
        while place is None or place < subscription.least:
            place = await self._take_page(subscription)
        heard, subscription.heard = subscription.heard or [], None
        for delta in heard:
            self._deliver(subscription, delta)
        for listener in subscription.listeners:
            listener.tell(PAGE)
        self._wake()

    async def _take_page(self, subscription: Subscription) -> Place:
        mirror = subscription.mirror
        page = await self._asking.page(
            subscription.page_subject, subscription.exc, lambda: subscription.least
        )
        self._options.seam("client.mirror.after_page")
        mirror.load(page)
        self._epoch = max(self._epoch, page.epoch)
        if isinstance(mirror, Orders):
            for row in mirror.vanished:
                await self.settle(mirror, row.client_order_id, row.venue_order_id)
        return page.epoch, page.seq

    def _watch_backlog(self, subscription: Subscription) -> None:
        if subscription.backlog > self._options.most_waiting and not self.is_paused:
            self._ports.log.warning("handlers are far behind, reading waits", at=self._reading.seq)
            self._reading.pause()
            self._ports.tasks.spawn(self._resume_later(), "feed-catch-up")

    async def _resume_later(self) -> None:
        while self._backlog() > self._options.few_waiting:
            await self._ports.clock.sleep(CATCH_UP_POLL_S)
        self._reading.resume()

    def _backlog(self) -> int:
        return max((one.backlog for one in self._subscriptions), default=0)

    def _wake(self) -> None:
        for holds, waiter in self._waiters:
            if not waiter.done() and holds():
                waiter.set_result(None)
