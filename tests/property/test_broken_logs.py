"""Whatever a log holds: no fold ends, copies agree across a restart, few alarms (E4, E8, E10)."""

import random

import pytest

from services.order_state.fold import OrderFold
from services.position_state import fold as positions
from tandem.runtime.fold.state import UnfoldableError
from tests.property.survival import FellError, live_through, survive
from tests.property.true_logs import true_log

SEEDS = range(1, 151)
FRESH = 100


def survive_all(seeds: range) -> None:
    for seed in seeds:
        survive(seed)


def test_e8_folds_survive_the_logs_of_these_seeds() -> None:
    survive_all(SEEDS)


def test_e8_folds_survive_logs_that_nobody_has_seen_before() -> None:
    first = random.SystemRandom().randrange(10**9)
    for seed in range(first, first + FRESH):
        try:
            survive(seed)
        except Exception as error:
            raise FellError(f"seed {seed}") from error


def test_a_number_that_nobody_checks_is_found_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "unsound_number", lambda _fact: "")
    monkeypatch.setattr(positions, "untimely", lambda _fact, _now_ns: "")

    with pytest.raises((UnfoldableError, OverflowError)):
        survive_all(range(1, 5_000))


def test_a_fold_that_keeps_something_beside_its_state_is_found_here() -> None:
    with pytest.raises(FellError):
        live_through(Forgetful(), true_log(1), 40)


class Forgetful(OrderFold):
    """Counts the messages where no snapshot holds the count."""

    def __init__(self) -> None:
        self.count = 0

    def apply(self, state, event):  # type: ignore[no-untyped-def, explicit-override]
        self.count += 1
        effects = super().apply(state, event)
        return effects if self.count % 50 else effects[:-1]
