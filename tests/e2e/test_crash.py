"""kill -9 at named points, in the middle of a hedge: after a restart the books balance.

The points go through the runtime's one seam; each test insists that the process really died
there. What lies around the venues' wire is tested with the send protocol.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.stack import SERVICES, Child, LocalStack, StackPlan, checkout
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock, TaskOwner
from tests.e2e.hedging import Hedging, books_of, client_of, scripted_book

CASES = (
    ("order-state", "fold.after_publish:4"),
    ("order-state", "fold.after_snapshot"),
    ("position-state", "fold.after_publish:2"),
    ("position-state", "fold.after_snapshot"),
    ("hedger", "fold.before_append"),
    ("hedger", "fold.before_propose:2"),
    ("hedger", "fold.after_propose:2"),
    ("hedger", "fold.after_publish:5"),
    ("hedger", "fold.after_snapshot"),
    ("gateway-binance", "gateway.after_intent"),
    ("gateway-binance", "gateway.after_report:6"),
    ("gateway-hyperliquid", "gateway.after_intent"),
    ("gateway-hyperliquid", "gateway.after_report:4"),
)
SNAPSHOT_EVERY = "15"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory: Path = tmp_path_factory.mktemp("stack")
    plan = StackPlan(
        root=checkout(),
        directory=directory,
        environment={name: {"TANDEM_SNAPSHOT_EVERY": SNAPSHOT_EVERY} for name in SERVICES},
    )
    with LocalStack(plan) as running:
        yield running


@pytest.fixture
async def hedging(stack: LocalStack) -> AsyncIterator[Hedging]:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "crash") as oms:
            yield Hedging(oms, binance, hyperliquid)


async def _arm(stack: LocalStack, child: Child, point: str) -> None:
    """Start the process again so that it kills itself at the point, ready by then or not."""
    child.stop()
    if point == "gateway.after_intent":
        point = f"{point}:{await _intents_read_before(stack, child) + 1}"
    child.environment |= {"TANDEM_TESTING": "1", "TANDEM_CRASH_AT": point}
    child.spawn()


async def _intents_read_before(stack: LocalStack, child: Child) -> int:
    """Count what a gateway reads again when it starts: all that was ever asked of its account."""
    exc = Exc(child.name.removeprefix("gateway-"))
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    asked: list[Entry] = []
    filters = (subjects.intents_of(exc), subjects.decisions_of(exc), subjects.ALL_REPORTS)
    following = await bus.log.follow(filters, 0, asked.append)
    await eventually(lambda: bool(asked) and following.pending == 0, "the log is read")
    await bus.close()
    return sum(".venue." not in entry.subject for entry in asked)


async def _restart_once_dead(child: Child) -> None:
    await eventually(lambda: child.has_ended, f"{child.name} dies at its point", timeout_s=60.0)
    assert child.exit_code == -signal.SIGKILL
    child.environment.pop("TANDEM_CRASH_AT")
    child.start()


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("service", "point"), CASES, ids=[f"{s}-{p}" for s, p in CASES])
async def test_a_crash_in_the_middle_of_a_hedge_loses_and_doubles_nothing(
    stack: LocalStack, hedging: Hedging, service: str, point: str
) -> None:
    child = stack.children[service]
    await _arm(stack, child, point)
    tasks = TaskOwner()
    supervisor = tasks.spawn(_restart_once_dead(child), "supervisor")
    link = await hedging.quote()
    await hedging.fill()
    await supervisor
    await link.done(timeout_s=45.0)
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=45.0)
    await hedging.balance()
    await tasks.close()


MIRROR_SCRIPT = """
import asyncio, json, os, sys
from tandem import OMS
from tandem.client.oms import ClientOptions
from tandem.runtime.failpoints import seam_from

async def main() -> None:
    options = ClientOptions(ready_timeout_s=20.0, seam=seam_from(os.environ))
    async with OMS(sys.argv[1], strategy="mirror", exchanges=("binance",), options=options) as oms:
        page = await oms.orders_mirror("binance")
        print(json.dumps(sorted(str(order["cloid"]) for order in page.as_list())))

asyncio.run(main())
"""


def _mirrored(stack: LocalStack, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = (sys.executable, "-c", MIRROR_SCRIPT, stack.nats.url)
    values = os.environ | {"TANDEM_TESTING": "1"} | environment
    return subprocess.run(
        command, env=values, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.timeout(150)
@pytest.mark.parametrize("passes", [1, 3])
async def test_a_client_killed_after_taking_a_page_sees_the_same_page_next_time(
    stack: LocalStack, hedging: Hedging, passes: int
) -> None:
    order = await hedging.oms.limit_order("binance", "SOLUSDT", "0.5", price="140.00")
    await order.acknowledged()
    crash = {"TANDEM_CRASH_AT": f"client.mirror.after_page:{passes}"}
    died = await asyncio.to_thread(_mirrored, stack, **crash)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "")
    seen = await asyncio.to_thread(_mirrored, stack)
    books = await hedging.binance.books()
    assert json.loads(seen.stdout) == sorted(one.client_order_id for one in books.open_orders)
    await (await hedging.oms.cancel_order("binance", cloid=order.cloid)).done(timeout_s=10.0)
