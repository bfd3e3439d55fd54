"""What reaches the log at once, what follows, and what is left out."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec
import pytest
import structlog

from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Guard
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.shell import log_writer as journals
from tandem.gateway.shell.log_writer import REFRESH_NS, Journal, Say
from tandem.messages import codec, subjects
from tandem.messages.reports import FillReport, OrderReport, PositionReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics

Eventually = Callable[..., Awaitable[None]]


EXC = Exc("e")


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
    """A journal on a log in memory."""

    def __init__(self, **variables: str) -> None:
        env, self.clock = Environment(variables), LateClock()
        clock = self.clock
        self.bus = MemoryBus(clock)
        self.metrics = Metrics()
        context = ServiceContext(
            name="gateway-test",
            settings=settings(env, "gateway-test"),
            env=env,
            bus=self.bus,
            clock=clock,
            tasks=TaskOwner(),
            log=structlog.get_logger(),
            metrics=self.metrics,
            seam=no_seam,
            run="a",
        )
        self.journal = Journal(context)
        self.now_ns = clock.wall_ns()

    def report(self, status: OrderStatus, source: ReportSource) -> OrderReport:
        return OrderReport(
            exc=Exc("e"),
            ticker=Ticker("T"),
            order_status=status,
            source=source,
            ts_event_ns=self.now_ns,
            venue_order_id=VenueOrderId("7"),
        )

    def refusal(self) -> OrderReport:
        report = self.report(OrderStatus.REJECTED, ReportSource.LOCAL)
        cloid = ClientOrderId("0x1")
        return msgspec.structs.replace(report, venue_order_id=None, client_order_id=cloid)

    def fill(self) -> FillReport:
        return FillReport(
            exc=Exc("e"),
            ticker=Ticker("T"),
            exec_id=ExecId("1"),
            venue_order_id=VenueOrderId("7"),
            side=Side.BUY,
            last_qty=Decimal(1),
            last_px=Decimal(1),
            source=ReportSource.EVENT,
            ts_event_ns=self.now_ns,
        )

    @property
    def repeated(self) -> float:
        """How often the log had already what was appended."""
        name = "tandem_gateway_facts_repeated_total"
        return self.metrics.registry.get_sample_value(name) or 0.0

    @property
    def stored(self) -> list[str]:
        subjects = [entry.subject for entry in self.bus.server.oms.after(0)]
        return [subject.split(".")[3] + "." + subject.split(".")[-1] for subject in subjects]


@pytest.fixture
async def setting() -> Setting:
    return Setting()


async def test_a_fill_goes_ahead_of_a_stage_that_was_told_before_it(
    setting: Setting, eventually: Eventually
) -> None:
    setting.journal.log(setting.report(OrderStatus.PARTIAL, ReportSource.EVENT))
    setting.journal.log(setting.fill())
    await eventually(lambda: len(setting.stored) == 2)
    assert setting.stored == ["fill.1", "order.event"]


async def test_a_stage_is_left_out_once_the_end_was_logged(setting: Setting) -> None:
    setting.journal.log(setting.report(OrderStatus.NEW, ReportSource.EVENT))
    setting.journal.log(setting.report(OrderStatus.FILLED, ReportSource.ACK))
    await setting.journal.drain()
    assert setting.stored == ["order.ack"]


async def test_of_the_stages_of_one_moment_the_last_is_logged(setting: Setting) -> None:
    stage = setting.report(OrderStatus.PARTIAL, ReportSource.EVENT)
    for lots in (1, 2, 3):
        setting.journal.log(msgspec.structs.replace(stage, cum_qty=Decimal(lots)))
    await setting.journal.drain()
    stored = [codec.decode_fact(one.payload) for one in setting.bus.server.oms.after(0)]
    assert [one.cum_qty for one in stored if isinstance(one, OrderReport)] == [Decimal(3)]


async def test_draining_leaves_nothing_behind(setting: Setting) -> None:
    setting.journal.log(setting.report(OrderStatus.NEW, ReportSource.EVENT))
    await setting.journal.drain()
    assert setting.stored == ["order.event"]


async def test_the_same_fact_again_is_not_appended(setting: Setting) -> None:
    setting.journal.log(setting.fill())
    setting.journal.log(setting.fill())
    await setting.journal.drain()
    assert setting.stored == ["fill.1"]


HOUR_NS = 3_600_000_000_000


async def test_what_the_log_would_soon_expire_is_not_logged(setting: Setting) -> None:
    old = setting.now_ns - 47 * HOUR_NS - 1
    setting.journal.log(msgspec.structs.replace(setting.fill(), ts_event_ns=old))
    end = setting.report(OrderStatus.CANCELLED, ReportSource.QUERY)
    setting.journal.log(msgspec.structs.replace(end, ts_event_ns=old))
    await setting.journal.drain()
    assert setting.stored == []


async def test_fill_that_is_too_old_for_the_log_is_told_of(setting: Setting) -> None:
    told: list[FillReport] = []
    setting.journal.on_old_fill = told.append
    old = msgspec.structs.replace(setting.fill(), ts_event_ns=setting.now_ns - 48 * HOUR_NS)

    setting.journal.log(old)
    setting.journal.log(setting.fill())
    setting.journal.log(old, at_any_age=True)

    assert told == [old]


async def test_old_live_order_and_the_old_end_of_one_that_the_log_holds_live_are_logged(
    setting: Setting,
) -> None:
    old = setting.now_ns - 100 * HOUR_NS
    live = setting.report(OrderStatus.NEW, ReportSource.QUERY)
    setting.journal.log(msgspec.structs.replace(live, ts_event_ns=old))
    end = setting.report(OrderStatus.CANCELLED, ReportSource.QUERY)
    setting.journal.log(msgspec.structs.replace(end, ts_event_ns=old), at_any_age=True)
    await setting.journal.drain()
    assert setting.stored == ["order.query", "order.query"]


async def test_shortest_retention_still_takes_what_happens_now() -> None:
    setting = Setting(TANDEM_RETENTION="1h")
    setting.journal.log(setting.fill())
    await setting.journal.drain()
    assert setting.stored == ["fill.1"]


def saying(setting: Setting, term: int) -> Say:
    """Make somebody the sender of a term in the log, and return the right to speak for it."""
    subject = subjects.sender_report(EXC, term, 1)
    seq = setting.bus.server.oms.store(subject, b"{}").seq
    return Say(term, Guard(subjects.senders_of(EXC), seq))


def conclusions(setting: Setting) -> list[str]:
    return [one for one in setting.stored if not one.startswith("sender")]


async def test_conclusion_is_held_back_until_this_copy_has_the_say(setting: Setting) -> None:
    setting.journal.log(setting.refusal())
    await setting.journal.drain()
    before = conclusions(setting)

    setting.journal.speak(saying(setting, 1))
    await setting.journal.drain()

    assert (before, conclusions(setting)) == ([], ["order.local"])


async def test_conclusion_of_a_former_sender_is_refused_by_the_log(setting: Setting) -> None:
    setting.journal.speak(saying(setting, 1))
    saying(setting, 2)

    setting.journal.log(setting.refusal())
    await setting.journal.drain()

    assert conclusions(setting) == []


async def test_conclusion_that_waited_for_the_bus_is_void_after_a_takeover(
    setting: Setting,
) -> None:
    setting.journal.speak(saying(setting, 1))
    setting.bus.disconnect()
    setting.journal.log(setting.refusal())
    saying(setting, 2)

    setting.bus.reconnect()
    await setting.journal.drain()

    assert conclusions(setting) == []


async def test_conclusion_is_said_again_when_the_same_term_is_said_anew(setting: Setting) -> None:
    setting.journal.speak(saying(setting, 1))
    again = Say(1, saying(setting, 1_000).guard)

    setting.journal.log(setting.refusal())
    setting.journal.speak(again)
    await setting.journal.drain()
    await setting.journal.drain()

    assert conclusions(setting) == ["order.local"]


async def test_conclusion_of_an_earlier_term_is_not_said_in_a_later_one(setting: Setting) -> None:
    setting.journal.speak(saying(setting, 1))
    later = saying(setting, 2)
    setting.journal.log(setting.refusal())
    await setting.journal.drain()
    setting.journal.be_silent()

    setting.journal.speak(later)
    await setting.journal.drain()

    assert conclusions(setting) == []


async def test_what_the_venue_shows_is_logged_by_every_copy(setting: Setting) -> None:
    setting.journal.be_silent()
    setting.journal.log(setting.fill())
    await setting.journal.drain()
    assert setting.stored == ["fill.1"]


async def test_held_conclusion_that_the_log_shows_meanwhile_is_not_repeated(
    setting: Setting,
) -> None:
    refusal = setting.refusal()
    setting.journal.log(refusal)
    setting.journal.read(subjects.order_report(refusal), 1)

    setting.journal.speak(saying(setting, 1))
    await setting.journal.drain()

    assert conclusions(setting) == []


async def test_conclusion_that_a_cut_left_in_the_log_is_offered_after_the_next_cut(
    setting: Setting,
) -> None:
    refusal, say = setting.refusal(), saying(setting, 1)
    setting.journal.speak(say)
    setting.journal.log(refusal)
    await setting.journal.drain()
    setting.journal.be_silent()
    setting.journal.offer_again()
    setting.journal.forget()
    setting.journal.read(subjects.order_report(refusal), 2)
    setting.journal.speak(say)
    setting.bus.server.oms.cut(1)

    setting.journal.offer_again()
    await setting.journal.drain()

    assert conclusions(setting) == ["order.local"]


async def test_what_is_concluded_anew_is_said_anew(setting: Setting) -> None:
    """A cut behind what was read has lost it, and nobody can tell."""
    setting.journal.speak(saying(setting, 1))
    setting.journal.log(setting.refusal())
    await setting.journal.drain()
    setting.bus.server.oms.cut(1)

    setting.journal.log(setting.refusal())
    await setting.journal.drain()

    assert conclusions(setting) == ["order.local"]


async def test_conclusion_nobody_read_is_said_again_though_the_bus_came_back_twice(
    setting: Setting,
) -> None:
    """The server was killed: what it had answered for is gone, and the say with it."""
    say = saying(setting, 1)
    setting.journal.speak(say)
    setting.journal.log(setting.refusal())
    await setting.journal.drain()
    setting.bus.server.oms.cut(1)
    setting.journal.be_silent()

    setting.journal.offer_unread()
    setting.journal.speak(say)
    await setting.journal.drain()

    assert conclusions(setting) == ["order.local"]


async def test_live_order_that_the_log_expired_is_logged_again(setting: Setting) -> None:
    live = setting.report(OrderStatus.NEW, ReportSource.QUERY)
    setting.journal.log_lasting(live)
    await setting.journal.drain()
    setting.bus.server.oms.expire(2)
    setting.journal.log_lasting(live)
    await setting.journal.drain()
    assert setting.stored == []

    setting.clock.late_ns = REFRESH_NS
    setting.journal.log_lasting(live)
    await setting.journal.drain()
    assert setting.stored == ["order.query"]


async def test_live_order_that_the_log_still_holds_stays_one_fact(setting: Setting) -> None:
    live = setting.report(OrderStatus.NEW, ReportSource.QUERY)
    for minutes in range(3):
        setting.clock.late_ns = minutes * REFRESH_NS
        setting.journal.log_lasting(live)
        await setting.journal.drain()
    assert setting.stored == ["order.query"]


async def test_what_is_so_no_more_is_not_remembered_as_lasting(setting: Setting) -> None:
    live = setting.report(OrderStatus.NEW, ReportSource.QUERY)
    setting.journal.log_lasting(live)
    setting.journal.forget_lasting(())
    setting.bus.server.oms.expire(2)
    setting.clock.late_ns = REFRESH_NS
    setting.journal.log_lasting(live)
    await setting.journal.drain()
    assert setting.stored == []


async def test_position_older_than_the_log_is_logged(setting: Setting) -> None:
    old = setting.now_ns - 1_000 * HOUR_NS
    setting.journal.log_lasting(
        PositionReport(
            exc=EXC,
            ticker=Ticker("T"),
            amount=Decimal(1),
            entry=Decimal(100),
            source=ReportSource.QUERY,
            ts_event_ns=old,
        )
    )
    await setting.journal.drain()
    assert setting.stored == ["position.100"]


async def test_a_bus_that_comes_back_is_offered_only_what_was_not_read(setting: Setting) -> None:
    """Offering ten minutes anew at each reconnect was half of a storm (chaos, seed 20261123)."""
    await log_two_and_read_one(setting)
    setting.journal.offer_unread()
    await setting.journal.drain()
    assert setting.repeated == 1


async def test_a_log_that_was_cut_is_offered_everything_of_late(setting: Setting) -> None:
    await log_two_and_read_one(setting)
    setting.journal.offer_again()
    await setting.journal.drain()
    assert setting.repeated == 2


async def log_two_and_read_one(setting: Setting) -> None:
    journal = setting.journal
    journal.log(setting.fill())
    await journal.drain()
    journal.log(setting.report(OrderStatus.FILLED, ReportSource.ACK))
    await journal.drain()
    first = next(iter(setting.bus.server.oms.after(0)))
    journal.read(first.subject, first.seq)


async def test_e10_a_fill_that_the_log_holds_under_its_former_identity_is_not_logged_again(
    setting: Setting,
) -> None:
    setting.journal.read("oms.venue.e.fill.T.1770118781558-7-10", 1)
    setting.journal.log(msgspec.structs.replace(setting.fill(), exec_id=ExecId("7-10")))
    await setting.journal.drain()
    assert setting.stored == []


async def test_e7_what_a_journal_keeps_is_bounded_by_its_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journals, "MAX_KEPT", 300)
    monkeypatch.setattr(journals, "MAX_ENDED", 100)
    held = []
    for count in (1_000, 3_000):
        setting = Setting()
        journal = setting.journal
        for number in range(count):
            oid = VenueOrderId(str(number))
            report = setting.report(OrderStatus.FILLED, ReportSource.EVENT)
            journal.log(msgspec.structs.replace(report, venue_order_id=oid))
            journal.log(msgspec.structs.replace(setting.fill(), exec_id=ExecId(str(number))))
        await journal.drain()
        entry = await setting.bus.log.find("oms.>")
        assert entry is not None
        journal.read(entry.subject, entry.seq)
        unread = len(journal._unread)
        sets = (journal._seen, journal._ended)
        names = [len(one.newer) + len(one.older) for one in sets]
        held.append([unread, *names, len(journal._kept) // 100, len(journal._waiting)])

    assert max(held[1][1:]) <= 20_001
    assert held[1][0] == 0
    assert held[0][3:] == held[1][3:]
    assert held[1][3] <= 4
