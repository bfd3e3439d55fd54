"""What the venue's sessions deliver, and when the account counts as up and resynced.

1. Every fact that a session delivers is logged, whoever's order it is about.
2. The account is up while every critical channel is ready, but for the one that carries orders:
   HTTP stands in for it, and it tells no events. RESYNCED is logged only after a backfill that
   began while the account was up.
3. When a market channel ends, its books are forgotten: what was missed is unknown.
4. A log that was cut has lost nobody knows what. So before the account is RESYNCED for a new epoch,
   what may still be on its way has arrived, and all is asked for that the log reaches back to.
5. A stream that is up and missed what the venue's lists show is opened anew.
6. Three backfills that fail in a row take the account down, though its channels are up: what the
   streams may have lost is not made up for. The next one that is done brings it back.
7. What a stream tells and cannot be so is refused at the door, and the lists are asked instead.
"""

from tandem.domain.units import NS_PER_MS, NS_PER_S
from tandem.gateway.account.counted_kinds import Kinds
from tandem.gateway.account.inquiry import Inquiry
from tandem.gateway.account.listing_delay import EpochQuiet
from tandem.gateway.account.stream_monitor import Missed
from tandem.gateway.port.channel import (
    BookUpdate,
    ChannelItem,
    ChannelReady,
    MarkUpdate,
    ReopenNeeded,
    Replied,
    ResyncNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Report
from tandem.gateway.shell.barrier import Fence
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.backfill import MARGIN_MS, Backfill
from tandem.gateway.shell.venue.channel_runner import Session
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillCost, FillReport, LinkState, OrderReport, PositionReport

POLL_S = 0.02


class Links:
    """Listens to all sessions of one account; satisfies `SessionListener`."""

    def __init__(
        self, core: Core, dispatcher: Dispatcher, backfill: Backfill, fence: Fence
    ) -> None:
        self.sessions = tuple(Session(core, channel, self) for channel in core.venue.channels())
        self._quiet = EpochQuiet()
        self.resynced_epoch = 0
        self.lost_ns = 0
        self._core = core
        self._dispatcher = dispatcher
        self._backfill = backfill
        self._fence = fence
        self._ups = 0
        self._was_up = False
        self._inquiry = Inquiry()
        self._order_channel = core.venue.traits.order_channel
        dispatcher.orders = next(one for one in self.sessions if one.name == self._order_channel)
        metrics = core.context.metrics
        self._unknown = metrics.counter("gateway_unknown_events", "of the venue", ("kind",))
        self._kinds = Kinds()
        self._resyncs = metrics.counter("gateway_resyncs", "gaps to fill", ("channel",))
        self._missed = metrics.counter("gateway_stream_missed_facts", "listed, and never told")
        backfill.on_missed = self._on_missed
        backfill.on_unsound = self._ask
        backfill.on_broken = self._on_broken
        backfill.on_mended = self._on_mended
        ready = metrics.gauge("gateway_channel_ready", "1: confirmed by the venue", ("channel",))
        for session in self.sessions:
            ready.labels(session.name).set_function(session.readiness)

    def start(self) -> None:
        for session in self.sessions:
            self._core.context.tasks.spawn(session.run(), f"session-{session.name}")

    def fault(self) -> str:
        """Return which channel keeps orders from going out, or the empty text."""
        for session in self.sessions:
            if self._is_needed(session) and not session.is_ready:
                return f"channel {session.name} is not up"
        return ""

    def _is_needed(self, session: Session) -> bool:
        return session.channel.is_critical and session.name != self._order_channel

    def is_up(self) -> bool:
        return not self.fault()

    def on_ready(self, session: Session) -> None:
        self._core.context.log.info("channel up", channel=session.name)
        if self._is_needed(session) and self.is_up():
            self._was_up = True
            self._fence.report(LinkState.UP, f"channel {session.name} is up")
            now = self._core.now()
            self._backfill.heard.opened(now.venue_ms)
            for ticket in self._core.sender.orders():
                ticket.look_now(now)
            self.resync()
        self._dispatcher.pump()

    def on_down(self, session: Session, reason: str) -> None:
        self._core.context.log.warning("channel down", channel=session.name, reason=reason)
        if session.name == self._order_channel:
            self._dispatcher.on_orders_down()
        elif not session.channel.is_critical:
            self._core.market.forget_books()
        elif self._was_up:
            self._was_up = False
            self._ups += 1
            self._backfill.heard.closed()
            self._fence.report(LinkState.DOWN, f"channel {session.name}: {reason}")

    def _on_missed(self, missed: Missed) -> None:
        """The lists showed what the account's stream did not tell."""
        count, first = len(missed.names), missed.names[0]
        self._missed.inc(count)
        reason = f"the stream did not tell {count} facts such as {first}"
        self._core.context.log.warning("stream missed facts", reason=reason, mute=missed.is_mute)
        for session in self.sessions:
            if missed.is_mute and self._is_needed(session):
                session.reopen(reason)

    def _on_broken(self) -> None:
        """Too many backfills have failed: the account is not what it was, whatever streams say."""
        self._ups += 1
        self._fence.report(LinkState.DOWN, self._backfill.fault)
        source, key = f"gateway-{self._core.exc}", f"backfills-{self._core.context.run}-{self._ups}"
        text = f"{self._core.exc}: {self._backfill.fault}; the account counts as down"
        self._core.journal.append(Alarm(source=source, key=key, text=text))

    def _on_mended(self) -> None:
        """A backfill was done again; another one that begins now proves that all is made up for."""
        if self.is_up():
            self._fence.report(LinkState.UP, "backfills are done again")
            self.resync()

    @property
    def epoch(self) -> int:
        """The log's epoch as this process knows it."""
        return self._quiet.epoch

    def begin_epoch(self, epoch: int) -> None:
        """Learn of a later epoch: what is on its way now will have arrived in a while."""
        self._quiet.begin(epoch, self._core.context.clock.monotonic_ns())

    def resync(self) -> None:
        """Fill the gap, then say so, unless the session broke or a later one began meanwhile."""
        self._ups += 1
        self._core.context.tasks.spawn(self._resync(self._ups, self.epoch), "resync")

    async def _resync(self, ups: int, epoch: int) -> None:
        await self._until_read()
        if epoch > self.resynced_epoch:
            clock = self._core.context.clock
            await clock.sleep(self._quiet.left_ns(clock.monotonic_ns()) / NS_PER_S)
            self._backfill.look_back(self._reach_ms())
        is_whole = False
        while ups == self._ups and not is_whole:
            begun = self._backfill.begun
            self._backfill.want()
            await self._backfill.until_run_after(begun)
            is_whole = self._backfill.is_whole
        if ups == self._ups and self.is_up():
            self.lost_ns = 0
            self._fence.report(LinkState.RESYNCED, "backfilled", epoch)

    async def _until_read(self) -> None:
        """Wait until the log was read: what is missing is judged by what it holds."""
        while not self._fence.is_caught_up:
            await self._core.context.clock.sleep(POLL_S)

    def _reach_ms(self) -> int:
        """Return since when the log may miss something: its beginning, or what is offered again.

        What is offered again reaches back from when the lost log was last read: it may have been
        away for long before it came back without its end.
        """
        now_ns = self._core.context.clock.wall_ns()
        told_ns = min(self.lost_ns or now_ns, now_ns)
        kept_ns = self._core.context.settings.kept_ns
        since_ns = min(self._core.known.begun_ns or now_ns, told_ns - kept_ns)
        return since_ns // NS_PER_MS - min(MARGIN_MS, kept_ns // NS_PER_MS)

    def on_item(self, session: Session, item: ChannelItem) -> None:
        match item:
            case BookUpdate() | MarkUpdate():
                self._take_price(session, item)
            case Replied():
                self._dispatcher.on_reply(item)
            case OrderReport() | FillReport() | FillCost() | PositionReport():
                self._take_fact(item)
            case Unsound():
                self._core.door.refuse(item)
                self._lost(session)
            case _:
                self._take_notice(session, item)

    def _take_notice(
        self, session: Session, item: ResyncNeeded | UnknownEvent | ChannelReady | ReopenNeeded
    ) -> None:
        match item:
            case ResyncNeeded():
                self._core.context.log.warning("gap", channel=session.name, reason=item.reason)
                self._resyncs.labels(session.name).inc()
                self._ask()
            case UnknownEvent():
                self._unknown.labels(self._kinds.name_of(item.kind)).inc()
            case ChannelReady() | ReopenNeeded():
                return

    def _take_price(self, session: Session, price: BookUpdate | MarkUpdate) -> None:
        mono_ns = self._core.context.clock.monotonic_ns()
        if isinstance(price, MarkUpdate):
            if self._core.door.mark(price):
                self._core.market.take_mark(price, mono_ns)
        elif self._core.door.book(price):
            self._core.market.take_book(price, mono_ns)
        else:
            session.restart("a book that cannot be so: the true one is told anew")

    def _lost(self, session: Session) -> None:
        """Something that a session told cannot be used: what it stood for is asked for."""
        if self._is_needed(session):
            self._ask()

    def _ask(self) -> None:
        """Ask for the venue's lists: at once, or after a while when it was done just now."""
        wait_ns = self._inquiry.wait_ns(self._core.context.clock.monotonic_ns())
        if wait_ns is not None:
            self._core.context.tasks.spawn(self._ask_after(wait_ns), "ask-lists")

    async def _ask_after(self, wait_ns: int) -> None:
        await self._core.context.clock.sleep(wait_ns / NS_PER_S)
        self._inquiry.asked(self._core.context.clock.monotonic_ns())
        self._backfill.want()

    def _take_fact(self, fact: Report) -> None:
        if not self._core.door.facts((fact,)):
            self._ask()
            return
        self._backfill.heard.told(fact)
        self._core.journal.log(fact)
        cloid = fact.client_order_id if isinstance(fact, OrderReport | FillReport) else None
        if cloid is not None and cloid in self._core.sender:
            self._core.sender.take_fact(fact)
            self._dispatcher.pump()
