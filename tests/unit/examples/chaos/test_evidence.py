"""What is true of orders whichever of the logs told it, and what a new log may have forgotten."""

from decimal import Decimal as D

from examples.chaos.evidence import LogFacts, forgetful
from examples.chaos.verdict import Cause

MINUTE_MS = 60_000
KEY = ("pool", "hyperliquid", "ETH")


def test_a_cut_log_still_tells_why_an_order_exists() -> None:
    cut = LogFacts(makers={"a": Cause(D(1), ())}, in_doubt={"x"}, messages=7)
    both = LogFacts(makers={"b": Cause(D(2), ())}, messages=3).also(cut)
    assert set(both.makers) == {"a", "b"}
    assert (both.in_doubt, both.messages) == ({"x"}, 3)


def test_a_cut_log_tells_no_fills_of_the_one_that_is_judged() -> None:
    assert LogFacts(fills=[("binance", "1", D(1), D(2))]).without_fills().fills == []


def test_a_name_given_twice_keeps_its_largest_amount() -> None:
    small, large = Cause(D(-1), ((KEY, D(1)),)), Cause(D(-3), ((KEY, D(1)),))
    for first, second in ((small, large), (large, small)):
        both = LogFacts(takers={"t": first}).also(LogFacts(takers={"t": second}))
        assert both.takers == {"t": large}


def test_facts_that_are_put_together_stay_what_they_were() -> None:
    one = LogFacts(plain={"p": Cause(D(1), ())})
    one.also(LogFacts(plain={"q": Cause(D(1), ())}))
    assert set(one.plain) == {"p"}


def test_a_log_that_was_deleted_early_forgets_nothing() -> None:
    assert forgetful([5 * MINUTE_MS], [1]) == []
    assert forgetful([], [1]) == []


def test_a_log_that_was_deleted_late_forgets_what_is_older_than_is_offered_again() -> None:
    wiped = [5 * MINUTE_MS, 12 * MINUTE_MS, 30 * MINUTE_MS]
    assert forgetful(wiped, [1, 29 * MINUTE_MS]) == [2 * MINUTE_MS, 20 * MINUTE_MS]
