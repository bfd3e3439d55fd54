"""What the journal adds to a fact that this process knows more of, whichever way it is logged."""

from decimal import Decimal

import msgspec
import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Strategy, Ticker
from tandem.domain.order import OrderStatus, OrderType, PriceMatch
from tandem.gateway.core.chosen_prices import Emulation
from tandem.gateway.shell.log_writer import REFRESH_NS
from tandem.messages.facts import read_fact
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport
from tests.unit.tandem.gateway.shell.test_log_writer import EXC, Setting


@pytest.fixture
async def setting() -> Setting:
    return Setting()


def matched(cloid: ClientOrderId) -> NewOrder:
    """Return an order whose price is left to the book."""
    return NewOrder(
        exc=EXC,
        ticker=Ticker("T"),
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("alpha"),
        price_match=PriceMatch.QUEUE,
    )


@pytest.mark.parametrize("source", [ReportSource.EVENT, ReportSource.QUERY])
async def test_what_follows_and_what_is_at_once_are_completed_alike(
    setting: Setting, source: ReportSource
) -> None:
    emulation = Emulation(has_price_match=False)
    cloid = ClientOrderId("0x1")
    emulation.asked(matched(cloid))
    setting.journal.completed = emulation.completed
    report = setting.report(OrderStatus.NEW, source)

    setting.journal.log(msgspec.structs.replace(report, client_order_id=cloid))
    await setting.journal.drain()

    stored = [read_fact(one.subject, one.payload) for one in setting.bus.server.oms.after(0)]
    assert [one.emulated for one in stored if isinstance(one, OrderReport)] == [True]


async def test_what_is_so_now_is_completed_when_it_is_offered_again(setting: Setting) -> None:
    emulation = Emulation(has_price_match=False)
    cloid = ClientOrderId("0x1")
    setting.journal.completed = emulation.completed
    report = setting.report(OrderStatus.NEW, ReportSource.QUERY)
    listed = msgspec.structs.replace(report, client_order_id=cloid)
    setting.journal.log_lasting(listed)
    await setting.journal.drain()
    emulation.asked(matched(cloid))
    appended: list[object] = []
    setting.clock.late_ns = REFRESH_NS
    setting.journal.append = appended.append  # type: ignore[method-assign,assignment]

    setting.journal.log_lasting(listed)

    assert [one.emulated for one in appended if isinstance(one, OrderReport)] == [True]
