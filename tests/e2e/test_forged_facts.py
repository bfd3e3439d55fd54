"""What a strategy may write is what its subjects name: forged facts and poison, on processes.

Everything here is stored by the server under a subject that a strategy of a desk without users can
write to. The exchanges' own books say what was traded for it, and every process must live on.
"""

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import aiohttp
import msgspec
import nats
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.domain import ids
from tandem.domain.ids import ExecId, HedgeId, Strategy, Ticker, Token
from tandem.domain.order import OrderStatus, OrderType
from tandem.messages import codec, facts, subjects
from tandem.messages.hedges import Decision, HedgeRefused
from tandem.messages.intents import CancelOrder, HedgeOrder, NewOrder
from tandem.messages.message import Message
from tandem.messages.reports import FillReport, IntentRefused, OrderReport, SpecsReport
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import Hedging, books_of, client_of, scripted_book

BETA = Strategy("beta")
BINANCE, HYPERLIQUID, NOWHERE = map(ids.Exc, ("binance", "hyperliquid", "nowhere"))
LONG = "x%" * 1_850  # spelled in another subject, each of these is three characters
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


def _families(nth: int) -> tuple[str, ...]:
    """Return a subject of each family that a strategy of the former permissions could publish."""
    call, cloid = Token(f"f{nth}"), ids.ClientOrderId(f"f{nth}")
    return (
        subjects.stop_hedge(BETA, call),
        *(subjects.new_order(exc, BETA, cloid) for exc in (BINANCE, HYPERLIQUID, NOWHERE)),
        subjects.cancel_order(BINANCE, BETA, cloid, call),
        subjects.hedge_intent(BETA, HedgeId(f"f{nth}")),
    )


async def _stored(bus: NatsBus, kind: type[Message]) -> list[Message]:
    """Return every fact of a kind that the log holds."""
    found: list[Message] = []
    state = await bus.log.state()
    for seq in range(state.first_seq, state.last_seq + 1):
        entry = await bus.log.get(seq)
        if entry is not None and subjects.token("beta") not in entry.subject.split("."):
            fact = facts.read_fact(entry.subject, entry.payload)
            found += [fact] if isinstance(fact, kind) else []
    return found


def _forgeries(found: list[Message]) -> list[Message]:
    """Return what never happened, in the likeness of what did."""
    forged: list[Message] = []
    for fact in found:
        match fact:
            case FillReport(exc="binance"):
                name = ExecId(f"{fact.exec_id}999")
                forged.append(msgspec.structs.replace(fact, exec_id=name, last_qty=Decimal(3)))
            case Decision():
                forged.append(_next_decision(fact))
            case OrderReport(exc="hyperliquid"):
                forged.append(
                    msgspec.structs.replace(
                        fact, order_status=OrderStatus.REJECTED, cum_qty=None, ts_event_ns=1
                    )
                )
            case OrderReport(exc="binance", order_status=OrderStatus.NEW):
                ended = msgspec.structs.replace(fact, order_status=OrderStatus.CANCELLED)
                forged.append(msgspec.structs.replace(ended, ts_event_ns=fact.ts_event_ns + 10**9))
            case SpecsReport():
                forged.append(SpecsReport(exc=fact.exc, instruments=()))
            case _:
                continue
    return forged


def _next_decision(decision: Decision) -> Decision:
    ordinal = decision.ordinal + 1
    bucket = ids.bucket_hash(decision.exc, decision.ticker, decision.pool)
    taker = msgspec.structs.replace(
        decision.takers[0],
        client_order_id=ids.taker_cloid(bucket, decision.epoch, ordinal, 0),
        amount=Decimal(7),
    )
    return msgspec.structs.replace(decision, ordinal=ordinal, takers=(taker,))


async def test_e1_facts_under_a_strategys_subjects_are_nobodys(
    hedging: Hedging, bus: NatsBus
) -> None:
    link = await hedging.quote()
    for piece in hedging.pieces[:3]:
        await hedging.binance.trade("SOLUSDT", "buy", Decimal("150.00"), piece)
    await eventually(hedging.settled, "three pieces are hedged")
    kinds = (FillReport, Decision, OrderReport, SpecsReport)
    found = [fact for kind in kinds for fact in await _stored(bus, kind)]
    forged = _forgeries(found)
    assert {type(fact) for fact in forged} == set(kinds)

    for nth, fact in enumerate(forged):
        for subject in _families(nth):
            await bus.log.append(subject, codec.encode(fact))

    for piece in hedging.pieces[3:]:
        await hedging.binance.trade("SOLUSDT", "buy", Decimal("150.00"), piece)
    await link.done(timeout_s=30.0)
    await eventually(hedging.settled, "the pages equal the venues' books")
    await hedging.balance()


