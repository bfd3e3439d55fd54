"""Everything at work in a chaos run, wired: strategies, crowd, havoc, witnesses.

Each strategy quotes in a process of its own. The run keeps a client of the same name beside it: it
looks, it is a witness, and it stops at the end what the processes have left. The mortal one has no
client of its name beside it: what it leaves is the gateways' to cancel.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import aiohttp

from examples.chaos.blows.havoc import Havoc
from examples.chaos.blows.journal import Journal
from examples.chaos.blows.plan import Kind
from examples.chaos.blows.processes import is_up, services_of
from examples.chaos.blows.venue_faults import VenueFaults
from examples.chaos.crowd import Crowd
from examples.chaos.evidence import Witnesses
from examples.chaos.figures.gauges import Gauges
from examples.chaos.figures.takeover import Takeovers
from examples.chaos.figures.uptime import NATS, begin
from examples.chaos.options import Options
from examples.chaos.quoting import BINANCE, HYPERLIQUID, Strategy
from examples.chaos.stage import MORTAL, MORTAL_LIMITS, STRATEGIES, Market
from examples.chaos.strategy import PREFIX, Part, child_of, mortal_of
from examples.walkthrough.venue_books import VenueBooks
from services.paper_exchange.prng import Prng
from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import Child, LocalStack
from tandem.client.oms import ClientOptions
from tandem.runtime.clock import Clock, SystemClock

READY_TIMEOUT_S = 60.0
# The reference price may have moved since the hedger last looked at what is owed.
LEAST_MARGIN = Decimal("1.05")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run works with."""

    options: Options
    stack: LocalStack
    clock: Clock
    strategies: tuple[Strategy, ...]
    crowd: Crowd
    havoc: Havoc
    gauges: Gauges
    witnesses: Witnesses

    @property
    def clients(self) -> tuple[OMS, ...]:
        return tuple(strategy.oms for strategy in self.strategies)

    @property
    def quoting(self) -> list[Child]:
        """The strategies' processes."""
        every = self.stack.children.values()
        return [child for child in every if child.name.startswith(PREFIX)]


@asynccontextmanager
async def open_desk(stack: LocalStack, market: Market, options: Options) -> AsyncIterator[Desk]:
    """Connect strategies, crowd and witnesses to a running stack; leave nothing frozen after."""
    clock = SystemClock()
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession())
        venues = _venues(stack, session)
        strategies = []
        for place, name in enumerate(STRATEGIES, start=1):
            oms = await opened.enter_async_context(_client(stack, name))
            strategies.append(Strategy(oms, market, clock, Prng(options.seed + place)))
            await strategies[-1].hears_a_price(READY_TIMEOUT_S)
            child = child_of(Part(stack.nats.url, name, market, options.seed + place), stack.plan)
            stack.children[child.name] = child
        if Kind.STRATEGY in options.kinds:
            part = Part(stack.nats.url, MORTAL, market, options.seed, MORTAL_LIMITS)
            child = mortal_of(part, stack.plan)
            stack.children[child.name] = child
        bus = await NatsBus.connect(NatsOptions(stack.nats.url, "oracle"), clock)
        opened.push_async_callback(bus.close)
        file = stack.plan.directory / "journal.jsonl"
        journal = Journal(clock.wall_ns, clock.monotonic_ns, file)
        gauges = Gauges(session)
        takeovers = Takeovers(stack, gauges, clock, is_up)
        havoc = Havoc(
            stack, VenueFaults(venues, clock, options.seed, market.lot), takeovers, journal
        )
        opened.push_async_callback(havoc.close)
        clients = tuple(one.oms for one in strategies)
        least = _least_of(strategies[0], market)
        others = (NATS, *stack.paper)
        begin(havoc.uptime, [child.name for child in services_of(stack)], others)
        yield Desk(
            options=options,
            stack=stack,
            clock=clock,
            strategies=tuple(strategies),
            crowd=Crowd(venues[BINANCE], market, strategies[0].mid, clock, Prng(options.seed)),
            havoc=havoc,
            gauges=gauges,
            witnesses=Witnesses(venues, bus, clients, stack.redis.url, clock, least),
        )


def _venues(stack: LocalStack, session: aiohttp.ClientSession) -> Mapping[str, VenueBooks]:
    return {
        exc: VenueBooks(session, stack.paper[f"paper-{exc}"].control_url)
        for exc in (BINANCE, HYPERLIQUID)
    }


def _client(stack: LocalStack, strategy: str) -> OMS:
    options = ClientOptions(ready_timeout_s=READY_TIMEOUT_S)
    accounts = (BINANCE, HYPERLIQUID)
    return OMS(
        stack.nats.url, strategy=strategy, exchanges=accounts, options=options, share_strategy=True
    )


def _least_of(strategy: Strategy, market: Market) -> Callable[[], Decimal]:
    """Return what says the least quantity that the hedge venue takes."""

    def least() -> Decimal:
        rules = strategy.oms.tables.instrument(HYPERLIQUID, market.hedge_ticker)
        return rules.min_notional / strategy.mid() * LEAST_MARGIN + market.lot

    return least
