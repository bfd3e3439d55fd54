"""Run chaos on a stack of its own; print one JSON line; exit 0 only if every promise held."""

import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import structlog

from examples.chaos.blows.processes import step_file, thaw
from examples.chaos.options import Options, parse
from examples.chaos.progress import say
from examples.chaos.run import run
from examples.chaos.stage import Market, market_of, stack_plan, with_stepped_clocks
from tandem.cli.stack import LocalStack
from tandem.domain.errors import TandemError
from tandem.runtime.clock import write_step

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run, and return the exit code."""
    options = parse(argv, secrets.randbits(32))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    directory = options.directory or Path(tempfile.mkdtemp(prefix="tandem-chaos-"))
    held = False
    try:
        line = _run(market_of(options.tape), options, directory)
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        held = bool(line["holds"])
    except KeyboardInterrupt:
        say("interrupted; everything was stopped")
        return EXIT_INTERRUPTED
    except (TandemError, OSError, ValueError, RuntimeError) as error:
        say(f"seed {options.seed}: {type(error).__name__}: {error}")
    finally:
        _leave(directory, keep=options.directory is not None or not held)
    return 0 if held else 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _run(market: Market, options: Options, directory: Path) -> dict[str, object]:
    directory.mkdir(parents=True, exist_ok=True)
    write_step(step_file(directory), 0, 0)
    plan = stack_plan(market, options, directory)
    stack = LocalStack(with_stepped_clocks(plan, step_file(directory)))
    try:
        stack.start()
        _log_to(directory / "logs" / "driver.log")
        say(f"started {len(stack.pids())} processes; logs in {directory / 'logs'}")
        return asyncio.run(run(stack, market, options, say))
    finally:
        thaw(stack.children.values())
        stack.stop()


def _log_to(path: Path) -> None:
    """Keep what the strategies' own clients log with the other logs."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=path.open("a", buffering=1)),
    )


def _leave(directory: Path, *, keep: bool) -> None:
    if keep:
        say(f"logs and stores are kept in {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
