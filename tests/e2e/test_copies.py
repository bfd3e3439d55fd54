"""Two copies of each state service at once: one book, one delta a change, one decision a need."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry, Log
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.messages import codec, subjects
from tandem.messages.codec import AnyDelta
from tandem.messages.hedges import Decision
from tandem.messages.queries import PageRequest
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import Hedging, books_of, client_of, scripted_book

COPIED = ("order-state", "position-state", "hedger")
PAGES = (subjects.ORDERS_PAGE, subjects.POSITIONS_PAGE, subjects.HEDGES_PAGE)
ASKED_TIMES = 24


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory = tmp_path_factory.mktemp("stack")
    plan = StackPlan(checkout(), directory, copies=dict.fromkeys(COPIED, 2))
    with LocalStack(plan) as running:
        yield running


@pytest.fixture
async def bus(stack: LocalStack) -> AsyncIterator[NatsBus]:
    found = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock())
    yield found
    await found.close()


async def _everything(log: Log, filters: tuple[str, ...]) -> list[Entry]:
    entries: list[Entry] = []
    following = await log.follow(filters, 0, entries.append)
    await eventually(lambda: bool(entries) and following.pending == 0, "the log is read")
    await following.close()
    return entries


def _entity(subject: str) -> str:
    """A delta's subject without its (epoch, seq, index)."""
    return subject.rsplit(".", 3)[0]


def _chains(deltas: list[tuple[str, AnyDelta]]) -> dict[str, list[AnyDelta]]:
    chains: dict[str, list[AnyDelta]] = {}
    for subject, delta in deltas:
        chains.setdefault(_entity(subject), []).append(delta)
    return chains


@pytest.mark.timeout(150)
async def test_two_copies_of_everything_make_one_book(stack: LocalStack, bus: NatsBus) -> None:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "copies") as oms:
            hedging = Hedging(oms, binance, hyperliquid)
            first = await hedging.quote()
            await hedging.fill()
            await first.done(timeout_s=45.0)
            stack.children["hedger"].kill()
            stack.children["order-state-2"].kill()
            second = await hedging.quote()
            await hedging.fill()
            await second.done(timeout_s=45.0)
            for name in ("hedger", "order-state-2"):
                stack.restart(name)
            await eventually(hedging.settled, "the pages equal the venues' books", 45.0)
            await hedging.balance()
    await _each_delta_once(bus)
    await _each_decision_once(bus)
    await _same_pages(bus)


async def _each_delta_once(bus: NatsBus) -> None:
    entries = await _everything(bus.deltas, subjects.ALL_DELTAS)
    deltas = [(entry.subject, codec.decode_delta(entry.payload)) for entry in entries]
    assert len({subject for subject, _ in deltas}) == len(deltas)
    for chain in _chains(deltas).values():
        told = [delta.delta_id for delta in chain]
        assert [delta.prev for delta in chain] == [None, *told[:-1]]


async def _each_decision_once(bus: NatsBus) -> None:
    entries = await _everything(bus.log, (subjects.ALL_DECISIONS,))
    decisions = [codec.decode_fact(entry.payload) for entry in entries]
    ordinals = [one.ordinal for one in decisions if isinstance(one, Decision)]
    assert ordinals == list(range(1, len(ordinals) + 1))
    cloids = [t.client_order_id for d in decisions if isinstance(d, Decision) for t in d.takers]
    assert len(cloids) == len(set(cloids))


async def _same_pages(bus: NatsBus) -> None:
    """Ask often enough for both copies to answer: they differ in nothing but their place."""
    for page in PAGES:
        answers = set()
        for _ in range(ASKED_TIMES):
            reply = await bus.request(page, codec.encode(PageRequest()), 3.0)
            answer = codec.decode_answer(reply)
            rows = [
                getattr(answer, name)
                for name in ("orders", "positions", "hedges", "buckets")
                if hasattr(answer, name)
            ]
            answers.add(repr([sorted(row, key=repr) for row in rows]))
        assert len(answers) == 1
