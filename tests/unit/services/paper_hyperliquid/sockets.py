"""A clock that stands still and sockets that remember, for tests of what the venue tells."""

import json
from typing import Any

from msgspec import Raw

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import FaultSwitches
from services.paper_hyperliquid.control.journal import Journal
from services.paper_hyperliquid.request_handler import Front
from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.stream.feeds import Feeds
from services.paper_hyperliquid.stream.hub import Client, Hub
from services.paper_hyperliquid.stream.publisher import Publisher
from services.paper_hyperliquid.stream.scheduler import Pulse
from tests.unit.services.paper_hyperliquid.floor import NO_LIMITS, Floor

IP = "127.0.0.1"


class FloorClock:
    """The floor's time; the monotonic clock counts its own readings."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.readings = 0

    def wall_ns(self) -> int:
        return self._floor.now_ns

    def monotonic_ns(self) -> int:
        self.readings += 1
        return self.readings

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps, least of all {seconds} s")


class RecordingSink:
    """A socket that keeps what was written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True

    def write(self, payload: bytes) -> bool:
        self.written.append(payload)
        return True

    def frames(self) -> list[dict[str, Any]]:
        """Everything written since the last call."""
        frames = [json.loads(payload) for payload in self.written]
        self.written.clear()
        return frames


class Hall:
    """A floor with everything around it except the sockets themselves."""

    def __init__(self, settings: Settings = NO_LIMITS) -> None:
        self.floor = Floor(settings)
        self.clock = FloorClock(self.floor)
        self.journal = Journal()
        self.faults = FaultSwitches()
        feeds = Feeds(self.floor.venue, self.floor.info)
        self.hub = Hub(settings, feeds, self.clock, self.faults.plan)
        self.floor.venue.engine.deny_margin(self.faults.plan.refuses_margin)
        self.publisher = Publisher(
            self.floor.venue, self.floor.info, self.hub, self.journal, self.faults
        )
        self.front = Front(self.floor.venue, self.floor.info, self.journal, self.clock, self.faults)
        self.pulse = Pulse(self.floor.venue, feeds, self.hub, self.publisher)

    def connect(self) -> tuple[Client, RecordingSink]:
        sink = RecordingSink()
        client = self.hub.connect(sink, IP)
        assert client is not None
        return client, sink

    def listener(self, *kinds: str, **members: object) -> RecordingSink:
        """A new connection with these subscriptions of the master, past their first frames."""
        client, sink = self.connect()
        for kind in kinds:
            self.hub.subscribe(client, subscription(kind, **members))
        sink.frames()
        return sink

    def beat(self, after_ms: int) -> None:
        self.floor.pass_ms(after_ms)
        self.pulse.beat(self.floor.now_ns)


def subscription(kind: str, **members: object) -> Raw:
    if "coin" not in members:
        members = {"user": MASTER} | members
    return Raw(json.dumps({"type": kind} | members).encode())
