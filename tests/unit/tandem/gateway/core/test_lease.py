"""The lease of one copy: when it may send, what it writes, and what ends its right."""

from tandem.gateway.core.lease import Lease, LeaseTimes, Look, Record, Write, lease_times

TTL, MARGIN = 1_000, 100
PATIENCE = TTL + MARGIN
OTHER = Record(holder="other", term=7)


def fresh() -> Lease:
    return Lease("me", LeaseTimes(TTL, MARGIN))


def seeing(record: Record | None, seq: int = 5, at: int = 0) -> Lease:
    lease = fresh()
    lease.saw(seq if record is not None else 0, record, at)
    return lease


def write_of(lease: Lease, at: int, handicap: int | None = 0) -> Write:
    due = lease.due(at, handicap)
    assert isinstance(due, Write)
    return due


def taken(lease: Lease, at: int, seq: int) -> Write:
    """Let it write what is due at `at`; the answer comes 10 later."""
    write = write_of(lease, at)
    lease.begin(write, at)
    lease.stored(seq, at + 10)
    return write


def holding(at: int = 10_000) -> Lease:
    """A copy that took over from `OTHER` at `at`, with revision 6."""
    lease = seeing(OTHER, at=at - PATIENCE)
    taken(lease, at, 6)
    return lease


def test_it_looks_before_it_does_anything() -> None:
    assert fresh().due(10**9, 0) == Look()


def test_missing_record_is_waited_for_like_a_live_one() -> None:
    lease = seeing(None)
    assert lease.due(PATIENCE - 1, 0) == Look()
    assert lease.due(PATIENCE, 0) == Write(Record(holder="me", term=1), 0)


def test_unchanged_record_is_taken_after_its_time_and_the_margin() -> None:
    lease = seeing(OTHER)
    assert lease.due(PATIENCE - 1, 0) == Look()
    assert lease.due(PATIENCE, 0) == Write(Record(holder="me", term=8), 5)


def test_renewal_of_the_other_starts_the_wait_again() -> None:
    lease = seeing(OTHER)
    lease.saw(6, OTHER, 900)
    assert lease.due(PATIENCE, 0) == Look()
    assert lease.due(900 + PATIENCE, 0) == Write(Record(holder="me", term=8), 6)


def test_seeing_the_same_revision_again_does_not() -> None:
    lease = seeing(OTHER)
    lease.saw(5, OTHER, 900)
    assert isinstance(lease.due(PATIENCE, 0), Write)


def test_released_record_is_taken_at_once() -> None:
    lease = seeing(Record(holder="other", term=7, is_released=True))
    assert lease.due(1, 0) == Write(Record(holder="me", term=8), 5)


def test_unfit_copy_lets_it_lie_longer_and_one_that_is_behind_for_ever() -> None:
    lease = seeing(Record(holder="other", term=7, is_released=True))
    assert not isinstance(lease.due(499, 500), Write)
    assert isinstance(lease.due(500, 500), Write)
    assert not isinstance(lease.due(10**9, None), Write)


def test_it_is_held_from_before_the_write_for_its_time_less_the_margin() -> None:
    lease = holding(at=10_000)
    assert lease.term_at(10_000 + TTL - MARGIN - 1) == 8
    assert lease.term_at(10_000 + TTL - MARGIN) == 0


def test_answer_that_comes_too_late_holds_nothing() -> None:
    lease = seeing(OTHER)
    lease.begin(write_of(lease, PATIENCE), PATIENCE)
    lease.stored(6, PATIENCE + TTL)
    assert not lease.holds(PATIENCE + TTL)


def test_renewal_is_due_after_a_quarter_and_prolongs() -> None:
    lease = holding(at=10_000)
    assert lease.due(10_249, 0) is None
    write = taken(lease, 10_250, 7)
    assert write == Write(Record(holder="me", term=8), 6)
    assert lease.holds(10_250 + TTL - MARGIN - 1)
    assert not lease.holds(10_250 + TTL - MARGIN)


def test_lost_comparison_ends_it_at_once() -> None:
    lease = holding(at=10_000)
    lease.begin(write_of(lease, 10_300), 10_300)
    lease.refused()
    assert not lease.holds(10_301)
    assert lease.due(10_301, 0) == Look()


def test_foreign_record_ends_it_at_once() -> None:
    lease = holding(at=10_000)
    lease.look_again()
    lease.saw(7, Record(holder="other", term=9), 10_100)
    assert not lease.holds(10_101)


def test_unanswered_renewal_that_was_stored_prolongs_from_its_beginning() -> None:
    lease = holding(at=10_000)
    lease.begin(write_of(lease, 10_300), 10_300)
    lease.unanswered()
    assert lease.due(10_700, 0) == Look()
    lease.saw(7, Record(holder="me", term=8), 10_700)
    assert lease.holds(10_300 + TTL - MARGIN - 1)
    assert not lease.holds(10_300 + TTL - MARGIN)


