"""One client under a name: it says that it lives, and is told of another one."""

import asyncio

import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.client.presence import Disconnect, Presence, disconnect
from tandem.domain.errors import InvalidInputError, NameInUseError, UnavailableError
from tandem.domain.ids import Strategy, Token
from tandem.messages import codec, subjects
from tandem.messages.presence import ClientState, OtherClient, StrategyAlive
from tandem.runtime.clock import SystemClock
from tests.unit.tandem.client.bus import Desk, until

ALPHA = Strategy("alpha")


def presence(desk: Desk, bus: MemoryBus | None = None, *, is_shared: bool = False) -> Presence:
    return Presence(bus or desk.world.client(), ALPHA, desk.ports, is_shared=is_shared)


async def working(desk: Desk) -> Presence:
    made = presence(desk)
    await made.begin()
    await made.join()
    return made


class Words:
    """Everything that clients say."""

    def __init__(self) -> None:
        self.heard: list[StrategyAlive] = []

    async def listen(self, desk: Desk) -> None:
        await desk.world.listen(
            subjects.ALIVE, lambda payload: self.heard.append(codec.decode_word(payload))
        )

    @property
    def states(self) -> list[ClientState]:
        return [word.state for word in self.heard]


async def test_a_client_says_that_it_lives_from_its_beginning_to_its_last_word() -> None:
    desk, words = Desk(), Words()
    await words.listen(desk)
    made = await working(desk)
    await until(lambda: ClientState.JOINED in words.states)
    await until(lambda: words.states.count(ClientState.JOINED) > 1)
    await made.leave()

    assert {word.strategy for word in words.heard} == {ALPHA}
    assert len({word.client for word in words.heard}) == 1
    assert words.states[0] is ClientState.JOINING
    assert words.states[-1] is ClientState.LEAVING
    await desk.tasks.close()


async def test_a_second_client_of_a_name_is_told_so() -> None:
    desk = Desk()
    await working(desk)
    second = presence(desk)
    await second.begin()

    with pytest.raises(NameInUseError, match="strategy=alpha: in use by another client"):
        await asyncio.wait_for(_join_when_heard(second), 5)
    await desk.tasks.close()


async def _join_when_heard(second: Presence) -> None:
    """Join again and again: the answer of who works is heard a turn of the loop later."""
    while True:
        await second.join()
        second._state = ClientState.JOINING
        await SystemClock().sleep(0.001)


async def test_a_name_may_be_shared_by_those_who_say_so() -> None:
    desk, words = Desk(), Words()
    await working(desk)
    await words.listen(desk)
    second = presence(desk, is_shared=True)
    await second.begin()
    await until(lambda: words.states.count(ClientState.JOINED) > 0)
    await second.join()
    await desk.tasks.close()


async def test_a_name_that_was_left_is_free_at_once() -> None:
    desk = Desk()
    first = await working(desk)
    await first.leave()
    await working(desk)
    await desk.tasks.close()


class Told(MemoryBus):
    """A bus on which others were heard, as `access` tells of them."""

    def __init__(self, desk: Desk, *others: tuple[OtherClient, ...]) -> None:
        super().__init__(desk.clock)
        self.others = list(others)

    async def say_alive(  # type: ignore[explicit-override]
        self, alive: object, on_joining: object = None
    ) -> tuple[OtherClient, ...]:
        return self.others.pop(0) if len(self.others) > 1 else self.others[0]


def other(
    age_ms: int, client: str = "other", state: ClientState = ClientState.JOINED
) -> OtherClient:
    return OtherClient(client=Token(client), state=state, age_ms=age_ms)


async def test_one_that_was_killed_just_before_does_not_keep_the_name() -> None:
    desk = Desk()
    bus = Told(desk, (other(300),), (other(400),), (other(2_000),), ())
    made = presence(desk, bus)
    await made.begin()
    await made.join()
    await desk.tasks.close()


async def test_one_that_is_heard_again_keeps_the_name() -> None:
    desk = Desk()
    bus = Told(desk, (other(300),), (other(400),), (other(0),))
    made = presence(desk, bus)
    await made.begin()
    with pytest.raises(NameInUseError):
        await made.join()
    await desk.tasks.close()


async def test_of_two_that_begin_at_once_one_stays() -> None:
    desk = Desk()
    for name, is_refused in (("", True), ("zzz", False)):
        bus = Told(desk, (), (other(0, name, ClientState.JOINING),), ())
        made = presence(desk, bus)
        await made.begin()
        await SystemClock().sleep(0.002)
        if is_refused:
            with pytest.raises(NameInUseError):
                await made.join()
        else:
            await made.join()
    await desk.tasks.close()


async def test_silence_of_the_bus_is_waited_out_at_the_beginning() -> None:
    desk, bus = Desk(), MemoryBus(Desk().clock)
    bus.disconnect()
    beginning = asyncio.ensure_future(presence(desk, bus).begin())
    with pytest.raises(UnavailableError):
        await bus.say_alive(StrategyAlive(strategy=ALPHA, client=Token("me")))
    bus.reconnect()
    await asyncio.wait_for(beginning, 5)
    await desk.tasks.close()


def test_what_an_oms_is_given_says_when_orders_go() -> None:
    assert disconnect({}) == Disconnect(5_000, is_shared=False)
    assert disconnect({"on_disconnect": "keep"}) == Disconnect(None)
    shared = {"on_disconnect": "cancel", "disconnect_after_ms": 1_000, "share_strategy": True}
    assert disconnect(shared) == Disconnect(1_000, is_shared=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"on_disconnect": "stay"}, "on_disconnect=stay: one of CANCEL, KEEP"),
        ({"disconnect_after_ms": 999}, "disconnect_after_ms=999: 1000 to 86400000 milliseconds"),
        ({"disconnect_after_ms": "5"}, "disconnect_after_ms=5: a whole number of milliseconds"),
        ({"share_strategy": 1}, "share_strategy=1: True or False"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(given: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        disconnect(given)
    assert str(refused.value) == told
