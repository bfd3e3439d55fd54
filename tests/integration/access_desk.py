"""A bus with users as `tandem.cli.keys` writes them, `access` in this process, and who asks it."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import structlog
from nats.aio.client import Client

from services.access.config import access_settings
from services.access.service import AccessService
from tandem.bus import topology
from tandem.bus.access.bus import AccessBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.permissions import ACCESS, ADMIN, inbox_prefix
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.servers import LOOPBACK, NATS, LocalServer, ServerSettings, free_port, locate_nats
from tandem.domain.ids import Strategy
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics
from tests.unit.services.access.asking import ALPHA, BETA

ACCOUNTS = ("binance", "hyperliquid")


def make_keys(directory: Path, accounts: tuple[str, ...] = ACCOUNTS) -> None:
    keys.make(directory, Desk(accounts, (ALPHA, BETA)))


def start_server(directory: Path, store: Path) -> LocalServer:
    """Start one server with the users of `directory`."""
    users = directory / "nats" / "users.conf"
    server = LocalServer(NATS, ServerSettings(locate_nats(), store, users_file=users))
    server.start()
    return server


def start_cluster(directory: Path, store: Path) -> list[LocalServer]:
    """Start three servers that know each other, as compose.cluster.yaml does."""
    clients, routes = ([free_port() for _ in range(3)] for _ in range(2))
    servers = []
    for place, (port, route) in enumerate(zip(clients, routes, strict=True)):
        kind = replace(NATS, configuration=partial(_clustered, place, route, routes))
        users = directory / "nats" / "users.conf"
        given = ServerSettings(locate_nats(), store / str(place), port, users_file=users)
        servers.append(LocalServer(kind, given))
    for server in servers:
        server.start()
    return servers


def _clustered(place: int, route: int, routes: list[int], given: ServerSettings, port: int) -> str:
    others = ", ".join(f'"nats://{LOOPBACK}:{one}"' for one in routes)
    single = NATS.configuration(given, port).replace('"tandem"', f'"tandem-{place}"')
    cluster = f'name: tandem, listen: "{LOOPBACK}:{route}", routes: [{others}]'
    return f"{single}\ncluster {{ {cluster} }}\n"


@dataclass(slots=True)
class Copy:
    """One copy of `access`."""

    service: AccessService
    bus: NatsBus
    tasks: TaskOwner

    async def end(self) -> None:
        await self.service.drain()
        await self.tasks.close()
        await self.bus.close()


@dataclass(slots=True)
class AccessDesk:
    """Servers with users and streams; `admin` sees everything."""

    urls: str
    directory: Path
    admin: NatsBus
    clock: SystemClock = field(default_factory=SystemClock)
    copies: list[Copy] = field(default_factory=list)
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    async def on(cls, urls: str, directory: Path, replicas: int = 1) -> "AccessDesk":
        admin = await NatsBus.connect(options_of(urls, directory, ADMIN), SystemClock())
        desk = cls(urls, directory, admin)
        while True:
            try:
                await topology.apply(admin, topology.Limits(replicas=replicas))
                return desk
            except Exception as error:
                if replicas == 1:
                    raise
                structlog.get_logger().info("streams not ready", error=str(error))
                await desk.clock.sleep(0.2)

    async def start_access(self, variables: Mapping[str, str] | None = None) -> Copy:
        env = Environment(
            {
                "TANDEM_NATS_URL": self.urls,
                "TANDEM_NATS_USER": ACCESS,
                "TANDEM_NATS_NKEY_SEED_FILE": str(self.directory / ACCESS / keys.SEED_FILE),
                "TANDEM_STRATEGIES_FILE": str(self.directory / ACCESS / keys.STRATEGIES_FILE),
                "TANDEM_ACCOUNTS_FILE": str(self.directory / ACCESS / keys.ACCOUNTS_FILE),
                **(variables or {}),
            }
        )
        common, tasks = settings(env, ACCESS), TaskOwner()
        bus = await NatsBus.connect(common.nats, self.clock)
        context = ServiceContext(
            name=ACCESS,
            settings=common,
            env=env,
            bus=bus,
            clock=self.clock,
            tasks=tasks,
            log=structlog.get_logger(ACCESS),
            metrics=Metrics(),
            seam=no_seam,
            run=f"copy{len(self.copies)}",
        )
        service = AccessService(context, access_settings(env))
        await service.start()
        copy = Copy(service, bus, tasks)
        self.copies.append(copy)
        return copy

    async def bus_of(self, strategy: Strategy) -> AccessBus:
        line = await NatsBus.connect(
            options_of(self.urls, self.directory, f"strategy-{strategy}"), self.clock
        )
        bus = AccessBus(line, strategy, self.clock)
        self.opened.push_async_callback(bus.close)
        return bus

    async def client_of(self, user: str, *, once: bool = False) -> Client:
        """Return a bare connection of a user: what a hostile program has; `once`: not made anew."""
        client = Client()
        await client.connect(
            self.urls.split(","),
            nkeys_seed=str(self.directory / user / keys.SEED_FILE),
            inbox_prefix=inbox_prefix(user),
            error_cb=_ignore,
            pending_size=256 * 1024 * 1024,
            allow_reconnect=not once,
        )
        self.opened.push_async_callback(client.close)
        return client

    async def stored(self) -> dict[str, list[str]]:
        """Return the subjects of every message of every stream."""
        client = await self.client_of(ADMIN)
        found = {}
        for stream in ("OMS", "DELTAS", "SNAP", "MARKS", "LEASES"):
            asked = json.dumps({"subjects_filter": ">"}).encode()
            told = await client.request(f"$JS.API.STREAM.INFO.{stream}", asked, timeout=5)
            found[stream] = sorted(json.loads(told.data)["state"].get("subjects") or {})
        return found

    async def close(self) -> None:
        await self.opened.aclose()
        for copy in self.copies:
            await copy.end()
        await self.admin.close()


def options_of(urls: str, directory: Path, user: str) -> NatsOptions:
    seed = directory / user / keys.SEED_FILE
    return NatsOptions(urls, user, nkey_seed_file=seed, inbox_prefix=inbox_prefix(user))


async def _ignore(_error: Exception) -> None:
    """What the server refuses a hostile program is what the test is about."""
