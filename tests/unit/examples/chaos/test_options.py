"""What the command line may say: kinds of blows, and the seed that is printed."""

import pytest

from examples.chaos.blows.plan import Kind
from examples.chaos.options import parse


def test_a_seed_is_taken_as_given_and_drawn_otherwise() -> None:
    assert parse(["--seed", "0"], 5).seed == 0
    assert parse([], 5).seed == 5


def test_kinds_can_be_left_out_or_singled_out() -> None:
    assert parse([], 1).kinds == set(Kind)
    assert parse(["--no-venue-faults"], 1).kinds == set(Kind) - {Kind.VENUE}
    assert parse(["--only", "nats", "--only", "kill"], 1).kinds == {Kind.NATS, Kind.KILL}


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit):
        parse(["--only", "earthquake"], 1)
