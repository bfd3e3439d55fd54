"""NATS's store is deleted after the offers' reach while everything lives: hedging resumes."""

import pytest

from tandem.domain.ids import Token
from tandem.gateway.shell.service import GatewayService
from tandem.messages import codec, subjects
from tandem.messages.facts import read_fact
from tandem.messages.hedges import Alarm, Rules
from tandem.messages.intents import Halt
from tandem.messages.reports import SpecsReport
from tests.simulation import course
from tests.simulation.copies import BINANCE, HYPERLIQUID
from tests.simulation.loop import VirtualLoop, spawn
from tests.simulation.plan import TOGGLES, plan, wiped
from tests.simulation.world import World

SEEDS = (1, 4, 7, 11, 15, 25, 320)
LONG_S = 1_020  # as long as the desk of the case was up; offers reach back 600


@pytest.mark.parametrize("seed", SEEDS)
def test_e5_hedging_goes_on_on_a_store_that_was_deleted(seed: int) -> None:
    """Also a second time before the desk is whole again, with all that strikes meanwhile."""
    result = course.run(wiped(seed))

    assert result.violations == []
    assert result.counts["wipe"] == len(wiped(seed).wipes_ms)


async def _rested(world: World) -> None:
    """Let a desk stand for longer than offers reach back, and its store be deleted."""
    world.start()
    await world.clock.sleep(LONG_S)
    for copy in world.alive():
        copy.bus.disconnect()
    world.wipe()
    for copy in world.alive():
        copy.bus.come_back()
    await world.clock.sleep(10)


def _run(work: object) -> None:
    loop = VirtualLoop()
    world = World(plan(1, frozenset(TOGGLES), 0), loop)
    try:
        loop.run_until_complete(spawn(loop, None, work(world), "test"))  # type: ignore[operator]
    finally:
        loop.bury()


def _found(world: World, subject: str) -> object:
    entry = world.server.oms.find(subject)
    return read_fact(entry.subject, entry.payload) if entry is not None else None


def test_e5_tables_rules_and_sessions_are_there_again_after_long() -> None:
    async def work(world: World) -> None:
        await _rested(world)
        for exc in (BINANCE, HYPERLIQUID):
            for kind in ("specs", "sender", "link"):
                assert _found(world, subjects.reports_kind_of(exc, kind)) is not None, (exc, kind)
        assert isinstance(_found(world, subjects.ALL_RULES), Rules)

    _run(work)


def test_e5_a_halt_of_long_ago_is_in_the_new_log() -> None:
    async def work(world: World) -> None:
        halt = Halt(token=Token("t"), strategy="admin", text="stop")  # type: ignore[arg-type]
        world.server.oms.store(subjects.halt(halt.token), codec.encode(halt))
        await _rested(world)
        assert _found(world, subjects.halt(halt.token)) == halt

    _run(work)


def test_e5_a_table_that_the_log_does_not_hold_is_logged_whatever_the_gateway_believes() -> None:
    async def work(world: World) -> None:
        world.start()
        await world.clock.sleep(10)
        service = world.copies["gateway-binance", 0].service
        assert isinstance(service, GatewayService)
        specs, oms = subjects.reports_kind_of(BINANCE, "specs"), world.server.oms
        entry = oms.find(specs)
        assert entry is not None
        assert isinstance(read_fact(entry.subject, entry.payload), SpecsReport)
        oms._drop([entry.seq])
        await world.clock.sleep(70)
        assert oms.find(specs) is not None

    _run(work)


def _alarms(world: World, words: str) -> list[str]:
    found = [read_fact(one.subject, one.payload) for one in world.server.oms.after(0)]
    return [one.text for one in found if isinstance(one, Alarm) and words in one.text]


def test_e5_a_gateway_that_does_not_come_back_is_named_once() -> None:
    """Everybody waits for it, and a person is told by whom, for what and for how long."""

    async def work(world: World) -> None:
        await _rested(world)
        world.kill(world.copies["gateway-hyperliquid", 0], keeps_wire=False)
        for copy in world.alive():
            copy.bus.disconnect()
        world.wipe()
        for copy in world.alive():
            copy.bus.come_back()
        await world.clock.sleep(60)
        told = _alarms(world, "gateway-hyperliquid has not said so")
        assert told == [
            "hedger waits for hyperliquid to be resynced: gateway-hyperliquid has not said so in "
            "epoch 2, for 15 s"
        ]

    _run(work)


def test_e5_a_gateway_whose_venue_does_not_answer_says_so_once() -> None:
    async def work(world: World) -> None:
        world.start()
        await world.clock.sleep(10)
        world.hyperliquid.weather.is_down = True
        for wire in world.hyperliquid.wires():
            wire.cut("the venue is down")
        await world.clock.sleep(90)
        told = _alarms(world, "waits for hyperliquid to be ready")
        assert len(told) == 1
        assert told[0].endswith("for 20 s")

    _run(work)
