"""Log facts on a desk that runs: `python -m examples.bench.load 100000`, as the administrator.

They are of an account that no gateway serves: nothing is sent for them.
"""

import argparse
import asyncio
import os
import sys

from examples.bench.rates import append
from tandem.bus.nats.bus import NatsBus
from tandem.domain.ids import Exc
from tandem.runtime.clock import SystemClock
from tandem.runtime.config import Environment, nats_options
from tandem.runtime.interrupts import run_command

ACCOUNT = Exc("nobody")


async def load(messages: int) -> None:
    """Append and wait for the last confirmation."""
    bus = await NatsBus.connect(nats_options(Environment(os.environ), "load"), SystemClock())
    await append(bus, messages, ACCOUNT)
    await bus.close()


def main() -> int:
    """Log as many as were asked for."""
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    parser.add_argument("messages", type=int, help="how many")
    asyncio.run(load(parser.parse_args().messages))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
