"""Intents of a client, offered again to a log that has lost them."""

import itertools

import pytest

from services.access.config import FairUse
from services.access.desk import StrategyDesk
from services.access.relay import RelayPorts
from tandem.bus.access.bus import AccessBus
from tandem.client import resend
from tandem.client.resend import Offers
from tandem.domain.ids import HedgeId, Strategy, Token
from tandem.messages import codec, subjects
from tandem.messages.codec import Fact
from tandem.messages.hedges import Epoch
from tandem.messages.intents import StopHedge
from tandem.runtime.resend_buffer import KEPT_NS
from tests.unit.tandem.client.bus import Desk, until

STRATEGY = Strategy("s")


class Stood:
    """What is said to stand: stops of these tokens; to have filled: of those."""

    def __init__(self) -> None:
        self.standing: set[str] = set()
        self.filled: set[str] = set()

    def holds(self, intent: Fact) -> bool:
        return isinstance(intent, StopHedge) and intent.token in self.standing

    def has_filled(self, intent: Fact) -> bool:
        return isinstance(intent, StopHedge) and intent.token in self.filled


class Strategist:
    """A client whose intents the log has acknowledged."""

    def __init__(self, kept_ns: int = KEPT_NS) -> None:
        self.desk = Desk()
        self.log = self.desk.world.server.oms
        self.stood = Stood()
        self.offers = Offers(self.desk.bus, self.desk.ports, self.stood, kept_ns)
        self.refusals = 0
        self.subjects: list[str] = []

    async def serve(self) -> None:
        """Begin epochs as a state service does, after so many refusals."""

        async def begin(asked: bytes) -> bytes:
            fact = codec.decode_fact(asked)
            assert isinstance(fact, Epoch)
            self.refusals -= 1
            if self.refusals >= 0:
                return b""
            await self.desk.bus.log.append(subjects.epoch(fact.epoch), asked)
            return asked

        await self.desk.bus.serve(subjects.BEGIN_EPOCH, begin, queue="epoch")

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self.ask_under(Token(f"t{len(self.subjects)}"))

    async def ask_under(self, token: Token) -> None:
        stop = StopHedge(hedge_id=HedgeId("h"), token=token, strategy=STRATEGY)
        subject, payload = subjects.stop_hedge(STRATEGY, token), codec.encode(stop)
        stored = await self.desk.bus.log.append(subject, payload)
        self.offers.keep(stored.seq, subject, payload)
        self.subjects.append(subject)

    def stored(self) -> list[str]:
        return [entry.subject for entry in self.log.after(0)]


async def test_lost_intents_are_logged_again_in_order_behind_a_new_epoch() -> None:
    one = Strategist()
    await one.serve()
    await one.ask(4)
    one.log.cut(after_seq=2)

    one.offers.offer_again(epoch=3)

    await until(lambda: len(one.stored()) == 5)
    assert one.stored() == [*one.subjects[:2], subjects.epoch(4), *one.subjects[2:]]
    logged = one.log.find(subjects.epoch(4))
    assert logged is not None
    assert isinstance(codec.decode_fact(logged.payload), Epoch)


async def test_nothing_is_offered_before_the_epoch_has_begun() -> None:
    one = Strategist()
    one.refusals = 2
    await one.serve()
    await one.ask(2)
    one.log.cut(after_seq=1)

    one.offers.offer_again(epoch=0)

    await until(lambda: len(one.stored()) == 3)
    assert one.stored() == [one.subjects[0], subjects.epoch(1), one.subjects[1]]
    assert one.refusals == -1


async def test_a_log_that_lost_nothing_gets_no_epoch() -> None:
    one = Strategist()
    await one.ask(2)

    one.offers.offer_again(epoch=0)
    await one.ask(1)

    assert one.stored() == one.subjects


async def test_what_has_expired_is_not_offered_again() -> None:
    one = Strategist()
    await one.ask(3)
    one.log.expire(before_seq=4)

    one.offers.offer_again(epoch=0)
    await one.ask(1)

    assert one.stored() == one.subjects[3:]


async def test_an_intent_lost_twice_is_logged_twice_again() -> None:
    one = Strategist()
    await one.serve()
    await one.ask(2)
    for epoch in range(2):
        one.log.cut(after_seq=1)
        one.offers.offer_again(epoch)
        await until(lambda: one.subjects[1] in one.stored())

    assert one.stored() == [one.subjects[0], subjects.epoch(2), one.subjects[1]]


async def test_an_intent_logged_since_the_cut_hides_no_older_one_that_was_lost() -> None:
    """Found by simulation seed 2044: the newest intent reached the log while it came back."""
    one = Strategist()
    await one.serve()
    await one.ask(3)
    one.log.cut(after_seq=1)

    one.offers.offer_again(epoch=0)
    await one.ask(1)
    await until(lambda: len(one.stored()) == 5)

    assert set(one.subjects) <= set(one.stored())


