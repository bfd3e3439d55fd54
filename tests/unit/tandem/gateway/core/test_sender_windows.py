"""Each window in which a crash, a loss or a clock could double an order or lose its outcome."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Ticker
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core import sender as sender_module
from tandem.gateway.core.effects import Alarm, LogReport
from tandem.gateway.core.pending_order import Phase
from tandem.gateway.core.sender import MAX_TICKETS
from tests.unit.tandem.gateway.sending import (
    CLOID,
    HORIZON_MS,
    LONG_MS,
    MS,
    TIMEOUT_MS,
    accepted_report,
    at,
    closed,
    doubtful,
    fill_report,
    fresh,
    lookups,
    outcome,
    prove_absent,
    reports,
    restarted,
    sent,
    ticket_of,
    write,
)


def test_crash_before_the_write_sends_once_after_proven_absence() -> None:
    sender = restarted()
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None
    prove_absent(sender, 5_000)
    assert sender.ready(urgent=False, mono_ns=6_000 * MS) is not None
    write(sender, 1, 6_001)
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


def test_crash_after_the_write_finds_the_order() -> None:
    sender = restarted()
    assert [one.cloid for one in lookups(sender.tick(at(1_000)))] == [CLOID]
    assert sender.found(CLOID, (accepted_report(),), at(1_010)) == (LogReport(accepted_report()),)
    assert CLOID not in sender


def test_crash_after_the_answer_finds_the_order_again() -> None:
    """The former process had its answer and not the time to log it: the venue still knows."""
    former = sent()
    former.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),)), at(5))
    sender = restarted()
    sender.tick(at(1_000))
    sender.found(CLOID, (accepted_report(),), at(1_010))
    assert CLOID not in sender


def test_tail_sent_by_an_earlier_process_is_adopted() -> None:
    """Some of the log's last intents were sent, some were not: each is asked for."""
    sender = closed()
    for number in range(3):
        sender.take(ticket_of(f"0x{number}", valid_for_ms=LONG_MS))
    first = msgspec.structs.replace(accepted_report(), client_order_id=ClientOrderId("0x0"))
    sender.take_fact(first)
    sender.pass_fence(at(1_000))
    assert sorted(one.cloid for one in lookups(sender.tick(at(1_000)))) == ["0x1", "0x2"]
    assert sender.count(Phase.READY) == 0


def test_lost_answer_of_an_executed_order_is_found() -> None:
    sender = sent()
    [look] = lookups(sender.tick(at(TIMEOUT_MS)))
    assert not look.is_thorough
    sender.found(CLOID, (accepted_report(),), at(TIMEOUT_MS + 5))
    assert CLOID not in sender
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


def test_lost_answer_of_an_order_that_never_arrived_is_resent() -> None:
    sender = doubtful()
    prove_absent(sender, HORIZON_MS + 1)
    write(sender, 2, HORIZON_MS + 1_002)
    assert sender.count(Phase.SENT) == 1


def test_order_arriving_after_the_query_is_found_before_the_horizon() -> None:
    """What the venue does not know yet may still arrive: only a round past its expiry counts."""
    sender = doubtful()
    for ms in (600, 1_000):
        sender.absent(CLOID, ms, at(ms))
    assert sender.count(Phase.DOUBT) == 1
    [look] = lookups(sender.tick(at(HORIZON_MS + 1_000)))
    assert look.is_thorough
    sender.found(CLOID, (accepted_report(),), at(HORIZON_MS + 1_010))
    assert CLOID not in sender


@pytest.mark.parametrize("how", ["answered", "lost", "overdue"])
def test_unclear_answer_is_looked_up_and_never_rejected(how: str) -> None:
    sender = sent()
    effects = {
        "answered": lambda: sender.answered(1, outcome(OutcomeKind.UNKNOWN), at(3)),
        "lost": lambda: sender.lost(1, at(3)),
        "overdue": lambda: sender.tick(at(TIMEOUT_MS)),
    }[how]()
    assert [one.in_doubt for one in reports(effects)] == [True]
    assert len(lookups(effects)) == 1
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


def test_duplicate_client_id_adopts_the_order_that_rests() -> None:
    """The resend met its own first request: by proof it cannot, but the venue has the word."""
    sender = doubtful()
    prove_absent(sender, HORIZON_MS + 1)
    write(sender, 2, HORIZON_MS + 1_002)
    duplicate = outcome(OutcomeKind.UNKNOWN, text="HTTP 400 -4116 ClientOrderId is duplicated.")
    effects = sender.answered(2, duplicate, at(HORIZON_MS + 1_010))
    assert [one for one in reports(effects) if one.order_status is OrderStatus.REJECTED] == []
    sender.found(CLOID, (accepted_report(),), at(HORIZON_MS + 1_020))
    assert CLOID not in sender


