"""The whole system of one seed: server, venues, copies, a strategy; started, troubled, calmed.

The course of a seed: everything starts, the script quotes hedges and makers are filled while
faults strike; then the faults end, the makers are stopped, and within a bounded quiet time the
venues' books and everything that is shown must agree.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from tandem.bus.memory.bus import MemoryServer
from tandem.bus.port import Entry
from tandem.domain.ids import Exc
from tandem.runtime.context import Service, ServiceContext
from tests.simulation import copies, venue_binance, venue_hyperliquid
from tests.simulation.copies import BINANCE, HYPERLIQUID, Copy, Surroundings
from tests.simulation.loop import Process, SimClock, VirtualLoop, spawn
from tests.simulation.network import Front, Weather
from tests.simulation.oracle import Causes
from tests.simulation.plan import Plan
from tests.simulation.quiet import Say
from tests.simulation.strategy import Strategy
from tests.simulation.unlisted import Unlisted
from tests.simulation.venue import Contract, Odds, Venue, VenueFill
from tests.simulation.venue_binance import BinanceFront
from tests.simulation.venue_hyperliquid import HyperliquidFront

Build = Callable[[Copy, ServiceContext], Service]
TRACE_MOST = 200_000


class World:
    """Everything there is in one seed."""

    def __init__(self, plan: Plan, loop: VirtualLoop, *, traces: bool = False) -> None:
        self.plan, self.loop = plan, loop
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.trace: list[str] = []
        self.traces = traces
        self.clock = SimClock(loop)
        self.server = MemoryServer(self.clock)
        self.fronts: dict[str, Front] = {}
        self.venues: dict[Exc, Venue] = {}
        self.fills: list[VenueFill] = []
        self.lost: list[Entry] = []
        self.causes: tuple[int, int, Causes] | None = None
        self.binance = self._binance()
        self.hyperliquid = self._hyperliquid()
        self.around = Surroundings(
            loop=loop,
            server=self.server,
            fronts=self.fronts,
            on_failure=self.failed,
            say=self._say,
            snapshot_every=plan.generator("snapshots").choice((60, 150, 400)),
            kept_s=plan.kept_s,
        )
        self.builds = self._builds()
        self.copies: dict[tuple[str, int], Copy] = {}
        self.dead: list[Copy] = []
        self.lives = 0
        self.strategy = Strategy(self)
        loop.set_exception_handler(self._unheard)

    def _weather(self, exc: str) -> Weather:
        plan = self.plan
        rng = plan.generator(f"weather {exc}")
        odds = plan.generator(f"climate {exc}")
        weather = Weather(plan.generator(f"winds {exc}"), self.counts)
        weather.rng = rng
        weather.grain_us, weather.slowest_grains = plan.grain
        if plan.has("http"):
            weather.lost_request = odds.choice((0, 10, 30))
            weather.late_answer = odds.choice((0, 10, 30))
            weather.lost_answer = odds.choice((0, 20, 60))
            weather.late_request = odds.choice((0, 10, 30))
        if plan.has("sockets"):
            weather.cut_before = odds.choice((0, 5, 10))
            weather.cut_after = odds.choice((0, 5, 10))
        if plan.has("events"):
            weather.drop_event = odds.choice((0, 10, 40))
            weather.repeat_event = odds.choice((0, 30, 100))
            weather.late_event = odds.choice((0, 50, 200))
            weather.late_event_ms = odds.choice((5, 50, 300))
        return weather

    def _odds(self, exc: str) -> Odds:
        plan, odds = self.plan, Odds()
        rng = plan.generator(f"odds {exc}")
        if plan.has("venue errors"):
            odds.timeout_executed = rng.choice((0, 20, 60))
            odds.timeout_lost = rng.choice((0, 20, 60))
        if plan.has("refusals"):
            odds.refuse = rng.choice((0, 30, 80))
        if plan.has("lookup lag"):
            odds.lag_ms = rng.choice((0, 100, 600))
        return odds

    def _venue(self, exc: Exc, ticker: str) -> Venue:
        plan = self.plan
        lot = plan.lots[exc]
        contract = Contract(ticker, lot, lot, plan.least[exc])
        venue = Venue(exc, self.loop, plan.generator(f"venue {exc}"), contract)
        venue.counts, venue.witness = self.counts, self.fills.append
        venue.odds = self._odds(exc)
        if plan.has("unlisted refusals"):
            rng = plan.generator(f"unlisted {exc}")
            venue.unlisted = Unlisted(rng, rng.choice((40, 100)))
        venue.skew_ms = plan.generator(f"skew {exc}").randint(-1_500, 1_500)
        self.venues[exc] = venue
        return venue

    def _binance(self) -> BinanceFront:
        venue = self._venue(BINANCE, copies.BINANCE_TICKER)
        front = BinanceFront(venue, self._weather(BINANCE), self.plan.generator("binance"))
        self.fronts[venue_binance.HOST] = front
        return front

    def _hyperliquid(self) -> HyperliquidFront:
        venue = self._venue(HYPERLIQUID, copies.HYPERLIQUID_TICKER)
        front = HyperliquidFront(
            venue, self._weather(HYPERLIQUID), self.plan.generator("hyperliquid")
        )
        self.fronts[venue_hyperliquid.HOST] = front
        return front

    def _builds(self) -> dict[str, Build]:
        return {
            "order-state": copies.order_state,
            "position-state": copies.position_state,
            "gateway-binance": copies.gateway(BINANCE),
            "gateway-hyperliquid": copies.gateway(HYPERLIQUID),
        }

    def _build(self, kind: str, place: int) -> Build:
        if kind != "hedger":
            return self.builds[kind]
        is_odd = self.plan.odd_hedger and place == 2
        return copies.hedger(copies.OTHER_RULES if is_odd else copies.RULES)

    # The course.

    def start(self) -> None:
        for kind, count in self.plan.copies.items():
            for place in range(count):
                self.start_copy(kind, place)
        self.strategy.start()

    def start_copy(self, kind: str, place: int) -> Copy:
        self.lives += 1
        copy = Copy(kind, place, self.lives, self.around)
        self._pace(copy)
        self.copies[kind, place] = copy
        self.note("start", copy.name)
        copy.start(self._build(kind, place))
        return copy

    def _pace(self, copy: Copy) -> None:
        if "slow bus" in self.plan.without:
            return
        rng = self.plan.generator(f"pace {copy.kind} {copy.place}")
        copy.bus.pace.append_ns = rng.choice((0, 0, 500_000, 1_000_000))
        copy.bus.pace.answer_ns = rng.choice((0, 0, 500_000, 1_000_000))
        copy.bus.pace.delivery_ns = rng.choice((0, 0, 0, 500_000, 2_000_000))

    def kill(self, copy: Copy, *, keeps_wire: bool) -> None:
        copy.kill(keeps_wire=keeps_wire)
        self.dead.append(copy)
        self.note("kill", copy.name)

    def alive(self) -> list[Copy]:
        return [copy for copy in self.copies.values() if not copy.is_dead]

    def cut_log(self, entries: int, deltas: int) -> None:
        """Lose the newest entries; what they asked for has a cause all the same."""
        oms, told = self.server.oms, self.server.deltas
        keep = max(oms.state().last_seq * 2 // 3, oms.state().last_seq - entries)
        self.lost += oms.after(keep)
        oms.cut(keep)
        told.cut(max(0, told.state().last_seq - deltas))
        self.note("cut", f"the log now ends at {keep}")

    def wipe(self) -> None:
        """Lose the whole store: streams of the same names begin anew, empty."""
        server = self.server
        self.lost += server.oms.after(0)
        for stream in (server.oms, server.deltas, server.snapshots, server.marks, server.leases):
            stream.begin_anew()
        self.note("wipe", "the store was deleted")

    def calm(self) -> None:
        """End every fault: what is dead starts again, what is cut off finds its way back."""
        for venue in self.venues.values():
            venue.odds.timeout_executed = venue.odds.timeout_lost = venue.odds.refuse = 0
            venue.unlisted.permille = 0
        for front in (self.binance, self.hyperliquid):
            front.weather.is_calm = True
            front.weather.meets = None
            front.weather.is_down = front.weather.muted = False
            for wire in front.wires():
                if wire.is_silent:
                    wire.cut("silent for too long")
        self.hyperliquid.resume()
        for copy in list(self.copies.values()):
            copy.bus.pace.delivery_ns = min(copy.bus.pace.delivery_ns, 2_000_000)
            if copy.is_dead:
                self.start_copy(copy.kind, copy.place)
                continue
            if not copy.bus.connected:
                copy.bus.come_back()
            if copy.process.is_frozen:
                copy.thaw(reads_first=True)
        self.strategy.calm()
        self.note("calm", "")

    # What happened.

    def heard(self, exc: Exc) -> list[tuple[bytes, Process]]:
        """Return the refusals in unlisted words that reached this account's gateways."""
        front = self.binance if exc == BINANCE else self.hyperliquid
        return front.weather.heard

    def outside(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Start work of the world's own; its failure is the seed's."""
        task = spawn(self.loop, None, work, name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(task.get_name(), error)

    def failed(self, name: str, error: BaseException) -> None:
        self.failures.append(f"{name} failed: {type(error).__name__}: {error}")

    def _unheard(self, _loop: Any, failure: dict[str, Any]) -> None:
        process = self.loop.running
        name = process.name if process is not None else "the simulation"
        error = failure.get("exception")
        self.failures.append(f"{name}: {failure['message']}: {type(error).__name__} {error}")
        if error is not None and self.traces:
            self.note("error", "".join(traceback.format_exception(error)))

    def note(self, what: str, text: str) -> None:
        if self.traces and len(self.trace) < TRACE_MOST:
            self.trace.append(f"{self.loop.now_ns / 1e9:9.4f} {what:<12} {text}")

    def _say(self, name: str) -> Say | None:
        if not self.traces:
            return None

        def say(_kind: str, event: str, fields: dict[str, Any]) -> None:
            told = " ".join(f"{key}={value}" for key, value in fields.items())
            self.note("says", f"{name}: {event} {told}")

        return say
