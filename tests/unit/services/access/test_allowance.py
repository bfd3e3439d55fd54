"""How much a strategy may ask for, and how more than that is refused."""

from services.access.allowance import NS, Allowance, Allowances, OpenCalls
from services.access.config import FairUse
from tandem.messages.access import CallRefused


def test_e12_a_burst_is_granted_then_the_rate() -> None:
    allowance, now_ns = Allowance("intents", 10, 1, 20), 5 * NS

    granted = sum(allowance.take(now_ns) is None for _ in range(100))
    later = sum(allowance.take(now_ns + n * NS // 100) is None for n in range(1, 101))

    assert (granted, later) == (20, 10)


def test_e12_a_refusal_names_what_was_asked_and_the_limit() -> None:
    allowance = Allowance("intents", 10, 1, 2)
    told = [allowance.take(NS) for _ in range(5)]

    assert told[:2] == [None, None]
    assert told[4] == CallRefused(
        field="intents",
        value="5 within a second",
        rule="at most 10 a second, 2 at once",
        retryable=True,
    )
    epochs = Allowance("epochs", 6, 60, 1)
    assert epochs.take(NS) is None
    refused = epochs.take(2 * NS)
    assert refused is not None
    assert (refused.value, refused.rule) == ("1 within a second", "at most 6 in 60 s, 1 at once")
    assert epochs.take(12 * NS) is None


def test_what_was_taken_too_much_is_waited_for() -> None:
    allowance = Allowance("calls", 100, 1, 10)
    for _ in range(30):
        allowance.spend(NS)

    assert allowance.wait_s(NS) == 0.2
    assert allowance.wait_s(NS + NS // 10) == 0.1
    assert allowance.wait_s(2 * NS) == 0.0


def test_time_that_goes_back_grants_nothing() -> None:
    allowance = Allowance("calls", 100, 1, 1)
    assert allowance.take(10 * NS) is None
    assert allowance.take(9 * NS) is not None


def test_e12_open_calls_are_bounded_by_their_kind() -> None:
    calls = OpenCalls()
    assert [calls.enter("venue_asks", 2) for _ in range(2)] == [None, None]
    refused = calls.enter("venue_asks", 2)
    assert refused is not None
    assert (refused.field, refused.value, refused.rule, refused.retryable) == (
        "venue_asks",
        "3",
        "at most 2 unanswered at once",
        True,
    )
    assert calls.enter("pages", 1) is None
    calls.leave("venue_asks")
    assert calls.enter("venue_asks", 2) is None


def test_the_settings_are_what_is_allowed() -> None:
    allowed = Allowances.of(FairUse(intents_per_s=7, intents_burst=9, venue_asks_per_min=3))
    assert (allowed.intents.most, allowed.intents.burst) == (7, 9)
    assert (allowed.venue_asks.most, allowed.venue_asks.period_s) == (3, 60)


def test_e12_what_is_read_of_the_wire_is_paced_by_calls_and_by_bytes() -> None:
    allowed = Allowances.of(FairUse(calls_per_s=10, bytes_per_s=1_000))
    assert allowed.pause_s(NS, 1_000) == 0.0
    assert allowed.pause_s(NS, 500) == 0.5
    for _ in range(20):
        allowed.take_call(NS)
    assert allowed.pause_s(NS, 0) == 1.0


def test_e12_a_strategy_s_share_of_the_log_is_a_day_s_and_refused_by_name() -> None:
    allowed = Allowances.of(FairUse(intents_per_day=86_400, intents_per_s=10**6))
    granted = sum(allowed.take_intent(NS) is None for _ in range(500))
    for n in range(1, 200_000):
        granted += allowed.take_intent(NS + n * NS // 10) is None
    last, refused = (allowed.take_intent(NS + 20_000 * NS) for _ in range(2))

    assert granted == 43_200 + 20_000 - 1
    assert last is None
    assert refused is not None
    assert refused.field == "intents_a_day"
    assert refused.rule == "at most 86400 in 86400 s, 43200 at once"


def test_e12_epochs_are_a_minute_s_and_a_day_s_and_count_once_they_are_begun() -> None:
    allowed = Allowances.of(FairUse(epochs_per_min=2, epochs_per_day=3))
    for second in (1, 2):
        assert allowed.epochs_exhausted(second * NS) is None
        allowed.epoch_begun(second * NS)
    refused = allowed.epochs_exhausted(3 * NS)
    assert refused is not None
    assert refused.field == "epochs"

    assert allowed.epochs_exhausted(100 * NS) is None
    allowed.epoch_begun(100 * NS)
    refused = allowed.epochs_exhausted(200 * NS)
    assert refused is not None
    assert (refused.field, refused.rule) == ("epochs_a_day", "at most 3 in 86400 s, 3 at once")


def test_e12_a_reading_that_goes_on_is_waited_for_once_its_share_is_used() -> None:
    allowed = Allowances.of(FairUse(openings_per_s=2))
    waits = [allowed.read_on(NS) for _ in range(34)]
    assert waits == [0.0] * 32 + [0.5, 1.0]
    assert allowed.openings.take(NS) is not None