def test_not_found_before_the_horizon_is_never_absence() -> None:
    sender = doubtful()
    for ms in range(0, HORIZON_MS, 200):
        sender.absent(CLOID, ms, at(ms))
    sender.absent(CLOID, HORIZON_MS, at(LONG_MS))
    assert sender.count(Phase.DOUBT) == 1


def test_duplicate_nonce_is_looked_up_and_proves_nothing() -> None:
    sender = sent()
    duplicate = outcome(OutcomeKind.UNKNOWN, text="Invalid nonce: duplicate nonce 1")
    assert len(lookups(sender.answered(1, duplicate, at(3)))) == 1
    assert sender.count(Phase.DOUBT) == 1


def test_redelivered_intent_joins_its_order_in_every_phase() -> None:
    for sender in (restarted(), sent(), doubtful(), fresh()):
        sender.take(ticket_of())
        before = [(one.cloid, one.phase, one.call) for one in sender.orders()]
        assert sender.take(ticket_of()) == ()
        assert [(one.cloid, one.phase, one.call) for one in sender.orders()] == before


def test_redelivered_intent_of_an_ended_order_is_ignored() -> None:
    """The order ended here, and the log has not told its report back yet."""
    sender = sent()
    sender.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),)), at(5))
    assert sender.take(ticket_of()) == ()
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


def test_takeover_looks_up_whatever_the_former_sender_may_have_sent() -> None:
    sender = closed()
    sender.take(ticket_of(valid_for_ms=LONG_MS))
    assert sender.tick(at(LONG_MS)) == ()
    sender.pass_fence(at(LONG_MS))
    assert len(lookups(sender.tick(at(LONG_MS)))) == 1
    assert sender.count(Phase.READY) == 0


def test_order_waiting_when_the_right_is_lost_is_looked_up() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=LONG_MS))
    sender.hold()
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None
    assert sender.cancel_unsent(CLOID) == ()
    sender.pass_fence(at(2_000))
    assert len(lookups(sender.tick(at(2_000)))) == 1
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


def test_nothing_is_proven_absent_without_the_right_to_send() -> None:
    sender = doubtful()
    sender.absent(CLOID, 5_000, at(5_000))
    sender.hold()
    sender.absent(CLOID, 6_500, at(6_500))
    sender.absent(CLOID, 8_000, at(8_000))
    assert sender.tick(at(9_000)) == ()
    assert sender.count(Phase.DOUBT) == 1


def test_doubt_starts_anew_at_each_fence() -> None:
    """Another sender may have proven the absence, and sent it again, in between."""
    sender = doubtful()
    sender.absent(CLOID, 5_000, at(5_000))
    sender.pass_fence(at(6_000))
    sender.absent(CLOID, 7_000, at(7_000))
    sender.absent(CLOID, 7_400, at(8_100))
    assert sender.count(Phase.DOUBT) == 1


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.NOT_EXECUTED])
def test_refusal_after_a_takeover_does_not_end_the_order(kind: OutcomeKind) -> None:
    """It speaks of our request, not of the one that another sender may have made since."""
    sender = sent()
    sender.hold()
    effects = sender.answered(1, outcome(kind, reason=RejectReason.MARGIN), at(5))
    assert [one.in_doubt for one in reports(effects)] == [True]
    assert sender.count(Phase.DOUBT) == 1


def test_acceptance_after_a_takeover_ends_the_order() -> None:
    sender = sent()
    sender.hold()
    sender.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),)), at(5))
    assert CLOID not in sender


def test_nothing_written_after_a_takeover_is_looked_up() -> None:
    sender = sent()
    sender.hold()
    sender.unwritten(1)
    assert sender.count(Phase.DOUBT) == 1


def test_nothing_written_is_ready_again_even_when_overdue() -> None:
    sender = sent()
    sender.tick(at(TIMEOUT_MS))
    sender.unwritten(1)
    assert sender.count(Phase.READY) == 1


def test_answer_to_a_request_of_an_earlier_reign_frees_nothing_in_the_next() -> None:
    sender = sent()
    sender.hold()
    sender.pass_fence(at(2_000))
    sender.answered(1, outcome(OutcomeKind.NOT_EXECUTED), at(2_001))
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None


@pytest.mark.parametrize("is_resent", [False, True])
def test_acceptance_after_proven_absence_raises_an_alarm(is_resent: bool) -> None:
    sender = doubtful()
    prove_absent(sender, HORIZON_MS + 1)
    if is_resent:
        write(sender, 2, HORIZON_MS + 1_002)
    accepted = outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),))
    effects = sender.answered(1, accepted, at(4_000))
    assert [type(one) for one in effects] == [LogReport, Alarm]
    assert sender.count(Phase.READY) == 0
    assert sender.count(Phase.SENT) == int(is_resent)


def test_refusal_after_proven_absence_only_confirms_it() -> None:
    sender = doubtful()
    prove_absent(sender, HORIZON_MS + 1)
    assert sender.answered(1, outcome(OutcomeKind.REJECTED), at(4_000)) == ()
    assert sender.count(Phase.READY) == 1


