"""Two or more copies of the Binance gateway before one paper exchange and a real bus."""

import asyncio
import contextlib
import os
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import Child, StackPlan, binance_variables, checkout
from tandem.domain.ids import ClientOrderId
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.integration.binance_process import PaperVenue, paper_venue
from tests.integration.gateway_binance import EXC, SOL, GatewayWorld
from tests.integration.gateway_hyperliquid import Relay

Variables = Mapping[str, str]


class Copy:
    """One gateway process and what it says of itself."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.http_port = 0

    def wait_ready(self) -> None:
        self.http_port = self.child.wait_ready()["http_port"]

    def start(self) -> None:
        self.child.spawn()
        self.wait_ready()

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples; 0 while the process does not answer."""
        url = f"http://127.0.0.1:{self.http_port}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                lines = response.read().decode().splitlines()
        except OSError:
            return 0.0
        names = (f"tandem_{name} ", f"tandem_{name}{{", f"tandem_{name}_total")
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(names))

    @property
    def is_sender(self) -> bool:
        return self.metric("gateway_is_sender") == 1.0

    @property
    def has_ended(self) -> bool:
        return self.child.has_ended

    @property
    def is_frozen(self) -> bool:
        status = Path(f"/proc/{self.child.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.child.pid is not None
        os.kill(self.child.pid, number)


class CopiesWorld(GatewayWorld):
    """A `GatewayWorld` with several gateways."""

    def __init__(
        self, bus: NatsBus, venue: PaperVenue, relay: Relay, copies: Sequence[Copy]
    ) -> None:
        super().__init__(bus, venue, relay, copies[0].child)
        self.copies = copies

    @property
    def senders(self) -> list[Copy]:
        return [copy for copy in self.copies if not copy.is_frozen and copy.is_sender]

    @property
    def standbys(self) -> list[Copy]:
        return [copy for copy in self.copies if not copy.is_sender]

    async def placed(self) -> dict[ClientOrderId, int]:
        """Return how many orders the venue itself ever accepted under each client id."""
        counts: dict[ClientOrderId, int] = {}
        for order in (await self.venue.books())["orders"]:
            name = ClientOrderId(order["client_order_id"])
            counts[name] = counts.get(name, 0) + 1
        return counts


@contextlib.asynccontextmanager
async def copies_world(
    nats_url: str,
    directory: Path,
    *own: Variables,
    is_first_relayed: bool = False,
    **common: str,
) -> AsyncIterator[CopiesWorld]:
    """Run one copy for each of `own` (its extra variables), the first one as the first sender.

    With `is_first_relayed` the first reaches the venue through the world's relay.
    """
    async with paper_venue(directory) as venue:
        relay = Relay(venue.address.port)
        shared = {
            **binance_variables(venue.address.port),
            "TANDEM_NATS_URL": nats_url,
            "TANDEM_TICKERS": SOL,
            "TANDEM_BACKFILL_SECONDS": "5",
            **common,
        }
        relayed = binance_variables(await relay.start()) if is_first_relayed else {}
        own = ({**relayed, **own[0]}, *own[1:])
        copies = [_copy(directory, number, {**shared, **one}) for number, one in enumerate(own)]
        bus = None
        try:
            for copy in copies:
                await asyncio.to_thread(copy.start)  # the relay runs in this loop
            bus = await NatsBus.connect(NatsOptions(url=nats_url, name="test"), SystemClock())
            world = CopiesWorld(bus, venue, relay, copies)
            following = await bus.log.follow((subjects.reports_of(EXC),), 0, world.take)
            yield world
            await following.close()
        finally:
            if bus is not None:
                await bus.close()
            for copy in copies:
                await asyncio.to_thread(_end, copy)
            await relay.close()


def _copy(directory: Path, number: int, variables: Variables) -> Copy:
    command = (sys.executable, "-m", "services.gateway_binance")
    plan = StackPlan(root=checkout(), directory=directory)
    child = Child(f"gateway-binance-{number + 1}", command, plan)
    child.environment = dict(variables)
    return Copy(child)


def _end(copy: Copy) -> None:
    if not copy.has_ended:
        copy.thaw()
    copy.child.stop()
