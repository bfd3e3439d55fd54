"""Where what a venue says comes in: judged here before anything believes or logs it.

1. What is not sound is not used. It is counted, and alarmed by name: what was told, which field of
   it, what that held, which rule it breaks. One alarm an hour for each field, however often it
   comes: what a venue sends must not fill the log.
2. A fact that contradicts what is known is believed once two answers of the venue's own lists,
   some time apart, tell it alike: then it is so, and a person is told.
3. A fill that is told again with other numbers is alarmed: its identity keeps the first.
4. A table loses no row to a bad one, nor to one answer that lacks it, and is not taken at all
   where most of them are missing for the first time. Rows that cannot be read are named, each in
   one alarm for as long as this process lives. A clock that jumps by more than a day is
   believed when it says so twice.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import Side
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.clocks import VenueClock
from tandem.gateway.port import soundness
from tandem.gateway.port.channel import BookUpdate, MarkUpdate
from tandem.gateway.port.decoding import Unsound, shown
from tandem.gateway.port.order_bounds import Terms
from tandem.gateway.port.requests import (
    FillsQuery,
    InstrumentTable,
    Listing,
    Outcome,
    Query,
    Report,
    VenueQueryError,
)
from tandem.gateway.port.soundness import DAY_NS, Knowledge
from tandem.gateway.port.venue import no_ticker
from tandem.gateway.shell.log_writer import Journal
from tandem.messages.facts import subject_of
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.context import ServiceContext

ALARM_AGAIN_NS: Final = 3_600_000_000_000
MAX_ALARMS: Final = 200
MAX_CLAIMS: Final = 1_000
MAX_FILLS: Final = 5_000
MAX_LEFT_OUT: Final = 1_000
MAX_NAMED: Final = 10
# Two lists that say the same are two answers, not one that came twice.
CLAIM_APART_NS: Final = 500_000_000
KEPT: Final = "the former row stays until the next answer"
NOT_USED: Final = "not used, the venue is asked"
HasTicker = Callable[[Ticker], bool]
Numbers = tuple[Decimal, Decimal, Side]


class Door:
    """Judges what one account's venue says."""

    def __init__(
        self,
        context: ServiceContext,
        exc: Exc,
        journal: Journal,
        clock: VenueClock,
        instruments: dict[Ticker, Instrument],
        is_elsewhere: HasTicker,
    ) -> None:
        self.terms = Terms()
        self.is_held: HasTicker = no_ticker
        self.on_stranger: Callable[[], None] = _nothing
        self._context = context
        self._exc = exc
        self._journal = journal
        self._clock = clock
        self._instruments = instruments
        self._is_elsewhere = is_elsewhere
        self._alarmed: dict[tuple[str, str], int] = {}
        self._claims: OrderedDict[str, int] = OrderedDict()
        self._lacked: dict[Ticker, int] = {}
        self._left_out: set[str] = set()
        self._fills: OrderedDict[tuple[Ticker, ExecId], Numbers] = OrderedDict()
        self._venue_ns = self._venue_at_ns = 0
        self._unsound = context.metrics.counter(
            "gateway_unsound", "told by the venue, and cannot be so", ("what", "field")
        )

    def facts(self, told: Iterable[Report]) -> tuple[Report, ...]:
        """Return the facts that are sound; the others are refused."""
        return tuple(fact for fact in told if self._judge(fact) is None)

    def listing(self, page: Listing) -> Listing:
        """Return what a list shows soundly, and what of it cannot be so.

        Raises:
            VenueQueryError: the time of the list is none, or where it goes on is not known.
        """
        if page.venue_ms is not None:
            self._check_clock(page.venue_ms)
        for fault in page.unsound:
            self.refuse(fault)
        judged = [(fact, self._judge(fact)) for fact in page.facts]
        faults = (*page.unsound, *(fault for _, fault in judged if fault is not None))
        sound = tuple(fact for fact, fault in judged if fault is None)
        if faults and page.more is not None and not _goes_on_soundly(page.more, sound):
            raise VenueQueryError(f"a list that is cut and cannot be so: {faults[0].text}")
        return Listing(
            sound,
            page.venue_ms,
            page.more,
            page.covers,
            faults,
        )

    def order(self, found: Sequence[Report]) -> tuple[Report, ...]:
        """Return an order's facts.

        Raises:
            VenueQueryError: one of them cannot be so; nothing may be concluded from the others.
        """
        for fact in found:
            fault = self._judge(fact)
            if fault is not None:
                raise VenueQueryError(f"an answer that cannot be so: {fault.text}")
        return tuple(found)

    def outcome(self, outcome: Outcome) -> Outcome:
        """Return what an answer proves; with facts that cannot be so it proves nothing."""
        if len(self.facts(outcome.facts)) == len(outcome.facts):
            return replace(outcome, text=soundness.short(outcome.text))
        return Outcome(kind=OutcomeKind.UNKNOWN, text="an acknowledgement that cannot be so")

    def time_ms(self, venue_ms: int) -> int:
        """Return the venue's time.

        Raises:
            VenueQueryError: no time, or more than a day from what the clock said before.
        """
        self._check_clock(venue_ms)
        return venue_ms

    def table(self, listed: InstrumentTable) -> tuple[Instrument, ...]:
        """Return the instrument table that holds from now on.

        Raises:
            VenueQueryError: a table of nothing, or one that suddenly lacks most of the former.
        """
        self._name_left_out(listed.unsound)
        table, faults = soundness.table_of(listed.rows, self._instruments)
        for fault in faults:
            self.refuse(fault)
        missing = self._newly_missing(table)
        if not table or 2 * len(missing) > len(self._instruments):
            lost = len(self._lacked)
            fault = Unsound(
                "table", "rows", str(len(listed.rows)), f"without {lost} that were there"
            )
            self.refuse(fault)
            raise VenueQueryError(fault.text)
        for ticker in missing:
            self.refuse(Unsound("table", "ticker", shown(ticker), "missing, and was there"), KEPT)
            table[ticker] = self._instruments[ticker]
        return tuple(table[ticker] for ticker in sorted(table))

    def _name_left_out(self, faults: Iterable[Unsound]) -> None:
        """Count the rows that cannot be read, and tell a person of those not told of before."""
        news = []
        for fault in faults:
            self._count(fault)
            if fault.value not in self._left_out and len(self._left_out) < MAX_LEFT_OUT:
                self._left_out.add(fault.value)
                news.append(f"{fault.value} ({fault.rule})")
        if news:
            names = "; ".join(news[:MAX_NAMED])
            more = f"; and {len(news) - MAX_NAMED} more" if len(news) > MAX_NAMED else ""
            self._alarm("rows", f"{len(news)} rows of the instrument table left out: {names}{more}")

    @property
    def is_table_short(self) -> bool:
        """Whether a row stands in the table that the venue's last answer lacked."""
        return not self._lacked.keys().isdisjoint(self._instruments)

    def _newly_missing(self, table: Mapping[Ticker, Instrument]) -> list[Ticker]:
        """Return which rows a table lacks for the first time since it had them.

        A row that cannot be read is missing as well, and looked up by nobody then: without it an
        order in doubt has no fills to be asked for. So one answer ends no row.
        """
        now_ns = self._context.clock.monotonic_ns()
        lacked = self._instruments.keys() - table.keys()
        self._lacked = {ticker: self._lacked.get(ticker, now_ns) for ticker in lacked}
        return sorted(one for one, ns in self._lacked.items() if now_ns - ns < CLAIM_APART_NS)

    def book(self, book: BookUpdate) -> bool:
        """Tell whether a book may be priced by."""
        return self._is_sound(soundness.book_fault(book, self._known()))

    def mark(self, mark: MarkUpdate) -> bool:
        """Tell whether a mark may be priced by."""
        return self._is_sound(soundness.mark_fault(mark, self._known()))

    def _is_sound(self, fault: Unsound | None) -> bool:
        if fault is not None:
            self.refuse(fault)
        return fault is None

    def _judge(self, fact: Report) -> Unsound | None:
        """Return why a fact is refused, None when it is taken."""
        terms = self.terms.of(fact) if isinstance(fact, OrderReport | FillReport) else None
        known = self._known()
        fault = soundness.fault_of(fact, Knowledge(known.venue_ns, known.is_known, terms))
        if fault is not None:
            self.refuse(fault)
            if fault.rule == soundness.SYMBOL_RULE:
                self.on_stranger()
            if not (fault.contradicts and self._is_told_again(fact)):
                return fault
        if isinstance(fact, OrderReport):
            self.terms.told(fact)
        elif isinstance(fact, FillReport):
            self._compare(fact)
        return None

    def _compare(self, fill: FillReport) -> None:
        """Tell a person of a fill that is told with other numbers than before.

        Both could be so, and the log keeps the first under their one identity: only the venue's
        page says which it was. A maker's proven cumulative covers what the first lacked.
        """
        said = (fill.last_qty, fill.last_px, fill.side)
        before = self._fills.setdefault((fill.ticker, fill.exec_id), said)
        if before != said:
            rule = f"as it was told before, {before[2]} {before[0]} at {before[1]}"
            value = f"{said[2]} {said[0]} at {said[1]} ({fill.ticker} {fill.exec_id})"
            fault = Unsound("fill_report", "fill", shown(value), shown(rule), contradicts=True)
            self.refuse(fault, "the log keeps what was told first")
        if len(self._fills) > MAX_FILLS:
            self._fills.popitem(last=False)

    def _is_told_again(self, fact: Report) -> bool:
        if getattr(fact, "source", None) is not ReportSource.QUERY:
            return False
        numbers = f"{fact.signed_qty}" if isinstance(fact, FillReport) else ""
        return self._is_claimed(subject_of(fact), numbers)

    def _is_claimed(self, name: str, numbers: str) -> bool:
        """Tell whether the same was told some time ago; remember that it is told now."""
        now_ns, claim = self._context.clock.monotonic_ns(), f"{name} {numbers}"
        first_ns = self._claims.setdefault(claim, now_ns)
        if len(self._claims) > MAX_CLAIMS:
            self._claims.popitem(last=False)
        return now_ns - first_ns >= CLAIM_APART_NS

    def _known(self) -> Knowledge:
        return Knowledge(self._venue_now_ns(), self._is_known)

    def _venue_now_ns(self) -> int:
        """Return the venue's time, by the last that was measured while it is measured anew."""
        now_ns = self._context.clock.monotonic_ns()
        venue_ns = self._clock.now_ms(now_ns) * NS_PER_MS
        if venue_ns:
            self._venue_ns, self._venue_at_ns = venue_ns, now_ns
        return self._venue_ns and self._venue_ns + now_ns - self._venue_at_ns

    def _is_known(self, ticker: Ticker) -> bool:
        return ticker in self._instruments or self._is_elsewhere(ticker) or self.is_held(ticker)

    def _check_clock(self, venue_ms: int) -> None:
        fault = soundness.clock_fault(venue_ms)
        before_ns, told_ns = self._venue_now_ns(), venue_ms * NS_PER_MS
        if fault is None and before_ns and abs(told_ns - before_ns) > DAY_NS:
            is_so = self._is_claimed("clock", str(told_ns // DAY_NS))
            rule = "within a day of what the clock said before"
            fault = None if is_so else Unsound("time", "time", str(venue_ms), rule)
        if fault is not None:
            self.refuse(fault)
            raise VenueQueryError(fault.text)

    def refuse(self, fault: Unsound, then: str = NOT_USED) -> None:
        """Count what cannot be so, and tell a person, once an hour of each kind."""
        self._count(fault)
        key, now_ns = (fault.what, fault.field), self._context.clock.monotonic_ns()
        last_ns = self._alarmed.get(key)
        if last_ns is not None and now_ns - last_ns < ALARM_AGAIN_NS:
            return
        if key not in self._alarmed and len(self._alarmed) >= MAX_ALARMS:
            return
        self._alarmed[key] = now_ns
        self._alarm(fault.what, f"{fault.text}; {then}")

    def _count(self, fault: Unsound) -> None:
        self._unsound.labels(fault.what, fault.field).inc()

    def _alarm(self, what: str, text: str) -> None:
        self._context.log.error("not sound", what=text)
        now_ns = self._context.clock.monotonic_ns()
        digest = hashlib.blake2b(f"{self._context.run} {now_ns} {text}".encode())
        key = f"unsound-{what}-{digest.hexdigest()[:12]}"
        self._journal.append(Alarm(source=f"gateway-{self._exc}", key=key, text=text))


def _goes_on_soundly(more: Query, sound: Iterable[Report]) -> bool:
    """Tell whether a cut list goes on at a time that a sound row has reached as well.

    A row that the venue keeps telling so must not end every list that is longer than a page.
    """
    if not isinstance(more, FillsQuery):
        return False
    told_ns = (fact.ts_event_ns for fact in sound if isinstance(fact, FillReport))
    return more.since_ms * NS_PER_MS <= max(told_ns, default=-1)


def _nothing() -> None:
    return
