"""Wires the venue to its sockets, its tape and its clock; decides nothing."""

from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from services.paper_binance.api import ApiServer
from services.paper_binance.control.control import VENUE_NAME, VenueControl
from services.paper_binance.control.fault_control import FaultControl, VenueSockets
from services.paper_binance.exchange.contracts import listed
from services.paper_binance.exchange.tape import VenueTape
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.stream.connection import StreamServer
from services.paper_binance.stream.hub import StreamHub
from services.paper_binance.wire.numbers import ms
from services.paper_exchange.engine.state_journal import ids_used_before
from services.paper_exchange.market.basis import Basis, rebase
from services.paper_exchange.market.events import MarketEvent
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.market.recorded import open_recording
from services.paper_exchange.market.synthetic import synthetic_tape
from services.paper_exchange.shell.cli import SYNTHETIC, PaperOptions
from services.paper_exchange.shell.conditions import Conditions
from services.paper_exchange.shell.control import control_app
from services.paper_exchange.shell.journal_files import opened_books
from services.paper_exchange.shell.outage import Outage
from services.paper_exchange.shell.serving import Applications, Endpoints
from services.paper_exchange.shell.tape_driver import TapeDriver, TapeOptions
from services.paper_exchange.shell.venue_clock import VenueClock
from tandem.runtime.clock import Clock

BUSY_BEAT_S = 0.010
IDLE_BEAT_S = 0.050


class PaperBinance:
    """One exchange with everything that runs beside it."""

    def __init__(self, options: PaperOptions, clock: Clock) -> None:
        self.clock = VenueClock(clock)
        ids = ids_used_before(clock.wall_ns())
        self.venue = Venue(listed(options.symbols), clock.monotonic_ns, ids)
        self.venue.books = opened_books(options.books, VENUE_NAME, self.venue.journal)
        self.venue.engine.restored()
        self.hub = StreamHub(self.venue)
        self.venue.subscribe(self.hub)
        self.driver: TapeDriver[MarketEvent] = TapeDriver(
            lambda: open_tape(options, self.venue.contracts),
            VenueTape(self.venue, self.clock.wall_ns),
            clock.monotonic_ns,
            TapeOptions(
                source=options.tape,
                speed=options.speed,
                offset_ms=options.offset_ms,
                paused=options.paused,
                restarts=options.restarts,
            ),
        )

    async def beat(self) -> None:
        """Run what time causes: timers, interval streams, the end of old connections."""
        while True:
            now_ns = self.clock.wall_ns()
            self.venue.run_timers(now_ns)
            self.hub.tick(ms(now_ns))
            self.hub.release()
            self.hub.close_older_than(ms(now_ns) - self.venue.switches.connection_life_ms)
            # Binance docs: the countdown is looked at about every 10 ms.
            busy = self.venue.countdowns.is_armed
            await self.clock.sleep(BUSY_BEAT_S if busy else IDLE_BEAT_S)


def open_tape(options: PaperOptions, contracts: dict[str, Contract]) -> Iterator[MarketEvent]:
    """Open the tape in this venue's symbols and prices."""
    events = (
        synthetic_tape(options.seed)
        if options.tape == SYNTHETIC
        else open_recording(Path(options.tape))
    )
    return rebase(events, _bases(options, contracts))


def _bases(options: PaperOptions, contracts: dict[str, Contract]) -> list[Basis]:
    """Let a contract follow its own symbol or, on another venue's tape, its coin."""
    return [
        Basis(
            source=source,
            contract=contract,
            factor=options.basis,
            offset=options.basis_offset,
        )
        for contract in contracts.values()
        for source in (contract.symbol, contract.base)
    ]


def applications(exchange: PaperBinance) -> Applications:
    """Return what the exchange serves on its two ports, and what runs beside them."""
    clock, outage = exchange.clock, Outage(exchange.clock.monotonic_ns)
    api = ApiServer(exchange.venue, clock, exchange.hub.silences)
    streams = StreamServer(exchange.hub, exchange.clock)
    public = web.Application(middlewares=[outage.middleware()])
    public.router.add_get("/ws-fapi/v1", api.handle_websocket)
    public.router.add_get("/ws-fapi/v1/", api.handle_websocket)
    for root in ("/fapi", "/futures/data"):
        public.router.add_route("*", root + "/{tail:.*}", api.handle_rest)
    public.router.add_get("/{tail:.*}", streams.handle)
    sockets = VenueSockets(exchange.hub, api)
    conditions = Conditions(clock, outage, sockets, exchange.hub.silences)
    faults = FaultControl(exchange.venue, conditions)
    control = VenueControl(exchange.venue, faults, exchange.driver, clock.wall_ns)
    return Applications(public, control_app(control), (exchange.driver.run, exchange.beat))


def endpoints(options: PaperOptions) -> Endpoints:
    return Endpoints(options.host, options.port, options.control_host, options.control_port)
