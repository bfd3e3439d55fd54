"""Feeds tape events to a venue at the pace of the tape: speed, offset, pause, seek, restart.

Invariants:
    1. Events are applied in tape order and never before they are due.
    2. Events that are late are applied together in one call, at most MAX_BATCH of them.
    3. A paused tape applies nothing and its position stands still.
    4. A seek rebuilds the book through `skip`, so nobody trades against skipped events.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from services.paper_exchange.shell.audit import (
    ControlError,
    PauseTape,
    ResumeTape,
    SeekTape,
    SpeedTape,
    TapeAction,
    TapeState,
)
from services.paper_exchange.shell.schedule import Schedule
from services.paper_exchange.units import NS_PER_MS, NS_PER_S

MAX_BATCH = 500


class TapeEvent(Protocol):
    """Anything with a tape time."""

    @property
    def ts_ns(self) -> int: ...


EventT = TypeVar("EventT", bound=TapeEvent)
EventT_contra = TypeVar("EventT_contra", bound=TapeEvent, contravariant=True)


class TapeSink(Protocol[EventT_contra]):
    """The venue's side of the tape."""

    def apply(self, events: Sequence[EventT_contra]) -> None:
        """Match and publish these events, which are due now."""

    def skip(self, events: Sequence[EventT_contra]) -> None:
        """Take over the displayed book of these events; match and publish nothing."""

    def rewind(self) -> None:
        """Forget the displayed book: the tape starts again."""


class TapeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a tape is played; `restarts` makes it begin again at its end."""

    source: str
    speed: float = 1.0
    offset_ms: int = 0
    paused: bool = False
    restarts: bool = True


class TapeDriver(Generic[EventT]):
    """Plays one tape into one venue; `open_tape` must give the same events every time."""

    def __init__(
        self,
        open_tape: Callable[[], Iterator[EventT]],
        sink: TapeSink[EventT],
        mono_ns: Callable[[], int],
        options: TapeOptions,
    ) -> None:
        self._open_tape = open_tape
        self._sink = sink
        self._mono_ns = mono_ns
        self._options = options
        self._wake = asyncio.Event()
        self._applied = 0
        self._restarts = 0
        self._reopen()
        start = self._first_ns + options.offset_ms * NS_PER_MS
        self._skip_until_ns = start
        self._schedule = Schedule(mono_ns(), start, options.speed, options.paused)

    def _reopen(self) -> None:
        self._events = self._open_tape()
        self._head: EventT | None = next(self._events, None)
        self._first_ns = self._head.ts_ns if self._head is not None else 0

    def state(self) -> TapeState:
        position = self._schedule.tape_ns(self._mono_ns()) - self._first_ns
        return TapeState(
            source=self._options.source,
            position_ns=position,
            speed=self._schedule.speed,
            paused=self._schedule.paused,
            ended=self._head is None,
            applied_count=self._applied,
            restart_count=self._restarts,
        )

    def control(self, action: TapeAction) -> TapeState:
        """Carry out one control-port request and return where the tape stands after it."""
        match action:
            case PauseTape():
                self._schedule = self._schedule.with_paused(True, self._mono_ns())
            case ResumeTape():
                self._schedule = self._schedule.with_paused(False, self._mono_ns())
            case SpeedTape(speed=speed):
                self._set_speed(speed)
            case SeekTape(position_ms=position_ms):
                self._seek(position_ms)
        self._wake.set()
        return self.state()

    def _set_speed(self, speed: float) -> None:
        if speed <= 0:
            raise ControlError(f"speed {speed} must be above 0; use pause to stop the tape")
        self._schedule = self._schedule.with_speed(speed, self._mono_ns())

    def _seek(self, position_ms: int) -> None:
        if position_ms < 0:
            raise ControlError(f"position_ms {position_ms} must not be negative")
        target = self._first_ns + position_ms * NS_PER_MS
        if self._head is None or target <= self._head.ts_ns:
            self._reopen()
            self._sink.rewind()
        self._skip_until_ns = target
        self._schedule = self._schedule.moved_to(target, self._mono_ns())
        # The answer promises the book as it stood there: an order placed next must see it.
        while self._skip_some():
            pass

    async def run(self) -> None:
        """Play until cancelled; sleeps exactly until the next event is due."""
        while True:
            self._wake.clear()
            await self._wait(self.step())

    def step(self) -> int | None:
        """Apply what is due and return the wait until the next event; None: until woken."""
        if self._skip_some() or self._apply_due() == MAX_BATCH:
            return 0
        if self._head is None:
            return self._restart()
        return self._schedule.wait_ns(self._head.ts_ns, self._mono_ns())

    def _skip_some(self) -> bool:
        skipped = self._take(self._skip_until_ns - 1)
        if skipped:
            self._sink.skip(skipped)
        return len(skipped) == MAX_BATCH

    def _apply_due(self) -> int:
        if self._schedule.paused:
            return 0
        due = self._take(self._schedule.tape_ns(self._mono_ns()))
        if due:
            self._applied += len(due)
            self._sink.apply(due)
        return len(due)

    def _take(self, until_ns: int) -> list[EventT]:
        taken: list[EventT] = []
        head = self._head
        while head is not None and head.ts_ns <= until_ns and len(taken) < MAX_BATCH:
            taken.append(head)
            head = next(self._events, None)
        self._head = head
        return taken

    def _restart(self) -> int | None:
        if self._schedule.paused or not self._options.restarts:
            return None
        self._reopen()
        if self._head is None:
            return None
        self._restarts += 1
        self._skip_until_ns = self._first_ns
        self._sink.rewind()
        self._schedule = self._schedule.moved_to(self._first_ns, self._mono_ns())
        return 0

    async def _wait(self, wait_ns: int | None) -> None:
        delay_s = None if wait_ns is None else wait_ns / NS_PER_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._wake.wait()
