"""Calls that ask the venue: its answers in the words of the contract, or a clear error."""

from decimal import Decimal as D

import pytest
from msgspec import structs

from tandem.client.instruments import Tables
from tandem.client.later import LaterCalls
from tandem.client.mirror.mirrors import Positions
from tandem.client.venue_calls import VenueCalls
from tandem.domain.errors import InvalidInputError, NotYetSupportedError, UnavailableError
from tandem.domain.ids import Ticker
from tandem.messages import subjects
from tandem.messages.queries import (
    AskKind,
    PositionsPage,
    QueryFailed,
    SpecsRefreshed,
    VenueAsk,
    VenueBalance,
    VenueOrders,
    VenuePositions,
)
from tandem.messages.reports import SpecsReport
from tests.unit.tandem.client.bus import Desk
from tests.unit.tandem.client.rows import EXC, OTHER, SOL, instrument, order, position

ASK = subjects.venue_ask(EXC)


class Calls(VenueCalls):
    def __init__(self, desk: Desk) -> None:
        self.tables = Tables()
        self.tables.learn(SpecsReport(exc=EXC, instruments=(instrument(multiplier=D(10)),)))
        self.tables.learn(SpecsReport(exc=OTHER, instruments=(instrument(exc=OTHER),)))
        self.tables.connected = (EXC,)
        self._bus = desk.bus
        self._positions = {}

    def hold(self, amount: str, exc: str) -> None:
        account = self.tables.account(exc)
        held = Positions(account)
        held.load(PositionsPage(epoch=0, seq=1, positions=(position(amount, account),)))
        self._positions[account] = held


async def test_positions_and_orders_have_the_words_of_the_contract() -> None:
    desk = Desk()
    rows = (order("c", oid="7"), order("d", oid="8"))
    await desk.answer(
        ASK,
        VenuePositions(positions=(position("2"),)),
        VenuePositions(positions=()),
        VenueOrders(orders=rows),
    )
    calls = Calls(desk)
    held = await calls.positions_get(EXC)
    assert set(held[SOL]) == {"ticker", "amount", "entry", "value", "unrealized_pnl"}
    assert held[SOL]["amount"] == 2
    assert await calls.positions_get_all() == {EXC: {}}
    found = await calls.orders_get(EXC)
    words = {"amount", "cloid", "filled_sz", "oid", "ord_status", "price", "ticker", "timestamp"}
    assert {oid: set(row) for oid, row in found.items()} == {"7": words, "8": words}
    assert await calls.orders_get_all() == {EXC: found}
    assert VenueAsk(kind=AskKind.ORDERS) in desk.asked


async def test_balances_and_equities() -> None:
    desk = Desk()
    balance = VenueBalance(asset="USDT", balance=D(5), equity=D(7), available=D(4))
    await desk.answer(ASK, balance)
    calls = Calls(desk)
    told = {"asset": "USDT", "balance": 5, "equity": 7, "available": 4}
    assert await calls.get_balance(EXC) == told
    assert await calls.get_all_balances() == {EXC: told}
    assert await calls.get_all_equities() == {EXC: 7}


async def test_contracts_are_refreshed_for_one_or_all() -> None:
    desk = Desk()
    await desk.answer(ASK, SpecsRefreshed(instruments=3))
    calls = Calls(desk)
    assert await calls.update_exchange_contracts() == {EXC: 3}
    assert await calls.update_exchange_contracts(EXC) == {EXC: 3}


async def test_failed_or_wrong_answer_is_unavailable() -> None:
    desk = Desk()
    await desk.answer(ASK, QueryFailed(text="rate limited"), SpecsRefreshed(instruments=1))
    calls = Calls(desk)
    with pytest.raises(UnavailableError, match="rate limited"):
        await calls.positions_get(EXC)
    with pytest.raises(UnavailableError, match="SpecsRefreshed"):
        await calls.positions_get(EXC)
    with pytest.raises(InvalidInputError, match="exc"):
        await calls.positions_get("nowhere")


async def test_net_counts_multipliers_across_venues() -> None:
    calls = Calls(Desk())
    calls.tables.connected = (EXC, OTHER)
    calls.hold("-2", EXC)
    calls.hold("5", OTHER)
    assert await calls.positions_get_by_base() == {"SOL": {EXC: D(-20), OTHER: D(5)}}
    assert await calls.positions_get_net_base() == {"SOL": D(-15)}


async def test_c6_one_ticker_that_no_table_lists_spoils_no_other() -> None:
    calls = Calls(Desk())
    calls.tables.connected = (EXC, OTHER)
    calls.hold("-2", EXC)
    calls.hold("5", OTHER)
    stock = structs.replace(position("7", OTHER), ticker=Ticker("xyz:TSLA"))
    calls._positions[OTHER].load(
        PositionsPage(epoch=0, seq=1, positions=(position("5", OTHER), stock))
    )

    assert await calls.positions_get_net_base() == {"SOL": D(-15)}
    assert {exc: list(rows) for exc, rows in calls.positions_outside().items()} == {
        OTHER: ["xyz:TSLA"]
    }
    assert calls.positions_outside()[OTHER]["xyz:TSLA"]["amount"] == 7


async def test_calls_of_later_versions_say_so() -> None:
    later = LaterCalls()
    with pytest.raises(NotYetSupportedError, match="not yet"):
        await later.amend_order(EXC, "c", amount=1)
    with pytest.raises(NotYetSupportedError, match="not yet"):
        await later.hedge_portfolio_delta([], EXC)
    with pytest.raises(NotYetSupportedError, match="not yet"):
        later.get_funding_info(EXC, SOL)
