"""Runs the whole system on one machine: NATS, Redis, two paper exchanges, the services.

1. Every process logs to a file below the run directory and runs in a session of its own.
2. `start` returns once each process has said that it is ready; a process that ends before is an
   error that shows the tail of its log.
3. Any process can be killed and started again alone, on the same addresses.
4. The log and the books of the paper exchanges lie side by side and are begun anew together
   (`reset`): facts of one account never meet those of another under the same log.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tandem.bus.permissions import ACCESS, ADMIN
from tandem.cli import keys
from tandem.cli.servers import (
    NATS,
    REDIS,
    LocalServer,
    ServerSettings,
    free_port,
    locate_nats,
    locate_redis,
)
from tandem.domain.errors import ConfigurationError, UnavailableError

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 12.0
POLL_S = 0.02
LOG_TAIL = 2_000
SERVICES = (
    "order-state",
    "position-state",
    "hedger",
    "gateway-binance",
    "gateway-hyperliquid",
)
# On a machine with fewer cores than processes, what only keeps pages lets hedges go first.
OFF_THE_HEDGE_PATH = ("order-state", "position-state")
# glibc raises both thresholds once a large buffer was freed, and keeps what was freed from then on;
# fixed at their defaults, an answer of megabytes leaves nothing behind.
GIVE_BACK = {
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_ARENA_MAX": "2",
}
YIELDING_NICENESS = 5
PAPER_EXCHANGES = ("paper-binance", "paper-hyperliquid")
# What a desk on this machine knows tomorrow, each in a directory of its run directory.
KEPT = (*PAPER_EXCHANGES, "redis", "nats")


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What to start and how.

    Attributes:
        root: the checkout, where `services/` lies. directory: logs, stores and run files.
        paper: extra arguments of each paper exchange, by its name.
        copies: how many of a service, 1 where it is not named.
        environment: extra variables of each service, by its name.
        keys: the directory of `tandem.cli.keys`: each process gets a user of its own; None: none.
        sync_always: whether NATS writes through to the disk before it answers.
        nats_port: fixed port of NATS, 0 for any free one.
        ready_timeout_s: how long each process may take until it is ready.
    """

    root: Path
    directory: Path
    paper: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keys: Path | None = None
    sync_always: bool = False
    nats_port: int = 0
    ready_timeout_s: float = READY_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class PaperAddress:
    """Where a paper exchange and its control port listen."""

    port: int
    control_port: int

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.control_port}"


class Child:
    """One process of the stack: started by module name, ready when its file says so."""

    def __init__(self, name: str, command: tuple[str, ...], plan: StackPlan) -> None:
        self.name, self.command, self._plan = name, command, plan
        self.environment: dict[str, str] = {}
        self.yields = name.startswith(OFF_THE_HEDGE_PATH)
        self.log_file = plan.directory / "logs" / f"{name}.log"
        self.ready_file = plan.directory / f"{name}.json"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, or None when none was started or it was stopped."""
        return self._process.pid if self._process is not None else None

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """How the process ended (negative: by that signal), or None while it runs."""
        return self._process.poll() if self._process is not None else None

    def spawn(self) -> None:
        """Start the process without waiting for it."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.ready_file.unlink(missing_ok=True)
        values = (
            GIVE_BACK | os.environ | self.environment | {"TANDEM_RUN_FILE": str(self.ready_file)}
        )
        with self.log_file.open("ab") as log, self.ready_file.with_suffix(".out").open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 (our own modules)
                self.command,
                cwd=self._plan.root,
                env=values,
                stdout=out,
                stderr=log,
                start_new_session=True,
            )
        if self.yields:
            os.setpriority(os.PRIO_PROCESS, self._process.pid, YIELDING_NICENESS)

    def wait_ready(self) -> dict[str, int]:
        """Return what the process said when it was ready.

        Raises:
            UnavailableError: it ended or was not ready in time; the text is the end of its log.
        """
        pause = threading.Event()
        for _ in range(int(self._plan.ready_timeout_s / POLL_S)):
            said = self._said()
            if said is not None:
                return said
            if self.has_ended:
                break
            pause.wait(POLL_S)
        tail = self.log_file.read_text(errors="replace")[-LOG_TAIL:]
        raise UnavailableError(f"{self.name} did not get ready; its log ends: {tail}")

    def _said(self) -> dict[str, int] | None:
        for path in (self.ready_file, self.ready_file.with_suffix(".out")):
            text = path.read_text() if path.exists() else ""
            line = text.partition("\n")[0] if path.suffix == ".out" else text
            if line.strip().startswith("{") and line.strip().endswith("}"):
                said: dict[str, int] = json.loads(line)
                return said
        return None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ask it to drain and end; kill it when it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def start(self) -> None:
        self.spawn()
        self.wait_ready()


