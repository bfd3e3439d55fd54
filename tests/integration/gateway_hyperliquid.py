"""The Hyperliquid gateway as a process, before a paper exchange of its own and a real bus."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from services.paper_hyperliquid.config import RULES_VARIABLE
from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker, Token, VenueOrderId
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.codec import Answer, Fact
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.queries import AskKind, VenueAsk
from tandem.messages.reports import OrderReport
from tandem.runtime.clock import SystemClock
from tests.conftest import _eventually

EXC = Exc("hyperliquid")
SOL = Ticker("SOL")
STRATEGY = Strategy("test")
CALL = Token("call")
ACCOUNT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
AGENT = "0x1563915e194d8cfba1943570603f7606a3115508"
BIDS = [["149.90", "5"], ["149.80", "5"], ["149.70", "50"]]
ASKS = [["150.10", "5"], ["150.20", "5"], ["150.30", "50"]]
START_S = 20.0
STOP_S = 10.0

F = TypeVar("F")


ASKED = re.compile(
    rb'^(?:GET|POST|PUT|DELETE) (/fapi/[^ ?]+(?:\?symbol=)?)|{"type":"(\w+)"', re.MULTILINE
)


class Relay:
    """A TCP relay that can lose every connection and refuse new ones until told otherwise.

    `slow_s` is how long what is sent to the venue is held; `asked` is what was asked over HTTP,
    by its path and whether of one symbol, or by its type where one path answers everything.
    """

    def __init__(self, port: int) -> None:
        self.slow_s = 0.0
        self.asked: list[str] = []
        self._target = port
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._streams: set[asyncio.StreamWriter] = set()
        self._frozen: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        self._clients[far_writer] = writer
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.get_running_loop().create_task(
                self._pump(source, sink, is_to_venue=sink is far_writer)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_to_venue: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(65_536):
                if is_to_venue:
                    self.asked += ((path or kind).decode() for path, kind in ASKED.findall(chunk))
                if is_to_venue and self.slow_s:
                    await SystemClock().sleep(self.slow_s)
                if sink in self._frozen:
                    continue
                if is_to_venue and b"websocket" in chunk[:1_000]:
                    self._streams.add(sink)
                sink.write(chunk)
                await sink.drain()
        sink.close()
        self._writers.discard(sink)

    def cut(self) -> None:
        """Drop every connection and take no new one."""
        self._is_cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing more through to the clients of the streams of now; all stay open."""
        self._frozen |= {self._clients[sink] for sink in self._streams}

    def mend(self) -> None:
        self._is_cut = False

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def never() -> int:
    raise AssertionError("the gateway does not run yet")


class World:
    """What a test does: log intents, move the market, read what the gateway logged."""

    def __init__(self, bus: NatsBus, session: aiohttp.ClientSession, relay: Relay) -> None:
        self.bus = bus
        self.relay = relay
        self.entries: list[tuple[Entry, Fact]] = []
        self.control_port = 0
        self.venue_port = 0
        self.ended: Callable[[], Awaitable[int]] = never
        self._session = session

    def take(self, entry: Entry) -> None:
        self.entries.append((entry, codec.decode_fact(entry.payload)))

    def facts(self, kind: type[F]) -> list[F]:
        return [fact for _, fact in self.entries if isinstance(fact, kind)]

    def reports(self, cloid: ClientOrderId) -> list[OrderReport]:
        return [one for one in self.facts(OrderReport) if one.client_order_id == cloid]

    def statuses(self, cloid: ClientOrderId) -> set[str]:
        return {report.order_status.value for report in self.reports(cloid)}

    def proven(self, cloid: ClientOrderId) -> set[Decimal]:
        return {one.cum_qty for one in self.reports(cloid) if one.cum_qty is not None}

    async def ask(self, kind: AskKind) -> Answer:
        """Ask the venue through the gateway."""
        payload = codec.encode(VenueAsk(kind=kind))
        return codec.decode_answer(await self.bus.request(subjects.venue_ask(EXC), payload, 10.0))

    async def place(self, cloid: ClientOrderId, amount: str, **terms: Any) -> None:
        order_type = OrderType.LIMIT if "price" in terms else OrderType.MARKET
        order = NewOrder(
            exc=EXC,
            ticker=terms.pop("ticker", SOL),
            client_order_id=cloid,
            amount=Decimal(amount),
            order_type=order_type,
            strategy=STRATEGY,
            **terms,
        )
        await self.bus.log.append(subjects.new_order(EXC, STRATEGY, cloid), codec.encode(order))

    async def cancel(self, cloid: ClientOrderId) -> None:
        cancel = CancelOrder(exc=EXC, token=CALL, strategy=STRATEGY, client_order_id=cloid)
        subject = subjects.cancel_order(EXC, STRATEGY, cloid, CALL)
        await self.bus.log.append(subject, codec.encode(cancel))

    async def control(self, path: str, body: object = None) -> Any:
        url = f"http://127.0.0.1:{self.control_port}/control/{path}"
        method = "GET" if body is None else "POST"
        async with self._session.request(method, url, json=body) as response:
            return await response.json()

    async def metrics(self, http_port: int) -> str:
        """Return what the gateway counts, as text."""
        async with self._session.get(f"http://127.0.0.1:{http_port}/metrics") as response:
            return await response.text()

    async def quote(self, bids: object = BIDS, asks: object = ASKS) -> None:
        """Replace the book of SOL."""
        depth = {"kind": "depth", "symbol": "SOL", "bids": bids, "asks": asks, "replace": True}
        await self.control("market", depth)

    async def trade(self, side: str, price: str, qty: str) -> None:
        """Let somebody else trade in SOL."""
        action = {"kind": "trade", "symbol": "SOL", "side": side, "price": price, "qty": qty}
        await self.control("market", action)

    async def venue_orders(self) -> list[dict[str, Any]]:
        books = await self.control(f"books?account={ACCOUNT}")
        orders: list[dict[str, Any]] = books["orders"]
        return orders