async def test_e8_deep_nesting_ends_nobody(hedging: Hedging, bus: NatsBus) -> None:
    nested = b'{"a":' * 1_200
    for subject in _families(9_000):
        await bus.log.append(subject, nested)
    for asked in (
        subjects.ORDERS_PAGE,
        subjects.POSITIONS_PAGE,
        subjects.FILLS_PAGE,
        subjects.HEDGES_PAGE,
        subjects.ORDER_HISTORY,
        subjects.venue_ask(BINANCE),
        subjects.venue_ask(HYPERLIQUID),
    ):
        answer = codec.decode_answer(await bus.request(asked, nested, 5.0))
        assert "nested deeper" in getattr(answer, "text", "")
    assert await bus.request(subjects.BEGIN_EPOCH, nested, 5.0) == b""
    await _hedges_on(hedging)


async def test_e9_long_names_are_refused_by_name_and_end_nobody(
    hedging: Hedging, bus: NatsBus, stack: LocalStack
) -> None:
    """Past our own client, which writes no such subject: the server takes lines of 4,096 bytes."""
    maker = msgspec.structs.replace(_hedge("long").maker, ticker=Ticker(LONG))
    hedge = msgspec.structs.replace(_hedge("long"), maker=maker)
    cancel = CancelOrder(exc=BINANCE, token=Token("t"), strategy=BETA)
    under = ".".join(("oms", "intent", BINANCE, BETA, LONG, "cancel", "t"))
    raw = await nats.connect(stack.nats.url)
    for exc in (BINANCE, HYPERLIQUID):
        order = _order(exc, LONG)
        await raw.publish(facts.subject_of(order), codec.encode(order))
    await raw.publish(under, codec.encode(cancel))
    await raw.publish(subjects.hedge_intent(BETA, HedgeId("long")), codec.encode(hedge))
    await raw.close()

    refused = (subjects.intent_refused(BINANCE, under), subjects.hedge_refused(HedgeId("long")))

    async def are_answered() -> bool:
        return None not in [await bus.log.find(subject) for subject in refused]

    await eventually(are_answered, "the cancel and the hedge are refused")
    for subject, kind in zip(refused, (IntentRefused, HedgeRefused), strict=True):
        entry = await bus.log.find(subject)
        assert entry is not None
        assert isinstance(facts.read_fact(entry.subject, entry.payload), kind)
    await eventually(lambda: _are_rejected(bus), "the orders are rejected")
    await _hedges_on(hedging)


async def _are_rejected(bus: NatsBus) -> bool:
    reports = [one for one in await _stored(bus, OrderReport) if isinstance(one, OrderReport)]
    names = {one.exc for one in reports if one.order_status is OrderStatus.REJECTED}
    return names == {BINANCE, HYPERLIQUID}


def _order(exc: ids.Exc, ticker: str) -> NewOrder:
    return NewOrder(
        exc=exc,
        ticker=Ticker(ticker),
        client_order_id=ids.ClientOrderId(f"0x7a4f{0:028x}"),
        amount=Decimal(1),
        order_type=OrderType.MARKET,
        strategy=BETA,
    )


def _hedge(name: str) -> HedgeOrder:
    spec = {"exc": "binance", "ticker": "SOLUSDT", "amount": "-1", "price": "150"}
    raw = {
        "hedge_id": name,
        "strategy": BETA,
        "maker": spec,
        "legs": [{"exc": "hyperliquid", "ticker": "SOL"}],
    }
    return msgspec.convert(raw, HedgeOrder, strict=False)


async def _hedges_on(hedging: Hedging) -> None:
    link = await hedging.quote()
    await hedging.fill()
    await link.done(timeout_s=30.0)
    await eventually(hedging.settled, "the pages equal the venues' books")
    await hedging.balance()
