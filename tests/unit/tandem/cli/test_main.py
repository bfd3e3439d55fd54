"""Ending a desk and beginning afresh: nothing is deleted that was not meant to be."""

import io
import os
from pathlib import Path

import msgspec
import pytest

from tandem.cli import backup, processes
from tandem.cli.main import STACK_FILE, Started, main
from tandem.cli.processes import Process
from tandem.cli.servers import free_port
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
    myself = processes.find(os.getpid())
    assert myself is not None
    write_down(desk, myself)
    assert main(["reset", "--paper", "--yes"]) == 1
    assert set(KEPT) < left(desk)


def test_after_a_reboot_a_process_id_is_somebody_elses_and_is_left_alone(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_down(desk, Process(os.getpid(), ("python", "-m", "services.hedger")))
    assert main(["status"]) == 1
    assert main(["down"]) == 0
    assert "stopped 0 processes" in capsys.readouterr().out
    write_down(desk, Process(os.getpid(), ("python", "-m", "services.hedger")))
    assert main(["reset", "--paper", "--yes"]) == 0


@pytest.mark.parametrize("written", [b"", b'{"pids": {"hedger": 1}}', b"\xff"])
@pytest.mark.parametrize("command", [["down"], ["reset", "--paper", "--yes"], ["up"], ["status"]])
def test_what_cannot_be_read_of_a_desk_is_named_and_nothing_is_touched(
    desk: Path, capsys: pytest.CaptureFixture[str], written: bytes, command: list[str]
) -> None:
    (desk / STACK_FILE).write_bytes(written)
    assert main(command) == 1
    assert f"file={desk / STACK_FILE}" in capsys.readouterr().err
    assert (desk / STACK_FILE).read_bytes() == written
    assert set(KEPT) < left(desk)


def write_down(desk: Path, process: Process) -> None:
    started = Started({"hedger": process}, {}, {})
    (desk / STACK_FILE).write_bytes(msgspec.json.encode(started))


def test_f10_reset_and_down_need_no_checkout(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.parent / "services" / "hedger").rmdir()
    below = desk.parent / "mine"
    below.mkdir()
    monkeypatch.chdir(below)
    assert main(["down"]) == 0
    assert "stopped 0 processes" in capsys.readouterr().out
    assert main(["reset", "--paper", "--yes"]) == 0
    assert left(desk) == {"logs"}


def test_f10_a_run_directory_of_something_else_is_no_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / RUN_DIRECTORY / "settings").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["reset", "--paper"]) == 0
    assert "no desk" in capsys.readouterr().out
    assert left(tmp_path / RUN_DIRECTORY) == {"settings"}


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "no" / "desk.tar"
    for word in ("restore", "backup"):
        assert main([word, str(missing)]) == 1
        assert f"file={missing}" in capsys.readouterr().err


def test_a_copy_that_fails_leaves_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "CONNECT_S", 0.05)
    former = tmp_path / "desk.tar"
    former.write_text("whole")
    assert main(["backup", str(former), "--nats", f"nats://127.0.0.1:{free_port()}"]) == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("desk.tar", "whole")]
