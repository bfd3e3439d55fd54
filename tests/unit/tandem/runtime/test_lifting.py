"""Which resumes are not logged again."""

import pytest

from tandem.domain.ids import HedgeId, Strategy, Token
from tandem.messages.codec import Fact
from tandem.messages.intents import Halt, Resume, StopHedge
from tandem.runtime.lifting import overtaken

DESK = Strategy("desk")
STOP = StopHedge(hedge_id=HedgeId("h"), token=Token("t"), strategy=DESK)


def halt(name: str) -> Halt:
    return Halt(token=Token(name), strategy=DESK)


def resume(name: str, halt: str | None = None) -> Resume:
    return Resume(token=Token(name), strategy=DESK, halt=Token(halt) if halt else None)


@pytest.mark.parametrize(
    ("heard", "left_out"),
    [
        ([], []),
        ([halt("a"), resume("r")], ["a"]),
        ([halt("a"), resume("r"), STOP, halt("b")], ["a", "r"]),
        ([resume("q"), halt("a"), resume("r"), halt("b")], ["a", "q", "r"]),
        ([halt("a"), resume("r"), halt("b"), resume("s", "b")], ["a", "b"]),
        ([halt("a"), resume("r", "a"), halt("b")], ["a"]),
        ([resume("r"), halt("b"), resume("s")], ["b"]),
        ([resume("r", "a")], []),
    ],
)
def test_what_was_lifted_is_left_out_and_a_resume_of_all_while_a_later_halt_stands(
    heard: list[Fact], left_out: list[str]
) -> None:
    assert sorted(fact.token for fact in overtaken(heard)) == left_out
