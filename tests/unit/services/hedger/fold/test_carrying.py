import base64
import secrets
from decimal import Decimal

import pytest
from msgspec.structs import replace

from services.hedger.fold import carrying
from services.hedger.fold.state import dump, load
from services.hedger.policy.rules import HedgeRules
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import Exc, HedgeId, Strategy, Token, VenueOrderId, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.hedging import evidence
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import HedgeState
from tandem.messages.hedges import Carried, Decision, Rules
from tandem.messages.intents import Halt, HedgeOrder, LegSpec, NewOrder, Resume
from tandem.messages.reports import LinkReport, LinkState
from tandem.runtime.archive import Archive
from tandem.runtime.fold.port import Append, ArmTimer, Effect, LogEvent, Publish
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

EPOCH = 1
UNLISTED = LegSpec(exc=Exc("elsewhere"), ticker=SOL)
TABLES = (instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))


class Anew(Desk):
    """A desk on a log that has begun anew: epoch 1, and nobody has decided anything yet."""

    def __init__(self) -> None:
        super().__init__()
        self._execs = 1_000

    def decide(self) -> list[Decision]:  # type: ignore[explicit-override]
        return [] if self.seq == 0 else super().decide()

    def read(  # type: ignore[explicit-override]
        self, fact: Fact | MalformedMessageError, subject: str
    ) -> tuple[Effect, ...]:
        self.seq += 1
        event = LogEvent(self.seq, self.now_ns, subject, fact, EPOCH)
        self.effects = self.fold.apply(self.state, event)
        self.history.append(self.effects)
        for effect in self.effects:
            self._note(effect)
        return self.effects

    def offered(self, desk: Desk, *, is_anew: bool = True) -> list[Fact]:
        """Read what another desk offers to this log; return it."""
        effects = desk.fold.offers(desk.state, EPOCH, is_anew=is_anew)
        for effect in effects:
            self.read(effect.fact, effect.subject)
        return [effect.fact for effect in effects]

    def resynced(self, epoch: int = EPOCH) -> None:
        for exc in (BINANCE, HYPERLIQUID):
            self._words += 1
            state = LinkState.RESYNCED
            report = LinkReport(
                exc=exc, run="run", n=self._words, state=state, epoch=epoch, text=""
            )
            self.read(report, subjects.link_report(exc, "run", self._words))


def covered(filled: str = "2") -> tuple[Desk, HedgeId]:
    """A maker that has sold long ago and was hedged long ago; it rests on."""
    desk = two_venues()
    hedge_id = desk.hedge("old", "-5")
    desk.maker_fill(hedge_id, filled)
    for decision in desk.decide():
        for taker in decision.takers:
            desk.taker_fill(taker.client_order_id, taker.amount)
            desk.taker_report(taker.client_order_id, OrderStatus.FILLED, taker.amount)
    assert desk.naked() == 0
    return desk, hedge_id


def makers(desk: Desk) -> list[NewOrder]:
    logged = [one.fact for one in desk.effects if isinstance(one, Append)]
    return [one for one in logged if isinstance(one, NewOrder)]


def test_e5_what_was_hedged_long_ago_is_not_hedged_again_and_what_fills_then_is() -> None:
    desk, hedge_id = covered()
    anew = Anew()
    anew.offered(desk)
    anew.specs(*TABLES)
    anew.resynced()

    assert anew.naked() == 0
    assert anew.amounts() == []
    anew.maker_fill(hedge_id, "1")
    assert anew.amounts() == [d(1)]


def test_e5_a_remainder_is_carried_over() -> None:
    desk = two_venues()
    hedge_id = desk.hedge("old", "-5")
    desk.maker_fill(hedge_id, "0.004")
    anew = Anew()
    anew.offered(desk)
    anew.specs(*TABLES)

    anew.maker_fill(hedge_id, "0.006")

    assert anew.amounts() == [d("0.01")]


