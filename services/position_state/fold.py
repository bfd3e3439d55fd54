"""What is held: fills and venue positions in, position deltas out; see holding.py for the rules.

1. Each fill publishes one delta, whichever of its reports comes first.
2. A venue's number that our fills do not explain is asked about for one second, then logged as a
   mismatch and adopted. An alarm names both numbers.
3. What is filled and not hedged is computed beside it, from the same log (exposure/fold.py).
"""

import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from services.position_state import holding as holdings
from services.position_state.exposure import fold as exposure
from services.position_state.holding import Holding, Holdings
from tandem.domain.ids import Exc, Ticker
from tandem.domain.units import ZERO
from tandem.messages import codec, subjects
from tandem.messages.deltas import PositionDelta
from tandem.messages.hedges import Alarm, TimerFired
from tandem.messages.queries import PageRequest, PositionsPage, QueryFailed
from tandem.messages.reports import FillReport, PositionReport, SpecsReport
from tandem.messages.rules import unsound_number, untimely
from tandem.runtime.fold import passed_over
from tandem.runtime.fold.port import (
    Append,
    ArmTimer,
    Effect,
    Head,
    LogEvent,
    Proposal,
    Publish,
    SetRow,
)

FOLD_VERSION = "position-state-13"
RECHECK_NS = 1_000_000_000
TIMER_PREFIX = "position-recheck"
NAMES_IN_TIMER = 4

_dump = msgspec.msgpack.Encoder()
_load = msgspec.msgpack.Decoder(Holdings)


class PositionFold:
    """The fold of every position of the log."""

    name = "position-state"
    version = FOLD_VERSION
    offers_intents = False
    filters = (
        subjects.reports_kind("fill"),
        subjects.reports_kind("position"),
        subjects.reports_kind("specs"),
        *exposure.FILTERS,
    )
    answers = (subjects.POSITIONS_PAGE,)

    def initial(self) -> Holdings:
        return Holdings()

    def apply(self, state: Holdings, event: LogEvent) -> tuple[Effect, ...]:
        exposure.apply(state.exposure, event)
        handler = _HANDLERS.get(type(event.fact))
        if handler is None:
            return ()
        if fault := unsound_number(event.fact) or untimely(event.fact, event.ts_ns):
            return _pass_over(state, event, fault)
        return handler(state, event, event.fact)

    def propose(self, state: Holdings, head: Head) -> tuple[Proposal, ...]:  # noqa: ARG002 (port)
        return ()

    def dump(self, state: Holdings) -> bytes:
        return zlib.compress(_dump.encode(state), 1)

    def load(self, snapshot: bytes) -> Holdings:
        return _load.decode(zlib.decompress(snapshot))

    def rows(self, state: Holdings) -> tuple[SetRow, ...]:
        """Return every row of the pages in Redis, for when it comes back empty."""
        return tuple(_row_of(state, holding) for holding in state.held.values())

    def answer(
        self,
        state: Holdings,
        head: Head,
        subject: str,  # noqa: ARG002 (port)
        query: codec.Query,
    ) -> codec.Answer:
        if not isinstance(query, PageRequest):
            return QueryFailed(text="position-state answers pages only", retryable=False)
        views = tuple(
            holdings.view(state, held)
            for held in state.held.values()
            if query.exc is None or held.exc == query.exc
        )
        return PositionsPage(epoch=head.epoch, seq=head.seq, positions=views)


def _on_fill(state: Holdings, event: LogEvent, fill: FillReport) -> tuple[Effect, ...]:
    held = holdings.holding_of(state, fill.exc, fill.ticker)
    before = holdings.amount_before(held, fill)
    if not holdings.join_fill(held, fill):
        return ()
    return _changed(state, held, event, before, fill.exec_id)


