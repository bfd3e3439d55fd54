"""When an account counts as sick, and when as well again."""

import pytest

from services.hedger.policy import account_health
from services.hedger.policy.account_health import Account
from services.hedger.policy.rules import DEFAULT_RULES
from tandem.domain.ids import Exc
from tandem.domain.units import NS_PER_MS
from tandem.messages.reports import LinkReport, LinkState

NOW_NS = 10**18
SECOND_NS = 1_000 * NS_PER_MS
UP, DOWN, RESYNCED = LinkState.UP, LinkState.DOWN, LinkState.RESYNCED


def hear(account: Account, run: str, state: LinkState, after_s: int = 0) -> str:
    report = LinkReport(exc=Exc("hyperliquid"), run=run, n=1, state=state, text="the socket closed")
    account_health.hear(account, report, NOW_NS + after_s * SECOND_NS, DEFAULT_RULES)
    return account.fault


@pytest.mark.parametrize(
    ("words", "is_down"),
    [
        ([("a", DOWN)], True),
        ([("a", UP), ("a", DOWN)], True),
        ([("a", UP), ("b", UP), ("a", DOWN)], False),
        ([("a", UP), ("b", UP), ("a", DOWN), ("b", DOWN)], True),
        ([("a", UP), ("a", DOWN), ("a", UP)], True),
        ([("a", UP), ("a", DOWN), ("a", RESYNCED)], False),
        ([("a", DOWN), ("b", RESYNCED), ("a", DOWN)], False),
    ],
)
def test_an_account_is_down_while_no_session_of_it_is_up_and_resynced(
    words: list[tuple[str, LinkState]], is_down: bool
) -> None:
    account = Account()

    for run, state in words:
        hear(account, run, state)

    assert bool(account.fault) is is_down


def test_a_session_that_was_killed_vouches_for_a_while_only() -> None:
    account = Account()
    hear(account, "killed", RESYNCED)

    assert hear(account, "next", DOWN, after_s=90) == ""
    assert hear(account, "next", DOWN, after_s=91) != ""


def test_a_session_that_repeats_its_word_is_no_news() -> None:
    account = Account()
    report = LinkReport(exc=Exc("hyperliquid"), run="a", n=1, state=RESYNCED)

    news = [account_health.hear(account, report, NOW_NS, DEFAULT_RULES) for _ in range(2)]

    assert news == [True, False]


def test_only_the_newest_sessions_are_remembered() -> None:
    account = Account()

    for number in range(account_health.MAX_SESSIONS + 3):
        hear(account, f"run{number}", UP)

    assert len(account.sessions) == account_health.MAX_SESSIONS
    assert "run0" not in account.sessions


@pytest.mark.parametrize(("gap_ms", "is_shaky"), [(2_999, True), (3_000, False)])
def test_two_doubts_within_the_window_make_it_shaky(gap_ms: int, is_shaky: bool) -> None:
    account = Account()

    account_health.doubt(account, NOW_NS, DEFAULT_RULES)
    account_health.doubt(account, NOW_NS + gap_ms * NS_PER_MS, DEFAULT_RULES)

    assert bool(account.fault) is is_shaky


def test_a_recovered_account_starts_counting_anew() -> None:
    account = Account()
    account_health.doubt(account, NOW_NS, DEFAULT_RULES)
    account_health.doubt(account, NOW_NS, DEFAULT_RULES)

    account_health.recover(account)
    account_health.doubt(account, NOW_NS + 1, DEFAULT_RULES)

    assert account.fault == ""
