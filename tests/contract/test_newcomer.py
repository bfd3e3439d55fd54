"""What the README promises of its two commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README, MAKEFILE = ROOT / "README.md", ROOT / "Makefile"


def _recipe(target: str) -> list[str]:
    """Return the words of a target's command."""
    text = MAKEFILE.read_text()
    found = re.search(rf"^{target}:.*\n\t@(.*)$", text, re.MULTILINE)
    assert found is not None
    plain = found[1].replace("$(BIN)/python", sys.executable).replace("$(WORKERS)", "2")
    return shlex.split(plain)


def test_f17_the_readme_says_how_long_the_tests_take() -> None:
    (line,) = (one for one in README.read_text().splitlines() if one.startswith("    make test "))
    assert re.search(r"\bminutes? on \w+ cores\b", line)


def test_f17_the_tests_tell_how_far_they_have_come(tmp_path: Path) -> None:
    command = _recipe("test")
    assert command[-1] == "tests"
    file = tmp_path / "test_few.py"
    file.write_text("".join(f"def test_{n}(): pass\n" for n in range(150)))

    told = subprocess.run(
        [*command[:-1], "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert re.findall(r"\[ *(\d+)%\]", told.stdout)[-1] == "100"
    assert len(re.findall(r"%\]", told.stdout)) > 1
