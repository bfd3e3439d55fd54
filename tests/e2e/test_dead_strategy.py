"""kill -9 of a strategy: what rests of it goes or stays as it wished, what filled is hedged.

The venue's own books say what rests. Who watches goes by a name of its own.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.domain.errors import NameInUseError
from tandem.domain.ids import HedgeId, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.messages.deltas import HedgeState
from tests.e2e.hedging import PRICE, books_of, client_of, scripted_book

AFTER_MS = 2_000
PART = Decimal("0.5")
ACCOUNTS = ("binance", "hyperliquid")
WHY = f"was heard for {AFTER_MS} ms"

STRATEGY = """
import asyncio, json, sys
from decimal import Decimal
from tandem import OMS

async def main() -> None:
    url, name, wish, after_ms, price = sys.argv[1:]
    async with OMS(
        url,
        strategy=name,
        exchanges=("binance", "hyperliquid"),
        on_disconnect=wish,
        disconnect_after_ms=int(after_ms),
    ) as oms:
        maker = {"exc": "binance", "ticker": "SOLUSDT", "amount": -2, "price": Decimal(price)}
        link = await oms.hedge_order(maker, {"exc": "hyperliquid", "ticker": "SOL"})
        order = await oms.limit_order("binance", "SOLUSDT", 1, price="140.00")
        await order.acknowledged(timeout_s=30)
        print(json.dumps({"hedge_id": link.hedge_id, "cloid": order.cloid}), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Quoting:
    """A strategy in a process of its own, with a maker and a limit order."""

    process: Process
    hedge_id: str
    cloid: str

    @property
    def names(self) -> set[str]:
        return {self.cloid, maker_cloid(HedgeId(self.hedge_id))}

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@dataclass(frozen=True, slots=True)
class Desk:
    url: str
    watcher: OMS
    binance: VenueBooks

    async def resting(self) -> set[str]:
        return {order.client_order_id for order in (await self.binance.books()).open_orders}

    async def strategy(self, name: str, wish: str) -> Quoting:
        """Start a strategy and wait until both its orders rest."""
        script = (sys.executable, "-c", STRATEGY)
        process = await asyncio.create_subprocess_exec(
            *script, self.url, name, wish, str(AFTER_MS), str(PRICE), stdout=PIPE
        )
        assert process.stdout is not None
        quoting = Quoting(process, **json.loads(await process.stdout.readline()))

        async def rests() -> bool:
            return quoting.names <= await self.resting()

        await eventually(rests, "both rest", timeout_s=30.0)
        return quoting

    async def fill_a_part(self) -> None:
        await self.binance.trade("SOLUSDT", "buy", PRICE, PART)

    def is_hedged(self, hedge_id: str) -> bool:
        row = self.watcher.hedges.get(hedge_id)
        return row is not None and row.maker_filled == PART and row.legs[0].covered == PART

    async def patience_is_over(self) -> None:
        """Return once a strategy that wished so, and died after all others, has lost its orders."""
        witness = await self.strategy("witness", "cancel")
        await witness.kill()

        async def is_gone() -> bool:
            return not witness.names & await self.resting()

        await eventually(is_gone, "the witness's orders are cancelled", timeout_s=30.0)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory: Path = tmp_path_factory.mktemp("stack")
    with LocalStack(StackPlan(root=checkout(), directory=directory)) as running:
        yield running


@pytest.fixture
async def desk(stack: LocalStack) -> AsyncIterator[Desk]:
    async with aiohttp.ClientSession() as session:
        binance, _ = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "watcher") as watcher:
            yield Desk(stack.nats.url, watcher, binance)


@pytest.mark.timeout(150)
async def test_orders_of_a_killed_strategy_are_cancelled_and_what_filled_is_hedged(
    desk: Desk,
) -> None:
    quoting = await desk.strategy("dying", "cancel")
    await desk.fill_a_part()
    await quoting.kill()

    async def is_gone() -> bool:
        return not quoting.names & await desk.resting()

    await eventually(is_gone, "the venue has cancelled both", timeout_s=30.0)
    await eventually(lambda: desk.is_hedged(quoting.hedge_id), "what filled is hedged")
    link = desk.watcher.hedges.handle(quoting.hedge_id)
    hedge = await link.done(timeout_s=30.0)
    order = await desk.watcher.orders.handle(quoting.cloid, "binance").done(timeout_s=30.0)
    assert (hedge.state, order.order_status) == (HedgeState.DONE, OrderStatus.CANCELLED)
    assert hedge.text == f"maker cancelled: no client of strategy dying {WHY}"
    assert order.text == f"no client of strategy dying {WHY}"


@pytest.mark.timeout(150)
async def test_orders_that_are_kept_rest_and_the_restarted_strategy_takes_them_up(
    desk: Desk,
) -> None:
    quoting = await desk.strategy("keeping", "keep")
    await quoting.kill()
    await desk.patience_is_over()
    assert quoting.names <= await desk.resting()

    async with OMS(desk.url, strategy="keeping", exchanges=ACCOUNTS) as oms:
        order, link = oms.orders.handle(quoting.cloid), oms.hedges.handle(quoting.hedge_id)
        assert order.order is not None
        assert order.order.order_status is OrderStatus.NEW
        await desk.fill_a_part()
        await eventually(lambda: link.maker_filled == PART and not link.owed, "it is hedged")
        await link.stop()
        await (await oms.cancel_order("binance", cloid=order.cloid)).done(timeout_s=30.0)
        assert (await order.done(timeout_s=30.0)).order_status is OrderStatus.CANCELLED
        assert (await link.done(timeout_s=30.0)).state is HedgeState.DONE


@pytest.mark.timeout(150)
async def test_a_second_client_of_a_name_is_told_so_until_the_first_is_gone(desk: Desk) -> None:
    quoting = await desk.strategy("twice", "cancel")
    second = OMS(desk.url, strategy="twice", exchanges=ACCOUNTS)
    with pytest.raises(NameInUseError, match="strategy=twice: in use by another client"):
        await second.init()
    async with OMS(desk.url, strategy="twice", exchanges=ACCOUNTS, share_strategy=True):
        await quoting.kill()
        await desk.patience_is_over()
        assert quoting.names <= await desk.resting()
    async with OMS(desk.url, strategy="twice", exchanges=ACCOUNTS) as oms:
        await (await oms.cancel_open_orders("binance")).done(timeout_s=30.0)
        await oms.hedges.handle(quoting.hedge_id).stop()
