"""The sender: when an order may be written, and that every order ends once."""

import pytest

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core.effects import LogReport
from tandem.gateway.core.ended_orders import MAX_ENDED
from tandem.gateway.core.pending_order import Phase, from_doubt, in_doubt
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.gateway.core.sender import MAX_TICKETS
from tests.unit.tandem.gateway.sending import (
    CLOID,
    MS,
    TICKER,
    accepted_report,
    at,
    closed,
    fill_report,
    fresh,
    lookups,
    outcome,
    reports,
    sent,
    taker,
    ticket_of,
    write,
)


def test_order_past_the_fence_is_ready_at_once() -> None:
    sender = fresh()
    sender.take(ticket_of())
    assert sender.ready(urgent=False, mono_ns=0) is sender.get(CLOID)


def test_same_client_id_is_taken_once() -> None:
    sender = sent()
    sender.take(ticket_of())
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


def test_nothing_written_is_ready_again() -> None:
    sender = sent()
    sender.unwritten(1)
    assert sender.ready(urgent=False, mono_ns=0) is not None


def test_order_past_its_validity_is_refused_as_stale_with_both_numbers() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=100))
    report = reports(sender.tick(at(101)))[0]
    assert (report.reason, report.text) == (RejectReason.STALE, "valid_for_ms=100: 101 ms old")
    assert report.ts_event_ns == 0


def test_taker_goes_in_the_urgent_lane_and_is_stale_after_a_second() -> None:
    sender = fresh()
    sender.take(taker())
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
    sender.take(ticket)
    report = reports(sender.refuse(ticket, Refusal(RejectReason.SIZE, "lot")))[0]
    assert (report.reason, report.text, report.source) == (
        RejectReason.SIZE,
        "lot",
        ReportSource.LOCAL,
    )


def test_unsent_order_is_cancelled_where_it_waits() -> None:
    sender = fresh()
    sender.take(ticket_of())
    report = reports(sender.cancel_unsent(CLOID))[0]
    assert report.order_status is OrderStatus.CANCELLED
    assert report.cum_qty == 0
    assert sender.ready(urgent=False, mono_ns=0) is None


def test_order_on_the_wire_is_not_cancelled_as_unsent() -> None:
    assert sent().cancel_unsent(CLOID) == ()


def test_too_many_waiting_orders_are_refused_not_forgotten() -> None:
    sender = fresh()
    for number in range(MAX_TICKETS):
        sender.take(ticket_of(f"0x{number:032x}"))
    effects = sender.take(ticket_of("0xmore"))
    assert reports(effects)[0].reason is RejectReason.RATE_LIMIT


def test_one_too_many_that_may_be_at_the_venue_is_looked_up_and_never_refused() -> None:
    sender = fresh()
    for number in range(MAX_TICKETS):
        sender.take(ticket_of(f"0x{number:032x}"))
    assert sender.take(ticket_of(), may_be_there=True) == ()
    sender.suspect(CLOID, at(0))
    assert [one.cloid for one in lookups(sender.tick(at(1)))] == [CLOID]


def test_ticker_of_an_ended_order_is_remembered_for_a_while() -> None:
    sender = sent()
    sender.reported(CLOID)
    assert sender.ticker_of(CLOID) == TICKER
    for number in range(MAX_ENDED):
        cloid = f"0x{number:032x}"
        sender.take(ticket_of(cloid))
        sender.reported(ClientOrderId(cloid))
    assert sender.ticker_of(CLOID) is None


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


def test_no_hedge_goes_out_before_the_account_was_backfilled() -> None:
    sender = fresh()
    sender.backfilled_seq = None
    sender.take(taker())

    assert sender.ready(urgent=True, mono_ns=0) is None
    sender.backfilled_seq = 1
    assert sender.ready(urgent=True, mono_ns=0) is not None


def test_hedge_decided_before_the_backfill_is_stale() -> None:
    sender = fresh()
    sender.backfilled_seq = 5
    ticket = taker(as_of=4, seq=6)

    refused = sender.stale(ticket, at(0))

    assert refused is not None
    assert refused.reason is RejectReason.STALE
    assert sender.stale(taker(as_of=5, seq=6), at(0)) is None


def test_order_of_a_log_that_was_cut_is_not_sent_unless_it_is_read_again() -> None:
    sender = fresh()
    sender.take(ticket_of())

    sender.forget_unsent()

    assert len(sender.orders()) == 0
    sender.take(ticket_of())
    assert len(sender.orders()) == 1


