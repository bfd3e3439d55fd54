"""Which fills a venue told of so late that the log does not take them, and what a person is told.

1. A fill older than the log keeps facts has no identity there any more: it is not logged, and
   nothing hedges it. That is told, from when to when, once for each such stretch (pure).
2. A log that runs on for long has had most of them in their time: a list that begins with an old
   order that still rests names them again. Nobody can tell those from the ones that it never had.
"""

from datetime import UTC, datetime

from tandem.domain.ids import Exc
from tandem.domain.units import NS_PER_S
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport

NS_PER_H = 3_600 * NS_PER_S


class OldFills:
    """The fills of one account that were too old to be logged."""

    def __init__(self, exc: Exc, loggable_ns: int) -> None:
        self._exc = exc
        self._hours = loggable_ns / NS_PER_H
        self._stretch: tuple[int, int] | None = None
        self._told: tuple[int, int] | None = None

    def take(self, fill: FillReport) -> None:
        """A fill is not logged for its age."""
        first_ns, last_ns = self._stretch or (fill.ts_event_ns, fill.ts_event_ns)
        self._stretch = min(first_ns, fill.ts_event_ns), max(last_ns, fill.ts_event_ns)

    def alarm(self) -> Alarm | None:
        """Return what there is to tell, None when nothing is new."""
        if self._stretch is None or self._stretch == self._told:
            return None
        self._told = first_ns, last_ns = self._stretch
        text = (
            f"fills on {self._exc} from {_utc(first_ns)} to {_utc(last_ns)} are older than the "
            f"{self._hours:g} h for which facts are logged: they are not logged, and nothing "
            "hedges those that the log never had"
        )
        key = f"old-fills-{first_ns}-{last_ns}"
        return Alarm(source=f"gateway-{self._exc}", key=key, text=text)


def _utc(ns: int) -> str:
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).isoformat(timespec="seconds")
