"""`--help` of every command that a person starts: it is told, nothing is done, and it ends by 0."""

import importlib
import sys
from pathlib import Path

import pytest

from tandem.cli.main import main
from tests.contract.test_commands import commands

TANDEM = (
    ("up",),
    ("down",),
    ("reset",),
    ("status",),
    ("strategy",),
    ("strategy", "add"),
    ("halt",),
    ("resume",),
    ("aside",),
    ("alarms",),
    ("backup",),
    ("restore",),
)


def _module(name: str) -> str:
    words = Path(name).with_suffix("").parts
    return ".".join(words[1:] if words[0] == "shared" else words)


@pytest.mark.parametrize("name", commands())
def test_help_is_all_that_is_done(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(_module(name)).main()
    told = capsys.readouterr()
    assert (ended.value.code, told.err, list(tmp_path.iterdir())) == (0, "", [])
    assert told.out.startswith("usage: ")
    assert not told.out.partition("\n\n")[2].startswith("options:")


@pytest.mark.parametrize("words", TANDEM, ids=" ".join)
def test_each_command_of_tandem_says_what_it_does(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    usage, _, rest = capsys.readouterr().out.partition("\n\n")
    assert (ended.value.code, usage.startswith(f"usage: tandem {' '.join(words)}")) == (0, True)
    assert not rest.startswith(("options:", "positional arguments:"))


def test_every_command_of_tandem_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out.partition("{")[2].partition("}")[0]
    assert listed.split(",") == [words[0] for words in TANDEM if len(words) == 1]
