"""Slots that hold something else are gone round, and hedging goes on (E2 in depth), on processes.

What a strategy of former permissions had the server store: the next decisions of its neighbour's
bucket, the next trades of a venue, leases, the next changes. The oracle is the exchanges' books.
"""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import nats
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.domain.ids import Exc, ExecId, Pool, Ticker
from tandem.messages import facts, subjects
from tandem.messages.deltas import Delta
from tandem.messages.hedges import Decision
from tandem.messages.reports import FillReport
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import Hedging, books_of, client_of, scripted_book

BINANCE, HYPERLIQUID = Exc("binance"), Exc("hyperliquid")
SOLUSDT, SOL = Ticker("SOLUSDT"), Ticker("SOL")
BUCKET = (HYPERLIQUID, SOL, Pool("alpha"))
JUNK = (b'{"type":"io.nats.jetstream.api.v1.stream_msg_get_response"}', b'{"a":' * 1_200)
FILLS_TAKEN = 399
pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(StackPlan(checkout(), tmp_path_factory.mktemp("stack"))) as running:
        yield running


@pytest.fixture
async def hedging(stack: LocalStack) -> AsyncIterator[Hedging]:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "alpha") as oms:
            yield Hedging(oms, binance, hyperliquid)


@pytest.fixture
async def bus(stack: LocalStack) -> AsyncIterator[NatsBus]:
    opened = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def everybody_lives_on(stack: LocalStack) -> Iterator[None]:
    before = {name: child.pid for name, child in stack.children.items()}
    yield
    assert {name: child.pid for name, child in stack.children.items()} == before
    assert [name for name, child in stack.children.items() if child.has_ended] == []


async def _newest(bus: NatsBus, subject: str) -> Decision | FillReport:
    entry = await bus.log.find(subject)
    assert entry is not None
    fact = facts.read_fact(entry.subject, entry.payload)
    assert isinstance(fact, Decision | FillReport)
    return fact


async def _hedge(hedging: Hedging) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=30.0)
    await eventually(hedging.settled, "the pages equal the venues' books")
    await hedging.balance()


async def test_e2_a_bucket_whose_next_decisions_are_taken_is_hedged_on(
    hedging: Hedging, bus: NatsBus
) -> None:
    await bus.log.append(subjects.decision(BUCKET, 0, 1), JUNK[0])
    await _hedge(hedging)
    last = await _newest(bus, subjects.decisions_of(HYPERLIQUID))
    assert isinstance(last, Decision)
    for ahead in (1, 2, 4):
        slot = subjects.decision(BUCKET, last.epoch, last.ordinal + ahead)
        await bus.log.append(slot, JUNK[ahead % 2])

    await _hedge(hedging)


async def test_e2_trades_whose_names_are_taken_are_hedged_by_their_orders_cumulative(
    hedging: Hedging, bus: NatsBus
) -> None:
    await _hedge(hedging)
    last = await _newest(bus, subjects.reports_kind_of(BINANCE, "fill"))
    assert isinstance(last, FillReport)
    for ahead in range(1, FILLS_TAKEN + 1):
        name = ExecId(str(int(last.exec_id) + ahead))
        await bus.log.append(subjects.fill_report(BINANCE, SOLUSDT, name), JUNK[0])

    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=30.0)


async def test_e2_changes_and_leases_that_are_taken_hold_nobody_up(
    hedging: Hedging, bus: NatsBus, stack: LocalStack
) -> None:
    state = await bus.log.state()
    for ahead in range(1, 60):
        delta = Delta(epoch=0, seq=state.last_seq + ahead, index=0)
        await bus.deltas.append(subjects.bucket_delta(BUCKET, delta), JUNK[0])
        await bus.deltas.append(subjects.position_delta(BINANCE, SOLUSDT, delta), JUNK[0])
    raw = await nats.connect(stack.nats.url)
    for exc in (BINANCE, HYPERLIQUID):
        await raw.publish(subjects.lease(exc), JUNK[1])
    await raw.flush()
    await raw.close()

    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=30.0)
