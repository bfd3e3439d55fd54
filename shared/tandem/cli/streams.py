"""Makes the streams of a desk, or corrects them: what only the administrator may do.

Services make their streams themselves on a server that knows no users; where it does, they may
not, and compare only. Run this before the first start, and at an upgrade that changes a stream.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.domain.errors import TandemError
from tandem.runtime.clock import SystemClock
from tandem.runtime.config import BUS_VARIABLES, Environment, settings
from tandem.runtime.interrupts import run_command

TIMEOUT_S = 30.0


async def _apply(options: NatsOptions, limits: topology.Limits) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        bus = await NatsBus.connect(options, SystemClock())
        try:
            await topology.apply(bus, limits)
        finally:
            await bus.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Make the streams that the environment describes."""
    names = ", ".join(one.name for one in BUS_VARIABLES)
    epilog = (
        f"environment: {names}, TANDEM_RETENTION, TANDEM_DELTAS_RETENTION, TANDEM_STREAM_REPLICAS"
    )
    parser = argparse.ArgumentParser(prog="tandem-streams", description=__doc__, epilog=epilog)
    parser.parse_args(argv)
    try:
        common = settings(Environment(os.environ), "streams")
        limits = topology.Limits(common.retention_s, common.stream_replicas, common.deltas_s)
        asyncio.run(_apply(common.nats, limits))
    except (TandemError, TimeoutError) as error:
        sys.stderr.write(f"streams: {str(error) or 'no answer in time'}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
