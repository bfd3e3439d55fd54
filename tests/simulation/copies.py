"""One running copy of a service in a process of its own: started, frozen, cut off, killed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from services.gateway_binance.protocol.settings import Endpoints as BinanceEndpoints
from services.gateway_binance.protocol.settings import VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner
from services.gateway_binance.protocol.venue import BinanceVenue
from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.requests import Signer
from services.gateway_hyperliquid.protocol.signing import Network as Chain
from services.gateway_hyperliquid.protocol.signing import Signature
from services.gateway_hyperliquid.protocol.user_channel import Endpoints
from services.gateway_hyperliquid.protocol.venue import HyperliquidVenue, VenueOptions
from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import HedgeRules
from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus.memory.bus import MemoryServer
from tandem.domain.ids import Exc, Ticker
from tandem.gateway.settings import GatewaySettings
from tandem.gateway.shell.service import GatewayService
from tandem.runtime.clock import TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import Service, ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.fold.service import FoldService
from tests.simulation import venue_binance, venue_hyperliquid
from tests.simulation.bus import SimBus
from tests.simulation.loop import Process, SimClock, VirtualLoop, spawn
from tests.simulation.network import Front, SimNetwork
from tests.simulation.quiet import Say, null_metrics, trace_log

BINANCE = Exc("binance")
HYPERLIQUID = Exc("hyperliquid")
BINANCE_TICKER = Ticker("SOLUSDT")
HYPERLIQUID_TICKER = Ticker("SOL")
BACKFILL_S = 5


class SimKey:
    """Signs with its own name, so that the venue knows whose nonce it sees."""

    def __init__(self, address: str) -> None:
        self.address = address

    def sign(self, digest: bytes) -> Signature:
        return Signature(self.address, digest.hex(), 27)


@dataclass(frozen=True)
class Surroundings:
    """What every copy lives in."""

    loop: VirtualLoop
    server: MemoryServer
    fronts: dict[str, Front]
    on_failure: Callable[[str, BaseException], None]
    say: Callable[[str], Say | None]
    snapshot_every: int = 150
    kept_s: int = 600


class Copy:
    """One process from start to death: `kind` is the service, `place` which of its copies."""

    def __init__(self, kind: str, place: int, life: int, around: Surroundings) -> None:
        self.kind, self.place, self.life = kind, place, life
        self.name = f"{kind}-{place}.{life}"
        self.process = Process(self.name)
        loop = around.loop
        self.clock = SimClock(loop, wall_offset_ns=place * 1_000_003, boot_ns=(place + 1) * 10**12)
        self.bus = SimBus(around.server, self.process, self.clock, loop)
        self.network = SimNetwork(self.process, self.clock, loop, around.fronts)
        self.service: Service | None = None
        self._around = around

    @property
    def is_dead(self) -> bool:
        return self.process.is_dead

    def start(self, build: Callable[["Copy", ServiceContext], Service]) -> None:
        spawn(self._around.loop, self.process, self._live(build), f"live-{self.name}")

    async def _live(self, build: Callable[["Copy", ServiceContext], Service]) -> None:
        tasks = TaskOwner()
        tasks.failed.add_done_callback(self._failed)
        around = self._around
        env = Environment(
            {
                "TANDEM_SNAPSHOT_EVERY": str(around.snapshot_every),
                "TANDEM_OFFERS_KEPT": f"{around.kept_s}s",
            }
        )
        context = ServiceContext(
            name=self.kind,
            settings=settings(env, self.kind),
            env=env,
            bus=self.bus,
            clock=self.clock,
            tasks=tasks,
            log=trace_log(self._around.say(self.name)),
            metrics=null_metrics(),
            seam=no_seam,
            run=self.name.replace(".", "-"),
        )
        self.service = build(self, context)
        await self.service.start()

    def _failed(self, failed: "asyncio.Future[None]") -> None:
        if not failed.cancelled():
            error = failed.exception()
            if error is not None:
                self._around.on_failure(self.name, error)

    def freeze(self) -> None:
        self.process.is_frozen = True

    def thaw(self, *, reads_first: bool) -> None:
        self._around.loop.thaw(self.process, reads_first=reads_first)
        self.bus.thawed()

    def kill(self, *, keeps_wire: bool) -> None:
        """SIGKILL: nothing of it runs any more; its kernel closes what was open."""
        self.bus.keeps_wire = keeps_wire
        self.process.is_dead = True
        self.process.is_frozen = False
        self.process.held.clear()
        self.bus.detach()
        self.network.die()

    def stop(self) -> "asyncio.Task[None]":
        """SIGTERM: drain, then leave."""
        return spawn(self._around.loop, self.process, self._drain(), f"stop-{self.name}")

    async def _drain(self) -> None:
        if self.service is not None:
            await asyncio.wait_for(self.service.drain(), 10)


def gateway(exc: Exc) -> Callable[[Copy, ServiceContext], Service]:
    """Return what builds a gateway of one account."""

    def build(copy: Copy, context: ServiceContext) -> Service:
        if exc == BINANCE:
            venue = _binance()
            ticker = BINANCE_TICKER
            return GatewayService(context, venue, _settings(ticker), copy.network)
        return GatewayService(
            context, _hyperliquid(copy), _settings(HYPERLIQUID_TICKER), copy.network
        )

    return build


def _settings(ticker: Ticker) -> GatewaySettings:
    return GatewaySettings(tickers=(ticker,), backfill_s=BACKFILL_S)


def _binance() -> BinanceVenue:
    host = venue_binance.HOST
    endpoints = BinanceEndpoints(
        rest=f"https://{host}", stream=f"wss://{host}", ws_api=f"wss://{host}/ws-fapi/v1"
    )
    return BinanceVenue(BINANCE, VenueSettings(endpoints=endpoints), HmacSigner("key", b"secret"))


def _hyperliquid(copy: Copy) -> HyperliquidVenue:
    host = venue_hyperliquid.HOST
    key = SimKey(f"0x{copy.place:040x}")
    return HyperliquidVenue(
        HYPERLIQUID,
        Endpoints(f"https://{host}", f"wss://{host}/ws"),
        Signer(key, Chain.TESTNET),  # type: ignore[arg-type]  # a key of the same shape
        Identity(venue_hyperliquid.ACCOUNT, key.address),
        VenueOptions(weight_per_minute=100_000, messages_per_minute=100_000),
    )


def order_state(copy: Copy, context: ServiceContext) -> Service:
    return FoldService(context, OrderFold())


def position_state(copy: Copy, context: ServiceContext) -> Service:
    return FoldService(context, PositionFold())


def hedger(rules: HedgeRules) -> Callable[[Copy, ServiceContext], Service]:
    def build(copy: Copy, context: ServiceContext) -> Service:
        return FoldService(context, HedgerFold(rules))

    return build


HOLD_MS = 400
RULES = HedgeRules(hold_ms=HOLD_MS)
OTHER_RULES = HedgeRules(hold_ms=HOLD_MS, clip_notional=Decimal(70))
