"""Beginning paper trading afresh: nothing is deleted that was not meant to be."""

import io
import json
import os
from pathlib import Path

import pytest

from tandem.cli.main import STACK_FILE, main
from tandem.cli.stack import KEPT
from tandem.client.connecting import RUN_DIRECTORY


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which a desk has run."""
    (tmp_path / "services" / "hedger").mkdir(parents=True)
    directory = tmp_path / RUN_DIRECTORY
    for name in (*KEPT, "logs"):
        (directory / name).mkdir(parents=True)
        (directory / name / "file").write_text("kept")
    monkeypatch.chdir(tmp_path)
    return directory


def left(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_reset_deletes_log_and_books_together(desk: Path) -> None:
    assert main(["reset", "--paper", "--yes"]) == 0
    assert left(desk) == {"logs"}
    assert set(KEPT) == {"nats", "redis", "paper-binance", "paper-hyperliquid"}


def test_reset_of_nothing_is_no_failure(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["reset", "--paper", "--yes"])
    assert main(["reset", "--paper", "--yes"]) == 0
    assert "nothing" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "is_deleted"), [("yes\n", True), ("y\n", False), ("", False)])
def test_reset_asks_first(
    desk: Path, monkeypatch: pytest.MonkeyPatch, answer: str, is_deleted: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert main(["reset", "--paper"]) == (0 if is_deleted else 1)
    assert ("nats" in left(desk)) is not is_deleted


def test_reset_needs_to_be_told_of_what(desk: Path) -> None:
    with pytest.raises(SystemExit):
        main(["reset", "--yes"])
    assert "nats" in left(desk)


def test_a_desk_that_runs_is_not_reset(desk: Path) -> None:
    running = {"pids": {"hedger": os.getpid()}}
    (desk / STACK_FILE).write_text(json.dumps(running))
    assert main(["reset", "--paper", "--yes"]) == 1
    assert set(KEPT) < left(desk)
