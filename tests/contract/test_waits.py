"""Every row of docs/waits.md names tests and files that exist, and who is told of the wait."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/waits.md").read_text()
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
COLUMNS = 6
WAITS = [row for row in ROWS if len(row) == COLUMNS and row[0].strip() != "what waits"]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
FILES = sorted(set(re.findall(r"`([\w/]+\.py)`", PAGE)))


def test_e5_every_row_is_whole_and_names_a_test() -> None:
    rows = [[cell.strip() for cell in row] for row in WAITS]
    assert len(rows) > 35
    for row in rows:
        assert all(row), row
        assert "`tests/" in row[-1], row


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_e5_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    found = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in found


@pytest.mark.parametrize("file", FILES)
def test_e5_named_file_exists(file: str) -> None:
    assert (ROOT / file).is_file()