def checkout(start: Path | None = None) -> Path:
    """Return the checkout that `start` (the working directory) lies in.

    Raises:
        ConfigurationError: it lies in none; services run from the repository root.
    """
    here = start or Path.cwd()
    for place in (here, *here.parents):
        if (place / "services" / "hedger").is_dir():
            return place
    raise ConfigurationError("directory", here, "inside a checkout of Tandem")


class LocalStack:
    """The processes of one desk, their addresses, and how to end them."""

    def __init__(self, plan: StackPlan) -> None:
        self.plan = plan
        self.children: dict[str, Child] = {}
        self.paper: dict[str, PaperAddress] = {}
        nats, redis = plan.directory / "nats", plan.directory / "redis"
        port = plan.nats_port or free_port()
        sync, users = plan.sync_always, plan.keys and plan.keys / "nats" / "users.conf"
        self.nats = LocalServer(NATS, ServerSettings(locate_nats(), nats, port, sync, users))
        users = plan.keys and plan.keys / "redis" / "users.acl"
        settings = ServerSettings(locate_redis(), redis, free_port(), users_file=users)
        self.redis = LocalServer(REDIS, settings)

    def __enter__(self) -> "LocalStack":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def services(self) -> tuple[str, ...]:
        """Return what runs besides servers and exchanges: `access` only where there are users."""
        return (*SERVICES, ACCESS) if self.plan.keys is not None else SERVICES

    @property
    def versions(self) -> dict[str, str]:
        """What the servers themselves say they are."""
        return {"nats-server": self.nats.version, "redis": self.redis.version}

    def start(self) -> None:
        """Start everything and return once all of it is ready."""
        try:
            self.start_servers()
            self.start_paper()
            self.start_services(self.services)
        except BaseException:
            self.stop()
            raise

    def start_servers(self) -> None:
        """Start NATS and Redis, and with users the streams, which only one of them may make."""
        self.nats.start()
        self.redis.start()
        if self.plan.keys is not None:
            self._make_streams(self.plan.keys)

    def start_paper(self) -> None:
        """Start both paper exchanges, side by side."""
        for name in PAPER_EXCHANGES:
            ports = ("--port", str(free_port()), "--control-port", str(free_port()))
            books = ("--books", str(self.plan.directory / name))
            self._child(name, (*ports, *books, *self.plan.paper.get(name, ()))).spawn()
        for name in PAPER_EXCHANGES:
            said = self.children[name].wait_ready()
            self.paper[name] = PaperAddress(said["port"], said["control_port"])

    def start_services(self, services: Sequence[str]) -> None:
        """Start these services, all copies side by side, and wait until each is ready."""
        names = [
            name if copy == 1 else f"{name}-{copy}"
            for name in services
            for copy in range(1, self.plan.copies.get(name, 1) + 1)
        ]
        for name in names:
            self._child(name, ()).spawn()
        for name in names:
            self.children[name].wait_ready()

    def _child(self, name: str, arguments: tuple[str, ...]) -> Child:
        every = (*SERVICES, ACCESS, *PAPER_EXCHANGES)
        service = next(known for known in every if name.startswith(known))
        module = f"services.{service.replace('-', '_')}"
        child = Child(name, (sys.executable, "-m", module, *arguments), self.plan)
        known = {} if service in PAPER_EXCHANGES else self.environment_of(service)
        child.environment = known | dict(self.plan.environment.get(service, {}))
        self.children[name] = child
        return child

    def environment_of(self, service: str) -> dict[str, str]:
        """Return the variables that a service of this stack is started with."""
        common = {
            "TANDEM_NATS_URL": self.nats.url,
            "TANDEM_REDIS_URL": self.redis.url,
            "TANDEM_HTTP_PORT": "0",
        }
        if self.plan.keys is not None:
            common |= self._key_variables(self.plan.keys, service)
        if service == "gateway-binance":
            return common | binance_variables(self.paper["paper-binance"].port)
        if service == "gateway-hyperliquid":
            return common | hyperliquid_variables(self.paper["paper-hyperliquid"].port)
        return common

    def _make_streams(self, directory: Path) -> None:
        own = {"TANDEM_NATS_URL": self.nats.url} | self._key_variables(directory, ADMIN)
        command = (sys.executable, "-m", "tandem.cli.streams")
        done = subprocess.run(command, env=os.environ | own, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise UnavailableError(f"no streams: {done.stderr.decode(errors='replace')}")

    def _key_variables(self, directory: Path, service: str) -> dict[str, str]:
        own = directory / service
        found = {
            "TANDEM_NATS_USER": service,
            "TANDEM_NATS_NKEY_SEED_FILE": str(own / keys.SEED_FILE),
        }
        if service == ACCESS:
            found["TANDEM_STRATEGIES_FILE"] = str(own / keys.STRATEGIES_FILE)
            found["TANDEM_ACCOUNTS_FILE"] = str(own / keys.ACCOUNTS_FILE)
        if service in keys.PAGES_OF:
            found["TANDEM_REDIS_URL"] = self.redis.url.replace("://", f"://{service}@")
            found["TANDEM_REDIS_PASSWORD_FILE"] = str(own / keys.PASSWORD_FILE)
        return found

    def restart(self, name: str) -> None:
        """Start one process again, as it was started first."""
        self.children[name].start()

    def pids(self) -> dict[str, int]:
        found = {name: child.pid for name, child in self.children.items()}
        found |= {"nats": self.nats.pid, "redis": self.redis.pid}
        return {name: pid for name, pid in found.items() if pid is not None}

    def stop(self) -> None:
        """End every process: services first, so that they can drain, then the servers."""
        services = [child for child in self.children.values() if child.name not in self.paper]
        for child in services:
            if child.pid is not None and not child.has_ended:
                os.kill(child.pid, signal.SIGTERM)
        for child in (*services, *self.children.values()):
            child.stop()
        self.redis.stop()
        self.nats.stop()


def reset(directory: Path) -> list[str]:
    """Delete the log, the pages and the books of a desk that does not run; return which there were.

    The books first: a log that outlives them is noticed by its gateways, the reverse is not.
    """
    deleted = [name for name in KEPT if (directory / name).is_dir()]
    for name in deleted:
        shutil.rmtree(directory / name)
    return deleted


def binance_variables(port: int) -> dict[str, str]:
    """Return what points a Binance gateway at a paper exchange on loopback."""
    return {
        "BINANCE_NETWORK": "paper",
        "BINANCE_REST_URL": f"http://127.0.0.1:{port}",
        "BINANCE_STREAM_URL": f"ws://127.0.0.1:{port}",
        "BINANCE_WS_API_URL": f"ws://127.0.0.1:{port}/ws-fapi/v1",
        "BINANCE_API_KEY": "paper-binance-key",
        "BINANCE_API_SECRET": "paper-binance-secret",
    }


def hyperliquid_variables(port: int) -> dict[str, str]:
    """Return what points a Hyperliquid gateway at a paper exchange on loopback."""
    return {
        "HYPERLIQUID_NETWORK": "paper",
        "HYPERLIQUID_API_URL": f"http://127.0.0.1:{port}",
        "HYPERLIQUID_WS_URL": f"ws://127.0.0.1:{port}/ws",
        "HYPERLIQUID_ACCOUNT": "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a",
        "HYPERLIQUID_AGENT_KEY": "0x" + "22" * 32,
    }
