from decimal import Decimal
from itertools import islice

from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.basis import Basis, rebase
from services.paper_exchange.market.book import DisplayedBook
from services.paper_exchange.market.events import (
    DepthDelta,
    DepthSnapshot,
    Level,
    Mark,
    MarketEvent,
    Trade,
)
from services.paper_exchange.market.synthetic import synthetic_tape
from tests.unit.services.paper_exchange.builders import contract, levels

COARSE = contract(symbol="BTC", tick=Decimal("0.1"), significant_digits=5)
BASIS = Basis(source="BTCUSDT", contract=COARSE, offset=Decimal(10))


def level(px: str, qty: int) -> Level:
    return Level(Decimal(px), Decimal(qty))


def mapped(*events: MarketEvent) -> list[MarketEvent]:
    return list(rebase(events, [BASIS]))


def opening() -> DepthSnapshot:
    bids = (level("64000.9", 1), level("64000.1", 2), level("63999.9", 4))
    return DepthSnapshot("BTCUSDT", 5, bids, (level("64001.1", 1), level("64001.9", 2)))


def test_levels_that_round_to_one_price_are_summed_bids_down_asks_up() -> None:
    event = mapped(opening())[0]

    assert event == DepthDelta("BTC", 5, levels((64010, 3), (64009, 4)), levels((64012, 3)))


def test_a_change_of_one_level_changes_the_sum() -> None:
    change = DepthDelta("BTCUSDT", 6, (level("64000.9", 0), level("63999.9", 0)), ())

    event = mapped(opening(), change)[1]

    assert event == DepthDelta("BTC", 6, levels((64010, 2), (64009, 0)), ())


def test_what_changes_nothing_here_is_left_out() -> None:
    repeat = DepthDelta("BTCUSDT", 6, (level("64000.9", 1),), ())

    assert len(mapped(opening(), repeat)) == 1


def test_a_trade_rounds_as_the_side_it_hits() -> None:
    sold = Trade("BTCUSDT", 1, Decimal("64000.9"), Decimal(1), Side.SELL)
    bought = Trade("BTCUSDT", 1, Decimal("64001.1"), Decimal(1), Side.BUY)

    prices = [event.px for event in mapped(sold, bought) if isinstance(event, Trade)]

    assert prices == [64010, 64012]


def test_a_mark_moves_unrounded() -> None:
    assert mapped(Mark("BTCUSDT", 1, Decimal("64000.55"))) == [Mark("BTC", 1, Decimal("64010.55"))]


def test_symbols_without_a_basis_are_left_out() -> None:
    assert mapped(Mark("ETHUSDT", 1, Decimal(1))) == []


def test_an_identity_basis_passes_events_as_they_are() -> None:
    events = list(islice(synthetic_tape(1), 50))
    bases = [Basis(source="SOLUSDT", contract=contract(symbol="SOLUSDT"))]

    passed = list(rebase(events, bases))

    assert passed == [event for event in events if event.symbol == "SOLUSDT"]


def test_a_rebased_book_is_never_crossed() -> None:
    book = DisplayedBook()

    for event in rebase(islice(synthetic_tape(1), 3000), [BASIS]):
        if isinstance(event, DepthDelta):
            book.apply(event)
            best_bid, best_ask = book.bids.best_px(), book.asks.best_px()
            assert best_bid is not None
            assert best_ask is not None
            assert best_bid < best_ask
    assert len(book.bids) >= 20
