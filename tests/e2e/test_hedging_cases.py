"""Cases of the hedging semantics in which a venue, the bus or a person misbehaves, on processes.

The exchanges' own books judge each one; what the fold alone decides is tried case by case in
tests/unit/services/hedger.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from decimal import Decimal

import aiohttp
import pytest

from examples.walkthrough.checks import eventually
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.stack import LocalStack, StackPlan, checkout, hyperliquid_variables
from tandem.client.handles import LinkHandle
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import taker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages import codec, subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import HedgeState
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport, LinkReport, LinkState, OrderReport
from tandem.runtime.clock import SystemClock
from tests.e2e.hedging import PRICE, Hedging, books_of, client_of, scripted_book

# One gateway of each venue uses the address here. A backfill weighs 42 on Hyperliquid: sooner ones
# would wait for room.
VARIABLES = {"TANDEM_BACKFILL_SECONDS": "8", "TANDEM_ADDRESS_COPIES": "1"}
HALF, PIECE = Decimal("0.50"), Decimal("0.10")
PACE_S = 0.25
ACCOUNT = hyperliquid_variables(0)["HYPERLIQUID_ACCOUNT"]
pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory = tmp_path_factory.mktemp("stack")
    gateways = ("gateway-binance", "gateway-hyperliquid")
    variables = dict.fromkeys(gateways, VARIABLES)
    with LocalStack(StackPlan(checkout(), directory, environment=variables)) as running:
        yield running


@pytest.fixture
async def hedging(stack: LocalStack) -> AsyncIterator[Hedging]:
    async with aiohttp.ClientSession() as session:
        binance, hyperliquid = books_of(stack, session)
        await scripted_book(binance)
        async with client_of(stack, "cases") as oms:
            yield Hedging(oms, binance, hyperliquid)
            for venue in (binance, hyperliquid):
                await venue.post("faults", {"reset": True})
            await oms.resume()
            await oms.cancel_open_orders("binance")
            await eventually(lambda: not tuple(oms.orders_peek("binance")), "no maker is left")


@pytest.fixture
async def facts(stack: LocalStack) -> AsyncIterator[list[Fact]]:
    """Everything that is logged from the start of the test."""
    bus, found = await NatsBus.connect(NatsOptions(stack.nats.url), SystemClock()), []

    def take(entry: Entry) -> None:
        found.append(codec.decode_fact(entry.payload))

    last = (await bus.log.state()).last_seq
    following = await bus.log.follow((subjects.ALL_FACTS,), last, take)
    yield found
    await following.close()
    await bus.close()


async def buy(hedging: Hedging, qty: Decimal = HALF) -> None:
    """Let somebody take a piece of the resting maker."""
    await hedging.binance.trade("SOLUSDT", "buy", PRICE, qty)


def covered(link: LinkHandle) -> Decimal:
    return link.link.legs[0].covered if link.link is not None else Decimal(0)


def maker_is_gone(hedging: Hedging, link: LinkHandle) -> bool:
    row = link.link
    order = hedging.oms.orders_peek("binance").known(row.maker_cloid) if row else None
    return order is not None and order.order_status.is_terminal


def refusals(facts: list[Fact]) -> set[RejectReason | None]:
    reports = [one for one in facts if isinstance(one, OrderReport)]
    return {one.reason for one in reports if one.order_status is OrderStatus.REJECTED}


async def settled(hedging: Hedging, link: LinkHandle) -> None:
    await link.done(timeout_s=45.0)
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=30.0)
    await hedging.balance()


async def test_case_19_the_hedge_venue_is_down_with_a_maker_live(
    hedging: Hedging, facts: list[Fact]
) -> None:
    link = await hedging.quote()
    await buy(hedging)
    await hedging.until(lambda: covered(link) == HALF)

    # The first cancel is lost, so that the maker still fills while its hedges cannot be had.
    lost = {"fault": "drop_request", "on": "cancel_order", "skip": 0, "count": 1}
    await hedging.binance.post("faults", {"script": [lost]})
    await hedging.hyperliquid.post("faults", {"down": {"for_ms": 8_000, "looks": "reset"}})
    await buy(hedging)

    await hedging.until(lambda: maker_is_gone(hedging, link))
    row = link.link
    assert row is not None
    assert row.text.startswith("maker suspended: hyperliquid: no session")
    sessions = [one for one in facts if isinstance(one, LinkReport)]
    assert sessions[-1].state is LinkState.DOWN  # it was gone while the venue was still down
    await settled(hedging, link)
    assert covered(link) == row.maker_filled == 2 * HALF


async def test_case_20_the_makers_feed_is_silent_with_its_socket_open(hedging: Hedging) -> None:
    link = await hedging.quote()

    mute = {"mute": {"channels": ["user"], "for_ms": 60_000}}
    await hedging.binance.post("faults", mute)
    await buy(hedging)

    await hedging.until(lambda: covered(link) == HALF, timeout_s=20.0)
    await hedging.binance.post("faults", {"reset": True})
    await link.stop()
    await settled(hedging, link)


async def test_case_21_margin_is_gone_after_two_of_three_fills(
    hedging: Hedging, facts: list[Fact]
) -> None:
    link = await hedging.quote()
    await hedging.hyperliquid.post("faults", {"margin_orders": {ACCOUNT: 2}})
    for count in (1, 2):
        await buy(hedging)
        await hedging.until(lambda count=count: covered(link) == count * HALF)  # type: ignore[misc]

    await buy(hedging)

    await hedging.until(lambda: maker_is_gone(hedging, link))
    assert RejectReason.MARGIN in refusals(facts)
    bucket = hedging.oms.hedges.bucket("hyperliquid", "SOL", hedging.oms.strategy)
    assert bucket is not None
    assert bucket.owed >= HALF
    await hedging.hyperliquid.post("faults", {"reset": True})
    await settled(hedging, link)
    alarms = [one.text for one in facts if isinstance(one, Alarm)]
    assert any(text.startswith("L3 hyperliquid SOL cases: MARGIN") for text in alarms)


async def test_c3_a_refusal_that_no_table_lists_reaches_hedge_and_alarm_and_bars_no_account(
    hedging: Hedging, facts: list[Fact]
) -> None:
    link = await hedging.quote()
    words = "A rule of this market that nobody knows. asset=5"
    await hedging.hyperliquid.post(
        "faults", {"refusals": [{"symbol": "SOL", "text": words, "count": 2}]}
    )
    await buy(hedging)

    await hedging.until(lambda: maker_is_gone(hedging, link))

    row, bucket = link.link, hedging.oms.hedges.bucket("hyperliquid", "SOL", hedging.oms.strategy)
    assert row is not None
    assert bucket is not None
    assert f"hyperliquid SOL: OTHER: {words}" in row.text
    assert words in bucket.held_reason
    reports = [one for one in facts if isinstance(one, OrderReport) and one.text == words]
    assert [one.reason for one in reports] == [RejectReason.OTHER] * 2
    alarms = [one.text for one in facts if isinstance(one, Alarm)]
    assert any(words in text for text in alarms)
    assert not any("without an outcome" in text for text in alarms)
    await settled(hedging, link)


async def relist(hedging: Hedging, status: str) -> None:
    """List SOL on the hedge venue with this status, and have its gateway read the table again."""
    oms = hedging.oms

    async def is_known() -> bool:  # who asks within 200 ms of another has the other's answer
        with suppress(UnavailableError):  # it waits for its room in the venue's minute
            await oms.update_exchange_contracts("hyperliquid")
        return oms.tables.instrument("hyperliquid", "SOL").status == status

    await hedging.hyperliquid.post("listing", {"symbol": "SOL", "status": status})
    await eventually(is_known, f"SOL is listed as {status!r}", timeout_s=60.0)


def names_the_delisted(facts: list[Fact]) -> bool:
    alarms = [one.text for one in facts if isinstance(one, Alarm)]
    return any("hyperliquid SOL" in text and "isDelisted" in text for text in alarms)


async def test_c2_a_leg_that_is_delisted_while_its_maker_rests(
    hedging: Hedging, facts: list[Fact]
) -> None:
    link = await hedging.quote()
    await buy(hedging)
    await hedging.until(lambda: covered(link) == HALF)
    try:
        await relist(hedging, "isDelisted")
        await hedging.until(lambda: maker_is_gone(hedging, link))
        await hedging.until(lambda: names_the_delisted(facts))
        assert covered(link) == HALF
    finally:
        await relist(hedging, "")
    await settled(hedging, link)


async def test_case_22_the_hedge_book_is_stale(hedging: Hedging, facts: list[Fact]) -> None:
    hedging.pieces = (Decimal(20),)
    link = await hedging.quote()
    mute = {"mute": {"channels": ["market"], "for_ms": 60_000}}
    await hedging.hyperliquid.post("faults", mute)

    while not maker_is_gone(hedging, link):  # by the mark, until that is too old as well
        await buy(hedging, PIECE)
        await SystemClock().sleep(PACE_S)
    assert RejectReason.NO_REFERENCE in refusals(facts)
    await hedging.hyperliquid.post("faults", {"reset": True})
    await settled(hedging, link)


async def test_case_24_a_manual_trade_during_a_hedge(hedging: Hedging, facts: list[Fact]) -> None:
    link = await hedging.quote()
    await buy(hedging)

    act = {"action": "place", "account": ACCOUNT, "symbol": "SOL", "side": "sell", "qty": "1"}
    await hedging.hyperliquid.post("act", {**act, "price": None})

    # It looks like what the venue does by itself: the makers go, what has filled is hedged.
    await hedging.until(lambda: maker_is_gone(hedging, link))
    await hedging.until(lambda: covered(link) == HALF)
    await settled(hedging, link)
    alarms = [one.text for one in facts if isinstance(one, Alarm)]
    assert any(text.startswith("EXTERNAL order") for text in alarms)
    assert any(", which nobody here asked for;" in text for text in alarms)


async def test_c1_a_deleveraging_that_looks_like_any_trade(
    hedging: Hedging, facts: list[Fact]
) -> None:
    """Its fill has a trade id, no client id and no word of a liquidation."""
    link = await hedging.quote()
    await buy(hedging)
    await hedging.until(lambda: covered(link) == HALF)

    act = {"action": "deleverage", "account": ACCOUNT, "symbol": "SOL", "qty": "0.2"}
    oid = json.loads(await hedging.hyperliquid.post("act", act))["order_id"]

    await hedging.until(lambda: maker_is_gone(hedging, link))
    await settled(hedging, link)  # nothing was hedged again, by the venue's books
    told = [one for one in facts if isinstance(one, FillReport) and one.venue_order_id == oid]
    assert {(one.client_order_id, one.is_system) for one in told} == {(None, False)}
    assert all(one.exec_id.startswith(f"{oid}-") and one.last_qty == Decimal("0.2") for one in told)
    alarms = [one.text for one in facts if isinstance(one, Alarm)]
    assert any(f"order {oid}, which nobody here asked for;" in text for text in alarms)
    orders = hedging.oms.orders_peek("hyperliquid")
    assert [one for one in orders if one.venue_order_id == oid] == []


async def test_a_maker_goes_while_no_hedger_stands_at_the_head(
    stack: LocalStack, hedging: Hedging
) -> None:
    link = await hedging.quote()
    await buy(hedging)
    await hedging.until(lambda: covered(link) == HALF)

    stack.children["hedger"].kill()

    await hedging.until(lambda: maker_is_gone(hedging, link))
    stack.restart("hedger")
    await settled(hedging, link)
    again = await hedging.quote()
    await again.stop()
    await settled(hedging, again)


async def test_case_29_the_bus_is_gone_for_ten_seconds(stack: LocalStack, hedging: Hedging) -> None:
    link = await hedging.quote()
    stack.nats.stop()
    for _ in range(3):
        await buy(hedging)
    await SystemClock().sleep(10.0)
    stack.nats.start()

    await hedging.until(lambda: covered(link) == 3 * HALF, timeout_s=45.0)
    await link.stop()
    await settled(hedging, link)


async def test_case_30_a_halt_with_a_resting_maker(hedging: Hedging, facts: list[Fact]) -> None:
    link = await hedging.quote()
    await buy(hedging)

    halt = await hedging.oms.halt("closing")

    await hedging.until(lambda: maker_is_gone(hedging, link))
    await settled(hedging, link)
    assert covered(link) == HALF
    late = await hedging.oms.hedge_order(
        {"exc": "binance", "ticker": "SOLUSDT", "amount": "-1", "price": PRICE},
        {"exc": "hyperliquid", "ticker": "SOL"},
    )
    await hedging.until(lambda: late.link is not None and late.link.state is HedgeState.REFUSED)
    assert RejectReason.HALTED in refusals(facts)
    await hedging.oms.resume(halt)
    again = await hedging.quote()
    await again.stop()
    await settled(hedging, again)


async def test_case_23_a_liquidation_on_the_hedge_account(
    hedging: Hedging, facts: list[Fact]
) -> None:
    link = await hedging.quote()
    await buy(hedging)
    await hedging.until(lambda: covered(link) == HALF)

    act = {"action": "liquidate", "account": ACCOUNT, "symbol": "SOL", "qty": "0.2"}
    await hedging.hyperliquid.post("act", act)

    await hedging.until(lambda: maker_is_gone(hedging, link))
    await settled(hedging, link)  # nothing was hedged again, by the venue's books
    # For the next minute no hedge is taken on: the case after this one quotes none.
    assert any(one.is_system for one in facts if isinstance(one, FillReport))


async def test_case_32_the_audit_finds_a_planted_double_hedge(hedging: Hedging) -> None:
    await eventually(hedging.settled, "the pages equal the venues' books", timeout_s=30.0)
    await hedging.balance()
    taken = {"action": "place", "account": ACCOUNT, "symbol": "SOL", "side": "buy", "qty": "0.2"}
    name = taker_cloid("0" * 12, 0, 1, 0)

    await hedging.hyperliquid.post("act", {**taken, "price": None, "client_order_id": name})

    await eventually(hedging.pages_agree, "the pages equal the venues' books", timeout_s=30.0)
    with pytest.raises(AssertionError):
        await hedging.balance()
