"""The network between one process and the venues: HTTP calls and sockets that can go wrong.

1. A connection keeps the order of each kind of frame; kinds overtake each other.
2. What is on the wire when a process dies still arrives at the venue.
3. `NothingSentError` is raised only where the venue saw nothing.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tandem.domain.units import NS_PER_MS
from tandem.transport.exchange import (
    HttpRequest,
    NoAnswerError,
    NothingSentError,
    RawAnswer,
    Transport,
)
from tandem.transport.websocket import Receiver
from tests.simulation import unlisted
from tests.simulation.loop import Process, SimClock, VirtualLoop, outside

NS = 1_000_000_000
OUTSIDE = outside()
UNLISTED = unlisted.COMMON.encode()
Reply = Callable[[int, bytes], None]


@dataclass
class Weather:
    """What goes wrong between an account's gateways and its venue, in parts of a thousand.

    `meets` is given each request of a socket that arrives, and does it or not. `heard` holds the
    refusals in unlisted words that reached a gateway, and which one.
    """

    rng: random.Random
    counts: Counter[str]
    is_calm: bool = False
    grain_us: int = 1_000
    slowest_grains: int = 3
    lost_request: int = 0
    late_request: int = 0
    lost_answer: int = 0
    late_answer: int = 0
    cut_before: int = 0
    cut_after: int = 0
    drop_event: int = 0
    repeat_event: int = 0
    late_event: int = 0
    late_event_ms: int = 200
    is_down: bool = False
    muted: bool = False
    meets: Callable[[bytes, Callable[[], None]], None] | None = None
    heard: list[tuple[bytes, Process]] = field(default_factory=list)

    def strikes(self, name: str) -> bool:
        """Tell whether this misfortune happens now, and count it."""
        if self.is_calm:
            return False
        if self.rng.randrange(1_000) < getattr(self, name):
            self.counts[name.replace("_", " ")] += 1
            return True
        return False

    def travel_ns(self) -> int:
        return self.rng.randint(1, self.slowest_grains) * self.grain_us * 1_000

    def event_delay_ns(self) -> int:
        if self.strikes("late_event"):
            return self.rng.randint(1, self.late_event_ms) * NS_PER_MS
        return 0


class Front(Protocol):
    """A venue's public face."""

    weather: Weather

    def http(self, request: HttpRequest, reply: Reply) -> None: ...

    def opened(self, wire: "Wire", url: str) -> None: ...

    def frame(self, wire: "Wire", frame: bytes) -> None: ...

    def closed(self, wire: "Wire") -> None: ...


@dataclass
class _Lane:
    """Frames of one kind on their way to the client, in order."""

    frames: deque[tuple[int, bytes]] = field(default_factory=deque)
    is_scheduled: bool = False
    last_ns: int = 0


class Wire:
    """One open WebSocket connection, seen from both ends; satisfies `Socket`."""

    def __init__(self, network: "SimNetwork", front: Front, receiver: Receiver) -> None:
        self.process = network.process
        self.is_open = True
        self.is_silent = False
        self.venue_knows = True
        self._network, self._front, self._receiver = network, front, receiver
        self._lanes: dict[str, _Lane] = {}
        self._arrives_ns = 0
        self._heard_ns = network.clock.monotonic_ns()

    @property
    def heard_ns(self) -> int:
        return self._heard_ns

    def write(self, frame: bytes) -> bool:
        """Put a frame on the wire; only what the client knows to be closed refuses it."""
        if not self.is_open:
            return False
        network, weather = self._network, self._front.weather
        due_ns = network.loop.now_ns + weather.travel_ns()
        if b'"ping"' not in frame:
            if weather.strikes("cut_before"):
                self.cut("cut before a request arrived")
                return True
            if weather.strikes("late_request"):
                due_ns += weather.rng.randint(200, 2_500) * NS_PER_MS
        self._arrives_ns = max(self._arrives_ns, due_ns)
        network.loop.call_at(self._arrives_ns / NS, self._reach, frame, context=OUTSIDE)
        return True

    def _reach(self, frame: bytes) -> None:
        if not self.venue_knows or self.is_silent:
            return
        meets = self._front.weather.meets
        if meets is None:
            self._front.frame(self, frame)
        else:
            meets(frame, lambda: self._front.frame(self, frame))

    def push(self, kind: str, frame: bytes, delay_ns: int = 0) -> None:
        """Send a frame to the client, behind earlier ones of its kind."""
        if not self.venue_knows or self.is_silent or self.process.is_dead:
            return
        lane = self._lanes.get(kind)
        if lane is None:
            lane = self._lanes[kind] = _Lane()
        now_ns = self._network.loop.now_ns
        due_ns = now_ns + self._front.weather.travel_ns() + delay_ns
        lane.last_ns = max(lane.last_ns, due_ns)
        lane.frames.append((lane.last_ns, frame))
        self._schedule(lane)

    def _schedule(self, lane: _Lane) -> None:
        if not lane.is_scheduled and lane.frames:
            lane.is_scheduled = True
            due_ns = lane.frames[0][0]
            self._network.loop.call_at(due_ns / NS, self._deliver, lane, context=self.process.home)

    def _deliver(self, lane: _Lane) -> None:
        lane.is_scheduled = False
        now_ns = self._network.loop.now_ns
        while lane.frames and lane.frames[0][0] <= now_ns and self.is_open:
            _, frame = lane.frames.popleft()
            self._heard_ns = self._network.clock.monotonic_ns()
            if UNLISTED in frame:
                self._front.weather.heard.append((frame, self.process))
            self._receiver.on_frame(frame, self._network.clock.wall_ns())
        if self.is_open:
            self._schedule(lane)

    def ping(self) -> None:
        if self.is_open and self.venue_knows and not self.is_silent:
            self._heard_ns = self._network.clock.monotonic_ns()

    def close(self) -> None:
        """The client closes: what it wrote before still arrives."""
        if self.is_open:
            self.is_open = False
            self._hang_up()
            self._network.loop.call_soon(
                self._receiver.on_closed, "closed", context=self.process.home
            )

    def _hang_up(self) -> None:
        if self.venue_knows:
            due_ns = max(self._arrives_ns, self._network.loop.now_ns + 1)
            self._network.loop.call_at(due_ns / NS, self._forgotten, context=OUTSIDE)

    def _forgotten(self) -> None:
        if self.venue_knows:
            self.venue_knows = False
            self._front.closed(self)

    def cut(self, reason: str) -> None:
        """The connection breaks: the venue is rid of it now, the client hears of it shortly."""
        if not self.venue_knows:
            return
        self.venue_knows = False
        self._front.closed(self)
        due_ns = self._network.loop.now_ns + self._front.weather.travel_ns()
        self._network.loop.call_at(due_ns / NS, self._broken, reason, context=self.process.home)

    def _broken(self, reason: str) -> None:
        if self.is_open:
            self.is_open = False
            self._receiver.on_closed(reason)

    def orphan(self) -> None:
        """The client's process died: its kernel closes the connection."""
        self.is_open = False
        self._hang_up()


