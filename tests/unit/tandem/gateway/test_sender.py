"""The in-doubt book: nothing is sent twice without proof, and every order ends once."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Pool, Strategy, Ticker
from tandem.domain.order import OrderStatus, OrderType, RejectReason
from tandem.gateway.checks import Refusal
from tandem.gateway.requests import Outcome, Stamp
from tandem.gateway.sender import MAX_TICKETS, LogReport, LookUp, Sender, SenderEffect
from tandem.gateway.ticket import Now, Phase, Ticket, from_decision, from_new_order
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport

EXC, TICKER, CLOID = Exc("v"), Ticker("SOL"), ClientOrderId("0x01")
MS = 1_000_000
WINDOW_MS = 1_000
TIMEOUT_MS = 800


def at(ms: int, *, venue_ms: int | None = None, error_ms: int = 5) -> Now:
    """All clocks in step unless the venue's is given."""
    return Now(ms * MS, ms * MS, venue_ms if venue_ms is not None else ms, error_ms)


def new_order(cloid: str = CLOID, valid_for_ms: int = 5_000) -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=TICKER,
        client_order_id=ClientOrderId(cloid),
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(150),
        valid_for_ms=valid_for_ms,
    )


def ticket_of(cloid: str = CLOID, valid_for_ms: int = 5_000, ts_ms: int = 0) -> Ticket:
    return from_new_order(new_order(cloid, valid_for_ms), ts_ms * MS, 7)


def taker(as_of: int = 1, seq: int = 2) -> Ticket:
    decision = Decision(
        exc=EXC,
        ticker=TICKER,
        pool=Pool("p"),
        epoch=0,
        ordinal=1,
        as_of=as_of,
        need=Decimal(1),
        attempt=0,
        rules="r",
        takers=(
            TakerOrder(
                client_order_id=CLOID,
                amount=Decimal(1),
                band_bp=Decimal(5),
                hard_cap_bp=Decimal(50),
            ),
        ),
    )
    return from_decision(decision, 0, seq)[0]


def fresh() -> Sender:
    return Sender(WINDOW_MS, TIMEOUT_MS)


def sent(call: int = 1, ms: int = 0) -> Sender:
    """A sender with one order on the wire since `ms`."""
    sender = fresh()
    sender.take(ticket_of(), past_fence=True)
    write(sender, call, ms)
    return sender


def write(sender: Sender, call: int, ms: int) -> None:
    ticket = sender.ready(urgent=False, mono_ns=ms * MS) or sender.ready(urgent=True, mono_ns=ms)
    assert ticket is not None
    sender.written(ticket, Stamp(call, ms, ms, WINDOW_MS), at(ms))


def outcome(kind: OutcomeKind, **more: object) -> Outcome:
    return Outcome(kind=kind, **more)  # type: ignore[arg-type]  # fields by name


def reports(effects: tuple[SenderEffect, ...]) -> list[OrderReport]:
    facts = [effect.fact for effect in effects if isinstance(effect, LogReport)]
    return [fact for fact in facts if isinstance(fact, OrderReport)]


def lookups(effects: tuple[SenderEffect, ...]) -> list[LookUp]:
    return [effect for effect in effects if isinstance(effect, LookUp)]


def accepted_report() -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=OrderStatus.NEW,
        source=ReportSource.ACK,
        ts_event_ns=1,
        client_order_id=CLOID,
    )


def test_order_past_the_fence_is_ready_at_once() -> None:
    sender = fresh()
    sender.take(ticket_of(), past_fence=True)
    assert sender.ready(urgent=False, mono_ns=0) is sender.get(CLOID)


def test_order_before_the_fence_is_held_then_looked_up_and_never_ready() -> None:
    sender = fresh()
    sender.take(ticket_of(), past_fence=False)
    assert sender.ready(urgent=False, mono_ns=0) is None
    sender.pass_fence(at(1_000))
    effects = sender.tick(at(1_000))
    assert [one.cloid for one in lookups(effects)] == [CLOID]
    assert sender.ready(urgent=False, mono_ns=10**12) is None


def test_held_order_with_a_report_in_the_log_is_not_looked_up() -> None:
    sender = fresh()
    sender.take(ticket_of(), past_fence=False)
    sender.reported(CLOID)
    sender.pass_fence(at(0))
    assert sender.tick(at(10_000)) == ()


