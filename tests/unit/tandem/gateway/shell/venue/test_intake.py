"""What comes through the door, what is refused there, and who is told."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import structlog
from msgspec import structs

from tandem.bus.memory.bus import MemoryBus
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, Side
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.clocks import VenueClock
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import (
    FillsQuery,
    InstrumentTable,
    Listing,
    OpenOrdersQuery,
    Outcome,
    Report,
    VenueQueryError,
)
from tandem.gateway.port.soundness import DAY_NS
from tandem.gateway.shell.log_writer import Journal
from tandem.gateway.shell.venue.intake import ALARM_AGAIN_NS, CLAIM_APART_NS, Door
from tandem.messages import codec
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics

D, EXC, SOL, ETH = Decimal, Exc("venue"), Ticker("SOL"), Ticker("ETH")
NOW_MS = 1_790_000_000_000
NOW = NOW_MS * NS_PER_MS


def table(*rows: Instrument, left_out: tuple[Unsound, ...] = ()) -> InstrumentTable:
    return InstrumentTable(rows, left_out)


def instrument(ticker: Ticker, **fields: Any) -> Instrument:
    row = Instrument(
        exc=EXC,
        ticker=ticker,
        symbol=ticker,
        base_asset=ticker,
        quote_asset="USDC",
        tick=D("0.01"),
        lot=D("0.1"),
        min_qty=D("0.1"),
        min_notional=D(10),
    )
    return replace(row, **fields)


class LateClock:
    """The machine's clocks; `late_ns` is how much later it is."""

    def __init__(self) -> None:
        self.late_ns = 0
        self._clock = SystemClock()

    def wall_ns(self) -> int:
        return self._clock.wall_ns()

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns() + self.late_ns

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Setting:
    """A door with a table of two and a clock that was measured, and its log in memory."""

    def __init__(self) -> None:
        env, self.clock = Environment({}), LateClock()
        self.bus, self.metrics, self.venue_clock = MemoryBus(self.clock), Metrics(), VenueClock()
        context = ServiceContext(
            name="gateway-test",
            settings=settings(env, "gateway-test"),
            env=env,
            bus=self.bus,
            clock=self.clock,
            tasks=TaskOwner(),
            log=structlog.get_logger(),
            metrics=self.metrics,
            seam=no_seam,
            run="a",
        )
        self.journal = Journal(context)
        self.table = {SOL: instrument(SOL), ETH: instrument(ETH)}
        elsewhere = "@107".__eq__
        self.door = Door(context, EXC, self.journal, self.venue_clock, self.table, elsewhere)
        self.measure(NOW_MS)

    def measure(self, venue_ms: int) -> None:
        now_ns = self.clock.monotonic_ns()
        self.venue_clock.observe(venue_ms, now_ns, now_ns)

    async def alarms(self) -> list[str]:
        await self.journal.drain()
        facts = [codec.decode_fact(entry.payload) for entry in self.bus.server.oms.after(0)]
        return [fact.text for fact in facts if isinstance(fact, Alarm)]

    def refused(self, what: str, field: str) -> float:
        labels = {"what": what, "field": field}
        return self.metrics.registry.get_sample_value("tandem_gateway_unsound_total", labels) or 0


@pytest.fixture
async def here() -> Setting:
    return Setting()


def fill(qty: str = "0.4", **fields: Any) -> FillReport:
    report = FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId("7"),
        venue_order_id=VenueOrderId("5"),
        client_order_id=ClientOrderId("a"),
        side=Side.BUY,
        last_qty=D(qty),
        last_px=D(150),
        source=ReportSource.EVENT,
        ts_event_ns=NOW,
    )
    return structs.replace(report, **fields)


def order(amount: str, **fields: Any) -> OrderReport:
    report = OrderReport(
        exc=EXC,
        ticker=SOL,
        order_status=OrderStatus.NEW,
        source=ReportSource.EVENT,
        ts_event_ns=NOW,
        venue_order_id=VenueOrderId("5"),
        amount=D(amount),
    )
    return structs.replace(report, **fields)