async def test_intents_older_than_what_is_kept_are_all_offered_again() -> None:
    """The log was away for long, and the strategy lived on."""
    one = Strategist()
    await one.serve()
    await one.ask(5)
    one.log.cut(after_seq=1)
    one.offers._kept_ns = -1

    one.offers.offer_again(epoch=0)

    await until(lambda: set(one.subjects) <= set(one.stored()))


async def test_two_reconnects_in_a_row_offer_once() -> None:
    """The second finds nothing lost any more, and has no epoch begun."""
    one = Strategist()
    await one.serve()
    await one.ask(3)
    one.log.cut(after_seq=1)

    one.offers.offer_again(epoch=0)
    one.offers.offer_again(epoch=0)

    await until(lambda: set(one.subjects) <= set(one.stored()))
    one.log.cut(after_seq=1)
    one.offers.offer_again(epoch=1)
    await until(lambda: set(one.subjects) <= set(one.stored()))
    assert one.refusals == -2  # one epoch for each cut
    assert not one.desk.tasks.failed.done()


async def test_e5_an_intent_that_still_stands_is_offered_again_whatever_its_age() -> None:
    one = Strategist(kept_ns=-1)
    one.stood.standing = {"t0", "t2"}
    await one.serve()
    await one.ask(6)
    one.stood.standing.discard("t2")
    one.log.cut(after_seq=0)

    one.offers.offer_again(epoch=0)

    await until(lambda: one.subjects[5] in one.stored())
    assert [subject for subject in one.subjects if subject in one.stored()] == [
        one.subjects[0],
        one.subjects[5],
    ]


async def test_e5_a_hedge_that_filled_long_ago_is_left_to_whoever_knows_its_takers() -> None:
    one = Strategist(kept_ns=-1)
    await one.serve()
    await one.ask(1)
    one.stood.filled = {"t0"}
    one.log.cut(after_seq=0)

    one.offers.offer_again(epoch=0)

    assert one.desk.tasks.failed.done() is False
    assert one.stored() == []


async def test_e5_what_was_over_hours_ago_is_not_asked_for_anew_by_a_quiet_strategy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No page shows a hedge that was done hours ago; so nobody says that it has filled."""
    monkeypatch.setattr(resend, "AGE_S", 0.001)
    one = Strategist()
    await one.serve()
    await one.ask(2)
    one.stood.standing = {"t1"}
    one.offers._kept_ns = -1
    one.desk.tasks.spawn(one.offers.run(), "offers")
    await until(lambda: not one.offers._kept)
    one.log.begin_anew()

    one.offers.offer_again(epoch=0)

    await until(lambda: one.subjects[1] in one.stored())
    assert one.subjects[0] not in one.stored()


async def test_e5_nothing_grows_older_while_the_log_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resend, "AGE_S", 0.0)
    one = Strategist()
    await one.serve()
    await one.ask(2)
    one.desk.bus.disconnect()
    one.offers._kept_ns = -1
    one.desk.tasks.spawn(one.offers.run(), "offers")
    turns = itertools.count()
    await until(lambda: next(turns) > 5)
    one.log.begin_anew()

    one.desk.bus.reconnect()
    one.offers.offer_again(epoch=0)

    await until(lambda: set(one.subjects) <= set(one.stored()))


async def test_e5_an_intent_that_others_logged_again_hides_no_older_one_that_was_lost() -> None:
    """The hedger offers what it has read; the orders of the strategy only the strategy has."""
    one = Strategist()
    await one.serve()
    await one.ask(3)
    lost = one.log.after(0)
    one.log.begin_anew()
    one.log.store("oms.control.alarm.x.y", b"{}")
    one.log.store(lost[2].subject, lost[2].payload)

    one.offers.offer_again(epoch=0)

    await until(lambda: set(one.subjects) <= set(one.stored()))


async def test_e12_what_was_lost_is_offered_at_the_pace_of_a_strategy_s_share() -> None:
    """More than the share, and one that is refused by now: none of the others is left out."""
    one = Strategist()
    fair = FairUse(intents_per_s=50, intents_burst=3, lookups_per_s=2)
    ports = RelayPorts(one.desk.clock, one.desk.tasks, Token("copy"))
    desk = StrategyDesk(STRATEGY, one.desk.world, fair, ports)
    await one.desk.world.serve(subjects.access_calls(STRATEGY), desk.answer, queue="access")
    line = one.desk.world.client()
    one.offers = Offers(AccessBus(line, STRATEGY, one.desk.clock), one.desk.ports, one.stood)
    await one.serve()
    await one.ask(1)
    await one.ask_under(Token("not-a-plain-one"))
    await one.ask(12)
    one.log.cut(after_seq=1)

    one.offers.offer_again(epoch=0)

    await until(lambda: len(one.stored()) == 14)
    assert one.stored() == [one.subjects[0], subjects.epoch(1), *one.subjects[2:]]
