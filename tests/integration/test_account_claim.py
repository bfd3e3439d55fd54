"""A log belongs to one account of one network: a gateway of another ends before it does anything.

Each log here was begun on paper and holds an order that waits for a gateway. The exchanges' own
lists of requests tell whether any came to them.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.servers import LocalServer
from tandem.cli.stack import (
    Child,
    StackPlan,
    binance_variables,
    checkout,
    hyperliquid_variables,
)
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.network import Network
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.intents import NewOrder
from tandem.messages.reports import IdentityReport
from tandem.runtime.clock import SystemClock

EXIT_CONFIGURATION = 2
POLL_S = 0.05
CLOID = ClientOrderId("0x" + "1" * 32)
OTHER_ADDRESS = "0x" + "ab" * 20
STRATEGY = Strategy("test")
Eventually = Callable[[Callable[[], object]], Awaitable[None]]


class Desk:
    """A bus, a paper exchange that keeps its books, and gateways that are started on them."""

    def __init__(self, exc: str, bus: NatsBus, nats_url: str, directory: Path) -> None:
        self.exc, self.bus, self._nats_url = Exc(exc), bus, nats_url
        self._plan = StackPlan(root=checkout(), directory=directory)
        self.books = directory / "books"
        self.ports: dict[str, int] = {}
        self.paper = self._child(f"paper-{exc}", "--books", str(self.books), "--paused")
        self.gateway = self._child(f"gateway-{exc}")

    def _child(self, name: str, *arguments: str) -> Child:
        module = f"services.{name.replace('-', '_')}"
        return Child(name, (sys.executable, "-m", module, *arguments), self._plan)

    def open_exchange(self) -> None:
        self.paper.spawn()
        self.ports = self.paper.wait_ready()

    def spawn(self, **variables: str) -> None:
        """Start a gateway as `tandem up` does, with what differs."""
        of_venue = binance_variables if self.exc == "binance" else hyperliquid_variables
        self.gateway.environment = {
            **of_venue(self.ports["port"]),
            "TANDEM_NATS_URL": self._nats_url,
            "TANDEM_HEDGER_SILENCE_MS": "0",
            **variables,
        }
        self.gateway.spawn()

    async def begun(self, **variables: str) -> IdentityReport:
        """Let the log's own gateway run and end, and leave an order that waits."""
        self.spawn(**variables)
        await asyncio.to_thread(self.gateway.wait_ready)
        await asyncio.to_thread(self.gateway.stop)
        ticker = "SOLUSDT" if self.exc == "binance" else "SOL"
        order = NewOrder(
            exc=self.exc,
            ticker=Ticker(ticker),
            client_order_id=CLOID,
            amount=Decimal(1),
            order_type=OrderType.LIMIT,
            price=Decimal(140),
            strategy=STRATEGY,
            valid_for_ms=600_000,
        )
        subject = subjects.new_order(self.exc, STRATEGY, CLOID)
        await self.bus.log.append(subject, codec.encode(order))
        entry = await self.bus.log.find(subjects.identity_report(self.exc))
        assert entry is not None
        fact = codec.decode_fact(entry.payload)
        assert isinstance(fact, IdentityReport)
        return fact

    async def requests(self) -> Any:
        url = f"http://127.0.0.1:{self.ports['control_port']}/control/requests"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.json()

    def refusal(self) -> str:
        """Return what a gateway that ended by a bad setting said last."""
        name = f"gateway-{self.exc}: "
        lines = self.gateway.log_file.read_text(errors="replace").splitlines()
        return next(line for line in reversed(lines) if line.startswith(name))


@contextlib.asynccontextmanager
async def desk_of(exc: str, server: LocalServer, directory: Path) -> AsyncIterator[Desk]:
    bus = await NatsBus.connect(NatsOptions(url=server.url, name="test"), SystemClock())
    await topology.apply(bus, topology.Limits())
    desk = Desk(exc, bus, server.url, directory)
    try:
        await asyncio.to_thread(desk.open_exchange)
        yield desk
    finally:
        await asyncio.to_thread(desk.gateway.stop)
        await asyncio.to_thread(desk.paper.stop)
        await bus.close()


async def _other_key(desk: Desk) -> dict[str, str]:
    """Open a second account at the exchange and return its key's settings."""
    url = f"http://127.0.0.1:{desk.ports['control_port']}/control/accounts"
    account = {"account": "second", "api_key": "second-key", "secret": "second-secret"}
    async with aiohttp.ClientSession() as session, session.post(url, json=account) as response:
        assert response.status == 200
    return {"BINANCE_API_KEY": "second-key", "BINANCE_API_SECRET": "second-secret"}