async def test_e4_what_is_not_sound_is_counted_each_time_and_alarmed_once_an_hour(
    here: Setting,
) -> None:
    for _ in range(1_000):
        assert here.door.facts((fill("NaN"), fill())) == (fill(),)
    rule = "a finite decimal below 10^15"
    assert await here.alarms() == [
        f"fill_report: last_fill_sz=NaN: {rule}; not used, the venue is asked"
    ]
    assert here.refused("fill_report", "last_fill_sz") == 1_000
    here.clock.late_ns = ALARM_AGAIN_NS + NS_PER_MS
    here.measure(NOW_MS)
    here.door.facts((fill("-1"),))
    assert len(await here.alarms()) == 2


async def test_e4_alarms_have_a_bound_whatever_fields_are_made_up(here: Setting) -> None:
    for number in range(1_000):
        here.door.refuse(Unsound("frame", f"made up {number}", "x", "a rule"))
    assert len(await here.alarms()) == 200


async def test_e4_fill_beyond_its_order_is_believed_when_two_lists_tell_it(here: Setting) -> None:
    here.door.terms.asked(ClientOrderId("a"), SOL, D(1))
    told, listed = fill("400"), fill("400", source=ReportSource.QUERY)
    for fact in (told, told, listed, listed):
        assert here.door.facts((fact,)) == ()
    here.clock.late_ns = CLAIM_APART_NS
    here.measure(NOW_MS)
    assert here.door.facts((told,)) == ()
    assert here.door.facts((listed,)) == (listed,)


async def test_e4_what_cannot_be_so_is_never_believed_however_often_lists_tell_it(
    here: Setting,
) -> None:
    listed = fill("-1", source=ReportSource.QUERY)
    for _ in range(3):
        assert here.door.facts((listed,)) == ()
        here.clock.late_ns += 2 * CLAIM_APART_NS


async def test_order_that_is_told_bounds_its_fills(here: Setting) -> None:
    assert here.door.facts((order("1"),))
    assert here.door.facts((fill("2", client_order_id=None),)) == ()
    assert here.door.facts((fill("1", client_order_id=None),))


async def test_e4_fill_that_is_told_again_with_other_numbers_is_alarmed(here: Setting) -> None:
    for qty in ("0.4", "0.4", "0.3"):
        assert here.door.facts((fill(qty),))
    (alarm,) = await here.alarms()
    assert "fill=BUY 0.3 at 150 (SOL 7): as it was told before, BUY 0.4 at 150" in alarm
    for number in range(6_000):
        here.door.facts((fill(exec_id=ExecId(f"{number + 100}")),))
    assert here.door.facts((fill("0.5"),))
    assert len(await here.alarms()) == 1


async def test_symbols_of_other_markets_and_those_held_are_known(here: Setting) -> None:
    asked: list[str] = []
    here.door.on_stranger = lambda: asked.append("table")
    assert here.door.facts((fill(ticker=Ticker("@107")),))
    assert here.door.facts((fill(ticker=Ticker("OLD")),)) == ()
    assert asked == ["table"]
    here.door.is_held = "OLD".__eq__
    assert here.door.facts((fill(ticker=Ticker("OLD")),))


async def test_e4_list_says_what_of_it_cannot_be_so(here: Setting) -> None:
    row = Unsound("userTrades", "qty", "NaN", "a number")
    page = here.door.listing(Listing((fill(), fill("NaN")), unsound=(row,)))
    assert page.facts == (fill(),)
    assert [fault.field for fault in page.unsound] == ["qty", "last_fill_sz"]


async def test_e4_cut_list_that_cannot_be_so_is_not_continued(here: Setting) -> None:
    page = Listing((fill("NaN"),), more=FillsQuery((), 2**62))
    with pytest.raises(VenueQueryError, match="cut and cannot be so"):
        here.door.listing(page)


