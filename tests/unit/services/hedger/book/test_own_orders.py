"""Which names are of orders that strategies asked for."""

from decimal import Decimal

import pytest

from services.hedger.book import own_orders
from services.hedger.book.own_orders import OwnOrders
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Strategy,
    Ticker,
    VenueOrderId,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderStatus, OrderType
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport

EXC, OTHER = Exc("hyperliquid"), Exc("binance")
SOL, ETH = Ticker("SOL"), Ticker("ETH")
MINE, OID = ClientOrderId("0x" + "AB" * 16), VenueOrderId("7")


def asked(cloid: ClientOrderId = MINE) -> OwnOrders:
    own = OwnOrders()
    order = NewOrder(
        exc=EXC,
        ticker=SOL,
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(100),
    )
    own_orders.ask(own, order)
    return own


def tell(own: OwnOrders, status: OrderStatus, **more: object) -> None:
    fields: dict[str, object] = {"client_order_id": MINE, "venue_order_id": OID} | more
    report = OrderReport(
        exc=EXC,
        ticker=SOL,
        order_status=status,
        source=ReportSource.EVENT,
        ts_event_ns=1,
        **fields,  # type: ignore[arg-type]
    )
    own_orders.tell(own, report, 1)


def test_c1_an_order_is_ours_by_the_client_id_that_was_asked_for_on_its_account() -> None:
    own = asked()

    assert own_orders.holds(own, EXC, MINE)
    assert own_orders.holds(own, EXC, ClientOrderId(MINE.lower()))  # as the venue spells it
    assert not own_orders.holds(own, OTHER, MINE)
    assert not own_orders.holds(own, EXC, ClientOrderId("0x" + "cd" * 16))


@pytest.mark.parametrize(
    "cloid",
    [maker_cloid(HedgeId("h")), taker_cloid("0" * 12, 0, 1, 0), "0x7a4f" + "0" * 28],
)
def test_c1_what_only_tandem_spells_is_ours_whatever_the_log_has_lost(cloid: str) -> None:
    assert own_orders.holds(OwnOrders(), EXC, ClientOrderId(cloid))


def test_c1_the_venues_id_counts_once_it_was_told_and_after_the_end() -> None:
    own = asked()
    assert not own_orders.holds_oid(own, EXC, SOL, OID)

    tell(own, OrderStatus.NEW)
    tell(own, OrderStatus.NEW)
    assert own_orders.holds_oid(own, EXC, SOL, OID)
    assert not own_orders.holds_oid(own, EXC, ETH, OID)

    tell(own, OrderStatus.FILLED, venue_order_id=VenueOrderId("8"))
    assert not own.live
    assert not own.oids
    assert own_orders.holds(own, EXC, MINE)
    for oid in (OID, VenueOrderId("8")):
        assert own_orders.holds_oid(own, EXC, SOL, oid)


def test_c1_orders_of_others_and_of_hedges_are_not_kept() -> None:
    own = asked(maker_cloid(HedgeId("h")))
    tell(own, OrderStatus.NEW, client_order_id=None)
    tell(own, OrderStatus.FILLED, client_order_id=ClientOrderId("web_1"))
    assert own == OwnOrders()


def test_c1_an_intent_that_is_read_again_makes_no_ended_order_live() -> None:
    own = asked()
    tell(own, OrderStatus.CANCELLED, venue_order_id=None)

    own_orders.ask(
        own,
        NewOrder(
            exc=EXC,
            ticker=SOL,
            client_order_id=MINE,
            amount=Decimal(1),
            order_type=OrderType.MARKET,
            strategy=Strategy("s"),
        ),
    )

    assert own.live == {}
    assert own_orders.holds(own, EXC, MINE)
