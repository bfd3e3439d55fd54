"""How one gateway runs: boot, the steady work, readiness, and a drain that loses nothing.

1. Before the venue answered with its time and its table, and the log is known to be its account's,
   the log is not read, nothing is sent and no question is answered.
2. A drain stops sending first, then waits for the answers of what was sent, then for the log, and
   only then gives the lease back.
3. Every copy listens to the venue, logs what it hears and follows the log; the one that holds the
   lease sends. A copy is ready when it sends, or when it would and sees another do it.
"""

import asyncio
from collections.abc import Coroutine
from itertools import islice

from tandem.bus.port import Entry, Following, LogState
from tandem.bus.tasks import end
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Ticker
from tandem.domain.units import MS_PER_S
from tandem.gateway.core.pending_order import Phase
from tandem.gateway.port.requests import VenueQueryError
from tandem.gateway.port.venue import VenueProtocol
from tandem.gateway.settings import GatewaySettings
from tandem.gateway.shell.account_claim import AccountClaim
from tandem.gateway.shell.barrier import Fence
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.epochs import Epochs
from tandem.gateway.shell.lease_keeper import Fitness, Tenure
from tandem.gateway.shell.log_reader import Reactions, Reader, SessionFact
from tandem.gateway.shell.lookups import Lookups
from tandem.gateway.shell.maker_cancels import Clearing
from tandem.gateway.shell.marks import Marks
from tandem.gateway.shell.mass_cancel import Sweeps
from tandem.gateway.shell.sender_heartbeat import Sending
from tandem.gateway.shell.state import Core, make_core
from tandem.gateway.shell.venue.backfill import Backfill
from tandem.gateway.shell.venue.instruments import Specs
from tandem.gateway.shell.venue.query_server import Asks
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.gateway.shell.venue.venue_session import Links
from tandem.messages import subjects
from tandem.messages.hedges import Epoch
from tandem.messages.reports import LinkReport, LinkState, SenderReport
from tandem.runtime.context import ServiceContext
from tandem.runtime.watch.wait_watch import WaitWatch
from tandem.runtime.watch.waits import Wait
from tandem.transport.backoff import Backoff
from tandem.transport.network import Internet, Network

TICK_S = 0.05
TIME_PERIOD_S = 10.0
TIME_RETRY_S = 0.5
FIRST_SAMPLES = 3
EXPIRE_PERIOD_S = 600.0
REPEAT_PERIOD_S = 30.0
DRAIN_S = 3.0
READY_S = 20.0
HEDGER_S = 10.0
DOUBT_S = 30.0
MOST_WAITS = 50
# Marks and costs of fills change nothing here; reading them back would only delay decisions.
KINDS_READ = ("order", "fill", "position", "specs", "link", "sender", "refused", "cleared")


