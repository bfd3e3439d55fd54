"""Tells a person what a strategy does that it must not, at most once a minute for each."""

from dataclasses import dataclass, field

from tandem.domain.ids import Strategy
from tandem.messages import codec, subjects
from tandem.messages.hedges import Alarm
from tandem.runtime.context import ServiceContext

NAME = "access"
MINUTE_NS = 60_000_000_000


@dataclass(slots=True)
class Warden:
    """Counts, and alarms under a name that is the same in every copy within the minute."""

    context: ServiceContext
    counts: dict[tuple[Strategy, str], int] = field(default_factory=dict)
    told: dict[tuple[Strategy, str], int] = field(default_factory=dict)

    def count(self, strategy: Strategy, what: str, more: int = 1) -> None:
        if more:
            self.counts[strategy, what] = self.counts.get((strategy, what), 0) + more

    def look_after(self) -> None:
        """Alarm about what was counted since the last alarm of its kind."""
        minute = self.context.clock.wall_ns() // MINUTE_NS
        for about, count in tuple(self.counts.items()):
            if self.told.get(about) == minute:
                continue
            self.told[about] = minute
            del self.counts[about]
            strategy, what = about
            text = f"strategy {strategy}: {count} {what}"
            alarm = Alarm(
                source=NAME, key=f"{what}-{strategy}-{minute}".replace(" ", "-"), text=text
            )
            subject = subjects.alarm(alarm.source, alarm.key)
            self.context.log.warning("alarm", text=text)
            self.context.tasks.spawn(
                self.context.bus.log.append(subject, codec.encode(alarm)), "alarm"
            )
