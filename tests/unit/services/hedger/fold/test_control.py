import msgspec
import pytest

from services.hedger.fold import control
from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules, to_fact
from tandem.domain.ids import Exc, Strategy, Token
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages import subjects
from tandem.messages.deltas import HedgeState
from tandem.messages.hedges import Rules, TimerFired
from tandem.messages.intents import Halt, Resume
from tandem.messages.reports import LinkReport, LinkState
from tandem.runtime.fold.port import ArmTimer
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    Desk,
    d,
    instrument,
    two_venues,
)

OTHER = HedgeRules(clip_notional=d(40))


def read_rules(desk: Desk, fact: Rules) -> None:
    ordinal = desk.state.activations + 1
    desk.read(msgspec.structs.replace(fact, ordinal=ordinal), subjects.rules(ordinal))


def held(reason: RejectReason = RejectReason.AUTH) -> Desk:
    """Return a desk whose only taker was refused, so that its bucket waits."""
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    desk.reject(decision.takers[0].client_order_id, reason)
    assert desk.decide() == []
    return desk


def test_the_first_copy_logs_its_rules() -> None:
    desk = Desk()

    assert desk.log[0].fact == to_fact(DEFAULT_RULES)
    assert desk.state.active == desk.fold.rules


def test_a_copy_with_other_rules_follows_and_proposes_nothing() -> None:
    desk = two_venues()
    read_rules(desk, to_fact(OTHER))

    desk.maker_fill(desk.hedge("h1", "-1"), "1")

    assert desk.decide() == []
    assert desk.naked() == 1
    assert desk.state.rules == OTHER


def test_rules_that_become_active_let_their_copy_propose() -> None:
    desk = two_venues(OTHER)
    read_rules(desk, to_fact(DEFAULT_RULES))
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    assert desk.decide() == []

    read_rules(desk, to_fact(OTHER))

    assert desk.amounts() == [d("0.34"), d("0.33"), d("0.33")]


def test_rules_that_nobody_here_implements_silence_the_copy() -> None:
    desk = two_venues()
    read_rules(desk, Rules(rules="future", settings="{}"))

    desk.maker_fill(desk.hedge("h1", "-1"), "1")

    assert desk.decide() == []
    assert desk.state.rules == DEFAULT_RULES


@pytest.mark.parametrize("state", [LinkState.UP, LinkState.RESYNCED])
def test_a_session_that_is_back_lifts_a_hold(state: LinkState) -> None:
    desk = held()

    desk.read(
        LinkReport(exc=HYPERLIQUID, run="r", n=1, state=state),
        subjects.link_report(HYPERLIQUID, "r", 1),
    )

    assert desk.amounts() == [d(1)]


@pytest.mark.parametrize(("exc", "state"), [(HYPERLIQUID, LinkState.DOWN), (BINANCE, LinkState.UP)])
def test_other_sessions_lift_nothing(exc: Exc, state: LinkState) -> None:
    desk = held()

    desk.read(
        LinkReport(exc=exc, run="r", n=1, state=state),
        "oms.venue.x.link.r.1",
    )

    assert desk.decide() == []


def test_a_new_instrument_table_lifts_a_hold_and_sizes_anew() -> None:
    desk = held(RejectReason.MARKET_STATE)

    desk.specs(instrument(HYPERLIQUID, SOL, "0.3"))

    assert desk.amounts() == [d("0.9")]


def test_an_instrument_without_steps_is_not_listed() -> None:
    desk = Desk()

    desk.specs(instrument(BINANCE, SOLUSDT, multiplier=d(0)), instrument(BINANCE, SOL))

    assert list(desk.state.instruments[BINANCE]) == [SOL]


def test_a_timer_that_comes_early_is_armed_again() -> None:
    desk = held()
    timer = desk.armed[-1]

    desk.read(
        TimerFired(key=timer.key, attempt=0, due_ns=timer.due_ns), subjects.timer(timer.key, 0)
    )

    assert desk.armed[-1] == ArmTimer(timer.key, 1, timer.due_ns)
    assert desk.decide() == []


@pytest.mark.parametrize("key", ["foreign", "bucket:1:none", "settle:1:none", "stop:1:none"])
def test_a_timer_that_wakes_nobody_changes_nothing(key: str) -> None:
    desk = two_venues()

    desk.read(TimerFired(key=key, attempt=0, due_ns=0), subjects.timer(key, 0))

    assert desk.effects == ()


def test_a_settle_timer_after_the_proof_changes_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.CANCELLED)
    desk.maker_report(hedge, OrderStatus.CANCELLED, "0")

    desk.wait(2_000)

    assert not desk.link(hedge).is_settled
    assert desk.view(hedge).state is HedgeState.DONE


def test_rules_come_into_force_again_by_a_later_activation() -> None:
    desk = two_venues()
    own = desk.state.active
    read_rules(desk, to_fact(OTHER))

    read_rules(desk, to_fact(DEFAULT_RULES))

    assert (desk.state.active, desk.state.activations) == (own, 3)
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    assert desk.amounts() == [d(1)]


@pytest.mark.parametrize(
    ("ordinal", "subject"),
    [(1, "oms.control.rules.1"), (2, "oms.control.rules.3"), (3, "oms.control.rules.x")],
)
def test_an_activation_that_does_not_follow_the_last_changes_nothing(
    ordinal: int, subject: str
) -> None:
    desk = two_venues()
    read_rules(desk, to_fact(DEFAULT_RULES))

    desk.read(to_fact(OTHER, ordinal), subject)

    assert desk.state.rules == DEFAULT_RULES
    assert len(desk.alarms()) == 1


def test_e5_a_halt_that_a_resume_named_before_is_not_in_force() -> None:
    """A log that was cut gets both again, from whoever asked for each."""
    desk = two_venues()
    for name in ("a", *map(str, range(control.MOST_LIFTED))):
        lifted = Resume(token=Token(f"r{name}"), strategy=Strategy("s"), halt=Token(name))
        desk.read(lifted, subjects.resume(lifted.token))

    for name in ("0", "a"):
        desk.read(Halt(token=Token(name), strategy=Strategy("s")), subjects.halt(Token(name)))

    assert list(desk.state.halts) == ["a"]  # the oldest are forgotten