class GatewayService:
    """One account on one venue; satisfies `Service`."""

    def __init__(
        self,
        context: ServiceContext,
        venue: VenueProtocol,
        settings: GatewaySettings,
        network: Network | None = None,
    ) -> None:
        self._context = context
        self._network = network or Internet(context.clock)
        self._core = make_core(context, venue, settings, self._network)
        self._queries = VenueQueries(self._core)
        self._claim = AccountClaim(self._core, self._queries)
        self._dispatcher = Dispatcher(self._core, self._queries, self._fault)
        self._dispatcher.asker = Lookups(self._core, self._queries, self._dispatcher)
        self._fence = Fence(self._core, self._dispatcher, self._on_open)
        self._backfill = Backfill(self._core, self._queries)
        self._links = Links(self._core, self._dispatcher, self._backfill, self._fence)
        self._epochs = Epochs(self._core, self._links, self._fence)
        self._specs = Specs(self._core, self._queries)
        self._marks = Marks(self._core)
        self._sweeps = Sweeps(self._core, self._queries, self._dispatcher)
        self._clearing = Clearing(self._core, self._dispatcher)
        self._asks = Asks(self._core, self._queries, self._specs)
        self._sending = Sending(self._core, self._dispatcher)
        self._tenure = Tenure(self._core, self)
        self._is_time_wanted = asyncio.Event()
        self._core.door.on_stranger = self._backfill.on_failed = self._on_stranger
        self._dispatcher.on_misfit = self._on_stranger
        self._following: Following | None = None
        self._work: list[asyncio.Task[None]] = []
        self._describe(self._core)

    def _describe(self, core: Core) -> None:
        """Publish what is best read at the moment of the scrape."""
        gauge, clock = core.context.metrics.gauge, core.context.clock
        doubts = gauge("gateway_in_doubt", "orders whose outcome is unknown")
        doubts.set_function(lambda: core.sender.count(Phase.DOUBT))
        error = gauge("gateway_venue_clock_error_ms", "error bound of the venue's time")
        error.set_function(lambda: core.venue_clock.error_ms(clock.monotonic_ns()))
        live = gauge("gateway_live_orders", "orders that the log holds live")
        live.set_function(lambda: len(core.known.live))

    def _fault(self) -> str:
        if not self._context.bus.connected:
            return "the bus is down"
        mono_ns = self._context.clock.monotonic_ns()
        return self._core.venue_clock.doubt(mono_ns) or self._links.fault()

    async def start(self) -> None:
        self._context.bus.on_reconnect(self._reconnected)
        await self._clearing.listen()
        watch = WaitWatch(self._context, f"gateway-{self._core.exc}", self.waits)
        self._spawn(watch.run(), "waits")
        self._spawn(self._tenure.run(), "lease")
        self._spawn(self._boot(), "boot")

    def fitness(self) -> Fitness:
        return Fitness(self._fence.is_caught_up, not self._fault())

    def on_gained(self, term: int) -> None:
        """Become the sender: whatever the log held until now may have been sent by another."""
        self._core.stamps.term = term
        self._close_fence(f"sends from now on, term {term}")

    def on_lost(self, term: int) -> None:
        del term
        self._fence.shut()

    def _close_fence(self, text: str) -> None:
        self._fence.close(text)
        self._is_time_wanted.set()
        if self._links.is_up():
            self._links.resync()

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        self._work.append(self._context.tasks.spawn(work, f"gateway-{name}"))

    def _reconnected(self) -> None:
        if self._following is None:
            return
        self._core.journal.offer_unread()
        self._close_fence("the bus was reconnected")

    async def _boot(self) -> None:
        await self._greet()
        await self._claim_log()
        await self._asks.serve()
        for ticker in self._core.settings.tickers:
            self._watch(ticker)
        self._spawn(self._tick(), "tick")
        self._spawn(self._keep_time(), "time")
        await self._follow()
        self._links.start()
        self._spawn(self._backfill.run(), "backfill")
        self._spawn(self._marks.run(), "marks")
        self._spawn(self._specs.run(), "specs")
        self._spawn(self._expire(), "expire")
        self._spawn(self._repeat(), "repeat")
        self._spawn(self._sending.run(), "sending")

    async def _claim_log(self) -> None:
        try:
            await self._claim.claim()
        except ConfigurationError:
            await self._network.close()  # nothing else was begun
            raise

    async def _greet(self) -> None:
        """Get the venue's time and its instrument table, however long it takes."""
        backoff, tries = Backoff(f"{self._core.exc}:greet"), 0
        while True:
            try:
                for _ in range(FIRST_SAMPLES):
                    await self._queries.time_ms()
                self._core.take_instruments(await self._queries.instruments())
            except VenueQueryError as error:
                tries += 1
                self._context.log.warning("the venue does not answer", error=str(error))
                await self._context.clock.sleep(backoff.delay_ms(tries) / MS_PER_S)
                continue
            return

    async def _follow(self) -> None:
        reactions = Reactions(self._on_session_fact, self._sweeps.take, self._watch)
        reader = Reader(self._core, self._dispatcher, self._specs, reactions)
        exc = self._core.exc
        filters = (
            subjects.intents_of(exc),
            subjects.ALL_HEDGE_INTENTS,
            subjects.decisions_of(exc),
            *(subjects.reports_kind_of(exc, kind) for kind in KINDS_READ),
            subjects.ALL_CONTROL,
        )
        self._following = await self._context.bus.log.follow(
            filters, 0, reader.on_entry, self._on_cut
        )
        self._close_fence("reads the log from its start")

    def _on_cut(self, _state: LogState) -> None:
        """The log no longer holds what was read: unlearn it, and read again from the start."""
        self._epochs.on_cut()
        self._specs.forget()
        self._claim.forget()
        self._marks.forget()
        self._spawn(self._follow_anew(), "follow-anew")

    async def _follow_anew(self) -> None:
        if self._following is not None:
            await self._following.close()
        await self._follow()

    def _on_session_fact(self, fact: SessionFact, entry: Entry) -> None:
        match fact:
            case SenderReport():
                self._fence.read_sender(fact, entry.seq)
                return
            case LinkReport():
                self._fence.read(fact)
            case Epoch():
                pass
        self._epochs.read(fact, entry)
        self._sending.at_once()

    def _on_open(self) -> None:
        """The log was read up to the fence: from here on what it asks for is done at once."""
        self._context.log.info("caught up with the log")
        self._sending.at_once()
        self._claim.log()
        self._specs.log()
        self._sweeps.on_open()
        self._dispatcher.pump()

    def _on_stranger(self) -> None:
        """The venue and the table may differ: it tells of a symbol that is not there, or refuses.

        An order that is refused for its price or size follows rules that are not in force any more.
        One that it no longer lists would let every backfill fail that asks for it.
        """
        if self._following is not None:
            self._specs.want()

    def _watch(self, ticker: Ticker) -> None:
        """Follow the market of a ticker, if the venue lists it."""
        instrument = self._core.instruments.get(ticker)
        if instrument is None or ticker in self._core.watched:
            return
        self._core.watched[ticker] = instrument
        for session in self._links.sessions:
            session.watch((instrument,))

    async def _tick(self) -> None:
        while True:
            await self._context.clock.sleep(TICK_S)
            self._tenure.tell()
            self._dispatcher.tick()
            self._clearing.tick()
            self._backfill.tick()

    async def _keep_time(self) -> None:
        """Measure the venue's clock; sooner again once it is not fit, for nothing is sent then."""
        while True:
            await self._until_time_is_due()
            try:
                await self._queries.time_ms()
            except VenueQueryError as error:
                self._context.log.warning("venue time", error=str(error))
                await self._context.clock.sleep(TIME_RETRY_S)
                continue
            self._is_time_wanted.clear()
            self._fence.try_open()
            self._dispatcher.pump()

    async def _until_time_is_due(self) -> None:
        clock = self._context.clock
        due_ns = clock.monotonic_ns() + int(TIME_PERIOD_S * 1e9)
        while clock.monotonic_ns() < due_ns:
            try:
                async with asyncio.timeout(TIME_RETRY_S):
                    await self._is_time_wanted.wait()
                return
            except TimeoutError:
                if self._core.venue_clock.doubt(clock.monotonic_ns()):
                    return

    async def _repeat(self) -> None:
        """Tell regularly how the session stands, and see that the log holds the table."""
        while True:
            await self._context.clock.sleep(REPEAT_PERIOD_S)
            self._fence.repeat()
            if self._fence.is_open:
                self._claim.log()
                await self._specs.assure()

    async def _expire(self) -> None:
        """Forget ended orders that the log has expired."""
        while True:
            await self._context.clock.sleep(EXPIRE_PERIOD_S)
            retention_ns = self._context.settings.retention_ns
            self._core.known.expire(self._context.clock.wall_ns() - retention_ns)
            self._fence.say_term()

    async def drain(self) -> None:
        unsent_past = self._fence.stop()
        if self._following is not None:
            await self._following.close()
        deadline_ns = self._context.clock.monotonic_ns() + int(DRAIN_S * 1e9)
        while self._core.sender.count(Phase.SENT):
            if self._context.clock.monotonic_ns() > deadline_ns:
                break
            await self._context.clock.sleep(TICK_S)
        await self._core.journal.drain()
        self._fence.say_term(unsent_past)
        await self._core.journal.drain()
        await self._tenure.leave()
        self._fence.report(LinkState.DOWN, "stopped")
        await end(self._work)
        await self._core.journal.drain()
        await self._network.close()

    def waits(self) -> tuple[Wait, ...]:
        """Return what this copy waits for: the venue, the log, a sender, outcomes in doubt."""
        exc, reason = self._core.exc, self.unready()
        ready = (Wait("ready", f"{exc} to be ready: {reason}", READY_S),) if reason else ()
        doubts = (
            Wait(
                f"doubt-{one.cloid}", f"the outcome of {one.cloid}: {exc} has not told it", DOUBT_S
            )
            for one in self._core.sender.orders()
            if one.phase is Phase.DOUBT
        )
        silence = self._core.restraint.silence()
        deaf = (Wait("hedger", f"a hedger: {silence}", HEDGER_S),) if silence else ()
        return (*ready, *deaf, *islice(doubts, MOST_WAITS))

    def unready(self) -> str:
        if self._following is None:
            return "the venue does not answer yet, or whose log it is, is not known"
        if not self._fence.is_caught_up:
            return "the log is not read up to the fence"
        is_standby = self._core.lease.is_standby(self._context.clock.monotonic_ns())
        if not (self._fence.is_open or is_standby):
            return "no copy is known to send for the account"
        if self._fence.state is not LinkState.RESYNCED:
            return f"the session with the venue is {self._fence.state}"
        return self._fault()
