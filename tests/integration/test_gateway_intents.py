"""What a gateway makes of intents: which it refuses, which it cancels, how they reach the wire."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    bucket_hash,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderStatus, OrderType, RejectReason
from tandem.messages import subjects
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import (
    CancelOrder,
    HedgeOrder,
    LegSpec,
    MakerSpec,
    NewOrder,
    StopHedge,
)
from tandem.messages.reports import IntentRefused
from tests.conftest import Eventually
from tests.integration.gateway_binance import (
    EXC,
    SOL,
    STRATEGY,
    GatewayWorld,
    cloid,
    gateway_world,
)

NEW, CANCELLED, REJECTED = OrderStatus.NEW, OrderStatus.CANCELLED, OrderStatus.REJECTED
POOL = Pool("pool")


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


def rejections(world: GatewayWorld, name: ClientOrderId) -> list[tuple[RejectReason | None, str]]:
    found = [one for one in world.reports(name) if one.order_status is REJECTED]
    return [(one.reason, one.text) for one in found]


async def test_raw_malformed_new_order_is_rejected_once_under_its_subjects_id(
    world: GatewayWorld, eventually: Eventually
) -> None:
    name = cloid(1)
    await world.bus.log.append(subjects.new_order(EXC, STRATEGY, name), b'{"type":"new_order"}')
    await world.bus.log.append(subjects.new_order(EXC, STRATEGY, cloid(2)), b"not json")
    await eventually(lambda: rejections(world, name) and rejections(world, cloid(2)))
    [(reason, text)] = rejections(world, name)
    assert reason is RejectReason.INVALID
    assert "exc" in text


async def test_new_order_that_contradicts_its_subject_is_rejected_once(
    world: GatewayWorld, eventually: Eventually
) -> None:
    named, meant = cloid(3), cloid(4)
    await world.place(meant, "1", price="140")
    stored = await world.bus.log.find(subjects.new_order(EXC, STRATEGY, meant))
    assert stored is not None
    await world.bus.log.append(subjects.new_order(EXC, STRATEGY, named), stored.payload)
    await eventually(lambda: rejections(world, named))
    await eventually(lambda: NEW in world.statuses(meant))
    assert len(rejections(world, named)) == 1


async def test_malformed_cancel_is_refused_by_its_field(
    world: GatewayWorld, eventually: Eventually
) -> None:
    subject = subjects.cancel_order(EXC, STRATEGY, cloid(5), Token("t"))
    await world.bus.log.append(subject, b'{"type":"cancel_order","exc":"binance"}')
    await eventually(lambda: world.facts(IntentRefused))
    [refused] = world.facts(IntentRefused)
    assert (refused.subject, refused.field_name) == (subject, "token")


OTHER = Strategy("other")


def resting(name: ClientOrderId, strategy: Strategy) -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=SOL,
        client_order_id=name,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        price=Decimal(140),
        strategy=strategy,
    )


async def test_an_order_is_cancelled_by_its_own_strategy_only(
    world: GatewayWorld, eventually: Eventually
) -> None:
    theirs, own = cloid(6), cloid(8)
    await world.place(theirs, "1", price="140")
    await world.log(subjects.new_order(EXC, OTHER, own), resting(own, OTHER))
    await eventually(lambda: NEW in world.statuses(theirs) and NEW in world.statuses(own))
    cancel = CancelOrder(exc=EXC, token=Token("t"), strategy=OTHER, client_order_id=theirs)
    subject = subjects.cancel_order(EXC, OTHER, theirs, Token("t"))
    await world.log(subject, cancel)
    everything = CancelOrder(exc=EXC, token=Token("u"), strategy=OTHER)
    await world.log(subjects.cancel_all(EXC, OTHER, Token("u")), everything)
    await eventually(lambda: CANCELLED in world.statuses(own))
    assert [one.subject for one in world.facts(IntentRefused)] == [subject]
    books = await world.venue.books()
    assert [one["client_order_id"] for one in books["orders"] if one["is_open"]] == [theirs]


async def test_a_client_id_of_another_strategy_is_refused(
    world: GatewayWorld, eventually: Eventually
) -> None:
    theirs = cloid(7)
    await world.place(theirs, "1", price="140")
    await eventually(lambda: NEW in world.statuses(theirs))
    subject = subjects.new_order(EXC, OTHER, theirs)
    await world.log(subject, resting(theirs, OTHER))
    await world.bus.log.append(subjects.new_order(EXC, Strategy("evil"), theirs), b"{}")
    await eventually(lambda: world.facts(IntentRefused))
    [refused] = world.facts(IntentRefused)
    assert (refused.subject, refused.field_name) == (subject, "cloid")
    assert REJECTED not in world.statuses(theirs)


async def sweep(world: GatewayWorld, call: str) -> None:
    cancel = CancelOrder(exc=EXC, token=Token(call), strategy=STRATEGY, ticker=SOL)
    await world.log(subjects.cancel_all(EXC, STRATEGY, Token(call)), cancel)


async def test_cancel_of_a_ticker_means_all_before_it_and_nothing_after(
    world: GatewayWorld, eventually: Eventually
) -> None:
    before, after = [cloid(10), cloid(11), cloid(12)], cloid(13)
    for name in before:
        await world.place(name, "1", price="140")
    await sweep(world, "all")
    await world.place(after, "1", price="141")
    await eventually(lambda: all(CANCELLED in world.statuses(name) for name in before))
    await eventually(lambda: NEW in world.statuses(after))
    books = await world.venue.books()
    assert [one["client_order_id"] for one in books["orders"] if one["is_open"]] == [after]


async def test_decision_far_behind_the_log_is_stale_and_sends_nothing(
    world: GatewayWorld, eventually: Eventually
) -> None:
    for number in range(260):
        await world.log(subjects.stop_hedge(STRATEGY, Token(f"filler{number}")), filler(number))
    state = await world.bus.log.state()
    late, name = decision(SOL, state.last_seq - 256)
    await world.log(subjects.decision((EXC, SOL, POOL), 0, 1), late)
    await eventually(lambda: rejections(world, name))
    assert [reason for reason, _ in rejections(world, name)] == [RejectReason.STALE]
    assert (await world.venue.books())["orders"] == []


async def test_e3_names_that_hedges_go_by_are_refused_to_whoever_asks(
    world: GatewayWorld, eventually: Eventually
) -> None:
    """A taker's name, a maker's of no hedge, and alpha's maker in another strategy's name."""
    hedge = HedgeOrder(
        hedge_id=HedgeId("h1"),
        strategy=STRATEGY,
        maker=MakerSpec(exc=EXC, ticker=SOL, amount=Decimal(1), price=Decimal(140)),
        legs=(LegSpec(exc=Exc("hyperliquid"), ticker=Ticker("SOL")),),
    )
    maker = msgspec.structs.replace(
        resting(maker_cloid(hedge.hedge_id), STRATEGY), hedge_id=hedge.hedge_id
    )
    taker = taker_cloid(bucket_hash(EXC, SOL, Pool("pool")), 0, 1, 0)
    forged = (
        resting(taker, OTHER),
        resting(maker_cloid(HedgeId("none")), OTHER),
        msgspec.structs.replace(maker, strategy=OTHER),
    )
    await world.log(subjects.hedge_intent(STRATEGY, hedge.hedge_id), hedge)
    for order in forged:
        await world.log(subjects.new_order(EXC, OTHER, order.client_order_id), order)
    junk = subjects.new_order(EXC, OTHER, maker_cloid(HedgeId("h2")))
    await world.bus.log.append(junk, b"{}")
    await world.log(subjects.new_order(EXC, STRATEGY, maker.client_order_id), maker)

    await eventually(lambda: len(world.facts(IntentRefused)) == 4)
    await eventually(lambda: NEW in world.statuses(maker.client_order_id))
    assert {one.field_name for one in world.facts(IntentRefused)[:3]} == {"cloid"}
    assert await world.decide("1") == taker
    await eventually(lambda: OrderStatus.FILLED in world.statuses(taker))
    books = await world.venue.books()
    names = [one["client_order_id"] for one in books["orders"]]
    assert sorted(names) == sorted([maker.client_order_id, taker])
    assert not any(rejections(world, one.client_order_id) for one in forged)


async def test_taker_on_an_unlisted_ticker_is_refused_by_name(
    world: GatewayWorld, eventually: Eventually
) -> None:
    bare, name = decision(Ticker("XRPUSDT"), 10**6)
    await world.log(subjects.decision((EXC, bare.ticker, POOL), 0, 1), bare)
    await eventually(lambda: rejections(world, name))
    assert "not listed" in rejections(world, name)[0][1]


def filler(number: int) -> StopHedge:
    return StopHedge(hedge_id=HedgeId("none"), token=Token(f"filler{number}"), strategy=STRATEGY)


def decision(ticker: Ticker, as_of: int) -> tuple[Decision, ClientOrderId]:
    """Return a decision and its only taker's client id."""
    name = taker_cloid(bucket_hash(EXC, ticker, POOL), 0, 1, 0)
    taker = TakerOrder(
        client_order_id=name, amount=Decimal(1), band_bp=Decimal(5), hard_cap_bp=Decimal(50)
    )
    made = Decision(
        exc=EXC,
        ticker=ticker,
        pool=POOL,
        epoch=0,
        ordinal=1,
        as_of=as_of,
        need=Decimal(1),
        attempt=0,
        rules="test",
        takers=(taker,),
    )
    return made, name


async def test_orders_go_over_http_while_the_order_channel_is_down(
    nats_server: LocalServer, tmp_path: Path, unused_tcp_port: int, eventually: Eventually
) -> None:
    dead = {"BINANCE_WS_API_URL": f"ws://127.0.0.1:{unused_tcp_port}/ws-fapi/v1"}
    async with gateway_world(nats_server.url, tmp_path, **dead) as world:
        name = cloid(30)
        await world.place(name, "1", price="140")
        await eventually(lambda: ReportSource.ACK in {one.source for one in world.reports(name)})
        await world.cancel(name)
        await eventually(lambda: CANCELLED in world.statuses(name))
