"""An order that is worth more than one may be is refused here, and its venue never hears of it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from tandem.cli.servers import LocalServer
from tandem.domain.execution import ReportSource
from tandem.domain.ids import HedgeId, maker_cloid
from tandem.domain.order import OrderStatus, RejectReason
from tandem.messages.reports import OrderReport
from tests.conftest import Eventually
from tests.integration import gateway_binance as binance
from tests.integration import gateway_hyperliquid as hyperliquid

MOST = {
    "TANDEM_MOST_ORDER_NOTIONAL": "1000",
    "TANDEM_HEDGER_SILENCE_MS": "0",  # there is no hedger here
}
LIMIT, MARKET, SOUND = (binance.cloid(number) for number in (1, 2, 3))
HEDGE = HedgeId("h1")
MAKER = maker_cloid(HEDGE)


def check_refused(reports: list[OrderReport], amount: str, worth: str) -> None:
    (report,) = reports
    assert (report.order_status, report.source) == (OrderStatus.REJECTED, ReportSource.LOCAL)
    assert (report.reason, report.in_doubt) == (RejectReason.SIZE, False)
    assert report.text.startswith(f"amount={amount}: notional {worth}")
    assert report.text.endswith("above the most of one order, 1000 (TANDEM_MOST_ORDER_NOTIONAL)")


def names(requests: list[dict[str, Any]]) -> set[str]:
    return {one["client_order_id"] for one in requests}


async def test_f8_binance_hears_of_no_order_above_the_limit_but_for_a_hedges_taker(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    async with binance.gateway_world(nats_server.url, tmp_path, **MOST) as here:
        await here.place(LIMIT, "-50000", price="140")
        await here.place(MAKER, "8", price="149", hedge_id=HEDGE)
        await here.place(SOUND, "7", price="140")
        await eventually(lambda: OrderStatus.NEW in here.statuses(SOUND))
        await here.place(MARKET, "8")
        await eventually(lambda: here.reports(MARKET) != [])
        taker = await here.decide("8")
        await eventually(lambda: OrderStatus.FILLED in here.statuses(taker))

        check_refused(here.reports(LIMIT), "-50000", "7000000 at 140 ")
        check_refused(here.reports(MAKER), "8", "1192 at 149 ")
        check_refused(here.reports(MARKET), "8", "1200")
        assert names(await here.venue.control("requests?account=paper")) == {SOUND, taker}


async def test_f8_hyperliquid_hears_of_no_order_above_the_limit(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    run_file = tmp_path / "gateway.json"
    async with hyperliquid.world(nats_server.url, run_file, hyperliquid.nothing, **MOST) as here:
        await here.place(LIMIT, "-50000", price=Decimal(140))
        await here.place(MAKER, "8", price=Decimal(149), hedge_id=HEDGE)
        await here.place(SOUND, "7", price=Decimal(140))
        await eventually(lambda: "NEW" in here.statuses(SOUND))
        await here.place(MARKET, "8")
        await eventually(lambda: here.reports(MARKET) != [])

        check_refused(here.reports(LIMIT), "-50000", "7000000 at 140 ")
        check_refused(here.reports(MAKER), "8", "1192 at 149 ")
        check_refused(here.reports(MARKET), "8", "1212")
        account = f"requests?account={hyperliquid.ACCOUNT}"
        assert names(await here.control(account)) == {SOUND}
