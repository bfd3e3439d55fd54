"""What the runtime of a fold needs from outside, and how it may be tuned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from structlog.typing import FilteringBoundLogger

from tandem.bus.port import Bus
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.failpoints import Seam
from tandem.runtime.fold.last_place import LastPlace
from tandem.runtime.fold.port import Append, Head, SetRow
from tandem.runtime.resend_buffer import KEPT_NS

SNAPSHOT_PERIOD_S = 300.0
S_contra = TypeVar("S_contra", contravariant=True)


@runtime_checkable
class RowFold(Protocol[S_contra]):
    """A fold that keeps pages in Redis: every row can be told from its state.

    A row that is gone (None) makes its page known: without one, a page that has become empty while
    nobody wrote would keep the rows of before for ever.
    """

    def rows(self, state: S_contra) -> Iterable[SetRow]: ...


@runtime_checkable
class OfferingFold(Protocol[S_contra]):
    """A fold that knows what is so now, and may log it: a log that was cut gets it again.

    `is_anew`: the log holds nothing, or hardly anything, of what was read.
    """

    def offers(self, state: S_contra, epoch: int, *, is_anew: bool) -> Iterable[Append]: ...


class Pages(Protocol):
    """Where a fold's rows go; nothing here waits or fails."""

    def start(self, head: Callable[[], Head], rows: Callable[[], Iterable[SetRow]]) -> None:
        """Begin writing, or write all anew; `rows` gives every row of the state at the head."""
        ...

    def set(self, effect: SetRow) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class FoldPorts:
    """`pages` is None where no pages are kept; `tasks` ends the process when a fold breaks."""

    bus: Bus
    clock: Clock
    tasks: TaskOwner
    log: FilteringBoundLogger
    seam: Seam
    pages: Pages | None = None
    place: LastPlace = field(default_factory=LastPlace)


@dataclass(frozen=True, slots=True)
class FoldOptions:
    """Tuning of one copy.

    `run` tells processes apart. Reading stops above `most_in_flight` unanswered outputs and goes
    on below `few_in_flight`. Facts logged within `kept_ns` are offered again. With `accept_gap` a
    copy starts although facts that it has never read have expired. `deltas_ns`: how long deltas
    are kept, None: for good.
    """

    run: str = "copy"
    snapshot_every: int = 20_000
    snapshot_period_s: float = SNAPSHOT_PERIOD_S
    snapshot_alarm_s: float = 12 * 3600.0
    most_in_flight: int = 10_000
    few_in_flight: int = 2_000
    kept_ns: int = KEPT_NS
    accept_gap: bool = False
    deltas_ns: int | None = None
