"""The chaos runner as it is started by hand: a short run holds, an interrupted one cleans up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.chaos.__main__ import EXIT_INTERRUPTED
from tandem.cli.stack import checkout


def _command(directory: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "examples.chaos", "--directory", str(directory), *options]


def _pids(directory: Path) -> Iterator[int]:
    """Yield the services' processes by the files that they write once they are ready."""
    for run_file in directory.glob("*.json"):
        if "pid" in (said := json.loads(run_file.read_text())):
            yield said["pid"]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_short_run_holds(tmp_path: Path) -> None:
    command = _command(tmp_path, "--minutes", "0.3", "--seed", "1", "--kills-per-minute", "20")
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, timeout=390)
    assert done.returncode == 0, done.stderr[-4_000:] + done.stdout
    line = json.loads(done.stdout)
    assert (line["lost_fills"], line["doubled_orders"], line["findings"]) == (0, 0, [])
    assert line["kills"] >= 3
    assert line["hedges"] > 0
    assert line["recovered_to_covered_ms"]["n"] > 0
    told = [json.loads(event) for event in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert {event["kind"] for event in told} == set(line["blows"])


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_e6_a_run_whose_log_is_rolled_back_and_deleted_holds(tmp_path: Path) -> None:
    cuts = ("--only", "rollback", "--only", "wipe", "--kills-per-minute", "60")
    command = _command(tmp_path, "--minutes", "0.5", "--seed", "2", *cuts)
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, timeout=390)
    assert done.returncode == 0, done.stderr[-4_000:] + done.stdout
    line = json.loads(done.stdout)
    assert set(line["blows"]) == {"rollback", "wipe"}
    assert (line["lost_fills"], line["doubled_orders"], line["findings"]) == (0, 0, [])
    assert line["hedges"] > 0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_with_dead_strategies_and_exchanges_that_act_by_themselves_holds(
    tmp_path: Path,
) -> None:
    kinds = {"strategy", "exchange", "refusal", "forced"}
    only = [word for kind in sorted(kinds) for word in ("--only", kind)]
    command = _command(tmp_path, "--minutes", "0.5", "--seed", "6", *only)
    command += ["--kills-per-minute", "100"]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, timeout=390)
    assert done.returncode == 0, done.stderr[-4_000:] + done.stdout
    line = json.loads(done.stdout)
    assert set(line["blows"]) == kinds
    assert (line["lost_fills"], line["doubled_orders"], line["findings"]) == (0, 0, [])
    assert line["strategies_dead"] > 0
    assert line["orphans_ended_ms"]["n"] > 0
    assert line["closed_by_venue"] > 0
    assert line["venue_faults"]["refuse"] > 0


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_an_interrupted_run_leaves_no_process_and_says_where_its_logs_are(tmp_path: Path) -> None:
    command = _command(tmp_path, "--minutes", "5", "--kills-per-minute", "60")
    running = subprocess.Popen(
        command, cwd=checkout(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "longest unhedged" in line:
            break
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=90)
    assert (running.returncode, out) == (EXIT_INTERRUPTED, "")
    assert str(tmp_path) in err
    assert (tmp_path / "journal.jsonl").read_text()
    assert [pid for pid in _pids(tmp_path) if _runs(pid)] == []
