"""The commands as processes: Ctrl-C, and what works away from a checkout."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tandem.cli.main import STACK_FILE, Started
from tandem.cli.servers import LocalServer, free_port
from tandem.client.connecting import RUN_DIRECTORY
from tandem.messages import facts
from tandem.messages.hedges import Alarm
from tests.integration.state_services import EXC, World, start_world

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
ALARM = Alarm(source="test", key="one", text="look at this")


@pytest.fixture
async def world(nats_server: LocalServer) -> AsyncIterator[World]:
    made = await start_world(nats_server.url)
    yield made
    await made.close()


def environment(**values: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    return own | {"PYTHONPATH": f"{ROOT / 'shared'}:{ROOT}"} | values


def start(*command: str, here: Path, **values: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=here,
        env=environment(**values),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where these tests run behind a shell's &, Ctrl-C is ignored, and would be by this too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def run(*command: str, here: Path, **values: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=here,
        env=environment(**values),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Press Ctrl-C and return the exit code and what was said on standard error."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


async def test_f9_following_alarms_ends_without_a_traceback(world: World, tmp_path: Path) -> None:
    await world.log(facts.subject_of(ALARM), ALARM)
    process = start("tandem.cli.main", "alarms", "--follow", "--nats", world.url, here=tmp_path)
    assert process.stdout is not None
    told = await asyncio.to_thread(process.stdout.readline)
    assert "look at this" in told
    assert await asyncio.to_thread(interrupted, process) == (130, "interrupted\n")


def test_f9_the_demo_ends_without_a_traceback(tmp_path: Path) -> None:
    nobody = f"nats://127.0.0.1:{free_port()}"
    process = start("examples.walkthrough", "--nats-url", nobody, here=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline()
    code, said = interrupted(process)
    assert (code, "Traceback" in said) == (130, False)


async def test_f10_commands_need_no_checkout(world: World, tmp_path: Path) -> None:
    reached = {"TANDEM_NATS_URL": world.url}
    await world.log(facts.subject_of(ALARM), ALARM)
    shown = await asyncio.to_thread(run, "tandem.cli.main", "alarms", here=tmp_path, **reached)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "look at this" in shown.stdout
    halted = await asyncio.to_thread(run, "tandem.cli.main", "halt", here=tmp_path, **reached)
    assert halted.returncode == 0


async def test_f10_a_desk_that_was_started_above_is_found_without_a_checkout(
    world: World, tmp_path: Path
) -> None:
    await world.log(facts.subject_of(ALARM), ALARM)
    below = tmp_path / "mine"
    for made in (tmp_path / RUN_DIRECTORY, below):
        made.mkdir()
    started = Started({}, {"TANDEM_NATS_URL": world.url}, {})
    (tmp_path / RUN_DIRECTORY / STACK_FILE).write_bytes(msgspec.json.encode(started))
    shown = await asyncio.to_thread(run, "tandem.cli.main", "alarms", here=below)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "look at this" in shown.stdout


async def test_f10_status_asks_the_bus_where_nothing_was_started(
    world: World, tmp_path: Path
) -> None:
    reached = {"TANDEM_NATS_URL": world.url}
    told = await asyncio.to_thread(run, "tandem.cli.main", "status", here=tmp_path, **reached)
    lines = {words[1]: words[2:] for words in map(str.split, told.stdout.splitlines())}
    assert lines["order-state"][:3] == ["has", "read", "to"]
    assert lines["position-state"][:3] == ["has", "read", "to"]
    # The test's folds announce nothing, and no gateway runs.
    assert lines["hedger"] == lines[f"gateway-{EXC}"] == ["not", "heard"]
    assert told.returncode == 1


def test_f10_status_says_how_a_desk_elsewhere_is_named(tmp_path: Path) -> None:
    told = run("tandem.cli.main", "status", here=tmp_path)
    assert told.returncode == 1
    assert "TANDEM_NATS_URL" in told.stdout