def test_same_client_id_is_taken_once() -> None:
    sender = sent()
    sender.take(ticket_of(), past_fence=True)
    assert sender.ready(urgent=False, mono_ns=0) is None


def test_written_order_is_not_ready() -> None:
    assert sent().ready(urgent=False, mono_ns=10**12) is None


def test_accepted_answer_ends_the_order_with_the_venues_facts() -> None:
    sender = sent()
    report = accepted_report()
    effects = sender.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(report,)), at(5))
    assert effects == (LogReport(report),)
    assert CLOID not in sender


def test_rejection_is_reported_once_with_the_venues_reason() -> None:
    sender = sent()
    rejection = outcome(OutcomeKind.REJECTED, reason=RejectReason.MARGIN, text="no margin")
    first = reports(sender.answered(1, rejection, at(5)))
    again = sender.answered(1, rejection, at(6))
    assert [(one.order_status, one.reason, one.text) for one in first] == [
        (OrderStatus.REJECTED, RejectReason.MARGIN, "no margin")
    ]
    assert first[0].source is ReportSource.ACK
    assert first[0].cum_qty == 0
    assert again == ()


def test_not_executed_is_sent_again_after_the_venues_pause() -> None:
    sender = sent()
    throttled = outcome(
        OutcomeKind.NOT_EXECUTED, reason=RejectReason.RATE_LIMIT, retry_after_ms=300
    )
    assert sender.answered(1, throttled, at(10)) == ()
    assert sender.ready(urgent=False, mono_ns=309 * MS) is None
    assert sender.ready(urgent=False, mono_ns=310 * MS) is not None
    assert sender.next_due_ns() == 310 * MS


def test_not_executed_past_validity_is_rejected() -> None:
    sender = sent()
    throttled = outcome(OutcomeKind.NOT_EXECUTED, reason=RejectReason.RATE_LIMIT)
    assert reports(sender.answered(1, throttled, at(5_001)))[0].reason is RejectReason.RATE_LIMIT


def test_clock_trouble_is_retried_only_once() -> None:
    sender = sent(1)
    clock = outcome(OutcomeKind.NOT_EXECUTED, reason=RejectReason.CLOCK)
    assert sender.answered(1, clock, at(5)) == ()
    write(sender, 2, 10)
    assert reports(sender.answered(2, clock, at(15)))[0].reason is RejectReason.CLOCK


def test_no_answer_in_time_is_a_doubt_and_is_looked_up() -> None:
    sender = sent()
    effects = sender.tick(at(TIMEOUT_MS))
    assert [one.in_doubt for one in reports(effects)] == [True]
    assert reports(effects)[0].order_status is OrderStatus.PENDING
    assert [one.is_thorough for one in lookups(effects)] == [False]
    assert sender.count(Phase.DOUBT) == 1


def test_doubt_is_logged_once() -> None:
    sender = sent()
    sender.lost(1, at(1))
    assert sender.lost(1, at(2)) == ()
    sender.lookup_failed(CLOID, at(3))
    assert reports(sender.tick(at(10_000))) == []


def test_lost_connection_makes_a_doubt_at_once() -> None:
    effects = sent().lost(1, at(3))
    assert len(reports(effects)) == len(lookups(effects)) == 1


def test_unknown_answer_makes_a_doubt() -> None:
    effects = sent().answered(1, outcome(OutcomeKind.UNKNOWN), at(3))
    assert len(reports(effects)) == len(lookups(effects)) == 1


def test_late_acceptance_resolves_a_doubt() -> None:
    sender = sent()
    sender.tick(at(TIMEOUT_MS))
    report = accepted_report()
    effects = sender.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(report,)), at(900))
    assert effects == (LogReport(report),)
    assert CLOID not in sender


def test_found_order_ends_with_what_was_found() -> None:
    sender = sent()
    sender.lost(1, at(1))
    assert sender.found(CLOID, (accepted_report(),)) == (LogReport(accepted_report()),)
    assert CLOID not in sender


def test_event_of_the_order_ends_the_doubt() -> None:
    sender = sent()
    sender.lost(1, at(1))
    sender.reported(CLOID)
    assert sender.tick(at(60_000)) == ()


