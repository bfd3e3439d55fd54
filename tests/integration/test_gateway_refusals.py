"""What Binance refuses or ends by itself: told once, in its own words, and never looked up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.order import OrderStatus, RejectReason
from tests.conftest import Eventually
from tests.integration.gateway_binance import GatewayWorld, cloid, gateway_world

LISTED_AND_NOT = (
    (-4202, RejectReason.MARKET_STATE),
    (-1136, RejectReason.INVALID),
    (-1109, RejectReason.ACCOUNT),
    (-4998, RejectReason.OTHER),
)


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(nats_server.url, tmp_path) as running:
        yield running


async def test_c3_a_definite_refusal_ends_its_order_once_in_the_venues_words(
    world: GatewayWorld, eventually: Eventually
) -> None:
    refusals = [
        {"symbol": "SOLUSDT", "code": code, "text": f"words of {code}"}
        for code, _ in LISTED_AND_NOT
    ]
    await world.venue.control("faults", {"refusals": refusals})
    for number, (code, reason) in enumerate(LISTED_AND_NOT):
        name = cloid(number)
        await world.place(name, "0.1", price="140")
        await eventually(lambda name=name: OrderStatus.REJECTED in world.statuses(name))
        (report,) = world.reports(name)
        assert (report.source, report.reason) == (ReportSource.ACK, reason)
        assert report.text == f"HTTP 400 {code} words of {code}"
    later = cloid(9)
    await world.place(later, "0.1", price="140")
    await eventually(lambda: OrderStatus.NEW in world.statuses(later))


async def test_c3_a_doubt_carries_the_venues_words_into_the_log(
    world: GatewayWorld, eventually: Eventually
) -> None:
    script = [{"fault": "fail_executed", "looks": "UNKNOWN", "on": "place_order"}]
    await world.venue.control("faults", {"script": script})
    await world.place(cloid(1), "0.1", price="140")

    await eventually(lambda: OrderStatus.NEW in world.statuses(cloid(1)))

    doubts = [report.text for report in world.reports(cloid(1)) if report.in_doubt]
    assert all("HTTP 503 -1000 Unknown error" in text for text in doubts)


async def test_c8_an_order_that_the_venue_ends_says_why(
    world: GatewayWorld, eventually: Eventually
) -> None:
    await world.place(cloid(1), "0.1", price="140")
    await eventually(lambda: OrderStatus.NEW in world.statuses(cloid(1)))
    oid = world.reports(cloid(1))[0].venue_order_id

    end = {"action": "end", "account": "paper", "order_id": oid, "reason": "DELISTED"}
    await world.venue.control("act", end)

    await eventually(lambda: OrderStatus.EXPIRED in world.statuses(cloid(1)))
    last = world.reports(cloid(1))[-1]
    assert (last.reason, last.text) == (RejectReason.MARKET_STATE, "symbol delisted")
