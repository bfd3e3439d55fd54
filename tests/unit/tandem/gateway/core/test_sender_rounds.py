"""Which clocks and which rounds prove an absence, and how long anything waits for them."""

import pytest

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.order import RejectReason
from tandem.gateway.core.pending_order import (
    MAX_ERROR_MS,
    QUICK_LOOKUPS,
    ROUND_GAP_MS,
    SEND_BUDGET_MS,
    Phase,
)
from tandem.gateway.core.sender import LOOK_BACK_MS
from tests.unit.tandem.gateway.sending import (
    CLOID,
    HORIZON_MS,
    LONG_MS,
    MS,
    WINDOW_MS,
    at,
    closed,
    doubtful,
    fresh,
    lookups,
    outcome,
    reports,
    restarted,
    taker,
    ticket_of,
    write,
)

TICK_MS = 50


def test_horizon_covers_a_sender_frozen_before_its_write() -> None:
    """The former sender checked its right at the fence's own moment, its clock as wrong as it
    may be, froze, and wrote: that request lives until exactly here."""
    sender = restarted(1_000)
    frozen_stamp_ms = 1_000 + 5 + MAX_ERROR_MS + SEND_BUDGET_MS
    ticket = sender.get(CLOID)
    assert ticket is not None
    assert ticket.horizon_ms == frozen_stamp_ms + WINDOW_MS


@pytest.mark.parametrize("error_ms", [1, 40, 99])
def test_absence_is_proven_a_second_past_the_horizon_and_no_round_later(error_ms: int) -> None:
    """The clock that is read may be ahead of what the venue shows, by as much as its error."""
    sender = restarted(1_000)
    ticket = sender.get(CLOID)
    assert ticket is not None
    ms = 1_000
    while ticket.phase is Phase.DOUBT:
        for effect in lookups(sender.tick(at(ms, error_ms=error_ms))):
            shown_ms = ms - error_ms
            if effect.is_thorough and shown_ms > effect.past_ms:
                sender.absent(CLOID, shown_ms, at(ms, error_ms=error_ms))
            else:
                sender.lookup_failed(CLOID, at(ms, error_ms=error_ms))
        ms += TICK_MS
    assert ms <= ticket.horizon_ms + error_ms + ROUND_GAP_MS + 3 * TICK_MS


def test_clock_that_steps_between_rounds_proves_nothing_early() -> None:
    """Forward a second before the first round, back before the second: that one shows too little.

    At the end the venue has shown a whole second past the horizon, so that a step back of less
    revives nothing.
    """
    sender = doubtful()
    sender.tick(at(500))
    sender.absent(CLOID, 500 + 1_000, at(500))
    sender.tick(at(1_500))
    sender.absent(CLOID, 1_500, at(1_500))
    assert sender.count(Phase.DOUBT) == 1
    sender.tick(at(2_500))
    sender.absent(CLOID, 2_500, at(2_500))
    assert sender.count(Phase.READY) == 1


def test_clock_that_steps_back_behind_the_horizon_starts_the_rounds_anew() -> None:
    sender = doubtful()
    for ms, venue_ms in ((2_000, 2_000), (3_000, 900), (4_500, 2_400)):
        sender.tick(at(ms))
        sender.absent(CLOID, venue_ms, at(ms))
    assert sender.count(Phase.DOUBT) == 1


def test_venue_whose_time_stands_still_leaves_the_order_in_doubt() -> None:
    sender = doubtful()
    for ms in range(2_000, LONG_MS, 1_500):
        sender.tick(at(ms))
        sender.absent(CLOID, 1_500, at(ms))
    assert sender.count(Phase.DOUBT) == 1


def test_round_that_cannot_count_yet_says_from_when_it_will() -> None:
    sender = doubtful()
    [first] = lookups(sender.tick(at(2_000)))
    sender.absent(CLOID, 2_000, at(2_000))
    [second] = lookups(sender.tick(at(3_000)))
    assert (first.past_ms, second.past_ms) == (HORIZON_MS, 2_999)


def test_doubt_that_lasts_is_looked_up_ever_more_rarely() -> None:
    """Its rounds would use up what cancels and hedges need."""
    sender, ms = doubtful(), 0
    for _ in range(40):
        ms += 5_000
        assert len(lookups(sender.tick(at(ms)))) == 1
        sender.lookup_failed(CLOID, at(ms))
    assert lookups(sender.tick(at(ms + 4_999))) == []


def test_round_begun_within_a_second_of_the_last_does_not_count() -> None:
    """However late its answer came: it may show what the one before it showed."""
    sender = doubtful()
    sender.tick(at(2_000))
    sender.absent(CLOID, 2_000, at(2_000))
    sender.tick(at(2_500))
    sender.absent(CLOID, 3_500, at(9_000))
    assert sender.count(Phase.DOUBT) == 1


def test_pause_past_the_validity_is_a_rejection_at_once() -> None:
    """It would be stale by then; whoever asked learns why while it can still act."""
    sender = fresh()
    sender.take(taker())
    write(sender, 1, 0)
    throttled = outcome(
        OutcomeKind.NOT_EXECUTED, reason=RejectReason.RATE_LIMIT, retry_after_ms=1_001
    )
    [report] = reports(sender.answered(1, throttled, at(0)))
    assert (report.reason, report.source) == (RejectReason.RATE_LIMIT, ReportSource.ACK)


def test_waiting_for_limits_past_the_validity_ends_stale_and_unsent() -> None:
    sender = fresh()
    sender.take(taker())
    [report] = reports(sender.tick(at(1_001)))
    assert report.reason is RejectReason.STALE
    assert sender.ready(urgent=True, mono_ns=LONG_MS * MS) is None


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 0, 3_600_000])
def test_fills_are_asked_from_before_the_intent_whatever_the_log_server_thinks_the_time_is(
    ahead_ms: int,
) -> None:
    """The intent is 2 s old; the log's clock is an hour off, the venue's is not ours to judge."""
    sender = closed()
    sender.take(ticket_of(ts_ms=10**7 + ahead_ms))
    now = at(10**7 + ahead_ms + 2_000, venue_ms=50_000_000)
    sender.pass_fence(now)
    [look] = lookups(sender.tick(now))
    assert look.since_ms == 50_000_000 - 2_000 - LOOK_BACK_MS


def test_e6_a_venue_that_is_back_is_asked_at_once() -> None:
    """While it was away each lookup waited longer than the one before, up to five seconds."""
    sender, ms = restarted(1_000), 1_000
    for _ in range(QUICK_LOOKUPS * 2):
        while not lookups(sender.tick(at(ms))):
            ms += TICK_MS
        sender.lookup_failed(CLOID, at(ms))
    assert not lookups(sender.tick(at(ms + TICK_MS)))

    sender.orders()[0].look_now(at(ms + TICK_MS))

    assert lookups(sender.tick(at(ms + TICK_MS)))


def test_e6_a_round_that_counted_keeps_its_distance_when_the_venue_is_back() -> None:
    sender, ms = restarted(1_000), HORIZON_MS * 4
    assert lookups(sender.tick(at(ms)))
    sender.absent(CLOID, ms, at(ms))

    sender.orders()[0].look_now(at(ms))

    assert not lookups(sender.tick(at(ms + TICK_MS)))