def test_e5_a_maker_is_logged_again_and_is_not_valid_any_more() -> None:
    """Who sends looks it up, and finds it; one that the venue does not have is not sent."""
    desk, hedge_id = covered()
    anew = Anew()
    fact = carrying.offers(desk.state, EPOCH, is_anew=True)[0]
    anew.read(fact.fact, fact.subject)

    assert [(one.client_order_id, one.valid_for_ms) for one in makers(anew)] == [
        (maker_cloid(hedge_id), 1)
    ]


def test_e5_what_was_read_before_is_folded_in_once_more() -> None:
    """A gateway and a strategy were quicker than the hedger."""
    desk, hedge_id = covered()
    anew = Anew()
    anew.specs(*TABLES)
    anew.hedge("new", "-1")
    anew.foreign_fill(BINANCE, SOLUSDT, "-1", cloid=maker_cloid(hedge_id))
    anew.offered(desk)
    anew.resynced()

    assert anew.naked() == 1
    assert set(anew.state.links) == {"old", "new"}
    assert [one.hedge_id for one in anew.page().hedges] == ["old", "new"]
    assert anew.amounts() == [d(1)]


def test_e5_a_hedge_that_two_log_again_is_the_one_that_is_carried() -> None:
    desk, hedge_id = covered()
    intent = desk.link(hedge_id).hedge
    assert intent is not None
    anew = Anew()
    anew.specs(*TABLES)
    anew.read(intent, subjects.hedge_intent(intent.strategy, hedge_id))
    told = anew.link(hedge_id).delta_id
    anew.offered(desk)
    anew.resynced()

    assert told is not None
    assert anew.naked() == 0
    assert anew.link(hedge_id).order == desk.link(hedge_id).order


def test_e5_the_chain_of_changes_of_a_hedge_that_is_taken_on_again_goes_on() -> None:
    desk, _ = covered()
    anew = Anew()
    anew.specs(*TABLES)
    anew.hedge("new", "-1")
    told = anew.link(HedgeId("new")).delta_id
    anew.offered(desk)

    changes = [
        one.delta
        for one in anew.history[-1]
        if isinstance(one, Publish) and one.entity == "hedge:new"
    ]
    assert told is not None
    assert [one.prev for one in changes] in ([], [told])
    anew.maker_fill(HedgeId("new"), "1")
    last = anew.history[-1]
    chain = [one.delta for one in last if isinstance(one, Publish) and one.entity == "hedge:new"]
    assert chain[0].prev is not None


def test_e5_only_a_young_log_takes_it() -> None:
    """Once something was decided there, what was carried may be older than that."""
    desk, _ = covered()
    other, hedge_id = covered("1")
    other.maker_fill(hedge_id, "1")
    other.decide()
    before = dump(other.state)
    fact = carrying.offers(desk.state, EPOCH, is_anew=True)[0]
    other.read(fact.fact, fact.subject)

    assert load(before).links == other.state.links
    assert load(before).buckets == other.state.buckets


def test_e5_a_log_is_young_as_long_as_all_of_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "MOST_YOUNG", 2)
    desk, _ = covered()
    anew = Anew()
    for n in range(3):
        anew.mark(BINANCE, SOLUSDT, f"10{n}")
    anew.offered(desk)

    assert anew.state.young is None
    assert anew.state.links == {}


@pytest.mark.parametrize(
    "change",
    [{"version": "other"}, {"state": "no base64!"}, {"state": "AAAA"}],
    ids=["version", "text", "bytes"],
)
def test_e5_what_is_no_state_of_this_fold_changes_nothing(change: dict[str, object]) -> None:
    desk, _ = covered()
    fact = carrying.offers(desk.state, EPOCH, is_anew=True)[0].fact
    assert isinstance(fact, Carried)
    anew = Anew()

    anew.read(replace(fact, **change), subjects.carried(EPOCH))

    assert anew.state.links == {}


def flying() -> tuple[Desk, Anew]:
    """A decision that was logged just before the store was deleted."""
    desk = two_venues()
    hedge_id = desk.hedge("old", "-5")
    desk.maker_fill(hedge_id, "2")
    desk.decide()
    anew = Anew()
    anew.offered(desk)
    anew.specs(*TABLES)
    return desk, anew


