import asyncio

from tandem.bus.tasks import Background, end
from tests.conftest import Eventually


async def test_a_task_that_drops_a_cancellation_is_ended_all_the_same(
    eventually: Eventually,
) -> None:
    started: list[str] = []
    dropped: list[str] = []

    async def stubborn() -> None:
        started.append("once")
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if dropped:
                    raise
                dropped.append("once")

    task = asyncio.ensure_future(stubborn())
    await eventually(lambda: started)

    await end({task})

    assert task.cancelled()
    assert dropped == ["once"]


async def test_nothing_to_end_is_fine() -> None:
    await end(())


async def test_a_failure_that_nobody_awaits_is_reported(eventually: Eventually) -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, failure: heard.append(failure["exception"])
    )
    background = Background()

    async def fail() -> None:
        raise RuntimeError("a bug")

    background.spawn(fail(), "fails")

    await eventually(lambda: [type(error) for error in heard] == [RuntimeError])
    assert len(background) == 0


async def test_closing_ends_what_still_runs() -> None:
    background = Background()
    task = background.spawn(asyncio.Event().wait(), "waits")

    await background.close()

    assert task.cancelled()