async def _testnet_key(_: Desk) -> dict[str, str]:
    return {"BINANCE_NETWORK": "testnet"}


async def _hyperliquid_testnet(_: Desk) -> dict[str, str]:
    return {"HYPERLIQUID_NETWORK": "testnet"}


async def _hyperliquid_live(_: Desk) -> dict[str, str]:
    return {"HYPERLIQUID_NETWORK": "mainnet"}


async def _other_address(_: Desk) -> dict[str, str]:
    return {"HYPERLIQUID_ACCOUNT": OTHER_ADDRESS}


async def _other_books(desk: Desk) -> dict[str, str]:
    """Let the exchange begin anew without its log."""
    await asyncio.to_thread(desk.paper.stop)
    for file in desk.books.iterdir():
        file.unlink()
    await asyncio.to_thread(desk.open_exchange)
    return {}


CASES = {
    "paper log, testnet keys": ("binance", _testnet_key, "on testnet"),
    "other Binance account": ("binance", _other_key, "on paper"),
    "paper exchange begun anew": ("binance", _other_books, "tandem reset --paper"),
    "paper log, Hyperliquid testnet": ("hyperliquid", _hyperliquid_testnet, "on testnet"),
    "paper log, Hyperliquid live": ("hyperliquid", _hyperliquid_live, "on live"),
    "other Hyperliquid address": ("hyperliquid", _other_address, "on paper"),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("exc", "other", "says"), CASES.values(), ids=CASES)
async def test_a_gateway_on_a_log_of_another_refuses_by_name(
    nats_server: LocalServer,
    tmp_path: Path,
    eventually: Eventually,
    exc: str,
    other: Callable[[Desk], Awaitable[dict[str, str]]],
    says: str,
) -> None:
    async with desk_of(exc, nats_server, tmp_path) as desk:
        held = await desk.begun()
        facts = (await desk.bus.log.state()).last_seq
        desk.spawn(**await other(desk))
        await eventually(lambda: desk.gateway.has_ended)
        assert desk.gateway.exit_code == EXIT_CONFIGURATION
        refusal = desk.refusal()
        assert f"the account of {exc}=" in refusal
        assert f"this log is of {held.account} on {held.network}" in refusal
        assert says in refusal
        assert await desk.requests() == []
        assert (await desk.bus.log.state()).last_seq == facts


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("exc", "variable", "live"),
    [
        ("binance", "BINANCE_NETWORK", "live"),
        ("hyperliquid", "HYPERLIQUID_NETWORK", "mainnet"),
    ],
)
async def test_a_testnet_remainder_cannot_reach_live(
    nats_server: LocalServer,
    tmp_path: Path,
    eventually: Eventually,
    exc: str,
    variable: str,
    live: str,
) -> None:
    """The very same account, so that nothing but the network can tell."""
    async with desk_of(exc, nats_server, tmp_path) as desk:
        assert (await desk.begun(**{variable: "testnet"})).network is Network.TESTNET
        desk.spawn(**{variable: live})
        await eventually(lambda: desk.gateway.has_ended)
        assert desk.gateway.exit_code == EXIT_CONFIGURATION
        assert "on testnet: each account of each network" in desk.refusal()
        assert await desk.requests() == []


@pytest.mark.timeout(120)
async def test_the_account_itself_goes_on_with_its_log(
    nats_server: LocalServer, tmp_path: Path
) -> None:
    async with desk_of("binance", nats_server, tmp_path) as desk:
        held = await desk.begun()
        assert held.network is Network.PAPER
        desk.spawn()
        await asyncio.to_thread(desk.gateway.wait_ready)

        while not (sent := await desk.requests()):
            await SystemClock().sleep(POLL_S)
        assert [one["client_order_id"] for one in sent] == [CLOID]


@pytest.mark.timeout(120)
async def test_whose_log_it_is_outlives_every_fact(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    """The log is made anew, as if all of it had expired: the record still names the account."""
    async with desk_of("hyperliquid", nats_server, tmp_path) as desk:
        await desk.begun()
        await desk.bus.api.delete_stream(subjects.OMS_STREAM)
        await topology.apply(desk.bus, topology.Limits())
        desk.spawn(HYPERLIQUID_ACCOUNT=OTHER_ADDRESS)
        await eventually(lambda: desk.gateway.has_ended)
        assert desk.gateway.exit_code == EXIT_CONFIGURATION
