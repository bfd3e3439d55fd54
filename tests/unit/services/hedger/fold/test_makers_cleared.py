"""A maker that its gateway cancels unasked: its hedge says why, and what filled is hedged."""

from tandem.domain.ids import ClientOrderId, Exc, maker_cloid
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderCleared
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOLUSDT,
    STRATEGY,
    Desk,
    d,
    two_venues,
)

WHY = f"no client of strategy {STRATEGY} was heard for 5000 ms"


def clear(desk: Desk, cloid: ClientOrderId, exc: Exc = BINANCE) -> None:
    fact = OrderCleared(exc=exc, ticker=SOLUSDT, client_order_id=cloid, text=WHY)
    desk.read(fact, subjects.order_cleared(exc, cloid))


def test_maker_takes_its_hedges_wish_about_a_strategy_that_is_gone_with_it() -> None:
    desk = two_venues()
    for name, after_ms in (("h1", 5_000), ("h2", None)):
        hedge = desk.hedge(name, "-1", disconnect_after_ms=after_ms)
        asked = desk.appended[subjects.new_order(BINANCE, STRATEGY, maker_cloid(hedge))]
        assert isinstance(asked, NewOrder)
        assert asked.disconnect_after_ms == after_ms


def test_hedge_says_why_its_maker_goes_and_hedges_what_filled() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1", disconnect_after_ms=5_000)
    desk.maker_fill(hedge, "0.4")

    clear(desk, maker_cloid(hedge))
    assert desk.view(hedge).text == f"maker cancelled: {WHY}"

    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.4")
    assert desk.hedge_all() == [d("0.4")]
    assert desk.view(hedge).text == f"maker cancelled: {WHY}"


def test_maker_that_filled_all_the_same_was_not_cancelled() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    clear(desk, maker_cloid(hedge))
    desk.maker_report(hedge, OrderStatus.FILLED, "1")
    assert desk.view(hedge).text == ""


def test_another_accounts_word_about_a_maker_counts_for_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    clear(desk, maker_cloid(hedge), HYPERLIQUID)
    clear(desk, ClientOrderId("another"))
    assert desk.view(hedge).text == ""
