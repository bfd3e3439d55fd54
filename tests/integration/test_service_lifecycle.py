"""How a service process begins and ends: settings, health, run file, signals, exit codes."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer, free_port

SERVICE = '''
"""Waits to be told what to do; for tests."""

import sys

from tandem.runtime.config import Variable
from tandem.runtime.service import run_service


class Waiting:
    def __init__(self, context):
        self._context = context
        self._mode = context.env.text("TEST_MODE", "wait")

    async def start(self):
        if self._mode == "fail":
            self._context.tasks.spawn(self._fail(), "fails")
        if self._mode == "stray":
            stored = self._context.bus.log.append_soon("oms.control.a.1", b"x")
            stored.add_done_callback(self._stray)

    async def _fail(self):
        raise RuntimeError("a task failed")

    def _stray(self, _done):
        raise RuntimeError("a callback failed")

    async def drain(self):
        await self._context.bus.log.append("oms.control.drained.1", b"x")
        sys.stdout.write("drained")

    def unready(self):
        return "never ready" if self._mode == "unready" else ""


def build(context):
    context.env.integer("TEST_NUMBER", 1, least=1)
    return Waiting(context)


run_service("waiting", build, (Variable("TEST_MODE", "what to do", "wait"),))
'''

PATIENCE_S = 15


@dataclass
class Runs:
    """The processes of one test."""

    script: Path
    variables: dict[str, str]
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(self.script), *arguments],
            env={**os.environ, **self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    @property
    def run_file(self) -> Path:
        return Path(self.variables["TANDEM_RUN_FILE"])


@pytest.fixture
def runs(nats_server: LocalServer, tmp_path: Path) -> Iterator[Runs]:
    script = tmp_path / "waiting.py"
    script.write_text(SERVICE)
    shared = Path(__file__).parents[2] / "shared"
    variables = {
        "TANDEM_NATS_URL": nats_server.url,
        "TANDEM_RUN_FILE": str(tmp_path / "run.json"),
        "PYTHONPATH": str(shared),
    }
    made = Runs(script, variables)
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


def _ready(runs: Runs, process: "subprocess.Popen[str]") -> int:
    """Wait for the run file; return the HTTP port in it."""
    for _ in range(PATIENCE_S * 50):
        if runs.run_file.exists():
            return int(json.loads(runs.run_file.read_text())["http_port"])
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"not ready: {process.communicate()}")


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_help_tells_what_the_service_does_and_its_variables(runs: Runs) -> None:
    process = runs.start("--help")

    text, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "Waits to be told what to do" in text
    assert "TEST_MODE" in text
    assert "TANDEM_NATS_URL" in text


@pytest.mark.parametrize("variable", ["TANDEM_HTTP_PORT", "TEST_NUMBER"])
def test_a_bad_setting_is_named_and_exits_with_2(runs: Runs, variable: str) -> None:
    process = runs.start(**{variable: "many"})

    _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 2
    assert f"{variable}=many" in errors


@pytest.mark.parametrize(
    ("gateway", "variable"),
    [("binance", "BINANCE_API_KEY"), ("hyperliquid", "HYPERLIQUID_AGENT_KEY")],
)
def test_a_gateway_without_keys_says_so_before_it_connects_to_anything(
    gateway: str, variable: str
) -> None:
    nobody = f"nats://127.0.0.1:{free_port()}"
    testnet = {f"{gateway.upper()}_NETWORK": "testnet", "TANDEM_NATS_URL": nobody}
    done = subprocess.run(
        [sys.executable, "-m", f"services.gateway_{gateway}"],
        env={**os.environ, "PYTHONPATH": "shared", **testnet},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"gateway-{gateway}: {variable}=")


def test_a_ready_service_answers_over_http_and_drains_on_a_signal(runs: Runs) -> None:
    process = runs.start()
    port = _ready(runs, process)

    assert _get(port, "/healthz")[0] == 200
    assert _get(port, "/readyz") == (200, '{"status": "ready"}')
    assert "tandem_bus_stored" in _get(port, "/metrics")[1]

    process.send_signal(signal.SIGTERM)
    text, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert text == "drained"


def test_a_service_that_is_not_ready_says_why(runs: Runs) -> None:
    port = free_port()
    process = runs.start(TEST_MODE="unready", TANDEM_HTTP_PORT=str(port))
    answer = (0, "")
    for _ in range(PATIENCE_S * 50):
        try:
            answer = _get(port, "/readyz")
            break
        except urllib.error.URLError:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.02)

    assert answer[0] == 503
    assert "never ready" in answer[1]
    assert not runs.run_file.exists()


@pytest.mark.parametrize("mode", ["fail", "stray"])
def test_a_failure_that_nobody_awaits_ends_the_service_with_1(runs: Runs, mode: str) -> None:
    process = runs.start(TEST_MODE=mode)

    process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1


def test_a_signal_ends_a_service_that_still_waits_for_its_bus(
    runs: Runs, nats_server: LocalServer
) -> None:
    nats_server.kill()
    process = runs.start()
    assert process.stderr is not None
    process.stderr.readline()

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0


def test_a_service_waits_for_its_bus_to_come_up(runs: Runs, nats_server: LocalServer) -> None:
    nats_server.kill()
    process = runs.start()
    assert process.stderr is not None
    process.stderr.readline()

    nats_server.start()

    assert _ready(runs, process) > 0
