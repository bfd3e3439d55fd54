"""The reference OMS's names give what ours give."""

import importlib
from decimal import Decimal as D

import pytest

from tandem import markets
from tandem.client import arguments
from tandem.client.mirror.mirrors import Fills, Orders, Positions
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import Ticker
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.messages.queries import OrdersPage, PositionsPage
from tests.unit.tandem.client.rows import EXC, SOL, instrument, order, position

ETH = Ticker("ETH")


@pytest.fixture
def orders() -> Orders:
    rows = (
        order("low", price=D(99), oid="1"),
        order("high", price=D("100.5"), cum_qty=D("0.4"), oid="2"),
        order("matched", price=None),
        order("far", price=D(103), amount=D(-2), oid="3"),
        order("near", price=D(101), amount=D(-1)),
        order("other", ticker=ETH, price=D(1), oid="4"),
    )
    made = Orders(EXC)
    made.load(OrdersPage(epoch=0, seq=10, orders=rows))
    return made


def test_f14_sides_come_best_price_first(orders: Orders) -> None:
    bids, asks = orders.get_bid_orders(SOL), orders.get_ask_orders()
    assert [row.client_order_id for row in bids] == ["high", "low", "matched"]
    assert [row.client_order_id for row in asks] == ["near", "far"]
    assert [row.client_order_id for row in orders.get_bid_orders(ETH)] == ["other"]


def test_f14_levels_pending_orders_and_totals(orders: Orders) -> None:
    assert orders.bid_level_exists("100.50")
    assert not orders.bid_level_exists(101)
    assert not orders.bid_level_exists(1, SOL)
    assert orders.ask_level_exists(D(101))
    assert [row.client_order_id for row in orders.pending_bids()] == ["matched"]
    assert [row.client_order_id for row in orders.pending_asks()] == ["near"]
    assert orders.get_total_bid_amount(SOL) == D("2.6")
    assert orders.get_total_ask_amount(SOL) == D(3)
    assert orders.get_total_ask_amount(ETH) == 0


def test_f14_pages_print_in_the_reference_s_form(orders: Orders) -> None:
    assert repr(orders) == repr(orders.as_list())
    assert repr(Fills(EXC)) == "[]"
    held = Positions(EXC)
    held.load(PositionsPage(epoch=0, seq=1, positions=(position("-2"),)))
    assert repr(held) == repr(held.as_dict())
    assert held.get_ticker_amount(SOL) == held.amount(SOL) == -2
    assert held.get_ticker_amount(ETH) == 0


@pytest.mark.parametrize("name", ["price_match", "price_rule"])
def test_f14_a_price_rule_goes_by_either_name(name: str) -> None:
    options = {"cloid": "c", name: markets.PRICE_MATCH_QUEUE_5}
    made = arguments.new_order(instrument(), 1, OrderType.LIMIT, "s", options)  # type: ignore[arg-type]
    assert made.price_match is PriceMatch.QUEUE_5
    maker = arguments.maker_spec({"exc": EXC, "ticker": SOL, "amount": 1, name: "queue_5"})
    assert maker.price_match is PriceMatch.QUEUE_5


def test_f14_two_price_rules_are_one_too_many() -> None:
    given = {"exc": EXC, "ticker": SOL, "amount": 1, "price_match": "QUEUE", "price_rule": "QUEUE"}
    with pytest.raises(InvalidInputError, match="not together with price_match"):
        arguments.maker_spec(given)


def test_f14_every_word_of_an_order_is_a_constant() -> None:
    named = importlib.import_module("tandem.markets").__dict__
    for kind, prefix in ((PriceMatch, "PRICE_MATCH"), (TimeInForce, "TIF")):
        for word in kind:
            assert named[f"{prefix}_{word.name}"] is word
    assert markets.TIF_GTX in arguments.POST_ONLY_WORDS
    assert markets.TIF_ALO in arguments.POST_ONLY_WORDS
