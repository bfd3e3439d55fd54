"""Plants one deliberate bug at a time in a copy of the tree, and asks whether it is caught.

Each bug is a small change of text. It must be caught by the simulation over some seeds or, where
those do not meet it, by the named tests that do. A text that is no longer found exactly once fails
the run, so that no bug is silently not planted.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from tandem.runtime.interrupts import run_command
from tests.simulation.bug import Bug
from tests.simulation.planted import BUGS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("shared", "services", "tests", "examples", "pyproject.toml")
SEEDS = 30
TIMEOUT_S = 300
FAILED = 1  # of pytest and of the simulation: a check did not hold; anything else proves nothing


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one bug; `by` is empty for one that survived."""

    name: str
    by: str
    seconds: float


def is_planted(bug: Bug, tree: Path) -> bool:
    """Tell whether the bug's text is in the tree exactly once."""
    return (tree / bug.file).read_text().count(bug.old) == 1


def try_bug(bug: Bug) -> Verdict:
    """Plant a bug in a fresh copy and run what must catch it."""
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="tandem-teeth-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        source = tree / bug.file
        source.write_text(source.read_text().replace(bug.old, bug.new))
        is_caught = _code(tree, bug.tests) == FAILED
    return Verdict(bug.name, _named(bug.tests) if is_caught else "", perf_counter() - began)


def unsound(bugs: Sequence[Bug]) -> list[str]:
    """Return what fails without any bug: what it would catch proves nothing."""
    with tempfile.TemporaryDirectory(prefix="tandem-teeth-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        wanted = sorted({bug.tests for bug in bugs})
        return [_named(tests) for tests in wanted if _code(tree, tests) != 0]


def _named(tests: Sequence[str]) -> str:
    return " ".join(tests) or f"simulation, {SEEDS} seeds"


def copy_tree(tree: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)


def _code(tree: Path, tests: Sequence[str]) -> int:
    """Return how the tests, or without any the simulation, ended; -1 when not in time."""
    if tests:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    else:
        command = [sys.executable, "-m", "tests.simulation", "--seeds", str(SEEDS)]
        command += ["--most-failures", "1", "--explain", "0"]
    # The copy's own library must be imported, not the one that is installed.
    values = os.environ | {"PYTHONPATH": f"{tree / 'shared'}{os.pathsep}{tree}"}
    running = subprocess.Popen(
        command,
        cwd=tree,
        env=values,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return running.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return -1


def main() -> int:
    """Try every bug; exit 1 if one survives or cannot be planted."""
    parser = argparse.ArgumentParser(prog="teeth", description=__doc__)
    parser.add_argument("--only", default="", help="bugs whose name holds this text")
    parser.add_argument(
        "--seeds", action="store_true", help="let the simulation alone look for them"
    )
    parser.add_argument("--list", action="store_true", help="name the bugs and stop")
    options = parser.parse_args()
    wanted = [bug for bug in BUGS if options.only in bug.name]
    if options.seeds:
        wanted = [replace(bug, tests=()) for bug in wanted]
    if options.list:
        sys.stdout.writelines(f"{bug.name}\n" for bug in wanted)
        return 0
    lost = [bug.name for bug in wanted if not is_planted(bug, ROOT)]
    if lost:
        sys.stderr.write(f"text not found exactly once: {', '.join(lost)}\n")
        return 1
    fails_anyway = unsound(wanted)
    if fails_anyway:
        sys.stderr.write(f"fails without any bug: {'; '.join(fails_anyway)}\n")
        return 1
    verdicts = [_told(try_bug(bug)) for bug in wanted]
    survivors = [one.name for one in verdicts if not one.by]
    line = {"bugs": len(verdicts), "caught": len(verdicts) - len(survivors), "survivors": survivors}
    sys.stdout.write(json.dumps(line) + "\n")
    return 1 if survivors else 0


def _told(verdict: Verdict) -> Verdict:
    outcome = f"caught by {verdict.by}" if verdict.by else "SURVIVED"
    sys.stderr.write(f"{verdict.seconds:6.1f} s  {verdict.name:<52} {outcome}\n")
    return verdict


if __name__ == "__main__":
    sys.exit(run_command(main))
