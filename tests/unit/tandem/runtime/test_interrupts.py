import asyncio
import contextlib
import signal

import pytest

from tandem.runtime.interrupts import (
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    end_if_interrupted,
    run_command,
)


def test_an_interrupted_command_ends_as_shells_expect(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert run_command(interrupted) == EXIT_INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"
    assert run_command(lambda: 0) == 0


@pytest.mark.parametrize("interrupt", [signal.default_int_handler, signal.SIG_IGN])
def test_f9_a_terminated_command_ends_what_it_has_started(
    capsys: pytest.CaptureFixture[str], interrupt: signal.Handlers
) -> None:
    ended: list[str] = []

    async def follow() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            ended.append("what it has started")

    def main() -> int:
        asyncio.run(follow())
        return 0

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        assert run_command(main) == EXIT_TERMINATED
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == ["what it has started"]
    assert capsys.readouterr().err == "terminated\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


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
