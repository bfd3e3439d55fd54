import asyncio
import contextlib

import pytest

from tandem.runtime.interrupts import EXIT_INTERRUPTED, end_if_interrupted, run_command


def test_an_interrupted_command_ends_as_shells_expect(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert run_command(interrupted) == EXIT_INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"
    assert run_command(lambda: 0) == 0


async def test_f9_a_task_whose_cancellation_was_taken_in_ends_all_the_same() -> None:
    follows = asyncio.Event()

    async def follow() -> None:
        follows.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        end_if_interrupted()
        pytest.fail("it went on")

    task = asyncio.create_task(follow())
    await follows.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_nobody_cancelled_goes_on() -> None:
    end_if_interrupted()