def test_e5_a_taker_of_which_nothing_is_told_has_done_nothing() -> None:
    _, anew = flying()
    assert anew.amounts() == []

    anew.resynced(epoch=0)
    assert anew.amounts() == []
    anew.resynced()

    assert anew.amounts() == [d(2)]


def test_e5_a_taker_that_the_venue_shows_is_not_sent_again() -> None:
    desk, anew = flying()
    taker = next(iter(desk.bucket().flying))
    anew.taker_fill(taker, "2")
    anew.resynced()

    assert anew.naked() == 0
    assert anew.amounts() == []


def test_e5_a_taker_in_doubt_stays_in_flight_if_its_gateway_says_so_again() -> None:
    desk = two_venues()
    hedge_id = desk.hedge("old", "-5")
    desk.maker_fill(hedge_id, "2")
    taker = desk.decide()[0].takers[0].client_order_id
    desk.doubt(taker)
    for says_again in (False, True):
        anew = Anew()
        anew.offered(desk)
        anew.specs(*TABLES)
        if says_again:
            anew.doubt(taker)
        anew.resynced()
        assert bool(anew.bucket().flying) is says_again
        anew.taker_report(taker, OrderStatus.EXPIRED, "0")
        anew.taker_report(taker, OrderStatus.FILLED, "2")
        assert anew.naked() == 0


def test_e5_the_rules_in_force_are_logged_again_and_nobody_is_alarmed() -> None:
    desk = Desk(HedgeRules(hold_ms=7))
    anew = Anew()
    facts = anew.offered(desk)

    assert [one for one in facts if isinstance(one, Rules)] == [desk.state.activation]
    assert anew.state.active == desk.state.active
    assert anew.state.rules.hold_ms == 7
    assert anew.alarms() == []


def test_e5_halts_in_force_are_logged_again() -> None:
    desk = two_venues()
    halts = [Halt(token=Token(one), strategy=Strategy("s")) for one in ("first", "second", "third")]
    for halt in halts:
        desk.read(halt, subjects.halt(halt.token))
    resume = Resume(token=Token("r1"), strategy=Strategy("s"), halt=Token("second"))
    desk.read(resume, subjects.resume(Token("other")))
    desk.read(halts[0], subjects.halt(Token("other")))
    desk.read(resume, subjects.resume(resume.token))

    offered = carrying.offers(desk.state, EPOCH, is_anew=False)

    assert [one.subject for one in offered if isinstance(one.fact, Halt)] == [
        subjects.halt(Token("first")),
        subjects.halt(Token("third")),
    ]
    everything = Resume(token=Token("r2"), strategy=Strategy("s"))
    desk.read(everything, subjects.resume(everything.token))
    assert desk.state.halts == {}


def test_e5_hedges_that_are_not_over_are_offered_again_to_a_log_that_lost_its_end() -> None:
    desk, hedge_id = covered()
    done = desk.hedge("done", "-1")
    desk.maker_report(done, OrderStatus.CANCELLED, "0")
    assert desk.view(done).state is HedgeState.DONE
    fresh = desk.hedge("fresh", "-1")
    waits = desk.hedge("waits", "-1", UNLISTED)

    def names(*, is_anew: bool) -> list[str]:
        offered = carrying.offers(desk.state, EPOCH, is_anew=is_anew)
        return [one.fact.hedge_id for one in offered if isinstance(one.fact, HedgeOrder)]

    assert names(is_anew=False) == [hedge_id, fresh, waits]
    # Their fills would be hedged a second time by whoever knows nothing of their takers.
    assert names(is_anew=True) == [fresh, waits]


def test_e5_one_that_waits_goes_on_waiting_and_is_refused_in_the_end() -> None:
    desk = two_venues()
    waits = desk.hedge("waits", "-1", UNLISTED)
    anew = Anew()
    anew.offered(desk)

    assert list(anew.state.pending) == [waits]
    anew.wait(60_000)
    assert anew.refusal(waits) is not None


