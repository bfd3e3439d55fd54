"""A maker fills while nobody hedges: those who live tell of it, to clients and on /metrics."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli import exposure
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.handles import LinkHandle
from tandem.messages import facts
from tandem.messages.deltas import LegView
from tandem.messages.hedges import Alarm
from tandem.messages.queries import ExposureCause, ExposurePage
from tandem.messages.reports import FillReport
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually
from tests.e2e.hedging import PRICE, Hedging, books_of, client_of, scripted_book

WITHIN_S = 1.5
NS = 1_000_000_000
QTY = Decimal(2)
NAKED = 'exposure_naked_notional{exc="hyperliquid",pool="naked",ticker="SOL"}'
AGE = 'exposure_naked_age_s{exc="hyperliquid",pool="naked",ticker="SOL"}'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory: Path = tmp_path_factory.mktemp("stack")
    with LocalStack(StackPlan(root=checkout(), directory=directory)) as running:
        yield running


@pytest.fixture
async def hedging(stack: LocalStack) -> AsyncIterator[Hedging]:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "naked") as oms:
            yield Hedging(oms, binance, hyperliquid, pieces=(QTY,))


def _freeze(stack: LocalStack) -> Callable[[], None]:
    pid = stack.children["hedger"].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


def _kill(stack: LocalStack) -> Callable[[], None]:
    child = stack.children["hedger"]
    child.kill()
    return child.start


async def _metrics(stack: LocalStack) -> dict[str, float]:
    port = stack.children["position-state"].wait_ready()["http_port"]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as page,
    ):
        text = await page.text()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("tandem_"): float(value) for name, _, value in lines}


async def _logged(stack: LocalStack) -> list[Entry]:
    """Return what the log holds."""
    bus = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    try:
        state = await bus.log.state()
        found = [await bus.log.get(seq) for seq in range(state.first_seq, state.last_seq + 1)]
    finally:
        await bus.close()
    return [entry for entry in found if entry is not None]


def _is_told(page: ExposurePage) -> bool:
    return not page.hedger_at_head and len(page.alarms) > 1


@pytest.mark.parametrize("away", [_freeze, _kill], ids=["frozen", "killed"])
async def test_a_maker_that_fills_while_no_hedger_works_is_told_by_those_who_live(
    away: Callable[[LocalStack], Callable[[], None]],
    stack: LocalStack,
    hedging: Hedging,
    eventually: Eventually,
) -> None:
    await hedging.quote()
    before = {one.subject for one in await _logged(stack)}
    back = away(stack)
    try:
        await hedging.fill()
        page = await hedging.oms.exposure()
        while not _is_told(page):
            await SystemClock().sleep(0.02)
            page = await hedging.oms.exposure()
        measured = await _metrics(stack)
        status = "\n".join(exposure.shown(page))
        logged = await _logged(stack)
        while len(_raised(logged, before)) < len(page.alarms):
            logged = await _logged(stack)
    finally:
        back()
    (row,) = [one for one in page.buckets if one.pool == "naked"]
    assert (row.naked, row.cause) == (QTY, ExposureCause.UNDECIDED)
    assert row.age_ms >= 250
    assert row.notional is not None
    assert abs(row.notional / (QTY * PRICE) - 1) < 1
    assert measured[NAKED] == float(row.notional)
    assert measured[AGE] >= row.age_ms / 1e3
    assert (measured["exposure_overdue"], measured["hedger_silent_s"] > 1) == (1.0, True)
    assert "NONE at the head" in status
    assert _slowest_s(logged, before) < WITHIN_S

    await hedging.until(lambda: hedging.oms.hedges.links.rows != {} and _is_flat(hedging))
    await eventually(lambda: hedging.oms.hedges.bucket("hyperliquid", "SOL", "naked") is not None)
    page = await hedging.oms.exposure()
    while page.alarms or any(one.naked for one in page.buckets):
        await SystemClock().sleep(0.02)
        page = await hedging.oms.exposure()
    assert page.hedger_at_head
    assert (await _metrics(stack))[NAKED] == 0
    await hedging.balance()


async def test_slippage_is_measured_against_the_hedges_book_at_the_makers_fill(
    hedging: Hedging,
) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=45.0)
    await hedging.until(lambda: _leg(link).avg_px is not None and _leg(link).covered == QTY)
    leg = _leg(link)
    assert leg.slippage_bp is not None
    assert leg.slippage_qty == QTY


def _leg(link: LinkHandle) -> LegView:
    assert link.link is not None
    return link.link.legs[0]


def _is_flat(hedging: Hedging) -> bool:
    bucket = hedging.oms.hedges.bucket("hyperliquid", "SOL", "naked")
    return bucket is not None and bucket.owed == 0 and bucket.taker_filled != 0


def _slowest_s(logged: list[Entry], before: set[str]) -> float:
    """Return how long after the maker's fill the log had both alarms: of the two the later."""
    filled = [one.ts_ns for one in logged if _is_maker_fill(one)]
    return (sorted(_raised(logged, before))[1] - filled[-1]) / NS


def _raised(logged: list[Entry], before: set[str]) -> list[int]:
    """Return when the log had each new alarm of position-state."""
    new = [one for one in logged if one.subject not in before]
    return [one.ts_ns for one in new if _source(one) == "position-state"]


def _is_maker_fill(entry: Entry) -> bool:
    fact = facts.read_fact(entry.subject, entry.payload)
    return isinstance(fact, FillReport) and fact.exc == "binance"


def _source(entry: Entry) -> str:
    fact = facts.read_fact(entry.subject, entry.payload)
    return fact.source if isinstance(fact, Alarm) else ""
