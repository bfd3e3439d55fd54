"""Which fault is chosen; numbers refer to the module's invariants."""

import pytest

from services.paper_exchange.faults.plan import FaultPlan
from services.paper_exchange.faults.vocabulary import NOTHING, Chance, Fault, PlanChange, Scripted


def plan_of(change: PlanChange) -> FaultPlan:
    plan = FaultPlan()
    plan.change(change)
    return plan


def faults_of(plan: FaultPlan, operation: str, count: int) -> list[Fault | None]:
    return [plan.for_request(operation).fault for _ in range(count)]


def test_nothing_happens_without_script_and_chances() -> None:
    plan = FaultPlan()

    assert plan.for_request("place_order") is NOTHING
    assert plan.for_event("TRADE_LITE") is NOTHING
    assert plan.for_market("bbo") is NOTHING
    assert (plan.hides(1, 0), plan.refuses_margin("a")) == (False, False)
    assert plan.is_idle


def test_chances_come_about_as_often_as_they_say() -> None:
    plan = plan_of(PlanChange(chances={Fault.LOSE_ANSWER: 0.2, Fault.DROP_REQUEST: 0.1}))

    met = faults_of(plan, "place_order", 2_000)

    assert met.count(Fault.LOSE_ANSWER) == pytest.approx(400, rel=0.15)
    assert met.count(Fault.DROP_REQUEST) == pytest.approx(200, rel=0.2)
    assert plan.fired[Fault.LOSE_ANSWER] == met.count(Fault.LOSE_ANSWER)


def test_same_seed_and_requests_give_the_same_faults_whatever_is_between() -> None:
    change = PlanChange(seed=7, chances={Fault.LOSE_ANSWER: 0.3, Fault.DELAY_ANSWER: 0.3})
    one, other, third = plan_of(change), plan_of(change), plan_of(PlanChange(seed=8))
    third.change(PlanChange(chances=change.chances))

    alone = [one.for_request("place_order") for _ in range(50)]
    between = []
    for _ in range(50):
        other.for_request("query_order")
        between.append(other.for_request("place_order"))

    assert alone == between
    assert [choice.fault for choice in alone] != faults_of(third, "place_order", 50)


def test_a_seed_starts_every_stream_afresh() -> None:
    plan = plan_of(PlanChange(seed=3, chances={Fault.LOSE_ANSWER: 0.5}))
    before = faults_of(plan, "place_order", 30)

    plan.change(PlanChange(seed=3))

    assert faults_of(plan, "place_order", 30) == before


def test_a_chance_may_be_meant_for_some_operations() -> None:
    chance = Chance(p=1, only=("place_order",))
    plan = plan_of(PlanChange(chances={Fault.LOSE_ANSWER: chance}))

    assert plan.for_request("query_order").fault is None
    assert plan.for_request("place_order").fault is Fault.LOSE_ANSWER


def test_late_fills_meet_cancels_only() -> None:
    plan = plan_of(PlanChange(chances={Fault.LATE_FILL: 1}))

    assert faults_of(plan, "place_order", 3) == [None] * 3
    assert plan.for_request("cancel_order").fault is Fault.LATE_FILL
    assert plan.fired[Fault.LATE_FILL] == 0
    plan.took_effect(Fault.LATE_FILL)
    assert plan.fired[Fault.LATE_FILL] == 1


def test_a_script_names_the_operation_and_skips_and_counts() -> None:
    script = (Scripted(fault=Fault.LOSE_ANSWER, on="place_order", skip=1, count=2),)
    plan = plan_of(PlanChange(script=script))

    assert plan.for_request("query_order").fault is None
    assert faults_of(plan, "place_order", 4) == [None, Fault.LOSE_ANSWER, Fault.LOSE_ANSWER, None]
    assert plan.is_idle
    assert plan.fired[Fault.LOSE_ANSWER] == 2


def test_the_script_comes_before_chance() -> None:
    plan = plan_of(
        PlanChange(
            chances={Fault.LOSE_ANSWER: 1},
            script=(Scripted(fault=Fault.DELAY_ANSWER, ms=7, looks="x"),),
        )
    )

    first, second = plan.for_request("place_order"), plan.for_request("place_order")

    assert (first.fault, first.ms, first.looks) == (Fault.DELAY_ANSWER, 7, "x")
    assert second.fault is Fault.LOSE_ANSWER


def test_durations_stay_in_their_span() -> None:
    plan = plan_of(PlanChange(chances={Fault.DELAY_ANSWER: 1}, delay_ms=(5, 9)))

    lasted = {plan.for_request("place_order").ms for _ in range(200)}

    assert lasted == {5, 6, 7, 8, 9}


def test_a_hidden_order_is_hidden_until_its_time_and_others_never() -> None:
    plan = plan_of(PlanChange(chances={Fault.HIDE_ORDER: 0.5}, hide_ms=(100, 200)))

    young = {oid for oid in range(200) if plan.hides(oid, 0)}
    again = {oid for oid in range(200) if plan.hides(oid, 99)}
    old = {oid for oid in range(200) if plan.hides(oid, 200)}

    assert young == again
    assert 60 < len(young) < 140
    assert old == set()
    assert plan.fired[Fault.HIDE_ORDER] == 2 * len(young)


def test_the_next_queries_may_be_told_by_script_that_there_is_no_order() -> None:
    plan = plan_of(PlanChange(script=(Scripted(fault=Fault.HIDE_ORDER, count=2),)))

    assert [plan.hides(1, 0) for _ in range(3)] == [True, True, False]


def test_margin_is_gone_after_so_many_orders() -> None:
    plan = plan_of(PlanChange(margin_orders={"a": 2}))

    assert [plan.refuses_margin("a") for _ in range(4)] == [False, False, True, True]
    assert not plan.refuses_margin("b")
    assert plan.pending == ("margin_orders:a:0",)
    assert plan.fired[Fault.REFUSE_MARGIN] == 2


def test_margin_may_be_refused_by_chance() -> None:
    plan = plan_of(PlanChange(chances={Fault.REFUSE_MARGIN: Chance(p=1, only=("a",))}))

    assert (plan.refuses_margin("a"), plan.refuses_margin("b")) == (True, False)


def test_chances_are_replaced_as_a_whole_and_named_while_they_last() -> None:
    plan = plan_of(PlanChange(chances={Fault.LOSE_ANSWER: 0.5}))

    plan.change(
        PlanChange(chances={Fault.DROP_EVENT: 0.25, Fault.CUT_USER: 0},
                   script=(Scripted(fault=Fault.BAN),))
    )  # fmt: skip

    assert plan.pending == ("drop_event:0.25", "ban:any")


def test_reset_forgets_all_but_the_counts() -> None:
    plan = plan_of(
        PlanChange(chances={Fault.DROP_EVENT: 1}, margin_orders={"a": 0}, hide_ms=(1, 1))
    )
    plan.for_event("x")

    plan.change(PlanChange(reset=True))

    assert plan.for_event("x") is NOTHING
    assert (plan.pending, plan.refuses_margin("a"), plan.fired[Fault.DROP_EVENT]) == ((), False, 1)
    assert plan.spans.hide_ms == (300, 1_500)