def test_e5_a_cancel_without_an_answer_is_asked_for_again() -> None:
    desk, hedge_id = covered()
    desk.stop(hedge_id)
    anew = Anew()
    anew.offered(desk)
    anew.wait(60_000)

    assert len(anew.cancels()) == 1


def test_e5_an_ended_maker_whose_quantity_is_not_proven_settles_all_the_same() -> None:
    desk, hedge_id = covered()
    desk.maker_report(hedge_id, OrderStatus.CANCELLED)
    anew = Anew()
    anew.offered(desk)
    assert not anew.link(hedge_id).is_settled
    anew.wait(60_000)
    assert anew.link(hedge_id).is_settled

    again = Anew()
    again.offered(anew)
    settles = [one for one in again.effects if isinstance(one, ArmTimer)]
    assert settles == []


def test_e5_a_maker_that_has_ended_is_left_alone() -> None:
    desk, hedge_id = covered()
    desk.maker_report(hedge_id, OrderStatus.CANCELLED, "2")
    anew = Anew()
    fact = carrying.offers(desk.state, EPOCH, is_anew=True)[0]
    anew.read(fact.fact, fact.subject)

    assert makers(anew) == []
    assert evidence.is_ended(anew.link(hedge_id).order)


def test_e5_what_is_over_is_left_behind_where_all_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk, _ = covered()
    for n in range(carrying.FEW * 60):
        desk.state.shelf.put((f"{n}",), n, secrets.token_bytes(20))
    everything = len(carrying.pack(desk.state))
    monkeypatch.setattr(carrying, "MOST_BYTES", everything - 1)
    some = shelf(carrying.pack(desk.state))
    assert carrying.FEW * 5 <= len(some) < carrying.FEW * 6
    assert some.peek(f"{carrying.FEW * 60 - 1}") is not None
    monkeypatch.setattr(carrying, "MOST_BYTES", 40_000)
    assert len(shelf(carrying.pack(desk.state))) < carrying.FEW * 5
    monkeypatch.setattr(carrying, "MOST_BYTES", 10)
    assert carrying.pack(desk.state) == ""
    offered = carrying.offers(desk.state, EPOCH, is_anew=True)
    assert not any(isinstance(one.fact, Carried) for one in offered)


def shelf(text: str) -> Archive:
    return load(base64.b64decode(text)).shelf


def test_e5_two_copies_of_which_one_began_later_are_equal() -> None:
    """One read it all, the other took up a snapshot of the young log in the middle."""
    desk, hedge_id = covered()
    first = Anew()
    first.specs(*TABLES)
    first.hedge("new", "-1")
    second = Anew()
    second.state, second.seq = load(dump(first.state)), first.seq
    for one in (first, second):
        one.offered(desk)
        one.maker_fill(hedge_id, "1")

    assert first.state == second.state
    assert VenueOrderId("o-old") in first.link(hedge_id).order.venue_orders
    assert first.naked() == Decimal(1)


def test_e5_a_fold_that_has_read_nothing_offers_no_rules() -> None:
    fold = Desk().fold
    offered = fold.offers(fold.initial(), EPOCH, is_anew=True)

    assert [type(one.fact) for one in offered] == [Carried]


def test_e5_a_decision_on_its_way_when_the_log_was_lost_ends_no_youth() -> None:
    """Found by seed 320 of the simulation with a deleted store: it came before what was carried."""
    desk = two_venues()
    hedge_id = desk.hedge("old", "-5")
    desk.maker_fill(hedge_id, "2")
    (proposal,) = desk.fold.propose(desk.state, desk.head)
    anew = Anew()
    anew.specs(*TABLES)
    anew.read(proposal.fact, proposal.subject)
    anew.offered(desk)
    anew.resynced()

    assert list(anew.state.links) == [hedge_id]
    assert anew.naked() == d(2)
    assert anew.amounts() == []
