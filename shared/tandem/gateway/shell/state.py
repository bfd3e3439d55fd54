"""What the parts of one gateway share: the state of each pure machine, the clocks, the journal."""

from dataclasses import dataclass, field
from decimal import Decimal

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.account_state import Known
from tandem.gateway.account.old_fills import OldFills
from tandem.gateway.core.cancels import Cancels, World
from tandem.gateway.core.chosen_prices import Emulation
from tandem.gateway.core.clocks import Stamps, VenueClock
from tandem.gateway.core.dead_strategies import Tethers
from tandem.gateway.core.fill_mids import FillMids
from tandem.gateway.core.halts import Restraint
from tandem.gateway.core.lease import Lease, lease_times
from tandem.gateway.core.market import Market
from tandem.gateway.core.order_builder import Desk
from tandem.gateway.core.pending_order import Now
from tandem.gateway.core.presumed_sends import Presumed, lead_ms
from tandem.gateway.core.pricing import PricingRules
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import Stamp
from tandem.gateway.port.venue import VenueProtocol
from tandem.gateway.settings import GatewaySettings
from tandem.gateway.shell.log_writer import Journal
from tandem.gateway.shell.venue.intake import Door
from tandem.runtime.context import ServiceContext
from tandem.runtime.log_clock import LogClock
from tandem.transport.exchange import Transport
from tandem.transport.network import Network
from tandem.transport.rate_limit import Budgets


@dataclass(slots=True)
class Core:
    """One account on one venue, in this process."""

    context: ServiceContext
    venue: VenueProtocol
    settings: GatewaySettings
    network: Network
    lease: Lease
    journal: Journal
    sender: Sender
    cancels: Cancels
    stamps: Stamps
    budgets: Budgets
    desk: Desk
    instruments: dict[Ticker, Instrument]
    market: Market
    restraint: Restraint
    door: Door
    venue_clock: VenueClock
    fill_mids: FillMids
    emulation: Emulation
    old_fills: OldFills
    known: Known = field(default_factory=Known)
    presumed: Presumed = field(default_factory=Presumed)
    tethers: Tethers = field(default_factory=Tethers)
    log_clock: LogClock = field(default_factory=LogClock)
    watched: dict[Ticker, Instrument] = field(default_factory=dict)

    @property
    def exc(self) -> Exc:
        return self.venue.exc

    @property
    def world(self) -> World:
        return World(self.known, self.sender, self.instruments.get)

    def now(self) -> Now:
        """Return this moment on every clock.

        Whatever is concluded is concluded at such a moment, so a copy whose lease ran out while
        it did not look (a frozen process) finds here that it must hold, before anything else.
        """
        mono_ns = self.context.clock.monotonic_ns()
        if self.sender.is_open and not self.lease.holds(mono_ns):
            self.hold()
        return Now(
            mono_ns,
            self.log_clock.now_ns(mono_ns),
            self.venue_clock.now_ms(mono_ns),
            self.venue_clock.error_ms(mono_ns),
        )

    def hold(self) -> None:
        """Send and conclude nothing more until the next fence."""
        self.sender.hold()
        self.cancels.hold()
        self.journal.be_silent()

    def stamp(self) -> Stamp:
        """Stamp a question that is asked now; an order takes its stamp from a `Now`.

        Before the venue's clock was measured, wall time serves: only the question for that clock
        and unsigned ones are asked then.
        """
        clock = self.context.clock
        venue_ms = self.venue_clock.now_ms(clock.monotonic_ns())
        return self.stamps.ask(venue_ms or clock.wall_ns() // NS_PER_MS)

    def count_presumed(self, now: Now) -> None:
        """Count what whoever sent until now may have used of the budgets, and of the nonces."""
        sent = self.presumed.settle(now.log_ns)
        for age_ns, kind, priority in sent:
            costs = self.venue.order_costs(kind, Transport.WEBSOCKET)
            self.budgets.take(costs, (now.mono_ns - age_ns) // NS_PER_MS, priority)
        self.stamps.pass_over(now.venue_ms + lead_ms([age_ns for age_ns, _, _ in sent]))

    def take_instruments(self, table: tuple[Instrument, ...]) -> None:
        """Replace the instrument table, in place: everything that holds it sees the new one."""
        self.instruments.clear()
        self.instruments.update({one.ticker: one for one in table})
        self.budgets.resize(self.venue.rate_limits)


def make_core(
    context: ServiceContext, venue: VenueProtocol, settings: GatewaySettings, network: Network
) -> Core:
    """Wire the machines of one account."""
    traits, market = venue.traits, Market()
    instruments: dict[Ticker, Instrument] = {}
    rules = PricingRules(traits.book_max_age_ms, Decimal(settings.book_max_width))
    journal, clock = Journal(context), VenueClock()
    core = Core(
        context=context,
        venue=venue,
        settings=settings,
        network=network,
        lease=Lease(context.run, lease_times(settings.lease_ttl_ms)),
        journal=journal,
        sender=Sender(
            traits.window_ms, settings.answer_timeout_ms, kills_nonces=traits.kills_nonces
        ),
        cancels=Cancels(settings.answer_timeout_ms),
        stamps=Stamps(traits.window_ms),
        budgets=Budgets(venue.rate_limits),
        desk=Desk(
            venue.exc,
            traits,
            rules,
            instruments,
            market,
            settings.market_slippage_bp,
            venue.canonical_cloid,
            settings.most_order_notional,
        ),
        instruments=instruments,
        market=market,
        restraint=Restraint(venue.exc, settings.hedger_silence_ms),
        door=Door(context, venue.exc, journal, clock, instruments, traits.is_elsewhere),
        venue_clock=clock,
        fill_mids=FillMids(market, rules),
        emulation=Emulation(has_price_match=traits.has_price_match),
        old_fills=OldFills(venue.exc, context.settings.loggable_ns),
    )
    journal.completed = lambda fact: core.emulation.completed(core.fill_mids.completed(fact))
    journal.on_old_fill = core.old_fills.take
    core.door.is_held = lambda ticker: ticker in core.known.dealt
    return core
