"""Trades of an account that nobody here asked for: by what they are known, and what follows."""

from decimal import Decimal

import pytest

from services.hedger.fold.state import dump, load
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, HedgeId, Ticker, VenueOrderId, maker_cloid
from tandem.domain.order import OrderStatus, OrderType, Side
from tandem.messages import subjects
from tandem.messages.intents import LegSpec, NewOrder
from tandem.messages.reports import FillReport, OrderReport
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    STRATEGY,
    Desk,
    d,
    instrument,
    two_venues,
)

MAKER = maker_cloid(HedgeId("h1"))
MINE = ClientOrderId("0x" + "ab" * 16)
OID = VenueOrderId("194000000001")


def quoting() -> Desk:
    """Return a desk with one maker of 3 SOL that hedges on Hyperliquid, 1 of it filled."""
    desk = two_venues()
    hedge = desk.hedge("h1", "-3")
    desk.maker_fill(hedge, "1")
    desk.hedge_all()
    return desk


def fill(desk: Desk, amount: str = "-2.5", **more: object) -> None:
    values: dict[str, object] = {"exc": HYPERLIQUID, "ticker": SOL, "exec_id": desk.next_exec()}
    values |= {"venue_order_id": OID} | more
    desk.fill(
        FillReport(
            side=Side.BUY if d(amount) > 0 else Side.SELL,
            last_qty=abs(d(amount)),
            last_px=Decimal("140.1"),
            source=ReportSource.EVENT,
            ts_event_ns=desk.now_ns,
            **values,  # type: ignore[arg-type]
        )
    )


def order(desk: Desk, cum: str | None, cloid: str | None, **more: object) -> None:
    values: dict[str, object] = {"exc": HYPERLIQUID, "ticker": SOL, "venue_order_id": OID}
    values |= {"order_status": OrderStatus.FILLED} | more
    desk.report(
        OrderReport(
            source=ReportSource.EVENT,
            ts_event_ns=desk.now_ns,
            client_order_id=None if cloid is None else ClientOrderId(cloid),
            amount=d("-2.5"),
            cum_qty=None if cum is None else d(cum),
            **values,  # type: ignore[arg-type]
        )
    )


def ask(desk: Desk, cloid: ClientOrderId = MINE) -> None:
    new = NewOrder(
        exc=HYPERLIQUID,
        ticker=SOL,
        client_order_id=cloid,
        amount=d("-2.5"),
        order_type=OrderType.LIMIT,
        strategy=STRATEGY,
        price=d(150),
    )
    desk.read(new, subjects.new_order(HYPERLIQUID, STRATEGY, cloid))


def test_c1_a_fill_without_any_client_id_is_somebody_elses_at_once() -> None:
    desk = quoting()

    fill(desk, is_unnamed=True)

    assert desk.cancels() == [MAKER]
    assert desk.alarms() == [
        "L3 hyperliquid: EXTERNAL SELL 2.5 SOL by order 194000000001, which nobody here asked for; "
        "the makers that hedge there are cancelled"
    ]
    assert desk.naked() == 0  # neither bought back nor counted
    desk.hedge("h2", "-1", valid_for_ms=120_000)
    assert HedgeId("h2") not in desk.state.links
    desk.wait(60_000)
    assert HedgeId("h2") in desk.state.links


@pytest.mark.parametrize(
    "cloid",
    [
        "autoclose-1790000000700000001",
        "adl_autoclose",
        "settlement_autoclose-1",
        "delivery_autoclose-1",
        "web_1",
        "ios_1",
        "android_1",
        "x-cvBPrNm9abc",
        "0x" + "cd" * 16,
    ],
)
def test_c1_a_fill_under_a_client_id_that_nobody_asked_for_here_is_somebody_elses(
    cloid: str,
) -> None:
    desk = quoting()

    fill(desk, client_order_id=ClientOrderId(cloid))

    assert desk.cancels() == [MAKER]
    assert f"({cloid})" in desk.alarms()[0]


