"""What the control port makes happen to a venue's surroundings: sockets, silence, clock, door.

1. A request that breaks a rule changes nothing; what happens is counted under its name.
"""

from collections import Counter
from typing import Protocol

import msgspec

from services.paper_exchange.faults.vocabulary import PlanChange
from services.paper_exchange.market.channels import Channel, Silences
from services.paper_exchange.shell.outage import Down, Outage
from services.paper_exchange.shell.venue_clock import RIGHT, Skew, VenueClock
from services.paper_exchange.units import NS_PER_MS

CONDITIONS = (
    *(f"cut:{channel}" for channel in Channel),
    *(f"mute:{channel}" for channel in Channel),
    "disconnect", "down", "clock", "margin_orders",
)  # fmt: skip


class Mute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections of these channels stay open and say nothing for this long."""

    channels: tuple[Channel, ...]
    for_ms: int


class FaultRequest(PlanChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of the plan, and what is to happen now.

    `disconnect` ends every connection, as the venues do after 24 hours or for maintenance; `cut`
    drops those of some channels, `mute` leaves them open and silent. `reset` undoes what lasts.
    """

    cut: tuple[Channel, ...] = ()
    mute: Mute | None = None
    disconnect: bool = False
    down: Down | None = None
    clock: Skew | None = None

    def defect(self) -> str | None:
        """Return which field breaks which rule, or None."""
        if self.mute is not None and self.mute.for_ms < 0:
            return f"mute.for_ms={self.mute.for_ms}: must not be negative"
        down = self.down.defect() if self.down is not None else None
        return down or (self.clock.defect() if self.clock is not None else None)


class Sockets(Protocol):
    """Every connection of a venue."""

    def cut(self, channel: Channel) -> None:
        """Drop every connection of a channel."""


class Conditions:
    """Clock, door, sockets and silences of one venue."""

    def __init__(
        self, clock: VenueClock, outage: Outage, sockets: Sockets, silences: Silences
    ) -> None:
        self.clock = clock
        self._outage = outage
        self._sockets = sockets
        self._silences = silences
        self._counts: Counter[str] = Counter()

    @property
    def active(self) -> tuple[str, ...]:
        """Return what lasts at the moment."""
        lasting = {
            "clock": self.clock.skew is not RIGHT,
            "down": self._outage.is_on,
            "mute": bool(self._silences.channels),
        }
        return tuple(name for name, is_on in lasting.items() if is_on)

    @property
    def fired(self) -> dict[str, int]:
        """Return how often each thing happened; "down" counts the requests that met it."""
        met = {"down": self._outage.met_count} if self._outage.met_count else {}
        return dict(self._counts) | met

    def count(self, name: str) -> None:
        self._counts[name] += 1

    def clear_counts(self) -> None:
        self._counts.clear()
        self._outage.met_count = 0

    def reset(self) -> None:
        """Make everything right again; cut sockets stay cut."""
        self._silences.end()
        self.clock.set_skew(RIGHT, 0)
        self.clock.go_on()
        self._outage.begin(Down(for_ms=0))

    def happen(self, wanted: FaultRequest, seed: int) -> None:
        """Do what a request says: time, door and silence first, then the sockets."""
        if wanted.clock is not None:
            self.clock.set_skew(wanted.clock, seed)
            self.count("clock")
        if wanted.down is not None:
            self._outage.begin(wanted.down)
        if wanted.mute is not None:
            self._mute(wanted.mute)
        if wanted.disconnect:
            self.count("disconnect")
        is_down = wanted.down is not None and wanted.down.for_ms > 0
        for channel in tuple(Channel) if wanted.disconnect or is_down else wanted.cut:
            self._sockets.cut(channel)
            self.count(f"cut:{channel}")

    def _mute(self, mute: Mute) -> None:
        until_ns = self.clock.monotonic_ns() + mute.for_ms * NS_PER_MS
        for channel in mute.channels:
            self._silences.begin(channel, until_ns)
            self.count(f"mute:{channel}")
