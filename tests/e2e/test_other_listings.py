"""Contracts of a thousand coins, and an account of two assets, on processes and by their books."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.arguments import HedgeLeg, MakerOrder
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import is_taker_cloid
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import books_of, client_of

LISTED: Final = "SOLUSDT,DOGSUSDT,1000PEPEUSDT"
KEY, SECRET = "two-assets", hashlib.sha256(b"two-assets").hexdigest()
OWED, BFUSD = Decimal("-48.11"), Decimal(2850)
DOGS_PX, KDOGS_PX = Decimal("0.0005"), Decimal("0.5")
PEPE_PX = Decimal("0.01")
LEVELS: Final = 20
SHOWN_EACH_S = 0.4
pytestmark = pytest.mark.timeout(150)


async def show(venue: VenueBooks, symbol: str, mid: Decimal, step: Decimal, depth: int) -> None:
    """Display a book of one symbol around a price that it leaves empty."""
    prices = [step * count for count in range(1, depth + 1)]
    book = {
        "kind": "depth",
        "symbol": symbol,
        "bids": [[str(mid - each), "1000000000"] for each in prices],
        "asks": [[str(mid + each), "1000000000"] for each in prices],
        "replace": True,
    }
    await venue.post("market", book)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running


@pytest.fixture
async def stack(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[LocalStack]:
    """Run a desk whose Binance account owes USDT and holds BFUSD, in multi-assets mode."""
    key = {"BINANCE_API_KEY": KEY, "BINANCE_API_SECRET": SECRET}
    environment = {
        "gateway-binance": key | {"TANDEM_TICKERS": "DOGSUSDT,1000PEPEUSDT"},
        "gateway-hyperliquid": {"TANDEM_TICKERS": "kDOGS,kPEPE"},
    }
    paper = {"paper-binance": ("--symbols", LISTED)}
    running = LocalStack(StackPlan(checkout(), tmp_path, paper=paper, environment=environment))
    try:
        running.start_servers()
        running.start_paper()
        binance, hyperliquid = books_of(running, session)
        account = {"account": "mixed", "api_key": KEY, "secret": SECRET, "wallet": str(OWED)}
        assets = {"collateral": {"BFUSD": str(BFUSD)}, "multi_assets": True}
        await binance.post("accounts", account | assets)
        showing = asyncio.create_task(_keep_showing(binance, hyperliquid))
        await asyncio.to_thread(running.start_services, running.services)
        yield running
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
    finally:
        running.stop()


async def _keep_showing(binance: VenueBooks, hyperliquid: VenueBooks) -> None:
    """Let every book change: only then is it told, and after two seconds it is too old."""
    for depth in itertools.cycle((LEVELS, LEVELS - 1)):
        await show(binance, "DOGSUSDT", DOGS_PX, Decimal("0.0000001"), depth)
        await show(binance, "1000PEPEUSDT", PEPE_PX, Decimal("0.000001"), depth)
        await show(hyperliquid, "kDOGS", KDOGS_PX, Decimal("0.0001"), depth)
        await show(hyperliquid, "kPEPE", PEPE_PX, Decimal("0.000001"), depth)
        await SystemClock().sleep(SHOWN_EACH_S)


@pytest.fixture
async def oms(stack: LocalStack) -> AsyncIterator[OMS]:
    async with client_of(stack, "listings") as running:
        yield running


async def fill_and_hedge(
    oms: OMS, venues: tuple[VenueBooks, VenueBooks], quote: tuple[str, Decimal, Decimal], leg: str
) -> Decimal:
    """Have a maker (ticker, amount, price) bought whole; return what the hedge's takers did."""
    binance, hyperliquid = venues
    ticker, amount, px = quote
    link = await oms.hedge_order(
        {"exc": "binance", "ticker": ticker, "amount": amount, "price": px},
        {"exc": "hyperliquid", "ticker": leg},
    )

    def rests() -> bool:
        row = link.link
        order = oms.orders_peek("binance").known(row.maker_cloid) if row else None
        return order is not None and order.venue_order_id is not None

    await eventually(rests, "the maker rests", timeout_s=30.0)
    await binance.trade(ticker, "buy", px, -amount)
    await link.done(timeout_s=45.0)
    trades = [one for one in await hyperliquid.trades() if one.symbol == leg]
    return sum((one.amount for one in trades if is_taker_cloid(one.client_order_id)), Decimal(0))


async def test_c4_a_thousand_is_a_thousand_and_c9_the_whole_account_counts(
    stack: LocalStack, session: aiohttp.ClientSession, oms: OMS
) -> None:
    """60 USDT of DOGS are hedged by 60 USDC of kDOGS, from an account whose USDT are owed."""
    venues = books_of(stack, session)
    balance = await oms.get_balance("binance")
    assert balance == {
        "asset": "USD",
        "balance": OWED + BFUSD,
        "equity": OWED + BFUSD,
        "available": OWED + BFUSD,
    }
    dogs = ("DOGSUSDT", Decimal(-120_000), DOGS_PX)
    pepe = ("1000PEPEUSDT", Decimal(-6_000), PEPE_PX)

    assert await fill_and_hedge(oms, venues, dogs, "kDOGS") == 120
    assert await fill_and_hedge(oms, venues, pepe, "kPEPE") == 6_000

    async def nets() -> bool:
        net = await oms.positions_get_net_base()
        return {coin: net.get(coin) for coin in ("DOGS", "PEPE")} == {"DOGS": 0, "PEPE": 0}

    await eventually(nets, "both coins are flat", timeout_s=30.0)
    by_base = await oms.positions_get_by_base()
    assert by_base["PEPE"] == {"binance": -6_000_000, "hyperliquid": 6_000_000}
    assert (await oms.get_all_equities())["binance"] > BFUSD + OWED - 1


async def test_c4_another_coin_is_refused_with_both_numbers_unless_it_is_meant(oms: OMS) -> None:
    maker = MakerOrder(exc="binance", ticker="DOGSUSDT", amount=Decimal(-120_000), price=DOGS_PX)
    leg = HedgeLeg(exc="hyperliquid", ticker="kPEPE")

    def are_priced() -> bool:
        sides = (("binance", "DOGSUSDT"), ("hyperliquid", "kPEPE"))
        return all(oms.tables.priced(*side).px is not None for side in sides)

    await eventually(are_priced, "both have a price")
    with pytest.raises(InvalidInputError, match=r"PEPE at 0\.00001 .*DOGS at 0\.0005 "):
        await oms.hedge_order(maker, leg)

    link = await oms.hedge_order(maker, leg, cross_asset=True)
    await link.stop()
    await link.done(timeout_s=45.0)
