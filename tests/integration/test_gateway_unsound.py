"""Frames that cannot be so, to real gateways: refused by name, and the true fill is logged."""

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.hedges import Alarm
from tandem.messages.reports import FillReport
from tests.conftest import Eventually
from tests.integration import gateway_binance, gateway_hyperliquid
from tests.integration.gateway_binance import GatewayWorld, gateway_world
from tests.integration.gateway_hyperliquid import World

SOON_S = 45.0
SIZE = "0.4"
BINANCE_LOOKS = (
    "nan", "infinite", "negative", "thousandfold", "negative_total", "other_symbol",
    "microseconds", "not_json", "too_deep",
)  # fmt: skip
HYPERLIQUID_LOOKS = tuple(look for look in BINANCE_LOOKS if look != "negative_total")


@pytest.fixture
async def binance(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        await running.bus.log.follow((subjects.ALL_ALARMS,), 0, running.take)
        yield running


@pytest.fixture
async def hyperliquid(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    async with gateway_hyperliquid.world(nats_server.url, tmp_path / "gateway.json") as running:
        await running.bus.log.follow((subjects.ALL_ALARMS,), 0, running.take)
        yield running


def told(fills: Iterable[FillReport]) -> dict[Decimal, list[Decimal]]:
    """Return the sizes told at each price."""
    found: dict[Decimal, list[Decimal]] = {}
    for fill in fills:
        found.setdefault(fill.last_px, []).append(fill.last_qty)
    return found


async def test_e4_true_fill_is_logged_after_a_frame_of_binance_that_cannot_be_so(
    binance: GatewayWorld, eventually: Eventually
) -> None:
    here, prices = binance, [f"150.{cents:02}" for cents in range(len(BINANCE_LOOKS))]
    await here.venue.show([["149.50", "50"]], [["150.50", "50"]])
    for number, price in enumerate(prices):
        name = gateway_binance.cloid(number + 1)
        await here.place(name, f"-{SIZE}", price=price)
        await eventually(lambda name=name: OrderStatus.NEW in here.statuses(name))
    for look, price in zip(BINANCE_LOOKS, prices, strict=True):
        events = ("ORDER_TRADE_UPDATE", "TRADE_LITE")
        steps = [{"fault": "garble_event", "on": event, "looks": look} for event in events]
        await here.venue.control("faults", {"script": steps})
        await here.venue.trade("buy", price, SIZE)
    wanted = {Decimal(price): [Decimal(SIZE)] for price in prices}
    await eventually(lambda: told(here.facts(FillReport)) == wanted, SOON_S)
    assert {fill.ticker for fill in here.facts(FillReport)} == {gateway_binance.SOL}
    makers = [gateway_binance.cloid(n + 1) for n in range(len(prices))]
    await eventually(lambda: all(OrderStatus.FILLED in here.statuses(one) for one in makers))
    names = [alarm.text.split("=")[0] for alarm in here.facts(Alarm)]
    assert len(names) == len(set(names))
    assert {"ORDER_TRADE_UPDATE: l", "TRADE_LITE: l"} <= set(names)
    assert {"fill_report: ts_venue", "order_report: filled_sz", "fill_report: ticker"} <= set(names)


async def test_e4_true_fill_is_logged_after_a_frame_of_hyperliquid_that_cannot_be_so(
    hyperliquid: World, eventually: Eventually
) -> None:
    here, prices = hyperliquid, [f"149.9{n}" for n in range(len(HYPERLIQUID_LOOKS))][::-1]
    await here.quote([["149.50", "50"]], [["150.50", "50"]])
    for number, price in enumerate(prices):
        name = gateway_hyperliquid.cloid(number + 1)
        await here.place(name, SIZE, price=Decimal(price))
        await eventually(lambda name=name: OrderStatus.NEW in here.statuses(name))
    for look, price in zip(HYPERLIQUID_LOOKS, prices, strict=True):
        steps = [
            {"fault": "garble_event", "on": event, "looks": look}
            for event in ("userFills", "orderUpdates")
        ]
        await here.control("faults", {"script": steps})
        await here.trade("sell", price, SIZE)
    wanted = {Decimal(price): [Decimal(SIZE)] for price in prices}
    await eventually(lambda: told(here.facts(FillReport)) == wanted, SOON_S)
    assert {fill.ticker for fill in here.facts(FillReport)} == {gateway_hyperliquid.SOL}
    assert {fill.source for fill in here.facts(FillReport)} == {ReportSource.QUERY}
    names = [alarm.text.split("=")[0] for alarm in here.facts(Alarm)]
    assert len(names) == len(set(names))
    assert {"userFills: sz", "fill_report: ts_venue", "fill_report: ticker"} <= set(names)


@pytest.mark.parametrize("looks", ["nan", "negative", "microseconds", "other_symbol", "not_json"])
async def test_e4_true_fill_is_logged_after_lists_that_cannot_be_so(
    binance: GatewayWorld, eventually: Eventually, looks: str
) -> None:
    """The stream loses the fill, and the first two lists that show it are wrong."""
    here, name = binance, gateway_binance.cloid(1)
    await here.venue.show([["149.50", "50"]], [["150.50", "50"]])
    await here.place(name, f"-{SIZE}", price="150.00")
    await eventually(lambda: OrderStatus.NEW in here.statuses(name))
    steps = [{"fault": "drop_event", "count": 3}]
    lists = [{"operation": "user_trades", "garbling": looks, "count": 2}]
    await here.venue.control("faults", {"script": steps, "answers": lists})
    await here.venue.trade("buy", "150.00", SIZE)
    await eventually(lambda: told(here.facts(FillReport)), SOON_S)
    assert told(here.facts(FillReport)) == {Decimal(150): [Decimal(SIZE)]}
    assert {fill.ticker for fill in here.facts(FillReport)} == {gateway_binance.SOL}
    active = (await here.venue.control("faults"))["active"]
    assert not [one for one in active if one.startswith("answer:")]


async def test_e10_trade_that_is_told_again_with_another_time_is_one_fill(
    hyperliquid: World, eventually: Eventually
) -> None:
    here, name = hyperliquid, gateway_hyperliquid.cloid(1)
    await here.place(name, "1", price=Decimal("149.95"))
    await eventually(lambda: OrderStatus.NEW in here.statuses(name))
    step = {"fault": "garble_event", "on": "userFills", "looks": "other_time", "count": 2}
    await here.control("faults", {"script": [step]})
    for size in (SIZE, "0.2"):
        await here.trade("sell", "149.95", size)
    await here.trade("sell", "149.95", "0.1")
    sizes = [Decimal(SIZE), Decimal("0.2"), Decimal("0.1")]
    await eventually(lambda: [one.last_qty for one in here.facts(FillReport)] == sizes, SOON_S)
    assert (await here.control("faults"))["fired"]["garble_event"] == 2
