"""What a strategy's process is told on its command line, whatever tape is played."""

from pathlib import Path

import msgspec
import pytest

from examples.chaos.stage import SYNTHETIC, market_of
from examples.chaos.strategy import Part, mortal_of, rename
from tandem.cli.stack import StackPlan


@pytest.mark.parametrize("recorded", [True, False])
def test_a_part_survives_the_command_line(tmp_path: Path, recorded: bool) -> None:
    tape = tmp_path / "tape.gz"
    tape.touch()
    market = market_of(str(tape) if recorded else SYNTHETIC)
    part = Part("nats://127.0.0.1:1", "north", market, 7)

    assert msgspec.json.decode(msgspec.json.encode(part), type=Part) == part


def test_a_mortal_strategy_is_followed_by_one_of_another_name(tmp_path: Path) -> None:
    part = Part("nats://127.0.0.1:1", "mortal", market_of(SYNTHETIC), 7, limits=2)
    child = mortal_of(part, StackPlan(tmp_path, tmp_path))

    assert [rename(child), rename(child)] == ["mortal-1", "mortal-2"]

    following = msgspec.json.decode(child.command[-1], type=Part)
    assert (following.strategy, following.limits) == ("mortal-3", 2)
