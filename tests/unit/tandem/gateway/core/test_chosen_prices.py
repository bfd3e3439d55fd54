"""Which reports say that the gateway chose the price."""

from decimal import Decimal

import msgspec
import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.order import OrderStatus, OrderType, PriceMatch
from tandem.gateway.core.chosen_prices import MOST_ORDERS, Emulation
from tandem.messages.intents import NewOrder
from tandem.messages.reports import IntentRefused, OrderReport

EXC, TICKER = Exc("hyperliquid"), Ticker("SOL")
MATCHED, PLAIN = ClientOrderId("0x1"), ClientOrderId("0x2")


def order(cloid: ClientOrderId, price_match: PriceMatch | None) -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=TICKER,
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("alpha"),
        price=None if price_match else Decimal(100),
        price_match=price_match,
    )


def report(cloid: ClientOrderId | None) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=OrderStatus.NEW,
        source=ReportSource.QUERY,
        ts_event_ns=1,
        client_order_id=cloid,
    )


def learned(*, has_price_match: bool = False) -> Emulation:
    emulation = Emulation(has_price_match=has_price_match)
    emulation.asked(order(MATCHED, PriceMatch.QUEUE))
    emulation.asked(order(PLAIN, None))
    return emulation


@pytest.mark.parametrize(("cloid", "is_emulated"), [(MATCHED, True), (PLAIN, False), (None, False)])
def test_what_a_lookup_shows_says_what_the_lost_acknowledgement_would_have_said(
    cloid: ClientOrderId | None, is_emulated: bool
) -> None:
    found = learned().completed(report(cloid))

    assert found == msgspec.structs.replace(report(cloid), emulated=is_emulated)


def test_venue_that_has_the_word_chooses_the_price_itself() -> None:
    assert learned(has_price_match=True).completed(report(MATCHED)) == report(MATCHED)


def test_other_facts_are_as_they_are() -> None:
    refused = IntentRefused(exc=EXC, subject="s", field_name="f", rule="r")
    told = msgspec.structs.replace(report(MATCHED), emulated=True)

    assert learned().completed(refused) is refused
    assert learned().completed(told) is told


def test_orders_asked_for_longest_ago_are_forgotten() -> None:
    emulation = learned()
    for number in range(MOST_ORDERS):
        emulation.asked(order(ClientOrderId(f"0xa{number}"), PriceMatch.OPPONENT))

    assert emulation.completed(report(MATCHED)) == report(MATCHED)
