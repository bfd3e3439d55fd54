"""What the venue's clock says; numbers refer to the module's invariants."""

import pytest

from services.paper_exchange.shell.venue_clock import RIGHT, Skew, VenueClock

MS = 1_000_000
START_MS = 1_000_000


class HandClock:
    """A clock that moves when it is told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.ms = START_MS

    def wall_ns(self) -> int:
        return self.ms * MS

    def monotonic_ns(self) -> int:
        return self.ms * MS

    async def sleep(self, seconds: float) -> None:
        self.ms += round(seconds * 1_000)


def test_a_right_clock_is_the_machines() -> None:
    hand = HandClock()

    assert VenueClock(hand).wall_ns() == hand.wall_ns()


@pytest.mark.parametrize("skew_ms", [-1_000, 1_000])
def test_only_wall_time_is_shifted(skew_ms: int) -> None:
    hand = HandClock()
    clock = VenueClock(hand)

    clock.set_skew(Skew(skew_ms=skew_ms), 0)

    assert clock.wall_ns() - hand.wall_ns() == skew_ms * MS
    assert clock.monotonic_ns() == hand.monotonic_ns()


def test_a_stepping_clock_steps_within_its_range_the_same_for_one_seed() -> None:
    def offsets(seed: int) -> list[int]:
        hand = HandClock()
        clock = VenueClock(hand)
        clock.set_skew(Skew(range_ms=(-50, 50), every_ms=10), seed)
        told = []
        for _ in range(40):
            told.append((clock.wall_ns() - hand.wall_ns()) // MS)
            hand.ms += 5
        return told

    told = offsets(7)

    assert told == offsets(7) != offsets(8)
    assert told[::2] == told[1::2]
    assert len(set(told)) > 5
    assert all(-50 <= offset <= 50 for offset in told)


async def test_a_standing_clock_waits_and_then_jumps_to_the_truth() -> None:
    hand = HandClock()
    clock = VenueClock(hand)
    stood: list[bool] = []
    clock.when_it_stands(lambda *, stands: stood.append(stands))

    clock.stand(300)
    hand.ms += 100
    told_ms = clock.wall_ns() // MS
    await clock.moving()

    assert (stood, told_ms) == ([True], START_MS)
    assert (clock.stands, clock.wall_ns() // MS) == (False, START_MS + 300)


def test_a_standstill_can_be_ended() -> None:
    clock = VenueClock(HandClock())
    clock.stand(300)

    clock.go_on()

    assert not clock.stands


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (Skew(range_ms=(2, 1)), "clock.range_ms=[2, 1]"),
        (Skew(every_ms=0), "clock.every_ms=0"),
        (RIGHT, None),
    ],
)
def test_a_senseless_skew_is_named(skew: Skew, words: str | None) -> None:
    assert str(words) in str(skew.defect())
