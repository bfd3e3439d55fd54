"""Refusals in unknown words: neither venue's own list has them."""

from examples.chaos.blows.exchanges import BINANCE_REFUSALS, HYPERLIQUID_REFUSALS, REFUSALS
from examples.chaos.blows.venue_faults import EXCHANGES
from services.paper_binance.wire.errors import Code
from services.paper_hyperliquid.wire import errors


def test_each_exchange_can_refuse() -> None:
    assert set(REFUSALS) == set(EXCHANGES)


def test_no_number_is_one_of_binance_s() -> None:
    assert {one["code"] for one in BINANCE_REFUSALS}.isdisjoint(set(Code))


def test_no_text_is_one_of_hyperliquid_s() -> None:
    known = [text for text in vars(errors).values() if isinstance(text, str)]
    assert not [one for one in HYPERLIQUID_REFUSALS if one["text"] and one["text"] in known]


def test_orders_and_cancels_are_refused_on_both() -> None:
    for refusals in REFUSALS.values():
        assert {one["on"] for one in refusals} == {"place_order", "cancel_order"}