def cloid(number: int) -> ClientOrderId:
    return ClientOrderId(f"0x{number:032x}")


def oid_of(reports: list[OrderReport]) -> VenueOrderId:
    return next(one.venue_order_id for one in reports if one.venue_order_id is not None)


@contextlib.asynccontextmanager
async def paper(*options: str, rules: str = "{}") -> AsyncIterator[dict[str, int]]:
    """Run a paper exchange with a still tape; yields its ports. `rules`: what differs, as JSON."""
    command = ["services.paper_hyperliquid", "--port", "0", "--control-port", "0", *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, RULES_VARIABLE: rules},
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        yield json.loads(line)
    finally:
        await stop(process)


async def stop(process: asyncio.subprocess.Process) -> int:
    """End a process of ours, by its id, and return its exit code."""
    if process.returncode is None:
        process.terminate()
    try:
        return await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        return await process.wait()


@contextlib.asynccontextmanager
async def gateway(
    nats_url: str, venue_port: int, run_file: Path, **more: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the gateway; it is not waited for."""
    settings = {
        "TANDEM_NATS_URL": nats_url,
        "TANDEM_TICKERS": "SOL,BTC",
        "TANDEM_RUN_FILE": str(run_file),
        "TANDEM_LOG_LEVEL": "info",
        "HYPERLIQUID_API_URL": f"http://127.0.0.1:{venue_port}",
    }
    with run_file.with_suffix(".log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.gateway_hyperliquid",
            env={**os.environ, **settings, **more},
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            await stop(process)


async def until_ready(run_file: Path, process: asyncio.subprocess.Process) -> None:
    """Wait for the run file, or fail when the gateway ended before it."""
    await _eventually(lambda: run_file.exists() or process.returncode is not None, START_S)
    assert process.returncode is None, f"the gateway ended with {process.returncode}"


@contextlib.asynccontextmanager
async def relayed(port: int) -> AsyncIterator[tuple[Relay, int]]:
    """Run a relay to `port`; yields it and its own port."""
    relay = Relay(port)
    try:
        yield relay, await relay.start()
    finally:
        await relay.close()


async def nothing(world: World) -> None:
    """Log nothing before the gateway runs."""


@contextlib.asynccontextmanager
async def world(
    nats_url: str,
    run_file: Path,
    before: Callable[[World], Awaitable[None]] = nothing,
    **settings: str,
) -> AsyncIterator[World]:
    """Run exchange, relay and gateway, and follow the log; yields when all are ready."""
    bus = await NatsBus.connect(NatsOptions(url=nats_url, name="test"), SystemClock())
    await topology.apply(bus, topology.Limits())
    async with (
        paper("--paused") as ports,
        aiohttp.ClientSession() as session,
        relayed(ports["port"]) as (relay, relay_port),
    ):
        here = World(bus, session, relay)
        here.control_port, here.venue_port = ports["control_port"], relay_port
        following = await bus.log.follow((subjects.reports_of(EXC),), 0, here.take)
        try:
            await here.quote()
            await before(here)
            settings = {"TANDEM_BACKFILL_SECONDS": "1", **settings}
            async with gateway(nats_url, relay_port, run_file, **settings) as process:
                await until_ready(run_file, process)
                await here.quote()
                here.ended = process.wait
                yield here
        finally:
            await following.close()
            await bus.close()
