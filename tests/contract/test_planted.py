"""The planted bugs can be planted: their text is in the tree once, and their tests exist."""

from pathlib import Path

import pytest

from tests.simulation.bug import Bug
from tests.simulation.planted import BUGS
from tests.simulation.teeth import is_planted

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_bug_can_be_planted_and_looked_for(bug: Bug) -> None:
    assert is_planted(bug, ROOT)
    assert [test for test in bug.tests if not (ROOT / test.partition("::")[0]).exists()] == []
