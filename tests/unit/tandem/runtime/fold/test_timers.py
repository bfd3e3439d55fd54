import asyncio
from collections.abc import Awaitable, Callable

from tandem.messages.hedges import TimerFired
from tandem.runtime.fold.port import ArmTimer
from tandem.runtime.fold.timers import Armed, Timers

Eventually = Callable[..., Awaitable[None]]
MS = 1_000_000


class ManualClock:
    """Sleeps end when the time is moved past them."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * MS
        self._moved = asyncio.Condition()

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        until_ns = self.now_ns + int(seconds * 1e9)
        async with self._moved:
            await self._moved.wait_for(lambda: self.now_ns >= until_ns)

    async def move(self, ms: int) -> None:
        async with self._moved:
            self.now_ns += ms * MS
            self._moved.notify_all()


async def test_a_timer_fires_when_its_time_has_passed_at_the_head(eventually: Eventually) -> None:
    clock, fired = ManualClock(), list[TimerFired]()
    timers = Timers(clock, fired.append)
    running = asyncio.ensure_future(timers.run())
    timers.arm(ArmTimer("k", 0, due_ns=50 * MS))
    timers.at_head(now_ns=20 * MS)

    await clock.move(29)
    early = list(fired)
    await clock.move(2)

    await eventually(lambda: fired == [TimerFired(key="k", attempt=0, due_ns=50 * MS)])
    assert early == []
    running.cancel()


async def test_nothing_fires_before_the_head(eventually: Eventually) -> None:
    clock, fired = ManualClock(), list[TimerFired]()
    timers = Timers(clock, fired.append)
    running = asyncio.ensure_future(timers.run())
    timers.arm(ArmTimer("k", 0, due_ns=50 * MS))

    await clock.move(1_000)
    before = list(fired)
    timers.at_head(now_ns=60 * MS)

    await eventually(lambda: len(fired) == 1)
    assert before == []
    running.cancel()


async def test_a_timer_that_the_log_saw_fire_does_not_fire(eventually: Eventually) -> None:
    clock, fired = ManualClock(), list[TimerFired]()
    timers = Timers(clock, fired.append)
    running = asyncio.ensure_future(timers.run())
    timers.arm(ArmTimer("k", 0, due_ns=10 * MS))
    timers.arm(ArmTimer("other", 0, due_ns=10 * MS))
    timers.at_head(now_ns=0)

    timers.fired(TimerFired(key="k", attempt=0, due_ns=10 * MS))
    await clock.move(20)

    await eventually(lambda: [fact.key for fact in fired] == ["other"])
    assert timers.armed == (Armed("other", 0, 10 * MS),)
    running.cancel()


async def test_restored_timers_run_from_the_head_on(eventually: Eventually) -> None:
    clock, fired = ManualClock(), list[TimerFired]()
    timers = Timers(clock, fired.append)
    timers.arm(ArmTimer("gone", 0, due_ns=0))
    timers.restore((Armed("k", 2, 0),))
    running = asyncio.ensure_future(timers.run())

    timers.at_head(now_ns=5 * MS)

    await eventually(lambda: fired == [TimerFired(key="k", attempt=2, due_ns=0)])
    running.cancel()


async def test_e2_a_timer_whose_place_holds_something_else_fires_under_its_next_try() -> None:
    clock, fired = ManualClock(), list[TimerFired]()
    timers = Timers(clock, fired.append)
    timers.arm(ArmTimer("k", 0, due_ns=10 * MS))

    timers.fire_again(TimerFired(key="k", attempt=0, due_ns=10 * MS))
    timers.fire_again(TimerFired(key="k", attempt=1, due_ns=10 * MS))

    assert [fact.attempt for fact in fired] == [1, 2]
    assert timers.armed == (Armed("k", 2, 10 * MS),)
    timers.fired(fired[-1])
    timers.fire_again(TimerFired(key="k", attempt=2, due_ns=10 * MS))
    assert len(fired) == 2
    assert not timers.armed


async def test_a_later_try_ends_the_earlier_ones_and_never_the_other_way_round() -> None:
    timers = Timers(ManualClock(), list[TimerFired]().append)
    timers.arm(ArmTimer("k", 1, due_ns=10 * MS))
    timers.arm(ArmTimer("k", 0, due_ns=10 * MS))

    timers.fired(TimerFired(key="k", attempt=0, due_ns=10 * MS))
    assert timers.armed == (Armed("k", 1, 10 * MS),)

    timers.fired(TimerFired(key="k", attempt=2, due_ns=10 * MS))
    assert not timers.armed