def test_only_one_lookup_runs_at_a_time() -> None:
    sender = sent()
    sender.lost(1, at(1))
    assert sender.tick(at(5_000)) == ()
    sender.lookup_failed(CLOID, at(5_000))
    assert len(lookups(sender.tick(at(9_000)))) == 1


def test_lookups_slow_down_to_one_a_second() -> None:
    sender = sent()
    sender.lost(1, at(0))
    for tries in range(1, 6):
        sender.lookup_failed(CLOID, at(tries * 10_000))
        gap = min(1_000, 250 << tries)
        assert lookups(sender.tick(at(tries * 10_000 + gap - 1))) == []
        assert len(lookups(sender.tick(at(tries * 10_000 + gap)))) == 1


def test_absence_before_the_horizon_proves_nothing() -> None:
    sender = sent()
    sender.lost(1, at(0))
    horizon = WINDOW_MS + 10
    for ms in (2_000, 4_000, 6_000):
        assert sender.absent(CLOID, horizon, at(ms)) == ()
    assert sender.count(Phase.DOUBT) == 1


def test_one_round_past_the_horizon_proves_nothing() -> None:
    sender = sent()
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    assert sender.count(Phase.DOUBT) == 1


def test_two_rounds_within_a_second_count_as_one() -> None:
    sender = sent()
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    sender.absent(CLOID, 1_900, at(2_999))
    assert sender.count(Phase.DOUBT) == 1


def test_two_rounds_past_the_horizon_permit_a_new_send() -> None:
    sender = sent()
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    assert sender.absent(CLOID, 2_100, at(3_000)) == ()
    assert sender.ready(urgent=False, mono_ns=3_000 * MS) is not None


def test_proven_absent_past_validity_is_rejected_as_not_sent() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=100), past_fence=True)
    write(sender, 1, 0)
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    assert reports(sender.absent(CLOID, 2_100, at(3_000)))[0].reason is RejectReason.NOT_SENT


def test_horizon_of_a_held_order_counts_from_the_fence() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=60_000), past_fence=False)
    sender.pass_fence(at(10_000))
    sender.tick(at(10_000))
    horizon = 10_000 + 500 + WINDOW_MS + 2 * 5
    sender.absent(CLOID, horizon, at(12_000))
    sender.absent(CLOID, horizon, at(14_000))
    assert sender.count(Phase.DOUBT) == 1
    sender.absent(CLOID, horizon + 1, at(16_000))
    sender.absent(CLOID, horizon + 1, at(18_000))
    assert sender.count(Phase.READY) == 1


def test_absence_reported_while_the_order_is_on_the_wire_again_is_ignored() -> None:
    sender = sent()
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    sender.absent(CLOID, 2_100, at(3_000))
    write(sender, 2, 3_100)
    sender.absent(CLOID, 9_999, at(3_200))
    sender.absent(CLOID, 9_999, at(4_300))
    assert sender.count(Phase.READY) == 0


def test_answer_to_a_request_proven_dead_frees_nothing() -> None:
    sender = sent(1)
    sender.answered(1, outcome(OutcomeKind.NOT_EXECUTED), at(5))
    write(sender, 2, 10)
    sender.answered(1, outcome(OutcomeKind.NOT_EXECUTED), at(15))
    assert sender.ready(urgent=False, mono_ns=10**12) is None


def test_nothing_written_is_ready_again() -> None:
    sender = sent()
    sender.unwritten(1)
    assert sender.ready(urgent=False, mono_ns=0) is not None


def test_order_past_its_validity_is_refused_as_stale_with_both_numbers() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=100), past_fence=True)
    report = reports(sender.tick(at(101)))[0]
    assert (report.reason, report.text) == (RejectReason.STALE, "valid_for_ms=100: 101 ms old")
    assert report.ts_event_ns == 0


def test_taker_goes_in_the_urgent_lane_and_is_stale_after_a_second() -> None:
    sender = fresh()
    sender.take(taker(), past_fence=True)
    assert sender.ready(urgent=False, mono_ns=0) is None
    assert sender.ready(urgent=True, mono_ns=0) is not None
    assert reports(sender.tick(at(1_001)))[0].reason is RejectReason.STALE


@pytest.mark.parametrize(("behind", "is_stale"), [(256, False), (257, True)])
def test_decision_too_many_messages_old_is_stale(behind: int, is_stale: bool) -> None:
    sender = fresh()
    ticket = taker(as_of=10, seq=10 + behind)
    assert (sender.stale(ticket, at(0)) is not None) is is_stale


