"""Which clients of a strategy live, as one who listens knows them."""

import asyncio
from collections.abc import Callable

import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.bus.roll_call import LATELY_NS, MOST_KNOWN, RollCall
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Strategy, Token
from tandem.messages import codec, subjects
from tandem.messages.presence import ClientState, OtherClient, StrategyAlive

ALPHA, BETA = Strategy("alpha"), Strategy("beta")
MS = 1_000_000


class SteppedClock:
    """Monotonic time that the test moves on."""

    now_ns = 10**12

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


class Town:
    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.bus = MemoryBus(self.clock)
        self.listener = RollCall(self.bus.client(), self.clock)

    async def say(
        self,
        client: str,
        strategy: Strategy = ALPHA,
        state: ClientState = ClientState.JOINED,
    ) -> None:
        alive = StrategyAlive(strategy=strategy, client=Token(client), state=state)
        await self.bus.announce(subjects.ALIVE, codec.encode(alive))

    async def others(self, client: str = "me") -> tuple[OtherClient, ...]:
        return await self.listener.say(StrategyAlive(strategy=ALPHA, client=Token(client)))


async def test_others_of_the_strategy_are_those_heard_lately_with_their_age() -> None:
    town = Town()
    await town.listener.attend()
    await town.say("one")
    town.clock.now_ns += 700 * MS
    await town.say("two", state=ClientState.JOINING)
    await town.say("foreign", BETA)

    assert await town.others() == (
        OtherClient(client=Token("one"), state=ClientState.JOINED, age_ms=700),
        OtherClient(client=Token("two"), state=ClientState.JOINING, age_ms=0),
    )


async def test_who_was_not_heard_for_long_or_has_left_is_not_there() -> None:
    town = Town()
    await town.listener.attend()
    await town.say("left")
    await town.say("silent")
    town.clock.now_ns += LATELY_NS + MS
    await town.say("left", state=ClientState.LEAVING)

    assert await town.others() == ()


async def test_who_has_just_left_is_not_there() -> None:
    town = Town()
    await town.listener.attend()
    await town.say("stays")
    await town.say("leaves")
    await town.say("leaves", state=ClientState.LEAVING)

    assert [one.client for one in await town.others()] == ["stays"]


async def test_first_word_begins_to_listen_and_its_own_is_no_others() -> None:
    town = Town()
    await town.say("unheard")
    assert await town.others() == ()
    assert await town.others() == ()
    await town.say("heard")
    assert [one.client for one in await town.others()] == ["heard"]


async def test_who_works_is_called_when_another_begins_and_not_for_itself() -> None:
    town, called = Town(), list[str]()
    me = StrategyAlive(strategy=ALPHA, client=Token("me"), state=ClientState.JOINING)
    await town.listener.say(me, lambda: called.append("me"))
    assert called == []

    await town.say("works")
    assert called == []
    await town.say("begins", state=ClientState.JOINING)
    assert called == ["me"]


async def test_what_is_no_word_is_passed_over() -> None:
    town = Town()
    await town.listener.attend()
    for payload in (b"", b"{}", b'{"type":"strategy_alive"}', b"\xff"):
        await town.bus.announce(subjects.ALIVE, payload)
    assert await town.others() == ()


async def test_what_is_known_is_bounded_and_makes_room_for_who_lives() -> None:
    town = Town()
    await town.listener.attend()
    for number in range(MOST_KNOWN + 5):
        await town.say(f"c{number}", BETA)
    await town.say("late")
    assert await town.others() == ()

    town.clock.now_ns += LATELY_NS + MS
    await town.say("late")
    assert [one.client for one in await town.others()] == ["late"]


class SlowTown:
    """A bus of which the subscription stands once the test lets it, or fails before that."""

    def __init__(self, *failures: Exception) -> None:
        self.stands = asyncio.Event()
        self.events: list[str] = []
        self.on_word: list[Callable[[bytes], None]] = []
        self._failures = list(failures)

    async def announce(self, _subject: str, _payload: bytes) -> None:
        self.events.append("said")

    async def listen(self, _subject: str, on_word: Callable[[bytes], None]) -> None:
        if self._failures:
            raise self._failures.pop()
        await self.stands.wait()
        self.on_word.append(on_word)
        self.events.append("listens")


async def test_nobody_is_told_who_is_there_before_the_subscription_stands() -> None:
    town = SlowTown()
    listener = RollCall(town, SteppedClock())
    me = StrategyAlive(strategy=ALPHA, client=Token("me"))

    attending = asyncio.ensure_future(listener.attend())
    saying = asyncio.ensure_future(listener.say(me))
    await asyncio.wait((saying,), timeout=0)
    assert town.events == []
    town.stands.set()
    await asyncio.gather(attending, saying)

    assert town.events == ["listens", "said"]


async def test_subscription_that_failed_is_made_by_the_next_word() -> None:
    town = SlowTown(UnavailableError("the connection was lost"))
    town.stands.set()
    listener = RollCall(town, SteppedClock())
    me = StrategyAlive(strategy=ALPHA, client=Token("me"))

    with pytest.raises(UnavailableError):
        await listener.say(me)
    await listener.say(me)
    await listener.say(me)

    assert town.events == ["listens", "said", "said"]


async def test_caller_that_gave_up_keeps_no_other_from_listening() -> None:
    town = SlowTown()
    listener = RollCall(town, SteppedClock())
    attending = asyncio.ensure_future(listener.attend())
    await asyncio.wait((attending,), timeout=0)
    attending.cancel()
    town.stands.set()

    await listener.attend()

    assert town.events == ["listens"]
