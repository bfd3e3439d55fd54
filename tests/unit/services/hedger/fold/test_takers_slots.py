"""A slot of a bucket that holds something else is gone round, and hedging goes on (E2)."""

import pytest

from services.hedger.book import slots
from services.hedger.book.slots import MOST_BUCKETS, MOST_ORDINALS, MOST_RUNS, Taken
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Pool, bucket_hash, taker_cloid, taker_name
from tandem.hedging import ordinals
from tandem.messages import subjects
from tandem.messages.hedges import Decision, Rules, TakerOrder
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, STRATEGY, Desk, d, two_venues

BUCKET = (HYPERLIQUID, SOL, Pool(STRATEGY))
JUNK = MalformedMessageError("payload", "not valid JSON")


def squat(desk: Desk, *numbers: int, epoch: int = 0) -> None:
    for ordinal in numbers:
        desk.read(JUNK, subjects.decision(BUCKET, epoch, ordinal))


def test_e2_a_squatted_ordinal_is_gone_round_and_its_bucket_is_hedged() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    squat(desk, 1, 2, 3)

    desk.maker_fill(hedge, "0.5")

    (decision,) = desk.decide()
    assert decision.ordinal == 4
    name = taker_name(decision.takers[0].client_order_id)
    assert name is not None
    assert name.ordinal == 4
    desk.fill_takers([decision])
    desk.maker_fill(hedge, "0.5")
    assert [one.ordinal for one in desk.decide()] == [5]


def test_e2_slots_taken_before_the_bucket_is_known_are_gone_round() -> None:
    desk = two_venues()
    squat(desk, 1)
    hedge = desk.hedge("h1", "-2")

    desk.maker_fill(hedge, "0.5")

    assert [one.ordinal for one in desk.decide()] == [2]


def test_e2_a_slot_taken_while_a_bucket_waits_for_it_sends_it_on_at_once() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-2"), "0.5")
    squat(desk, 1)

    assert [one.ordinal for one in desk.decide()] == [2]


def test_e2_slots_far_ahead_and_of_other_epochs_are_in_nobodys_way() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    squat(desk, 2, MOST_ORDINALS - 1, 10**30)
    squat(desk, 1, epoch=7)
    squat(desk, 1, epoch=10**30)

    sent = []
    for _ in range(2):
        desk.maker_fill(hedge, "0.5")
        decisions = desk.decide()
        sent += [one.ordinal for one in decisions]
        desk.fill_takers(decisions)

    assert sent == [1, 3]
    assert desk.fold.load(desk.fold.dump(desk.state)) == desk.state


def test_e2_a_decision_of_strangers_client_ids_takes_its_slot_and_nothing_else() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-2")
    stranger = TakerOrder(
        client_order_id=ClientOrderId("0xff"), amount=d(5), band_bp=d(5), hard_cap_bp=d(50)
    )
    numbered = TakerOrder(
        client_order_id=taker_cloid(bucket_hash(*BUCKET), 0, 2, 0),
        amount=d("NaN"),
        band_bp=d(5),
        hard_cap_bp=d(50),
    )
    for ordinal, taker in ((1, stranger), (2, numbered)):
        decision = Decision(
            exc=HYPERLIQUID,
            ticker=SOL,
            pool=Pool(STRATEGY),
            epoch=0,
            ordinal=ordinal,
            as_of=1,
            need=d(5),
            attempt=0,
            rules="r",
            takers=(taker,),
        )
        desk.read(decision, subjects.decision(BUCKET, 0, ordinal))

    desk.maker_fill(hedge, "0.5")

    assert [one.ordinal for one in desk.decide()] == [3]
    assert len(desk.bucket().flying) == 1


def test_e2_a_taker_of_a_lost_decision_whose_slot_was_taken_is_still_adopted() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-2"), "0.5")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id

    back = two_venues()
    back.hedge("h1", "-2")
    squat(back, 1)
    back.foreign_fill(HYPERLIQUID, SOL, "0.5", cloid)

    assert back.bucket().done == d("0.5")


def test_e2_a_squatted_activation_of_rules_is_gone_round() -> None:
    desk = Desk()
    fold, state = desk.fold, desk.fold.initial()
    desk.state = state
    desk.read(JUNK, subjects.rules(1))
    desk.read(JUNK, subjects.rules(2))

    (proposal,) = fold.propose(state, desk.head)

    assert isinstance(proposal.fact, Rules)
    assert proposal.fact.ordinal == 3
    desk.read(proposal.fact, proposal.subject)
    assert state.active == proposal.fact.rules


def test_e2_the_same_slots_are_taken_after_a_restart() -> None:
    desk = two_venues()
    squat(desk, 1, 2)

    again = desk.fold.load(desk.fold.dump(desk.state))

    assert again == desk.state
    assert again.taken.decisions == {bucket_hash(*BUCKET): {0: [(1, 2)]}}


def test_what_is_remembered_of_taken_slots_is_bounded() -> None:
    taken = Taken()
    for n in range(MOST_BUCKETS + 50):
        slots.take_decision(taken, (f"b{n}", 0, 1), {"b0"}.__contains__)
    for n in range(2 * MOST_RUNS):
        slots.take_decision(taken, ("b0", 0, 2 * n), lambda _: True)
        slots.take_decision(taken, ("b0", n, 1), lambda _: True)

    assert len(taken.decisions) == MOST_BUCKETS
    assert len(taken.decisions["b0"][0]) == MOST_RUNS
    assert len(taken.decisions["b0"]) == MOST_RUNS
    assert ordinals.next_free(taken.decisions["b0"], 0, 1) == 3


def test_no_ordinal_left_is_no_decision_and_no_failure() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-2"), "0.5")
    desk.bucket().decisions = MOST_ORDINALS - 1

    assert desk.decide() == []


@pytest.mark.parametrize(
    "subject",
    [
        "oms.hedge.decision",
        "oms.hedge.decision.a.b.c.0",
        "oms.hedge.decision.a.b.c.0.x",
        "oms.hedge.decision.a.b.c.00.1",
        "oms.hedge.decision.a.b.c.0.1.2",
        "oms.hedge.timer.a.b.c.0.1",
    ],
)
def test_what_is_no_decisions_subject_takes_no_slot(subject: str) -> None:
    desk = two_venues()
    desk.read(JUNK, subject)
    assert desk.state.taken == Taken()
