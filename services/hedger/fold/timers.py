"""What the hedger's timers are called and what each one wakes (pure).

1. A key is a function of the fact that armed it, so each copy arms and fires the same timer and
   the log keeps one of them.
2. A timer only makes the fold look again; whether it is time is decided by the log's clock.
"""

from dataclasses import dataclass
from enum import StrEnum

from tandem.messages.hedges import TimerFired
from tandem.runtime.fold.port import ArmTimer


class Wakes(StrEnum):
    BUCKET = "bucket"
    SPECS = "specs"
    SETTLE = "settle"
    STOP = "stop"
    ACCOUNT = "account"


_WAKES = {one.value: one for one in Wakes}


@dataclass(frozen=True, slots=True)
class TimerKey:
    """`name`: a bucket's hash, a hedge id or an account; `place`: where in the log it was armed."""

    wakes: Wakes
    place: str
    name: str


def arm(key: TimerKey, due_ns: int) -> ArmTimer:
    return ArmTimer(f"{key.wakes.value}:{key.place}:{key.name}", 0, due_ns)


def again(fired: TimerFired) -> ArmTimer:
    """Arm a timer that came early once more."""
    return ArmTimer(fired.key, fired.attempt + 1, fired.due_ns)


def parse(key: str) -> TimerKey | None:
    """Return what a key wakes, None when it is none of ours."""
    wakes, _, tail = key.partition(":")
    place, colon, name = tail.partition(":")
    if wakes not in _WAKES or not colon:
        return None
    return TimerKey(_WAKES[wakes], place, name)
