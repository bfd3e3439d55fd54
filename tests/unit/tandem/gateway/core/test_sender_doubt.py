"""The in-doubt book: nothing is sent twice without proof."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.domain.execution import OutcomeKind
from tandem.domain.order import OrderStatus, RejectReason
from tandem.gateway.core.effects import LogReport
from tandem.gateway.core.pending_order import MAX_ERROR_MS, Phase, from_doubt, in_doubt
from tests.unit.tandem.gateway.sending import (
    CLOID,
    MS,
    TIMEOUT_MS,
    WINDOW_MS,
    accepted_report,
    at,
    closed,
    fresh,
    lookups,
    outcome,
    reports,
    sent,
    ticket_of,
    write,
)


def test_order_before_the_fence_is_held_then_looked_up_and_never_ready() -> None:
    sender = closed()
    sender.take(ticket_of())
    assert sender.ready(urgent=False, mono_ns=0) is None
    sender.pass_fence(at(1_000))
    effects = sender.tick(at(1_000))
    assert [one.cloid for one in lookups(effects)] == [CLOID]
    assert sender.ready(urgent=False, mono_ns=10**12) is None


def test_held_order_with_a_report_in_the_log_is_not_looked_up() -> None:
    sender = closed()
    sender.take(ticket_of())
    sender.reported(CLOID)
    sender.pass_fence(at(0))
    assert sender.tick(at(10_000)) == ()


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
    assert sender.found(CLOID, (accepted_report(),), at(5)) == (LogReport(accepted_report()),)
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
    sender.tick(at(3_000))
    assert sender.absent(CLOID, 2_100, at(3_010)) == ()
    assert sender.ready(urgent=False, mono_ns=3_010 * MS) is not None


def test_proven_absent_past_validity_is_rejected_as_not_sent() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=100))
    write(sender, 1, 0)
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    sender.tick(at(3_000))
    assert reports(sender.absent(CLOID, 2_100, at(3_010)))[0].reason is RejectReason.NOT_SENT


def test_horizon_of_a_held_order_counts_from_the_fence() -> None:
    sender = closed()
    sender.take(ticket_of(valid_for_ms=60_000))
    sender.pass_fence(at(10_000))
    sender.tick(at(10_000))
    horizon = 10_000 + 500 + WINDOW_MS + 5 + MAX_ERROR_MS
    for ms, shown_ms in ((12_000, horizon), (14_000, horizon), (16_000, horizon + 1)):
        sender.tick(at(ms))
        sender.absent(CLOID, shown_ms, at(ms))
    assert sender.count(Phase.DOUBT) == 1
    sender.tick(at(18_000))
    sender.absent(CLOID, horizon + 1_001, at(18_000))
    assert sender.count(Phase.READY) == 1


def test_absence_reported_while_the_order_is_on_the_wire_again_is_ignored() -> None:
    sender = sent()
    sender.lost(1, at(0))
    sender.absent(CLOID, 1_011, at(2_000))
    sender.tick(at(3_000))
    sender.absent(CLOID, 2_100, at(3_010))
    write(sender, 2, 3_100)
    sender.absent(CLOID, 9_999, at(3_200))
    sender.absent(CLOID, 11_999, at(5_300))
    assert sender.count(Phase.READY) == 0


def test_answer_to_a_request_proven_dead_frees_nothing() -> None:
    sender = sent(1)
    sender.answered(1, outcome(OutcomeKind.NOT_EXECUTED), at(5))
    write(sender, 2, 10)
    sender.answered(1, outcome(OutcomeKind.NOT_EXECUTED), at(15))
    assert sender.ready(urgent=False, mono_ns=10**12) is None


STEPS = st.lists(
    st.sampled_from(("send", "accept", "reject", "again", "unknown", "lose", "wait", "absent")),
    max_size=30,
)


@settings(max_examples=300)
@given(STEPS)
def test_a_request_that_may_live_is_never_joined_by_another(steps: list[str]) -> None:
    """Whatever answers come, a second request is written only after the first is proven dead."""
    sender, now_ms, call, alive = fresh(), 0, 0, False
    sender.take(ticket_of(valid_for_ms=10**9))
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
            sender.tick(at(now_ms))
            ticket = sender.get(CLOID)
            if ticket is not None and ticket.phase is Phase.DOUBT and now_ms > ticket.horizon_ms:
                proofs += 1
            sender.absent(CLOID, now_ms, at(now_ms))
            alive = alive and proofs < 2


def test_c3_a_doubt_carries_the_venues_words() -> None:
    said = "HTTP 503 -1000 Unknown error, please check your request or try again later."

    (doubt,) = reports(sent().answered(1, outcome(OutcomeKind.UNKNOWN, text=said), at(3)))

    assert doubt.in_doubt
    assert doubt.text.endswith(f": {said}")


def test_c3_a_doubt_without_an_answer_says_how_that_came() -> None:
    (overdue,) = reports(sent().tick(at(TIMEOUT_MS)))
    (cut,) = reports(sent().lost(1, at(3)))

    assert overdue.text.endswith(f": no answer within {TIMEOUT_MS} ms")
    assert cut.text.endswith(": the connection ended before an answer came")


def test_c3_a_refusal_of_what_another_may_have_sent_is_a_doubt_in_its_words() -> None:
    sender = sent()
    sender.hold()

    effects = sender.answered(1, outcome(OutcomeKind.REJECTED, text="HTTP 400 -4202 no"), at(3))

    assert reports(effects)[0].text.endswith(": HTTP 400 -4202 no")


def test_c3_what_is_proven_absent_keeps_what_was_said_when_it_was_sent() -> None:
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=1))
    write(sender, 1, 0)
    sender.answered(1, outcome(OutcomeKind.UNKNOWN, text="HTTP 502 Bad Gateway"), at(3))
    sender.absent(CLOID, WINDOW_MS + 100, at(WINDOW_MS + 100))
    sender.tick(at(WINDOW_MS + 1_200))

    (ended,) = reports(sender.absent(CLOID, WINDOW_MS + 1_200, at(WINDOW_MS + 1_200)))

    assert ended.reason is RejectReason.NOT_SENT
    assert ended.text.endswith(": HTTP 502 Bad Gateway")


def test_c3_a_doubt_read_from_the_log_keeps_its_words_and_is_told_in_the_same() -> None:
    (doubt,) = reports(sent().answered(1, outcome(OutcomeKind.UNKNOWN, text="HTTP 500"), at(3)))

    assert in_doubt(from_doubt(doubt, CLOID)).text == doubt.text
