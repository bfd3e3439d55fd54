"""When a tape event is due: a linear map between the monotonic clock and tape time.

Invariants:
    1. Tape time never runs backwards except through `moved_to`.
    2. Pausing, resuming and changing speed keep the tape position of that instant.
"""

import msgspec


class Schedule(msgspec.Struct, frozen=True):
    """At `anchor_mono_ns` the tape stood at `anchor_tape_ns`, moving at `speed` unless paused."""

    anchor_mono_ns: int
    anchor_tape_ns: int
    speed: float
    paused: bool

    def tape_ns(self, mono_ns: int) -> int:
        """Return the tape position at this instant."""
        if self.paused:
            return self.anchor_tape_ns
        return self.anchor_tape_ns + int((mono_ns - self.anchor_mono_ns) * self.speed)

    def wait_ns(self, tape_ns: int, mono_ns: int) -> int | None:
        """Return how long until this tape position is due; None while the tape is paused."""
        if self.paused:
            return None
        return max(0, int((tape_ns - self.tape_ns(mono_ns)) / self.speed))

    def with_speed(self, speed: float, mono_ns: int) -> "Schedule":
        return Schedule(mono_ns, self.tape_ns(mono_ns), speed, self.paused)

    def with_paused(self, paused: bool, mono_ns: int) -> "Schedule":
        return Schedule(mono_ns, self.tape_ns(mono_ns), self.speed, paused)

    def moved_to(self, tape_ns: int, mono_ns: int) -> "Schedule":
        return Schedule(mono_ns, tape_ns, self.speed, self.paused)
