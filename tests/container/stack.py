"""A desk in containers of its own: compose under a project name and ports that nobody else has.

Several can run side by side, from the same tree or from another (`root`), on images of any tag.
"""

import json
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
COMMAND_TIMEOUT_S = 120.0
UP_TIMEOUT_S = 240.0
# What the caller's own shell says about a desk is no concern of this one.
NOT_INHERITED = ("COMPOSE_", "TANDEM_", "BINANCE_", "HYPERLIQUID_", "DOCKER_DEFAULT_")
# Said of a network without any container: Docker has lost count after a kill or a restart, and lets
# go of the network when it is itself restarted (moby/moby issue 43286).
MISCOUNTED = "has active endpoints"
# Nobody outside reaches a service's port 9090: the page is read from within its container.
READ_PAGE = (
    "import sys, urllib.request as r;"
    "print(r.urlopen('http://127.0.0.1:9090' + sys.argv[1], timeout=5).read().decode())"
)


class CommandError(AssertionError):
    """A docker command failed: its words are in the message."""


def docker(*words: str, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
    """Run `docker` and return what it printed."""
    return _run(("docker", *words), ROOT, _environment({}), timeout_s)


def inspect(*ids: str) -> list[dict[str, Any]]:
    """Return what Docker knows of containers, images, networks or volumes."""
    found: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
    return found


def free_port() -> int:
    """Return a port of this machine that nobody listens on at the moment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Stack:
    """One compose project.

    Attributes:
        version: the images' tag (TANDEM_VERSION), built before or by `up --build`.
        files: compose files below `root`, or anywhere when absolute.
        environment: what compose's files are given, beside `env_file`.
    """

    version: str
    files: tuple[Path, ...] = (Path("compose.yaml"),)
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path = ROOT
    env_file: Path | None = None
    project: str = field(default_factory=lambda: f"tandem-{secrets.token_hex(4)}")
    nats_port: int = field(default_factory=free_port)

    def compose(
        self,
        *words: str,
        timeout_s: float = COMMAND_TIMEOUT_S,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run `docker compose` on this project and return its output; raises CommandError."""
        given = {**self._variables(), **(environment or {})}
        return _run(self.command(*words), self.root, _environment(given), timeout_s)

    def command(self, *words: str) -> tuple[str, ...]:
        """Return the command line of `docker compose` for this project."""
        env_file = ("--env-file", str(self.env_file)) if self.env_file else ()
        files = tuple(word for file in self.files for word in ("-f", str(file)))
        return ("docker", "compose", "-p", self.project, *env_file, *files, *words)

    def popen(self, *words: str) -> "subprocess.Popen[str]":
        """Start `docker compose` with pipes to its standard input and output."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=_environment(self._variables()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _variables(self) -> dict[str, str]:
        return {
            "TANDEM_VERSION": self.version,
            "TANDEM_NATS_PORT": str(self.nats_port),
            **self.environment,
        }

    def up(self, *words: str) -> str:
        """Start what is not running and wait until it is healthy."""
        return self.compose("up", "--wait", *words, timeout_s=UP_TIMEOUT_S)

    def down(self) -> None:
        """Leave nothing: no container, network or volume of this project."""
        words = ("--profile", "*", "down", "-v", "--remove-orphans", "--timeout", "5")
        try:
            self.compose(*words)
        except CommandError as error:
            if MISCOUNTED not in str(error):
                raise
            volumes = self._listed("volume")  # which compose may have given up on as well
            if volumes:
                docker("volume", "rm", *volumes)
            if self.left_overs():
                raise

    def ids(self, *services: str, with_ended: bool = False) -> list[str]:
        """Return the containers of services (all of them by default), the oldest first."""
        found = self.compose("ps", "-q", *(("-a",) if with_ended else ()), *services).split()
        return [one["Id"] for one in sorted(inspect(*found), key=lambda one: str(one["Created"]))]

    def the(self, service: str) -> str:
        """Return the one container of a service."""
        (found,) = self.ids(service)
        return found

    def run_in(self, container: str, *words: str, user: str | None = None) -> str:
        """Run a command in a container and return its output."""
        return docker("exec", *(("-u", user) if user else ()), container, *words)

    def metrics(self, container: str) -> dict[str, float]:
        """Return what a service counts about itself, by metric; labels are part of the name."""
        text = self.run_in(container, "python3", "-ISc", READ_PAGE, "/metrics")
        return dict(_values(text))

    def sender(self, gateway: str) -> str | None:
        """Return the container that sends for a gateway's account, if any does right now."""
        return next(filter(self.is_sender, self.ids(gateway)), None)

    def is_sender(self, container: str) -> bool:
        return bool(self.metrics(container).get("tandem_gateway_is_sender"))

    def state(self, container: str) -> dict[str, Any]:
        """Return what Docker says of how a container runs."""
        found: dict[str, Any] = inspect(container)[0]
        return {**found["State"], "RestartCount": found["RestartCount"]}

    def is_healthy(self, container: str) -> bool:
        state = self.state(container)
        return bool(state["Running"]) and state.get("Health", {}).get("Status") == "healthy"

    def left_overs(self) -> list[str]:
        """Return every container, network and volume that still carries this project's name.

        Not a network that Docker itself can no longer remove, though no container is in it.
        """
        found = [f"container {one}" for one in self._listed("container", "-a")]
        found += [f"volume {one}" for one in self._listed("volume")]
        return found + [f"network {one}" for one in self._listed("network") if _can_go(one)]

    def _listed(self, kind: str, *words: str) -> list[str]:
        label = f"label={PROJECT_LABEL}={self.project}"
        return docker(kind, "ls", "-q", "--filter", label, *words).split()


def _can_go(network: str) -> bool:
    """Remove a network that no container is in; tell whether Docker would let it go."""
    if inspect(network)[0]["Containers"]:
        return True
    try:
        docker("network", "rm", network)
    except CommandError as error:
        return MISCOUNTED not in str(error)
    return True


@contextmanager
def running(stack: Stack, *words: str) -> Iterator[Stack]:
    """Bring a stack up; whatever happens, take it down again. On failure its logs are printed."""
    try:
        try:
            stack.up(*words)
        except CommandError as error:
            logs = stack.compose("logs", "--no-color", "--tail", "60")
            raise CommandError(f"{error}\n{logs}") from error
        yield stack
    finally:
        stack.down()


def docker_build(dockerfile: str, image: str) -> None:
    """Build an image from a few lines that copy nothing."""
    words = ("docker", "build", "-q", "-t", image, "-")
    subprocess.run(words, input=dockerfile, check=True, capture_output=True, text=True)


def build(version: str, root: Path = ROOT) -> str:
    """Build the one image under a tag of its own and return its name."""
    Stack(version, root=root).compose("build", timeout_s=600.0)
    return f"tandem-oms:{version}"


def _run(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], timeout_s: float
) -> str:
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=timeout_s
    )
    if done.returncode:
        words = " ".join(command)
        raise CommandError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)
    }
    return {**inherited, **given}


def _values(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name and re.fullmatch(r"[-+.0-9eE]+|NaN|[+-]Inf", value) and not line.startswith("#"):
            yield name, float(value)
