"""The wall clock that a test may set wrong: for one process, and never by accident."""

import time
from pathlib import Path

import pytest

from tandem.domain.errors import ConfigurationError
from tandem.runtime.clock import STEP_FILE, SystemClock, clock_from, write_step

HOUR_NS = 3_600_000_000_000
PID = 7


def test_the_clock_of_one_process_steps_and_steps_back(tmp_path: Path) -> None:
    file = tmp_path / "step"
    write_step(file, 0, 0)
    told = {"TANDEM_TESTING": "1", STEP_FILE: str(file)}
    stepped, other = clock_from(told, PID), clock_from(told, PID + 1)

    write_step(file, PID, -HOUR_NS)

    assert stepped.wall_ns() < time.time_ns() - HOUR_NS // 2
    assert other.wall_ns() > time.time_ns() - HOUR_NS // 2
    assert stepped.monotonic_ns() > time.monotonic_ns() - HOUR_NS // 2
    write_step(file, 0, 0)
    assert stepped.wall_ns() > time.time_ns() - HOUR_NS // 2


def test_the_step_counts_only_where_testing_is_said_too(tmp_path: Path) -> None:
    file = tmp_path / "step"
    write_step(file, PID, HOUR_NS)
    assert isinstance(clock_from({STEP_FILE: str(file)}, PID), SystemClock)
    assert isinstance(clock_from({"TANDEM_TESTING": "1"}, PID), SystemClock)


def test_a_file_that_says_nothing_is_refused_by_name(tmp_path: Path) -> None:
    for file in (tmp_path / "absent", tmp_path / "empty"):
        (tmp_path / "empty").touch()
        with pytest.raises(ConfigurationError, match=STEP_FILE):
            clock_from({"TANDEM_TESTING": "1", STEP_FILE: str(file)}, PID)