def _on_position(state: Holdings, event: LogEvent, report: PositionReport) -> tuple[Effect, ...]:
    held = holdings.holding_of(state, report.exc, report.ticker)
    before = holdings.position(held).amount
    if holdings.join_report(held, report):
        return (ArmTimer(_timer_key(event, report), 0, event.ts_ns + RECHECK_NS),)
    if holdings.position(held).amount == before and held.last_delta is not None:
        return (_row_of(state, held),)
    return _changed(state, held, event, before, "")


def _on_timer(state: Holdings, event: LogEvent, fired: TimerFired) -> tuple[Effect, ...]:
    named = _timer_names(fired.key)
    if named is None:
        return ()
    if event.ts_ns < fired.due_ns:
        return (ArmTimer(fired.key, fired.attempt + 1, fired.due_ns),)
    exc, ticker, ts_event_ns = named
    held = holdings.holding_of(state, exc, ticker)
    before = holdings.position(held).amount
    off_by = holdings.adopt(held, ts_event_ns)
    if off_by is None:
        return ()
    return (_mismatch(held, event, off_by), *_changed(state, held, event, before, "", 1))


def _timer_key(event: LogEvent, report: PositionReport) -> str:
    """Name a timer by what it is about and by its place in the log.

    A venue may state two amounts at one time: each doubt has a timer of its own.
    """
    place = f"{event.epoch}.{event.seq}"
    names = (TIMER_PREFIX, report.exc, report.ticker, str(report.ts_event_ns), place)
    return "\x1f".join(names)


def _timer_names(key: str) -> tuple[Exc, Ticker, int] | None:
    """Return account, ticker and venue time that a timer of ours names, None for any other."""
    prefix, *names = key.split("\x1f")
    if prefix != TIMER_PREFIX or len(names) != NAMES_IN_TIMER or not names[2].isdecimal():
        return None
    return Exc(names[0]), Ticker(names[1]), int(names[2])


def _mismatch(held: Holding, event: LogEvent, off_by: Decimal) -> Append:
    adopted = holdings.position(held).amount
    text = (
        f"position of {held.ticker} on {held.exc}: the venue says {adopted}, "
        f"our fills said {adopted - off_by}; adopted the venue's"
    )
    return _alarm(event, text)


def _pass_over(state: Holdings, event: LogEvent, fault: str) -> tuple[Append, ...]:
    nth = passed_over.count(state.faults, event.subject, event.ts_ns)
    if not nth:
        return ()
    alarm = passed_over.alarm("position-state", event.place, (event.subject, fault), nth)
    return (Append(alarm),)


def _alarm(event: LogEvent, text: str) -> Append:
    alarm = Alarm(source="position-state", key=event.place, text=text)
    return Append(alarm)


def _on_specs(state: Holdings, _event: LogEvent, specs: SpecsReport) -> tuple[Effect, ...]:
    for listed in specs.instruments:
        key = holdings.key_of(listed.exc, listed.ticker)
        if listed.inverse:
            state.faces[key] = listed.multiplier
        else:
            state.faces.pop(key, None)
    return ()


_HANDLERS: dict[type, Callable[[Holdings, LogEvent, Any], tuple[Effect, ...]]] = {
    FillReport: _on_fill,
    PositionReport: _on_position,
    TimerFired: _on_timer,
    SpecsReport: _on_specs,
}


def _changed(
    state: Holdings,
    held: Holding,
    event: LogEvent,
    before: Decimal,
    cause: str,
    index: int = 0,
) -> tuple[Effect, ...]:
    view = holdings.view(state, held)
    if view.amount == ZERO == before and held.last_delta is None:
        return ()
    delta = PositionDelta(
        epoch=event.epoch,
        seq=event.seq,
        index=index,
        prev=held.last_delta,
        position=view,
        delta=view.amount - before,
        cause=cause,
    )
    held.last_delta = delta.delta_id
    entity = holdings.key_of(held.exc, held.ticker)
    return (Publish(entity, delta), _row_of(state, held))


def _row_of(state: Holdings, held: Holding) -> SetRow:
    view = holdings.view(state, held)
    value = codec.encode_part(view) if view.amount else None
    return SetRow(f"positions:{held.exc}", held.ticker, value)