class SimNetwork:
    """What one process reaches the venues through; satisfies `Network`."""

    def __init__(
        self, process: Process, clock: SimClock, loop: VirtualLoop, fronts: dict[str, Front]
    ) -> None:
        self.process, self.clock, self.loop = process, clock, loop
        self.wires: list[Wire] = []
        self._fronts = fronts

    def _front(self, url: str) -> Front:
        return self._fronts[url.split("/", 3)[2]]

    async def call(self, request: HttpRequest, timeout_s: float) -> RawAnswer:
        front = self._front(request.url)
        weather, loop = front.weather, self.loop
        if weather.is_down:
            raise NothingSentError(f"{request.url}: refused")
        answered: asyncio.Future[tuple[int, bytes]] = loop.create_future()
        asked_ns = loop.now_ns
        self._send(front, request, answered)
        try:
            async with asyncio.timeout(timeout_s):
                status, body = await answered
        except TimeoutError as error:
            raise NoAnswerError(f"{request.method} {request.url}: no answer in time") from error
        took_ns = loop.now_ns - asked_ns
        return RawAnswer(Transport.HTTP, status, body, self.clock.wall_ns(), took_ns=took_ns)

    def _send(
        self, front: Front, request: HttpRequest, answered: "asyncio.Future[tuple[int, bytes]]"
    ) -> None:
        weather, loop = front.weather, self.loop
        if weather.strikes("lost_request"):
            return
        due_ns = loop.now_ns + weather.travel_ns()
        if weather.strikes("late_request"):
            due_ns += weather.rng.randint(200, 2_500) * NS_PER_MS

        def reply(status: int, body: bytes) -> None:
            if weather.strikes("lost_answer"):
                return
            back_ns = loop.now_ns + weather.travel_ns()
            if weather.strikes("late_answer"):
                back_ns += weather.rng.randint(800, 2_500) * NS_PER_MS
            loop.call_at(back_ns / NS, _answer, answered, (status, body), context=OUTSIDE)

        loop.call_at(due_ns / NS, front.http, request, reply, context=OUTSIDE)

    async def connect(self, url: str, receiver: Receiver, timeout_s: float) -> Wire:
        front = self._front(url)
        await self.clock.sleep(front.weather.travel_ns() * 2 / NS)
        if front.weather.is_down:
            raise NothingSentError(f"{url}: refused")
        wire = Wire(self, front, receiver)
        self.wires = [one for one in self.wires if one.is_open]
        self.wires.append(wire)
        outside().run(front.opened, wire, url)
        return wire

    async def close(self) -> None:
        for wire in self.wires:
            wire.close()

    def die(self) -> None:
        """The process was killed."""
        for wire in self.wires:
            wire.orphan()


def _answer(answered: "asyncio.Future[tuple[int, bytes]]", answer: tuple[int, bytes]) -> None:
    if not answered.done():
        answered.set_result(answer)
