"""Every command that a person starts ends by Ctrl-C as shells expect it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What `make` and the documents start; not what is started by our own programs, which end it.
PLACES = (
    "shared/tandem/cli",
    "services/hedger",
    "examples",
    "tests/simulation",
    "tests/fuzz",
    "tests/property",
)
# Chaos ends its stack itself, with the same exit code; a service drains on the same signal.
OTHERS = {
    "examples/chaos/__main__.py",
    "examples/chaos/strategy.py",
    "services/hedger/__main__.py",
}


def commands() -> list[str]:
    """Return the files that can be run, by what stands in them."""
    files = (path for place in PLACES for path in (ROOT / place).rglob("*.py"))
    named = (str(path.relative_to(ROOT)) for path in files if _is_run(path))
    return sorted(set(named) - OTHERS)


def _is_run(path: Path) -> bool:
    tests = (node.test for node in ast.parse(path.read_text()).body if isinstance(node, ast.If))
    return any("__name__" in ast.unparse(test) for test in tests)


def test_the_commands_are_found() -> None:
    assert {"shared/tandem/cli/keys.py", "examples/walkthrough/__main__.py"} <= set(commands())


@pytest.mark.parametrize("name", commands())
def test_f9_a_command_runs_behind_the_one_door(name: str) -> None:
    assert "run_command(main)" in (ROOT / name).read_text() or name.endswith("cli/main.py")
