"""The retry ladder by class of answer, and how a bucket climbs and leaves it."""

from decimal import Decimal

import pytest

from services.hedger.policy import retry
from services.hedger.policy.retry import Failure, Pace, Rung
from services.hedger.policy.rules import DEFAULT_RULES
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS

NOW_NS = 10**18


def fail(pace: Pace, reason: RejectReason | None, ordinal: int) -> Rung:
    failure = Failure(ordinal, reason, Decimal(8))
    return retry.fail(pace, failure, NOW_NS, DEFAULT_RULES)


def delays_ms(reason: RejectReason | None, times: int) -> list[int]:
    pace, delays = Pace(), []
    for ordinal in range(1, times + 1):
        fail(pace, reason, ordinal)
        delays.append((pace.not_before_ns - NOW_NS) // NS_PER_MS)
    return delays


@pytest.mark.parametrize(
    ("reason", "delays"),
    [
        (None, [0, 0, 0]),
        (RejectReason.NO_MATCH, [0, 50, 100, 250, 500, 500]),
        (RejectReason.STALE, [0, 50, 100]),
        (RejectReason.NOT_SENT, [0, 50, 100]),
        (RejectReason.NO_REFERENCE, [0, 50, 100]),
        (RejectReason.OTHER, [0, 10_000, 15_000]),
        (RejectReason.ACCOUNT, [5_000, 10_000]),
        (RejectReason.POST_ONLY, [0, 50, 100]),
        (RejectReason.RATE_LIMIT, [1_000, 1_000]),
        (RejectReason.SIZE, [1_000, 10_000, 15_000]),
        (RejectReason.INVALID, [1_000, 10_000, 15_000]),
        (RejectReason.CLOCK, [0, 10_000]),
        (RejectReason.MARGIN, [5_000, 10_000]),
        (RejectReason.MARKET_STATE, [5_000, 10_000]),
        (RejectReason.REDUCE_ONLY, [5_000, 10_000]),
        (RejectReason.AUTH, [5_000, 10_000]),
    ],
)
def test_case_08_the_ladder_waits_by_class(reason: RejectReason | None, delays: list[int]) -> None:
    assert delays_ms(reason, len(delays)) == delays


def test_every_class_has_its_step() -> None:
    assert set(retry.STEPS) == set(RejectReason)


def test_a_hold_does_not_grow_for_ever() -> None:
    assert delays_ms(RejectReason.AUTH, 20)[-1] == 60_000


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        (None, [False, False]),
        (RejectReason.NO_MATCH, [False, False]),
        (RejectReason.SIZE, [False, True]),
        (RejectReason.MARGIN, [True, True]),
    ],
)
def test_a_held_bucket_is_somebodys_business(reason: RejectReason | None, held: list[bool]) -> None:
    pace = Pace()

    assert [fail(pace, reason, ordinal).is_held for ordinal in (1, 2)] == held


@pytest.mark.parametrize(
    ("reason", "at"),
    [
        (None, None),
        (RejectReason.NO_MATCH, 4),
        (RejectReason.NO_REFERENCE, 4),
        (RejectReason.STALE, 4),
        (RejectReason.OTHER, 2),
        (RejectReason.ACCOUNT, 1),
        (RejectReason.RATE_LIMIT, 1),
        (RejectReason.MARGIN, 1),
        (RejectReason.MARKET_STATE, 1),
        (RejectReason.REDUCE_ONLY, 1),
    ],
)
def test_case_08_the_ladder_suspends_makers_by_class(
    reason: RejectReason | None, at: int | None
) -> None:
    pace = Pace()

    suspends = [fail(pace, reason, ordinal).suspends for ordinal in range(1, 6)]

    assert suspends == [at is not None and ordinal >= at for ordinal in range(1, 6)]


def test_case_08_refusals_count_in_a_row_only() -> None:
    pace = Pace()
    for ordinal in (1, 2, 3):
        fail(pace, RejectReason.NO_MATCH, ordinal)
    fail(pace, None, 4)

    assert not fail(pace, RejectReason.NO_MATCH, 5).suspends


def test_case_08_a_hold_is_a_level_above_a_suspension() -> None:
    pace = Pace()

    assert fail(pace, RejectReason.RATE_LIMIT, 1).level == "L2"
    assert fail(pace, RejectReason.MARGIN, 2).level == "L3"


def test_only_an_unreachable_market_widens_the_band() -> None:
    pace, bands = Pace(), []
    for ordinal, reason in enumerate((None, RejectReason.NO_MATCH, RejectReason.STALE), 1):
        fail(pace, reason, ordinal)
        bands.append(retry.band_bp(pace, DEFAULT_RULES))

    assert bands == [10, 20, 20]


def test_the_last_band_is_the_hard_cap() -> None:
    assert retry.band_bp(Pace(), DEFAULT_RULES) == 5
    assert retry.band_bp(Pace(attempt=9), DEFAULT_RULES) == 50


def test_takers_of_one_decision_count_as_one_try() -> None:
    pace = Pace()

    for _ in range(3):
        fail(pace, RejectReason.NO_MATCH, 1)

    assert (pace.attempt, pace.tries) == (1, 1)


def test_a_margin_refusal_halves_until_something_fills() -> None:
    pace = Pace()
    fail(pace, RejectReason.MARGIN, 1)
    assert pace.ceiling == 4

    retry.progress(pace)

    assert pace.ceiling is None


@pytest.mark.parametrize(("reason", "waits"), [(RejectReason.SIZE, 0), (RejectReason.AUTH, 1)])
def test_another_need_is_another_size(reason: RejectReason, waits: int) -> None:
    pace = Pace()
    for ordinal in (1, 2):
        fail(pace, reason, ordinal)

    retry.resize(pace)

    assert (pace.not_before_ns > 0) is bool(waits)


def test_news_releases_a_hold_and_calm_starts_from_the_bottom() -> None:
    pace = Pace()
    fail(pace, RejectReason.MARGIN, 1)

    retry.release(pace)
    assert (pace.not_before_ns, pace.cause) == (0, "MARGIN")
    retry.calm(pace)

    assert pace == Pace(ordinal=1)
