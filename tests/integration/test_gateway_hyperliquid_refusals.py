"""What Hyperliquid refuses or ends by itself: told once, in its own words, and never looked up."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.order import RejectReason
from tests.conftest import Eventually
from tests.integration.gateway_hyperliquid import ACCOUNT, World, cloid, oid_of, world

PRICE = Decimal("149.95")
POST_ONLY = "Only post-only orders allowed immediately after a network upgrade"
REFUSALS: tuple[tuple[dict[str, object], RejectReason], ...] = (
    ({"text": POST_ONLY}, RejectReason.MARKET_STATE),
    ({"text": "Something new. asset=5"}, RejectReason.OTHER),
    ({"text": "Something new of the whole request", "whole": True}, RejectReason.OTHER),
    ({"text": "Builder fee has not been approved.", "whole": True}, RejectReason.ACCOUNT),
)
ENDS = (
    ("LIQUIDATED", "liquidatedCanceled", RejectReason.ACCOUNT),
    ("DELISTED", "delistedCanceled", RejectReason.MARKET_STATE),
    ("SELF_TRADE", "selfTradeCanceled", RejectReason.OTHER),
    ("INTERNAL", "internalCancel", RejectReason.OTHER),
)


@pytest.fixture
async def here(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[World]:
    run_file = tmp_path / "gateway.json"
    async with world(nats_server.url, run_file, TANDEM_BACKFILL_SECONDS="30") as running:
        yield running


async def test_c3_a_definite_refusal_ends_its_order_once_in_the_venues_words(
    here: World, eventually: Eventually
) -> None:
    await here.control("faults", {"refusals": [{"symbol": "SOL", **one} for one, _ in REFUSALS]})
    for number, (refusal, reason) in enumerate(REFUSALS):
        name = cloid(number)
        await here.place(name, "0.1", price=PRICE)
        await eventually(lambda name=name: "REJECTED" in here.statuses(name))
        (report,) = here.reports(name)
        assert (report.source, report.reason) == (ReportSource.ACK, reason)
        assert report.text == refusal["text"]
    await here.place(cloid(9), "0.1", price=PRICE)
    await eventually(lambda: "NEW" in here.statuses(cloid(9)))


async def test_c8_an_order_that_the_venue_ends_says_why(
    here: World, eventually: Eventually
) -> None:
    for number, (end, word, reason) in enumerate(ENDS):
        name = cloid(number)
        await here.place(name, "0.1", price=PRICE)
        await eventually(lambda name=name: "NEW" in here.statuses(name))
        oid = oid_of(here.reports(name))

        act = {"action": "end", "account": ACCOUNT, "order_id": oid, "reason": end}
        await here.control("act", act)

        await eventually(lambda name=name: "CANCELLED" in here.statuses(name))
        last = here.reports(name)[-1]
        assert (last.reason, last.text) == (reason, word)