def test_unanswered_renewal_that_was_not_stored_prolongs_nothing() -> None:
    lease = holding(at=10_000)
    lease.begin(write_of(lease, 10_300), 10_300)
    lease.unanswered()
    lease.saw(6, Record(holder="me", term=8), 10_700)
    assert lease.holds(10_000 + TTL - MARGIN - 1)
    assert not lease.holds(10_000 + TTL - MARGIN)


def test_second_unanswered_renewal_counts_from_the_first() -> None:
    lease = holding(at=10_000)
    for at in (10_300, 10_600):
        lease.begin(write_of(lease, at), at)
        lease.unanswered()
        lease.saw(6, Record(holder="me", term=8), at + 10)
    lease.look_again()
    lease.saw(7, Record(holder="me", term=8), 10_700)
    assert not lease.holds(10_300 + TTL - MARGIN)


def test_unanswered_taking_is_not_believed_even_if_it_was_stored() -> None:
    lease = seeing(OTHER)
    lease.begin(write_of(lease, PATIENCE), PATIENCE)
    lease.unanswered()
    lease.saw(6, Record(holder="me", term=8), PATIENCE + 20)
    assert not lease.holds(PATIENCE + 21)


def test_lease_that_ran_out_untouched_is_taken_again_at_once_with_a_new_term() -> None:
    lease = holding(at=10_000)
    assert lease.due(20_000, 0) == Write(Record(holder="me", term=9), 6)
    taken(lease, 20_000, 7)
    assert lease.term_at(20_020) == 9


def test_new_connection_makes_it_wait_again() -> None:
    lease = holding(at=10_000)
    lease.unseen()
    lease.saw(6, Record(holder="me", term=8), 20_000)
    assert lease.due(20_000 + PATIENCE - 1, 0) == Look()
    assert lease.due(20_000 + PATIENCE, 0) == Write(Record(holder="me", term=9), 6)


def test_new_connection_keeps_what_is_held_until_its_time() -> None:
    lease = holding(at=10_000)
    lease.unseen()
    assert lease.holds(10_000 + TTL - MARGIN - 1)


def test_answer_from_before_a_new_connection_counts_for_nothing() -> None:
    lease = seeing(None)
    lease.begin(write_of(lease, PATIENCE), PATIENCE)
    lease.unseen()
    lease.stored(1, PATIENCE + 5)
    assert not lease.holds(PATIENCE + 6)


def test_higher_term_in_the_log_ends_it_and_is_outdone() -> None:
    lease = holding(at=10_000)
    lease.outranked(12)
    assert not lease.holds(10_001)
    lease.saw(6, Record(holder="me", term=8), 10_020)
    assert not isinstance(lease.due(10_020 + PATIENCE - 1, 0), Write)
    assert write_of(lease, 10_020 + PATIENCE).record.term == 13


def test_lower_term_in_the_log_is_history() -> None:
    lease = holding(at=10_000)
    lease.outranked(7)
    assert lease.holds(10_001)


def test_giving_it_back_ends_it_before_the_write_is_made() -> None:
    lease = holding(at=10_000)
    lease.leave()
    write = write_of(lease, 10_050)
    assert write == Write(Record(holder="me", term=8, is_released=True), 6)
    lease.begin(write, 10_050)
    assert not lease.holds(10_050)
    assert not lease.is_left
    lease.stored(7, 10_060)
    assert lease.is_left
    assert lease.due(99_999, 0) is None


def test_stepping_aside_gives_it_back_and_goes_on_taking_part() -> None:
    lease = holding(at=10_000)
    lease.step_aside()
    write = write_of(lease, 10_050)
    assert write == Write(Record(holder="me", term=8, is_released=True), 6)
    lease.begin(write, 10_050)
    lease.stored(7, 10_060)
    assert not lease.holds(10_061)
    assert not isinstance(lease.due(10_060 + 499, 500), Write)
    assert write_of(lease, 10_060 + 500, 500).record == Record(holder="me", term=9)


def test_copy_that_leaves_gives_back_nothing_of_anothers() -> None:
    lease = seeing(OTHER)
    lease.leave()
    assert lease.is_left
    assert lease.due(99_999, 0) is None


def test_standby_is_a_copy_that_saw_another_renew() -> None:
    lease = seeing(OTHER)
    assert not lease.is_standby(1)
    lease.saw(6, OTHER, 300)
    assert lease.is_standby(300 + PATIENCE - 1)
    assert not lease.is_standby(300 + PATIENCE)


def test_no_copy_stands_by_for_one_that_has_left() -> None:
    lease = seeing(OTHER)
    lease.saw(6, Record(holder="other", term=7, is_released=True), 300)
    assert not lease.is_standby(301)


def test_answer_to_nothing_changes_nothing() -> None:
    lease = seeing(OTHER)
    lease.stored(9, 10)
    assert not lease.holds(11)
    assert not isinstance(lease.due(11, 0), Write)


def test_margins_follow_from_the_time() -> None:
    assert lease_times(1_200) == LeaseTimes(1_200_000_000, 120_000_000)