def test_refused_order_ends_with_the_limit_named() -> None:
    sender = fresh()
    ticket = ticket_of()
    sender.take(ticket, past_fence=True)
    report = reports(sender.refuse(ticket, Refusal(RejectReason.SIZE, "lot")))[0]
    assert (report.reason, report.text, report.source) == (
        RejectReason.SIZE,
        "lot",
        ReportSource.LOCAL,
    )


def test_unsent_order_is_cancelled_where_it_waits() -> None:
    sender = fresh()
    sender.take(ticket_of(), past_fence=True)
    report = reports(sender.cancel_unsent(CLOID))[0]
    assert report.order_status is OrderStatus.CANCELLED
    assert report.cum_qty == 0
    assert sender.ready(urgent=False, mono_ns=0) is None


def test_order_on_the_wire_is_not_cancelled_as_unsent() -> None:
    assert sent().cancel_unsent(CLOID) == ()


def test_too_many_waiting_orders_are_refused_not_forgotten() -> None:
    sender = fresh()
    for number in range(MAX_TICKETS):
        sender.take(ticket_of(f"0x{number:032x}"), past_fence=True)
    effects = sender.take(ticket_of("0xmore"), past_fence=True)
    assert reports(effects)[0].reason is RejectReason.RATE_LIMIT


def test_ticker_of_an_ended_order_is_remembered_for_a_while() -> None:
    sender = sent()
    sender.reported(CLOID)
    assert sender.ticker_of(CLOID) == TICKER
    for number in range(1_000):
        cloid = f"0x{number:032x}"
        sender.take(ticket_of(cloid), past_fence=True)
        sender.reported(ClientOrderId(cloid))
    assert sender.ticker_of(CLOID) is None


STEPS = st.lists(
    st.sampled_from(("send", "accept", "reject", "again", "unknown", "lose", "wait", "absent")),
    max_size=30,
)


@settings(max_examples=300)
@given(STEPS)
def test_a_request_that_may_live_is_never_joined_by_another(steps: list[str]) -> None:
    """Whatever answers come, a second request is written only after the first is proven dead."""
    sender, now_ms, call, alive = fresh(), 0, 0, False
    sender.take(ticket_of(valid_for_ms=10**9), past_fence=True)
    proofs = 0
    for step in steps:
        now_ms += 50
        if step == "send" and sender.ready(urgent=False, mono_ns=now_ms * MS):
            assert not alive
            call, alive, proofs = call + 1, True, 0
            write(sender, call, now_ms)
        elif step == "accept":
            sender.answered(call, outcome(OutcomeKind.ACCEPTED), at(now_ms))
        elif step == "reject":
            sender.answered(call, outcome(OutcomeKind.REJECTED), at(now_ms))
        elif step == "again" and CLOID in sender:
            sender.answered(call, outcome(OutcomeKind.NOT_EXECUTED), at(now_ms))
            alive = False
        elif step == "unknown":
            sender.answered(call, outcome(OutcomeKind.UNKNOWN), at(now_ms))
        elif step == "lose":
            sender.lost(call, at(now_ms))
        elif step == "wait":
            now_ms += 700
            sender.tick(at(now_ms))
        elif step == "absent":
            now_ms += 1_000
            ticket = sender.get(CLOID)
            if ticket is not None and ticket.phase is Phase.DOUBT and now_ms > ticket.horizon_ms:
                proofs += 1
            sender.absent(CLOID, now_ms, at(now_ms))
            alive = alive and proofs < 2


def test_every_order_on_its_way_is_listed() -> None:
    sender = sent()
    assert [ticket.cloid for ticket in sender.orders()] == [CLOID]


def test_news_about_orders_that_are_not_here_change_nothing() -> None:
    sender, other = sent(), ClientOrderId("0xother")
    sender.reported(other)
    sender.unwritten(99)
    sender.lookup_failed(other, at(1))
    assert sender.absent(other, 10**6, at(1)) == ()
    assert sender.lost(99, at(1)) == ()
    assert sender.count(Phase.SENT) == 1


def test_fence_passes_over_orders_that_are_on_the_wire() -> None:
    sender = sent()
    sender.pass_fence(at(1))
    assert sender.count(Phase.SENT) == 1
