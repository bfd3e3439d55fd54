"""The retry ladder: what a taker that ended unfilled means for the next try, by class (pure).

1. The band widens only when the market was out of reach; a failure of ours, of the venue's or of
   the message's age keeps it. Attempts and band start again when the need returns to dust.
2. However many takers of one decision fail, they count as one try.
3. A hold is never for ever: it ends by time, growing with each try, or by the news that lifts it.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from msgspec import Struct

from services.hedger.policy.rules import HedgeRules
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS

LONGEST_HOLD = 12
QUICK_TRIES = 4


class Delay(Enum):
    NONE = auto()
    LADDER = auto()
    RATE_LIMIT = auto()
    TABLE = auto()
    HOLD = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What one class of failure does. `retries`: tries on the ladder before it holds and alarms.

    `suspends`: how many refusals in a row cancel the makers of the bucket, None: none do.
    """

    delay: Delay = Delay.LADDER
    next_band: bool = False
    retries: int | None = None
    halve: bool = False
    suspends: int | None = QUICK_TRIES


PART_FILLED = Step(delay=Delay.NONE, next_band=True, suspends=None)
STEPS: dict[RejectReason, Step] = {
    RejectReason.NO_MATCH: Step(next_band=True),
    # By rules that the table in force does not show: its gateway reads it anew at once, and the
    # next try waits for that. By the same table once more, a person must look.
    RejectReason.SIZE: Step(delay=Delay.TABLE, retries=1),
    RejectReason.INVALID: Step(delay=Delay.TABLE, retries=1),
    RejectReason.CLOCK: Step(retries=1),
    # The gateway waits for room as long as a taker is valid: this one found none for a second.
    RejectReason.RATE_LIMIT: Step(delay=Delay.RATE_LIMIT, suspends=1),
    # No retry of the same size: what the margin allows is found by halving.
    RejectReason.MARGIN: Step(delay=Delay.HOLD, halve=True, suspends=1),
    RejectReason.MARKET_STATE: Step(delay=Delay.HOLD, suspends=1),
    RejectReason.REDUCE_ONLY: Step(delay=Delay.HOLD, suspends=1),
    RejectReason.HALTED: Step(delay=Delay.HOLD),
    RejectReason.AUTH: Step(delay=Delay.HOLD, suspends=1),
    RejectReason.ACCOUNT: Step(delay=Delay.HOLD, suspends=1),
    # Proven never sent, or sent nothing: the need reopens at once, then at the ladder's pace.
    RejectReason.STALE: Step(),
    RejectReason.NOT_SENT: Step(),
    RejectReason.NO_REFERENCE: Step(),
    RejectReason.POST_ONLY: Step(),
    # A refusal that we do not understand: a second one in a row is no chance.
    RejectReason.OTHER: Step(retries=1, suspends=2),
}
# What is refused for one of these is refused in every instrument of the account.
OF_ACCOUNT = frozenset({RejectReason.AUTH, RejectReason.ACCOUNT})


_BY_SIZE = frozenset({RejectReason.SIZE, RejectReason.INVALID})


class Pace(Struct):
    """Where a bucket stands on the ladder.

    `attempt` picks the band, `tries` the delay. `cause` is the class that a hold waits for, `words`
    what was said of the taker that failed last; none once another has filled.
    `ceiling` bounds the next quantity, None when nothing does. `ordinal` is the last decision
    whose failure was counted, `refusals` how many ended with nothing filled in a row.
    """

    attempt: int = 0
    tries: int = 0
    refusals: int = 0
    not_before_ns: int = 0
    cause: str = ""
    ceiling: Decimal | None = None
    ordinal: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A taker that ended without its whole quantity. `reason` None: part filled, rest expired.

    `text`: what the venue, or the gateway, said of it.
    """

    ordinal: int
    reason: RejectReason | None
    quantity: Decimal
    text: str = ""

    @property
    def words(self) -> str:
        """The class and what was said of it; of a part that filled nothing is to be said."""
        if self.reason is None:
            return ""
        return f"{self.reason}: {self.text}" if self.text else self.reason.value


@dataclass(frozen=True, slots=True)
class Rung:
    """Where a failure has led: `is_held`, and somebody must look; `suspends` the makers."""

    is_held: bool = False
    suspends: bool = False

    @property
    def level(self) -> str:
        return "L3" if self.is_held else "L2"


def fail(pace: Pace, failure: Failure, now_ns: int, rules: HedgeRules) -> Rung:
    """Climb the ladder by one failure."""
    if failure.ordinal <= pace.ordinal:
        return Rung()
    step = PART_FILLED if failure.reason is None else STEPS[failure.reason]
    pace.ordinal = failure.ordinal
    pace.tries += 1
    pace.refusals = pace.refusals + 1 if failure.reason is not None else 0
    pace.attempt += step.next_band
    if step.halve:
        pace.ceiling = failure.quantity / 2
    held = _is_held(step, pace)
    delay_ms = _hold_ms(pace, rules) if held else _delay_ms(step, pace, rules)
    pace.not_before_ns = now_ns + delay_ms * NS_PER_MS
    pace.cause = failure.reason.value if failure.reason is not None else "part filled"
    pace.words = failure.words
    return Rung(held, step.suspends is not None and pace.refusals >= step.suspends)


def _is_held(step: Step, pace: Pace) -> bool:
    return step.delay is Delay.HOLD or (step.retries is not None and pace.tries > step.retries)


def _hold_ms(pace: Pace, rules: HedgeRules) -> int:
    return rules.hold_ms * min(pace.tries, LONGEST_HOLD)


def _delay_ms(step: Step, pace: Pace, rules: HedgeRules) -> int:
    match step.delay:
        case Delay.NONE:
            return 0
        case Delay.RATE_LIMIT:
            return rules.rate_limit_ms
        case Delay.TABLE:
            return rules.table_ms
        case _:
            return rules.backoff_ms[min(pace.tries, len(rules.backoff_ms)) - 1]


def progress(pace: Pace) -> None:
    """A taker has filled: whatever bounded the size no longer does."""
    pace.ceiling = None
    pace.refusals = 0
    pace.words = ""


def release(pace: Pace) -> None:
    """News that may lift a hold (instrument table, session with the venue): try at once."""
    pace.not_before_ns = 0


def resize(pace: Pace) -> None:
    """The need has changed: a quantity that was refused for its size is not the next one."""
    if pace.cause in _BY_SIZE:
        pace.not_before_ns = 0


def calm(pace: Pace) -> None:
    """The need is dust again: the next one starts at the bottom of the ladder."""
    pace.attempt = pace.tries = pace.refusals = pace.not_before_ns = 0
    pace.cause = pace.words = ""
    pace.ceiling = None


def band_bp(pace: Pace, rules: HedgeRules) -> Decimal:
    """Return how far from its reference the next taker may trade."""
    if pace.attempt < len(rules.bands_bp):
        return min(rules.bands_bp[pace.attempt], rules.hard_cap_bp)
    return rules.hard_cap_bp
