"""Cases 18 and 31: the logs of all listed cases again, whole, and with a crash at every message.

What dies between two messages is one copy; what the log has is all it needs. The points inside a
message's handling (before and after an append, a proposal, a publication, a snapshot, the wire)
are tried on real processes in tests/e2e/test_crash.py.
"""

from collections.abc import Callable, Iterator
from itertools import product
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tandem.messages import codec
from tandem.runtime.fold.port import Append, Effect, Publish
from tests.unit.services.hedger.desk import MADE, Desk
from tests.unit.services.hedger.fold import (
    test_router_hedging_cases,
    test_router_modified_makers,
    test_router_sick_sides,
)

MODULES = (test_router_hedging_cases, test_router_modified_makers, test_router_sick_sides)
Case = Callable[..., None]


def cases(module: ModuleType) -> list[Case]:
    return [one for name, one in vars(module).items() if name.startswith("test_case_")]


CASES = [case for module in MODULES for case in cases(module)]


def calls(case: Case) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each call that pytest makes of a case."""
    tables = [
        [dict(zip(_names(mark), _values(mark, row), strict=True)) for row in mark.args[1]]
        for mark in getattr(case, "pytestmark", ())
        if mark.name == "parametrize"
    ]
    for rows in product(*tables):
        yield {name: value for row in rows for name, value in row.items()}


def _names(mark: pytest.Mark) -> tuple[str, ...]:
    names = mark.args[0]
    return (names,) if isinstance(names, str) else tuple(names)


def _values(mark: pytest.Mark, row: Any) -> tuple[Any, ...]:
    return (row,) if isinstance(mark.args[0], str) else tuple(row)


def desks(case: Case) -> list[Desk]:
    """Run a case, every way it is called, and return the desks it made."""
    made: list[Desk] = []
    token = MADE.set(made)
    try:
        for arguments in calls(case):
            case(**arguments)
    finally:
        MADE.reset(token)
    return made


def written(effects: tuple[Effect, ...]) -> list[bytes]:
    """Return the effects of one message as the bytes that leave the process."""
    return [_bytes(effect) for effect in effects]


def _bytes(effect: Effect) -> bytes:
    if isinstance(effect, Append):
        return effect.subject.encode() + codec.encode(effect.fact)
    if isinstance(effect, Publish):
        return effect.subject.encode() + codec.encode(effect.delta)
    return msgspec.json.encode(repr(effect))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_31_a_replay_writes_the_same_bytes(case: Case) -> None:
    for desk in desks(case):
        state = desk.fold.initial()

        again = [written(desk.fold.apply(state, event)) for event in desk.log]

        assert again == [written(effects) for effects in desk.history]
        assert state == desk.state


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_case_18_a_crash_between_any_two_messages_changes_nothing(case: Case) -> None:
    for desk in desks(case):
        state, effects = desk.fold.initial(), []
        for event in desk.log:
            state = desk.fold.load(desk.fold.dump(state))
            effects.append(written(desk.fold.apply(state, event)))

        assert effects == [written(one) for one in desk.history]
        assert state == desk.state


def test_the_cases_are_really_run() -> None:
    numbers = {int(case.__name__.split("_")[2]) for case in CASES}

    assert numbers >= {1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 19, 21, 22, 23, 24, 25, 26, 27}
    assert all(desks(case) for case in CASES)
