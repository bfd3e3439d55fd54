"""A hedge leg stops trading while its maker rests."""

from dataclasses import replace

import pytest

from services.hedger.policy import sizing
from tandem.domain.ids import HedgeId, Ticker, maker_cloid
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    Desk,
    d,
    instrument,
    two_venues,
)

ETH = Ticker("ETH")
MAKER = maker_cloid(HedgeId("h1"))
TRADING = instrument(HYPERLIQUID, SOL)
CLOSED = replace(TRADING, is_tradable=False, status="isDelisted")


def quoting() -> Desk:
    desk = two_venues()
    desk.hedge("h1", "-3")
    return desk


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([CLOSED], "the venue lists it as isDelisted"),
        ([replace(CLOSED, status="SETTLING")], "the venue lists it as SETTLING"),
        ([replace(CLOSED, status="")], "the venue has closed it"),
        ([instrument(HYPERLIQUID, ETH)], "the venue no longer lists it"),
    ],
)
def test_c2_the_makers_go_when_the_table_says_that_their_leg_is_closed(
    table: list[Instrument], why: str
) -> None:
    desk = quoting()

    desk.specs(*table)

    assert desk.cancels() == [MAKER]
    assert desk.alarms() == [
        f"L2 hyperliquid SOL: {why}; the makers that hedge there are cancelled"
    ]
    assert desk.link(HedgeId("h1")).suspended == f"hyperliquid SOL: {why}"


def test_c2_what_filled_stays_owed_and_shown_and_goes_out_when_it_trades_again() -> None:
    desk = quoting()
    desk.maker_fill(HedgeId("h1"), "1")

    desk.specs(CLOSED)
    desk.maker_fill(HedgeId("h1"), "0.5")

    assert desk.hedge_all() == []
    assert desk.naked() == d("1.5")
    assert ", 1 is not covered;" in desk.alarms()[0]
    assert "isDelisted" in desk.bucket().held_reason
    desk.specs(TRADING)
    assert desk.hedge_all() == [d("1.5")]


def test_c2_a_table_that_says_it_again_is_no_news() -> None:
    desk = quoting()

    desk.specs(CLOSED)
    desk.specs(CLOSED)
    desk.specs(TRADING)
    desk.specs(CLOSED)

    assert len(desk.alarms()) == 2


def test_c2_other_instruments_of_the_account_go_on() -> None:
    desk = two_venues()
    desk.hedge("h1", "-3")

    desk.specs(TRADING, replace(CLOSED, ticker=ETH))
    desk.specs(replace(instrument(BINANCE, SOLUSDT), is_tradable=False, status="BREAK"))

    assert desk.cancels() == desk.alarms() == []


def test_c2_no_maker_is_quoted_that_hedges_in_a_closed_instrument() -> None:
    desk = two_venues()
    desk.specs(replace(CLOSED, status="CLOSE"))

    desk.hedge("h1", "-3")

    refusal = desk.refusal("h1")
    assert refusal is not None
    assert refusal.rule.endswith("not tradable on hyperliquid now: the venue lists it as CLOSE")


def test_c2_a_maker_that_is_found_at_the_venue_is_cancelled_where_its_leg_is_closed() -> None:
    """A log that was cut gets the hedge anew, when the venue has closed its leg."""
    desk = two_venues()
    desk.specs(CLOSED)

    desk.maker_report(HedgeId("h1"), OrderStatus.NEW, "0")
    desk.hedge("h1", "-3")

    assert desk.cancels() == [MAKER]
    assert "isDelisted" in desk.link(HedgeId("h1")).suspended


def test_a_tradable_instrument_is_not_closed() -> None:
    assert sizing.closed(TRADING) == ""
