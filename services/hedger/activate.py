"""Put this environment's rules in force: the one message of an upgrade.

`python -m services.hedger.activate`, once every copy that implements them runs. The activation
names the one it follows, so of two at once the log takes one.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from services.hedger.config import VARIABLES, hedge_rules
from services.hedger.policy.rules import to_fact
from tandem.bus.nats.bus import NatsBus
from tandem.bus.port import Entry, Log
from tandem.domain.errors import MalformedMessageError, TandemError
from tandem.messages import facts, subjects
from tandem.messages.hedges import Rules
from tandem.runtime.clock import SystemClock
from tandem.runtime.config import BUS_VARIABLES, Environment, nats_options
from tandem.runtime.interrupts import run_command

CONNECT_S = 30.0


async def activate(log: Log, env: Environment) -> Rules:
    """Log the rules after the newest activation and return them; nothing if they are in force.

    Raises:
        ConflictError: somebody else activated rules at the same moment.
    """
    newest = await log.find(subjects.ALL_RULES)
    last = _rules(newest) if newest is not None else None
    taken = subjects.rules_slot(newest.subject) if newest is not None else None
    following = to_fact(hedge_rules(env), (taken or 0) + 1)
    if last is not None and last.rules == following.rules:
        return last
    await log.append(*facts.written(following), same=True)
    return following


def _rules(newest: Entry) -> Rules | None:
    """Return what was activated last; None where something else has the place of an activation."""
    try:
        fact = facts.read_fact(newest.subject, newest.payload)
    except MalformedMessageError:
        return None
    return fact if isinstance(fact, Rules) else None


async def _main(env: Environment) -> Rules:
    async with asyncio.timeout(CONNECT_S):
        bus = await NatsBus.connect(nats_options(env, "hedger-activate"), SystemClock())
    try:
        return await activate(bus.log, env)
    finally:
        await bus.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Activate the rules of this environment and say which."""
    _parser().parse_args(argv)
    try:
        made = asyncio.run(_main(Environment(os.environ)))
    except (TandemError, TimeoutError) as error:
        sys.stderr.write(f"activate: {str(error) or 'no NATS server answers'}\n")
        return 1
    sys.stdout.write(f"activation {made.ordinal}: rules {made.rules} {made.settings}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(one.name for one in (*VARIABLES, *BUS_VARIABLES))
    return argparse.ArgumentParser(
        prog="activate", description=__doc__, epilog=f"environment: {names}"
    )


if __name__ == "__main__":
    sys.exit(run_command(main))