async def test_e4_list_of_another_time_proves_nothing(here: Setting) -> None:
    with pytest.raises(VenueQueryError, match="within a day"):
        here.door.listing(Listing((), venue_ms=NOW_MS + 2 * DAY_NS // NS_PER_MS))


async def test_e4_row_that_cannot_be_so_does_not_end_a_list_of_many_pages(here: Setting) -> None:
    """The venue may tell it so for ever; but where the list goes on must be told soundly."""
    bad = fill("1", source=ReportSource.QUERY, last_px=D(-1))
    good = fill("2", source=ReportSource.QUERY)
    goes_on = FillsQuery((), good.ts_event_ns // NS_PER_MS)
    page = here.door.listing(Listing((bad, good), more=goes_on))
    assert (page.facts, page.more, len(page.unsound)) == ((good,), goes_on, 1)
    for facts, more in (
        ((bad,), goes_on),
        ((bad, good), FillsQuery((), goes_on.since_ms + 1)),
        ((bad, good), OpenOrdersQuery()),
    ):
        with pytest.raises(VenueQueryError, match="is cut and cannot be so"):
            here.door.listing(Listing(facts, more=more))


async def test_e4_answer_about_an_order_that_cannot_be_so_concludes_nothing(here: Setting) -> None:
    assert here.door.order((order("1"),)) == (order("1"),)
    with pytest.raises(VenueQueryError, match="filled_sz=-1"):
        here.door.order((order("1", cum_qty=D(-1)),))


async def test_e4_acknowledgement_that_cannot_be_so_leaves_the_outcome_unknown(
    here: Setting,
) -> None:
    good = Outcome(kind=OutcomeKind.ACCEPTED, facts=(order("1"),), text="a\n" + "x" * 900)
    assert here.door.outcome(good).facts == (order("1"),)
    assert here.door.outcome(good).text == "a?" + "x" * 298
    bad = Outcome(kind=OutcomeKind.ACCEPTED, facts=(order("1", avg_px=D("NaN")),))
    assert here.door.outcome(bad).kind is OutcomeKind.UNKNOWN


async def test_e4_clock_that_jumps_by_a_day_is_believed_when_it_says_so_twice(
    here: Setting,
) -> None:
    assert here.door.time_ms(NOW_MS + 1) == NOW_MS + 1
    with pytest.raises(VenueQueryError, match="2\\^63"):
        here.door.time_ms(NOW_MS * 1_000_000)
    later_ms = NOW_MS + 3 * DAY_NS // NS_PER_MS
    for _ in range(2):
        with pytest.raises(VenueQueryError, match="within a day"):
            here.door.time_ms(later_ms)
    here.clock.late_ns = CLAIM_APART_NS
    assert here.door.time_ms(later_ms) == later_ms


async def test_while_the_clock_is_measured_anew_the_last_time_runs_on(here: Setting) -> None:
    assert here.door.facts((fill(),))
    here.venue_clock.forget()
    assert here.door.facts((fill(),))
    assert here.door.facts((fill(ts_event_ns=NOW * 1_000),)) == ()


async def test_e4_bad_rows_leave_the_former_ones_and_a_table_of_nothing_is_none(
    here: Setting,
) -> None:
    taken = here.door.table(table(instrument(SOL, tick=D(0)), instrument(ETH, tick=D(1))))
    assert {one.ticker: one.tick for one in taken} == {SOL: D("0.01"), ETH: D(1)}
    with pytest.raises(VenueQueryError, match="without 2"):
        here.door.table(table())
    here.clock.late_ns = CLAIM_APART_NS
    with pytest.raises(VenueQueryError, match="without 2"):
        here.door.table(table())


async def test_e4_table_without_most_of_its_rows_counts_when_it_is_told_twice(
    here: Setting,
) -> None:
    here.table[Ticker("BTC")] = instrument(Ticker("BTC"))
    for _ in range(2):
        with pytest.raises(VenueQueryError, match="without 2"):
            here.door.table(table(instrument(SOL)))
    here.clock.late_ns = CLAIM_APART_NS
    assert here.door.table(table(instrument(SOL))) == (instrument(SOL),)


async def test_e4_row_that_one_answer_lacks_stays_and_one_that_the_next_lacks_too_is_gone(
    here: Setting,
) -> None:
    """A row that cannot be read is left out where it is decoded: nothing else tells of it."""
    here.table[Ticker("BTC")] = instrument(Ticker("BTC"))
    listed = (instrument(SOL), instrument(ETH))
    assert [one.ticker for one in here.door.table(table(*listed))] == ["BTC", ETH, SOL]
    here.clock.late_ns = CLAIM_APART_NS
    assert len(here.door.table(table(*listed, instrument(Ticker("BTC"))))) == len(here.table)
    assert [one.ticker for one in here.door.table(table(*listed))] == ["BTC", ETH, SOL]
    here.clock.late_ns += CLAIM_APART_NS
    assert here.door.is_table_short
    assert here.door.table(table(*listed)) == (instrument(ETH), instrument(SOL))
    del here.table[Ticker("BTC")]
    assert not here.door.is_table_short
    assert await here.alarms() == [
        "table: ticker=BTC: missing, and was there; the former row stays until the next answer"
    ]


async def test_e4_two_short_tables_hours_apart_are_not_one_told_twice(here: Setting) -> None:
    here.table[Ticker("BTC")] = instrument(Ticker("BTC"))
    whole = (instrument(SOL), instrument(ETH), instrument(Ticker("BTC")))
    for _ in range(3):
        with pytest.raises(VenueQueryError, match="without 2"):
            here.door.table(table(instrument(SOL)))
        here.clock.late_ns += CLAIM_APART_NS
        assert len(here.door.table(table(*whole))) == len(whole)


async def test_d9_rows_left_out_are_counted_and_each_is_named_in_one_alarm(here: Setting) -> None:
    whole = (instrument(SOL), instrument(ETH))
    new = Unsound("instrument", "row", "NEW", "szDecimals=?: missing")
    odd = Unsound("instrument", "row", "ODD", "szDecimals=?: missing")

    here.door.table(table(*whole, left_out=(new,)))
    here.door.table(table(*whole, left_out=(new, odd)))
    here.clock.late_ns = ALARM_AGAIN_NS
    assert len(here.door.table(table(*whole, left_out=(new, odd)))) == len(whole)

    assert await here.alarms() == [
        "1 rows of the instrument table left out: NEW (szDecimals=?: missing)",
        "1 rows of the instrument table left out: ODD (szDecimals=?: missing)",
    ]
    assert here.refused("instrument", "row") == 5


async def test_d9_an_alarm_names_a_few_of_many_rows_and_counts_the_rest(here: Setting) -> None:
    odd = tuple(Unsound("instrument", "row", f"N{n}", "?") for n in range(12))

    here.door.table(table(instrument(SOL), instrument(ETH), left_out=odd))

    (told,) = await here.alarms()
    assert told.startswith("12 rows of the instrument table left out: N0 (?); N1 (?)")
    assert told.endswith("N9 (?); and 2 more")


async def test_e4_prices_that_cannot_be_so_are_not_priced_by(here: Setting) -> None:
    book: Callable[[str], BookUpdate] = lambda px: BookUpdate(SOL, (Level(D(px), D(1)),), (), NOW)  # noqa: E731
    assert here.door.book(book("1"))
    assert not here.door.book(book("NaN"))
    assert here.door.mark(MarkUpdate(SOL, D(1), NOW))
    assert not here.door.mark(MarkUpdate(SOL, D(-1), NOW))


async def test_claims_are_forgotten_with_time(here: Setting) -> None:
    here.door.terms.asked(ClientOrderId("a"), SOL, D(1))
    listed = fill("400", source=ReportSource.QUERY)
    facts: list[Report] = [listed]
    facts += [structs.replace(listed, exec_id=ExecId(f"{n + 100}")) for n in range(1_001)]
    assert here.door.facts(facts) == ()
    here.clock.late_ns = CLAIM_APART_NS
    here.measure(NOW_MS)
    assert here.door.facts((listed,)) == ()