def test_acceptance_after_the_order_was_given_up_raises_an_alarm() -> None:
    sender = doubtful(valid_for_ms=500)
    sender.tick(at(HORIZON_MS + 1))
    sender.absent(CLOID, HORIZON_MS + 1, at(HORIZON_MS + 1))
    sender.tick(at(HORIZON_MS + 1_001))
    sender.absent(CLOID, HORIZON_MS + 1_001, at(HORIZON_MS + 1_001))
    accepted = outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),))
    assert Alarm in {type(one) for one in sender.answered(1, accepted, at(9_000))}


def test_requests_proven_dead_are_remembered_up_to_a_bound() -> None:
    sender = fresh()
    for number in range(1_001):
        sender.take(ticket_of(f"0x{number}", valid_for_ms=0))
        write(sender, number + 1, 0)
        cloid = ClientOrderId(f"0x{number}")
        sender.lost(number + 1, at(0))
        for ms in (2_000, 3_500):
            sender.lookup_failed(cloid, at(ms - 1_000))
            sender.tick(at(ms))
            sender.absent(cloid, ms, at(ms))
    accepted = outcome(OutcomeKind.ACCEPTED, facts=(accepted_report(),))
    assert [type(one) for one in sender.answered(1, accepted, at(9_000))] == [LogReport]
    assert Alarm in {type(one) for one in sender.answered(2, accepted, at(9_000))}


def test_acceptance_that_says_nothing_is_looked_up() -> None:
    effects = sent().answered(1, outcome(OutcomeKind.ACCEPTED), at(5))
    assert len(lookups(effects)) == 1


def test_fill_alone_ends_no_order_and_forbids_a_resend() -> None:
    """An IOC's end may be told never: the order is asked for until its state is known."""
    sender = doubtful()
    sender.take_fact(fill_report())
    for ms in range(5_000, LONG_MS, 5_000):
        assert len(lookups(sender.tick(at(ms)))) == 1
        sender.absent(CLOID, ms, at(ms))
    assert sender.count(Phase.DOUBT) == 1
    sender.tick(at(LONG_MS))
    sender.found(CLOID, (accepted_report(),), at(LONG_MS + 10))
    assert CLOID not in sender


def test_lookup_that_finds_only_fills_goes_on() -> None:
    sender = doubtful()
    sender.tick(at(2_000))
    assert sender.found(CLOID, (fill_report(),), at(2_010)) == (LogReport(fill_report()),)
    assert len(lookups(sender.tick(at(4_000)))) == 1


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.NOT_EXECUTED])
def test_refusal_of_an_order_that_traded_is_looked_up(kind: OutcomeKind) -> None:
    sender = sent()
    sender.take_fact(fill_report())
    assert len(lookups(sender.answered(1, outcome(kind), at(5)))) == 1


def test_fill_of_an_order_about_to_be_resent_stops_it() -> None:
    sender = doubtful()
    prove_absent(sender, HORIZON_MS + 1)
    sender.take_fact(fill_report())
    assert sender.ready(urgent=False, mono_ns=LONG_MS * MS) is None
    assert sender.count(Phase.DOUBT) == 1


def test_facts_of_other_orders_and_doubts_change_nothing() -> None:
    sender = sent()
    sender.take_fact(fill_report(ClientOrderId("0xother")))
    sender.take_fact(msgspec.structs.replace(accepted_report(), in_doubt=True))
    assert sender.count(Phase.SENT) == 1


def test_backlog_beyond_the_bound_is_never_refused_before_the_fence() -> None:
    """Each of them may have been sent: a refusal would be a lie."""
    sender = closed()
    for number in range(MAX_TICKETS + 1):
        assert sender.take(ticket_of(f"0x{number}")) == ()
    assert sender.count(Phase.HELD) == MAX_TICKETS + 1


def test_every_window_that_the_sender_lists_has_its_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", sender_module.__doc__ or ""))
    here = Path(__file__).parent
    written = {
        name
        for path in here.glob("test_sender*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert named
    assert named - written == set()


def test_order_of_a_ticker_is_looked_up_under_that_ticker() -> None:
    sender = restarted()
    assert [one.ticker for one in lookups(sender.tick(at(1_000)))] == [Ticker("SOL")]


def test_what_was_asked_for_after_the_former_sender_stopped_goes_at_once() -> None:
    sender = closed()
    sender.take(replace(ticket_of("0x01"), seq=7))
    sender.take(replace(ticket_of("0x02"), seq=8))
    sender.pass_fence(at(0), unsent_past=7)
    assert (sender.count(Phase.DOUBT), sender.count(Phase.READY)) == (1, 1)
    ready = sender.ready(urgent=False, mono_ns=0)
    assert ready is sender.get(ClientOrderId("0x02"))