def test_c1_an_orders_own_cumulative_tells_what_no_fill_has_told() -> None:
    """Binance may close a position without a trade id: then only the order says what it filled."""
    desk = quoting()

    order(desk, "0", "autoclose-1")
    assert desk.cancels() == []
    order(desk, "2.5", "autoclose-1")

    assert desk.cancels() == [MAKER]
    assert "EXTERNAL SELL 2.5 SOL" in desk.alarms()[0]


def test_c1_a_listed_fill_waits_for_its_order_and_is_judged_by_its_name() -> None:
    desk = quoting()

    fill(desk)
    assert desk.cancels() == desk.alarms() == []

    order(desk, None, "adl_autoclose")
    assert desk.cancels() == [MAKER]
    assert "EXTERNAL SELL 2.5 SOL" in desk.alarms()[0]


def test_c1_many_fills_of_one_order_are_one_alarm_and_each_bars_anew() -> None:
    desk = quoting()

    for _ in range(3):
        fill(desk, "-1", is_unnamed=True)
        desk.wait(30_000)
    fill(desk, "-1", is_unnamed=True, venue_order_id=VenueOrderId("0"), exec_id=ExecId("a"))
    fill(desk, "-1", is_unnamed=True, venue_order_id=VenueOrderId("0"), exec_id=ExecId("b"))

    assert len(desk.alarms()) == 3
    assert desk.state.accounts[HYPERLIQUID].suspect_ns == desk.now_ns + 60_000_000_000


def test_c1_a_strategys_own_order_is_ours_by_its_client_id_and_by_the_venues() -> None:
    desk = quoting()
    ask(desk)
    order(desk, None, MINE, order_status=OrderStatus.NEW)

    fill(desk, client_order_id=MINE)
    fill(desk, is_unnamed=True)  # a source that left the client id out by mistake
    order(desk, "2.5", MINE)
    fill(desk, client_order_id=MINE)

    assert desk.cancels() == desk.alarms() == []


def test_c1_a_maker_that_is_told_without_its_client_id_is_hedged_once_its_order_is_told() -> None:
    """A source's mistake costs an alarm and never a hedge."""
    desk = two_venues()
    desk.specs(instrument(HYPERLIQUID, SOL), instrument(BINANCE, SOLUSDT))
    leg = LegSpec(exc=BINANCE, ticker=SOLUSDT)
    desk.hedge("h0", "-1", leg)  # there is a bucket on the maker's own account
    hedge = desk.hedge("h1", "-3")

    desk.maker_fill(hedge, "1", client_order_id=None, is_unnamed=True)
    assert desk.naked() == 0
    desk.maker_report(hedge, OrderStatus.NEW)

    assert desk.naked() == 1
    assert desk.hedge_all() == [d(1)]


@pytest.mark.parametrize("coin", ["PURR/USDC", "xyz:TSLA", "#20", "@107", "BTC"])
def test_c1_what_happens_in_a_coin_that_nobody_hedges_cancels_nothing(coin: str) -> None:
    desk = quoting()

    fill(desk, ticker=Ticker(coin), is_unnamed=True)
    fill(desk, ticker=Ticker(coin), is_system=True)
    order(desk, "1", "web_1", ticker=Ticker(coin))

    assert desk.cancels() == desk.alarms() == []
    assert Exc("hyperliquid") not in desk.state.accounts


def test_c1_somebody_elses_trade_on_the_makers_account_is_not_the_hedges() -> None:
    desk = quoting()

    fill(desk, exc=BINANCE, ticker=SOLUSDT, client_order_id=ClientOrderId("adl_autoclose"))

    assert desk.cancels() == desk.alarms() == []


def test_c1_what_is_ours_is_known_after_a_restart() -> None:
    desk = quoting()
    ask(desk)
    desk.state = load(dump(desk.state))

    fill(desk, client_order_id=MINE)

    assert desk.alarms() == []
