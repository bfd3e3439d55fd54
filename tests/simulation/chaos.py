"""Which fault strikes when and whom, as the seed decides; each is counted when it strikes."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from tandem.domain.units import NS_PER_MS
from tests.simulation.copies import Copy
from tests.simulation.venue_binance import BinanceFront
from tests.simulation.venue_hyperliquid import HyperliquidFront

if TYPE_CHECKING:
    from tests.simulation.world import World

Anywhere = BinanceFront | HyperliquidFront


class Chaos:
    """Strikes at random moments until it is cancelled; `World.calm` ends what still lasts."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.rng = world.plan.generator("chaos")
        self._faults: dict[str, Callable[[], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "freeze": self._freeze,
            "lag": self._lag,
            "disconnect": self._disconnect,
            "server restart": self._restart_server,
            "cut sockets": self._cut_sockets,
            "mute": self._mute,
            "silence": self._silence,
            "venue down": self._take_down,
            "stall": self._stall,
            "clock step": self._step_clock,
            "external": self._trade_by_hand,
            "liquidation": self._liquidate,
            "client restart": self._restart_client,
            "log cut": self._cut_log,
        }

    async def run(self) -> None:
        plan = self.world.plan
        struck = [name for name in plan.chaos if name not in plan.without]
        gap_ms = plan.trouble_ms // (plan.strikes + 1)
        for _ in range(plan.strikes):
            await self.world.clock.sleep(self.rng.randint(1, 2 * gap_ms) / 1_000)
            drawn = self.rng.choice(plan.chaos) if plan.chaos else ""
            if drawn in struck:
                self.world.counts[drawn] += 1
                self.world.note("fault", drawn)
                self._faults[drawn]()

    def _later(self, least_ms: int, most_ms: int, action: Callable[[], None]) -> None:
        """Do something after a while, outside of every process."""
        delay_s = self.rng.randint(least_ms, most_ms) / 1_000

        async def wait() -> None:
            await self.world.clock.sleep(delay_s)
            action()

        self.world.outside(wait(), "chaos-later")

    def _copy(self) -> Copy:
        """Choose a copy that is alive; gateways more often than others, for they hold orders."""
        alive = sorted(self.world.alive(), key=lambda copy: copy.name)
        gateways = [copy for copy in alive if copy.kind.startswith("gateway")]
        if gateways and self.rng.random() < 0.5:
            return self.rng.choice(gateways)
        return self.rng.choice(alive)

    def _front(self) -> Anywhere:
        return self.rng.choice((self.world.binance, self.world.hyperliquid))

    # Processes.

    def _kill(self) -> None:
        copy = self._copy()
        self.world.kill(copy, keeps_wire=self.rng.random() < 0.5)
        self._later(1, 1_200, lambda: self._start_again(copy))

    def _start_again(self, copy: Copy) -> None:
        if self.world.copies[copy.kind, copy.place] is copy:
            self.world.start_copy(copy.kind, copy.place)

    def _stop(self) -> None:
        """A graceful end and a new start, as in an upgrade."""
        copy = self._copy()
        if copy.process.is_frozen or not copy.bus.connected:
            return
        self.world.note("stop", copy.name)
        copy.stop().add_done_callback(lambda _: self._stopped(copy))

    def _stopped(self, copy: Copy) -> None:
        if not copy.is_dead:
            self.world.outside(self._replace(copy), "replace")

    async def _replace(self, copy: Copy) -> None:
        await self.world.clock.sleep(0.001)
        if not copy.is_dead:
            self.world.kill(copy, keeps_wire=True)
            self._start_again(copy)

    def _freeze(self) -> None:
        copy = self._copy()
        copy.freeze()
        self.world.note("freeze", copy.name)
        self._later(30, 2_500, lambda: self._thaw(copy))

    def _thaw(self, copy: Copy) -> None:
        if copy.process.is_frozen and not copy.is_dead:
            self.world.note("thaw", copy.name)
            copy.thaw(reads_first=self.rng.random() < 0.5)

    def _restart_client(self) -> None:
        """Kill the strategy; it is back before its orders go, or long after that."""
        strategy = self.world.strategy
        strategy.die()
        life = strategy.lives
        self._later(1, 3_000, lambda: self._begin_again(life))

    def _begin_again(self, life: int) -> None:
        if self.world.strategy.lives == life:
            self.world.strategy.start()

    # The bus.

    def _lag(self) -> None:
        copy = self._copy()
        copy.bus.pace.delivery_ns = self.rng.randint(5, 700) * NS_PER_MS
        self.world.note("lag", copy.name)
        self._later(100, 2_000, lambda: self._catch_up(copy))

    def _catch_up(self, copy: Copy) -> None:
        copy.bus.pace.delivery_ns = 0

    def _disconnect(self) -> None:
        copy = self._copy()
        if not copy.bus.connected:
            return
        copy.bus.disconnect()
        self.world.note("disconnect", copy.name)
        self._later(10, 1_500, lambda: self._connect(copy))

    def _connect(self, copy: Copy) -> None:
        if not copy.is_dead and not copy.bus.connected:
            self.world.note("connect", copy.name)
            copy.bus.come_back()

    def _restart_server(self) -> None:
        for copy in self.world.alive():
            if copy.bus.connected:
                copy.bus.disconnect()
                self._later(50, 900, lambda copy=copy: self._connect(copy))  # type: ignore[misc]

    def _cut_log(self) -> None:
        """The server dies and comes back without its last writes."""
        strategy = self.world.strategy
        if strategy.bus is not None and strategy.bus.connected:
            strategy.bus.disconnect()
            self._later(50, 900, strategy.calm)
        self._restart_server()
        self.world.cut_log(self.rng.randint(1, 60), self.rng.randint(0, 80))

    def wipe(self) -> None:
        """The server dies and comes back with an empty store."""
        self.world.counts["wipe"] += 1
        strategy = self.world.strategy
        if strategy.bus is not None and strategy.bus.connected:
            strategy.bus.disconnect()
            self._later(50, 900, strategy.calm)
        self._restart_server()
        self.world.wipe()

    # The venues.

    def _cut_sockets(self) -> None:
        wires = self._front().wires()
        if wires:
            for wire in self.rng.sample(wires, self.rng.randint(1, len(wires))):
                wire.cut("reset by peer")

    def _mute(self) -> None:
        front = self._front()
        front.weather.muted = True

        def unmute() -> None:
            front.weather.muted = False

        self._later(50, 2_000, unmute)

    def _silence(self) -> None:
        """A connection on which nothing moves any more, though it stays open."""
        wires = self._front().wires()
        if wires:
            self.rng.choice(wires).is_silent = True

    def _take_down(self) -> None:
        front = self._front()
        front.weather.is_down = True
        for wire in front.wires():
            wire.cut("the venue is down")

        def up() -> None:
            front.weather.is_down = False

        self._later(100, 2_500, up)

    def _stall(self) -> None:
        front = self.world.hyperliquid
        front.venue.stall()
        self._later(50, 2_500, front.resume)

    def _step_clock(self) -> None:
        venue = self.rng.choice(list(self.world.venues.values()))
        venue.skew_ms += self.rng.choice((-400, -80, 60, 300, 900))

    def _trade_by_hand(self) -> None:
        venue = self.rng.choice(list(self.world.venues.values()))
        lots = self.rng.randint(1, 20)
        venue.external(lots * venue.contract.lot, self.rng.choice((1, -1)), is_system=False)

    def _liquidate(self) -> None:
        venue = self.rng.choice(list(self.world.venues.values()))
        held = venue.holding(venue.contract.ticker)
        if held.amount:
            sign = -1 if held.amount > 0 else 1
            venue.external(min(abs(held.amount), Decimal(1)), sign, is_system=True)
