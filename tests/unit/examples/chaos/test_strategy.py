"""What a strategy's process is told on its command line, whatever tape is played."""

from pathlib import Path

import msgspec
import pytest

from examples.chaos.stage import SYNTHETIC, market_of
from examples.chaos.strategy import Part


@pytest.mark.parametrize("recorded", [True, False])
def test_a_part_survives_the_command_line(tmp_path: Path, recorded: bool) -> None:
    tape = tmp_path / "tape.gz"
    tape.touch()
    market = market_of(str(tape) if recorded else SYNTHETIC)
    part = Part("nats://127.0.0.1:1", "north", market, 7)

    assert msgspec.json.decode(msgspec.json.encode(part), type=Part) == part
