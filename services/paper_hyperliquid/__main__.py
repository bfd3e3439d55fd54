"""Runs the paper Hyperliquid venue until it is told to stop."""

import os
import sys

import uvloop

from services.paper_exchange.shell.cli import parse_options
from services.paper_exchange.shell.serving import Endpoints, serve_until_signalled
from services.paper_hyperliquid.config import settings_from
from services.paper_hyperliquid.service import build
from tandem.runtime.clock import SystemClock

PREFIX = "PAPER_HYPERLIQUID"


def main() -> None:
    options = parse_options("paper-hyperliquid", PREFIX, sys.argv[1:], os.environ)
    settings = settings_from(os.environ)
    endpoints = Endpoints(options.host, options.port, options.control_host, options.control_port)

    async def run() -> None:
        try:
            exchange = build(options, settings, SystemClock())
        except ValueError as error:
            sys.exit(f"paper-hyperliquid: {error}")
        await serve_until_signalled(exchange.applications, endpoints)

    uvloop.run(run())


if __name__ == "__main__":
    main()
