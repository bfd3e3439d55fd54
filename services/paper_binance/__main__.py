"""Runs the paper exchange until it is told to stop; prints one line of JSON once it listens."""

import asyncio
import logging
import os
import sys

import uvloop

from services.paper_binance.service import PaperBinance, applications, endpoints
from services.paper_exchange.shell.cli import PaperOptions, parse_options
from services.paper_exchange.shell.serving import serve_until_signalled
from tandem.runtime.clock import SystemClock

PROG = "python -m services.paper_binance"
PREFIX = "PAPER_BINANCE"


async def run(options: PaperOptions) -> None:
    try:
        exchange = PaperBinance(options, SystemClock())
    except ValueError as error:
        sys.exit(f"{PROG}: {error}")
    await serve_until_signalled(applications(exchange), endpoints(options))


def main() -> None:
    options = parse_options(PROG, PREFIX, sys.argv[1:], os.environ)
    logging.basicConfig(level=options.log_level.upper())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(options))


if __name__ == "__main__":
    main()
