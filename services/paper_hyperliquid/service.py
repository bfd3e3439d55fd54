"""Wires the venue to its sockets; decides nothing."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.state_journal import ids_used_before
from services.paper_exchange.market.events import MarketEvent
from services.paper_exchange.market.instruments import HYPERLIQUID_POLICY
from services.paper_exchange.shell.cli import PaperOptions
from services.paper_exchange.shell.conditions import Conditions
from services.paper_exchange.shell.control import control_app
from services.paper_exchange.shell.journal_files import opened_books
from services.paper_exchange.shell.outage import Outage
from services.paper_exchange.shell.serving import Applications
from services.paper_exchange.shell.tape_driver import TapeDriver, TapeOptions
from services.paper_exchange.shell.venue_clock import VenueClock
from services.paper_hyperliquid.api import Api, public_app
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.control import VENUE_NAME, Control
from services.paper_hyperliquid.control.fault_control import FaultControl
from services.paper_hyperliquid.control.faults import FaultSwitches
from services.paper_hyperliquid.control.journal import Journal
from services.paper_hyperliquid.exchange.listings import contracts
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.info.info import Info
from services.paper_hyperliquid.request_handler import Front
from services.paper_hyperliquid.stream.connection import Stream
from services.paper_hyperliquid.stream.feeds import Feeds
from services.paper_hyperliquid.stream.hub import Hub
from services.paper_hyperliquid.stream.publisher import Publisher
from services.paper_hyperliquid.stream.scheduler import PULSE_MS, Pulse
from services.paper_hyperliquid.tape import TAPE_COINS, TapeStop, VenueTape, tape_of
from services.paper_hyperliquid.wire.numbers import ms_of
from tandem.runtime.clock import Clock

# Mainnet oids are this large: clients must carry them as 64-bit integers.
FIRST_OID: Final = 556_000_000_001

# Public test keys, documented so that everything works without configuration: the master's
# private key is 0x11 repeated 32 times, the agent's 0x22.
MASTER: Final = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
AGENT: Final = "0x1563915e194d8cfba1943570603f7606a3115508"
AGENT_NAME: Final = "paper"
MASTER_BALANCE: Final = Decimal(1_000_000)


class Exchange(Struct, frozen=True):
    """A running venue's parts, for whoever serves it."""

    applications: Applications
    venue: Venue


def new_venue(settings: Settings, now_ms: int, used_ids: int = 0) -> Venue:
    """Return a venue with the default account and its agent."""
    policy = msgspec.structs.replace(HYPERLIQUID_POLICY, notional_exemption=settings.min_exemption)
    first_ids = {"first_order_id": FIRST_OID + used_ids, "first_exec_id": 1 + used_ids}
    venue = Venue(settings, Engine(contracts(), policy, **first_ids))
    master = venue.open_account(MASTER, MASTER_BALANCE)
    venue.signers.approve(master, AGENT, AGENT_NAME, now_ms)
    venue.pin_marks(coin for coin in venue.engine.contracts if coin not in TAPE_COINS)
    return venue


def opened_venue(settings: Settings, now_ns: int, books: str) -> Venue:
    """Return a venue as its books have it; the default agent is valid again for the usual time."""
    venue = new_venue(settings, ms_of(now_ns), ids_used_before(now_ns))
    opened_books(books, VENUE_NAME, venue.journal)
    venue.engine.restored()
    venue.signers.renew(AGENT, ms_of(now_ns))
    venue.journal.commit()
    return venue


def build(options: PaperOptions, settings: Settings, clock: Clock) -> Exchange:
    """Return the venue that the options describe."""
    tape = TapeOptions(
        source=options.tape,
        speed=options.speed,
        offset_ms=options.offset_ms,
        paused=options.paused,
        restarts=options.restarts,
    )
    return assemble(settings, clock, tape_of(options), tape, options.books)


def assemble(
    settings: Settings,
    machine_clock: Clock,
    open_tape: Callable[[], Iterator[MarketEvent]],
    tape: TapeOptions,
    books: str = "",
) -> Exchange:
    """Return a venue driven by a tape, with the books of a directory or none."""
    clock = VenueClock(machine_clock)
    venue = opened_venue(settings, clock.wall_ns(), books)
    info = Info(venue)
    feeds = Feeds(venue, info)
    journal, faults = Journal(), FaultSwitches()
    hub = Hub(settings, feeds, clock, faults.plan)
    venue.engine.deny_margin(faults.plan.refuses_margin)
    publisher = Publisher(venue, info, hub, journal, faults)
    front = Front(venue, info, journal, clock, faults)
    stream = Stream(front, hub, publisher, clock, greets=settings.ws_greeting)
    outage = Outage(clock.monotonic_ns)
    conditions = Conditions(clock, outage, hub, hub.silences)
    control = Control(venue, publisher, journal, clock, FaultControl(faults, conditions))
    driver = TapeDriver(open_tape, VenueTape(venue, publisher, clock), clock.monotonic_ns, tape)
    control.attach(driver)
    stop = TapeStop(driver)
    clock.when_it_stands(stop.follow)
    pulse = Pulse(venue, feeds, hub, publisher)

    async def beat() -> None:
        while True:
            await clock.sleep(PULSE_MS / 1000)
            stop.follow(stands=clock.stands)
            pulse.beat(clock.wall_ns())

    async def tend() -> None:
        while True:
            await clock.sleep(PULSE_MS / 1000)
            await stream.close_idle()

    public = public_app(Api(front, publisher, clock, hub.silences), stream, outage)
    applications = Applications(public, control_app(control), (driver.run, beat, tend))
    return Exchange(applications, venue)
