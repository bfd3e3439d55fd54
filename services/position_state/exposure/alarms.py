"""Which alarms exposure raises, and once each: too long naked, and nobody there to hedge (pure).

1. What stays naked is told at each level once (views.LEVELS_MS). Another part of the same bucket is
   told anew, a second after the last one at the earliest: a slow day is no flood of alarms.
2. An alarm's key follows from what it is about, so the log keeps one where two copies tell.
3. No hedger says that it stands at the head of the log for SILENCE_MS: told once for each silence.
   At the start the hedgers have START_NS to come up. While the bus is away nobody can be heard, and
   that counts for nothing.
"""

from collections.abc import Iterable

from msgspec import Struct

from services.position_state.exposure.views import Overdue
from tandem.domain import ids
from tandem.domain.units import NS_PER_MS
from tandem.messages.hedges import Alarm
from tandem.messages.queries import ExposureCause, ExposureView

SOURCE = "position-state"
SILENCE_MS = 1_000
NS = 1_000_000_000
QUIET_NS = NS
FORGOTTEN_NS = 60 * NS
START_NS = 10 * NS

_WHY = {
    ExposureCause.UNDECIDED: "no taker is decided for it",
    ExposureCause.IN_FLIGHT: "takers are in flight",
    ExposureCause.IN_DOUBT: "the outcome of a taker is not known",
}


class _Told(Struct, frozen=True):
    """Of which part a bucket's last alarm was, since when it is naked, its level, and when."""

    since_ns: int
    level: int
    at_ns: int


class NakedAlarms:
    """What was told of each bucket last, and what is alarming now (`standing`)."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        self.standing: tuple[str, ...] = ()

    def look(self, overdue: Iterable[Overdue], now_ns: int) -> tuple[Alarm, ...]:
        """Return what has to be told now; `now_ns` is monotonic."""
        known = tuple(overdue)
        self.standing = tuple(_alarm(one).text for one in known)
        raised = [one for one in known if self._is_news(one, now_ns)]
        for one in raised:
            self._told[_name(one.row)] = _Told(one.since_ns, one.level, now_ns)
        old = [name for name, told in self._told.items() if now_ns - told.at_ns > FORGOTTEN_NS]
        for name in old if not known else ():
            del self._told[name]
        return tuple(_alarm(one) for one in raised)

    def _is_news(self, one: Overdue, now_ns: int) -> bool:
        told = self._told.get(_name(one.row))
        if told is None:
            return True
        if told.since_ns == one.since_ns:
            return one.level > told.level
        return now_ns - told.at_ns >= QUIET_NS


def _alarm(one: Overdue) -> Alarm:
    row = one.row
    worth = f", worth {row.notional:f}" if row.notional is not None else ""
    why = _WHY.get(row.cause, row.cause.value)
    what = f"{row.naked:f} {row.ticker} on {row.exc} in {row.pool}{worth}"
    text = f"L{one.level} naked for {one.for_ms / 1_000:g} s: {what}; {why}"
    key = f"naked-{_name(row)}-{one.since_ns}-L{one.level}"
    return Alarm(source=SOURCE, key=key, text=text)


def _name(row: ExposureView) -> str:
    return ids.bucket_hash(row.exc, row.ticker, row.pool)


class HedgerSilence:
    """Since when no hedger was heard."""

    def __init__(self, now_ns: int) -> None:
        self._since_ns = now_ns + START_NS
        self._run = ""
        self._is_told = False

    def hear(self, run: str, now_ns: int) -> None:
        self._run, self._since_ns, self._is_told = run, now_ns, False

    def is_deaf(self, now_ns: int) -> None:
        """Nobody could be heard until now."""
        self._since_ns = max(self._since_ns, now_ns)

    def silent_ms(self, now_ns: int) -> int:
        """Return for how long no hedger was heard, or 0 while one may still come up."""
        return max(0, now_ns - self._since_ns) // NS_PER_MS

    def is_too_long(self, now_ns: int) -> bool:
        return self.silent_ms(now_ns) > SILENCE_MS

    def is_there(self, now_ns: int) -> bool:
        """Tell whether a hedger was heard, and lately."""
        return bool(self._run) and not self.is_too_long(now_ns)

    @property
    def text(self) -> str:
        return self._alarm(since_s=0).text

    def look(self, now_ns: int, log_ns: int) -> tuple[Alarm, ...]:
        """Return the alarm once it is due; `log_ns` is the log's time now."""
        if self._is_told or not self.is_too_long(now_ns):
            return ()
        self._is_told = True
        since_s = (log_ns - self.silent_ms(now_ns) * NS_PER_MS) // NS
        return (self._alarm(since_s),)

    def _alarm(self, since_s: int) -> Alarm:
        last = f", the last one was {self._run}" if self._run else ""
        text = f"no hedger stands at the head of the log for {SILENCE_MS / 1_000:g} s{last}"
        key = f"no-hedger-{self._run or 'none'}-{since_s}"
        return Alarm(source=SOURCE, key=key, text=text)