def test_order_at_the_venue_outlives_a_cut_and_is_never_sent_again() -> None:
    sender = sent()

    sender.forget_unsent()

    (ticket,) = sender.orders()
    assert ticket.phase is Phase.SENT
    assert not ticket.is_valid(at(1))


def test_order_that_had_ended_in_a_log_that_was_cut_is_looked_up_and_never_sent() -> None:
    """The log kept what was asked for and lost the answer: nobody else would ever ask."""
    sender = sent()
    sender.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),)), at(5))

    sender.hold()
    sender.forget_unsent()
    sender.take(ticket_of())
    sender.pass_fence(at(10))

    assert [one.cloid for one in lookups(sender.tick(at(11)))] == [CLOID]
    (ticket,) = sender.orders()
    assert not ticket.is_valid(at(11))


def test_order_that_had_ended_and_is_asked_for_past_the_fence_must_be_suspected() -> None:
    sender = sent()
    sender.reported(CLOID)
    sender.forget_unsent()

    sender.take(ticket_of())

    assert sender.has_lost_end(CLOID)
    assert not sender.has_lost_end(ClientOrderId("0xother"))


@pytest.mark.parametrize("is_told", [False, True])
def test_end_that_only_we_said_is_found_anew_at_the_next_fence(is_told: bool) -> None:
    """The log takes no conclusion of a former sender: it may never have got this one."""
    sender = sent()
    sender.answered(1, outcome(OutcomeKind.REJECTED, reason=RejectReason.MARGIN), at(5))
    if is_told:
        sender.reported(CLOID)

    sender.hold()
    sender.pass_fence(at(1_000))

    assert [one.cloid for one in lookups(sender.tick(at(1_001)))] == [CLOID] * (not is_told)
    assert all(not ticket.is_valid(at(1_001)) for ticket in sender.orders())
    assert sender.ready(urgent=False, mono_ns=10**12) is None


def test_end_that_only_we_said_is_not_found_twice_when_it_is_read_again() -> None:
    sender = sent()
    sender.answered(1, outcome(OutcomeKind.REJECTED, reason=RejectReason.MARGIN), at(5))
    sender.hold()
    sender.forget_unsent()
    sender.take(ticket_of())

    sender.pass_fence(at(1_000))

    assert len(sender.orders()) == 1
    assert len(lookups(sender.tick(at(1_001)))) == 1


def test_order_known_by_a_doubt_alone_is_looked_up_whatever_the_former_sender_said() -> None:
    """A cut has lost its cause, and a takeover whoever was in doubt of it."""
    sender = closed()
    sender.take(from_doubt(in_doubt(ticket_of()), CLOID))

    sender.pass_fence(at(0), unsent_past=0)
    first = lookups(sender.tick(at(0)))
    sender.lookup_failed(CLOID, at(0))
    sender.tick(at(5_000))
    effects = sender.absent(CLOID, 5_000, at(5_000))
    sender.tick(at(6_000))
    effects += sender.absent(CLOID, 6_000, at(6_000))

    assert [one.cloid for one in first] == [CLOID]
    assert [one.reason for one in reports(effects)] == [RejectReason.NOT_SENT]


@pytest.mark.parametrize("is_suspected", [False, True])
def test_suspected_order_is_looked_up_though_the_former_sender_had_stopped_before_it(
    is_suspected: bool,
) -> None:
    """What it says of later intents, it did not say of one that the log got anew after a cut."""
    sender = closed()
    sender.take(ticket_of())
    if is_suspected:
        sender.suspect(CLOID, at(0))

    sender.pass_fence(at(0), unsent_past=1)

    is_ready = sender.ready(urgent=False, mono_ns=0) is not None
    assert is_ready is not is_suspected


def test_order_that_a_fill_has_shown_is_looked_up_whatever_the_former_sender_said() -> None:
    sender = closed()
    sender.take(ticket_of())
    sender.take_fact(fill_report())

    sender.pass_fence(at(0), unsent_past=1)

    assert sender.ready(urgent=False, mono_ns=0) is None
    assert [one.cloid for one in lookups(sender.tick(at(1)))] == [CLOID]


def test_suspected_order_is_looked_up_before_it_is_sent() -> None:
    sender = fresh()
    sender.take(ticket_of())

    sender.suspect(CLOID, at(0))

    assert sender.ready(urgent=False, mono_ns=0) is None
    assert [one.cloid for one in lookups(sender.tick(at(1)))] == [CLOID]
