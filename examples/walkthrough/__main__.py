"""Run the walkthrough, against a running system or with everything started for it."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

import aiohttp

from examples.walkthrough import steps
from examples.walkthrough.checks import StepFailedError
from examples.walkthrough.desk import BINANCE, HYPERLIQUID, Desk
from examples.walkthrough.narrate import Narrator
from examples.walkthrough.scenario import Scenario, scenario_for
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.oms import ClientOptions
from tandem.domain.errors import TandemError
from tandem.runtime.interrupts import run_command

READY_TIMEOUT_S = 30.0
LEAD_MS = 60_000  # the steps before the hedge take their time on the tape too


def main() -> int:
    """Parse the command line, run, and return the exit code: 0 only if every check held."""
    options = _options()
    say = Narrator()
    recorded = bool(options.tape)
    try:
        scenario = scenario_for(options.ticker, recorded=recorded)
        if not options.local:
            return asyncio.run(_walk(options, scenario, say))
        return _walk_locally(options, scenario, say)
    except (StepFailedError, TandemError, ValueError, FileNotFoundError) as error:
        say.failure(f"{type(error).__name__}: {error}")
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="walkthrough", description=__doc__)
    parser.add_argument("--local", action="store_true", help="start NATS, Redis and all services")
    parser.add_argument("--tape", default="", help="recorded market data (with --local)")
    parser.add_argument("--ticker", default="SOL", help="what to hedge (default %(default)s)")
    parser.add_argument(
        "--stay",
        default="",
        metavar="FILE",
        help="write the audit there when it passed, and stay up",
    )
    parser.add_argument("--nats-url", default=os.environ.get("TANDEM_NATS_URL", ""))
    for venue in ("binance", "hyperliquid"):
        variable = f"WALKTHROUGH_{venue.upper()}_CONTROL"
        parser.add_argument(
            f"--{venue}-control",
            default=os.environ.get(variable, ""),
            help=f"control port of the paper exchange ({variable})",
        )
    return parser.parse_args()


def paper_arguments(scenario: Scenario, tape: str) -> dict[str, tuple[str, ...]]:
    """Return how each paper exchange is started for a scenario."""
    if not tape:
        return {}
    path = Path(tape).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"TAPE {tape}: no such file")
    begin_ms = max(0, scenario.position_ms - LEAD_MS)
    played = ("--tape", str(path), "--offset-ms", str(begin_ms))
    return {
        "paper-binance": (*played, "--symbols", scenario.maker_ticker),
        "paper-hyperliquid": played,
    }


def _walk_locally(options: argparse.Namespace, scenario: Scenario, say: Narrator) -> int:
    with tempfile.TemporaryDirectory(prefix="tandem-demo-") as directory:
        plan = StackPlan(
            root=checkout(),
            directory=Path(directory),
            paper=paper_arguments(scenario, options.tape),
            environment=_watching(scenario),
        )
        with LocalStack(plan) as stack:
            for name, version in stack.versions.items():
                say.event("started", f"{name} {version}")
            options.nats_url = stack.nats.url
            options.binance_control = stack.paper["paper-binance"].control_url
            options.hyperliquid_control = stack.paper["paper-hyperliquid"].control_url
            return asyncio.run(_walk(options, scenario, say))


def _watching(scenario: Scenario) -> dict[str, dict[str, str]]:
    return {
        "gateway-binance": {"TANDEM_TICKERS": scenario.maker_ticker},
        "gateway-hyperliquid": {"TANDEM_TICKERS": scenario.hedge_ticker},
    }


def _file(variable: str) -> Path | None:
    """Return what the bus wants of a strategy: its key where there are users, its CA with TLS."""
    file = os.environ.get(variable, "")
    return Path(file) if file else None


async def _walk(options: argparse.Namespace, scenario: Scenario, say: Narrator) -> int:
    async with aiohttp.ClientSession() as session:
        books = {
            BINANCE: VenueBooks(session, options.binance_control),
            HYPERLIQUID: VenueBooks(session, options.hyperliquid_control),
        }
        client = ClientOptions(
            nkey_seed_file=_file("TANDEM_NATS_NKEY_SEED_FILE"),
            ca_file=_file("TANDEM_NATS_CA_FILE"),
            ready_timeout_s=READY_TIMEOUT_S,
        )
        oms = OMS(
            options.nats_url,
            strategy="walkthrough",
            exchanges=(BINANCE, HYPERLIQUID),
            options=client,
        )
        async with oms:
            desk = Desk(oms, books, say, scenario)
            await steps.look_around(desk)
            await steps.limit_order(desk)
            await steps.market_order(desk)
            link = await steps.hedge_order(desk)
            summary = await steps.balance_the_books(desk, link)
            await steps.leave_as_it_was(desk)
    say.last(json.dumps(summary))
    if options.stay:
        await asyncio.to_thread(Path(options.stay).write_text, json.dumps(summary))
        await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
