"""The newest book and mark of each ticker."""

from decimal import Decimal

from tandem.domain.ids import Ticker
from tandem.gateway.core.market import TRUSTED_NS, Book, Market
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate

SOL = Ticker("SOL")


def level(price: str, qty: str = "1") -> Level:
    return Level(Decimal(price), Decimal(qty))


def update(bid: str, ts_ns: int) -> BookUpdate:
    return BookUpdate(SOL, (level(bid),), (level("200"),), ts_ns)


def test_newer_book_replaces_the_older() -> None:
    market = Market()
    market.take_book(update("100", 1), 10)
    market.take_book(update("101", 2), 20)
    assert market.books[SOL].bids == (level("101"),)
    assert market.books[SOL].read_ns == 20


def test_book_from_before_is_passed_over() -> None:
    market = Market()
    market.take_book(update("101", 2), 10)
    market.take_book(update("100", 1), 20)
    assert market.books[SOL].bids == (level("101"),)


def test_mark_from_before_is_passed_over() -> None:
    market = Market()
    market.take_mark(MarkUpdate(SOL, Decimal(7), 2), 10)
    market.take_mark(MarkUpdate(SOL, Decimal(6), 1), 20)
    assert market.marks[SOL].price == 7


def test_forgotten_books_are_gone() -> None:
    market = Market()
    market.take_book(update("101", 2), 10)
    market.forget_books()
    assert market.books == {}


def test_middle_is_exact() -> None:
    assert Book((level("100.1"),), (level("100.2"),), 0, 0).mid == Decimal("100.15")


def test_one_sided_book_has_no_middle() -> None:
    assert Book((), (level("100.2"),), 0, 0).mid is None
    assert Book((level("1"),), (), 0, 0).mid is None


def test_crossed_book_is_told() -> None:
    assert Book((level("100.2"),), (level("100.2"),), 0, 0).is_crossed
    assert not Book((level("100.1"),), (level("100.2"),), 0, 0).is_crossed
    assert not Book((), (level("100.2"),), 0, 0).is_crossed


def test_e4_price_that_was_told_with_a_time_ahead_shuts_out_the_true_ones_for_a_second() -> None:
    market, ahead = Market(), 10**18
    market.take_book(update("90", ahead), 0)
    market.take_mark(MarkUpdate(SOL, Decimal(9), ahead), 0)
    for read_ns, bid, mark in ((TRUSTED_NS - 1, "90", 9), (TRUSTED_NS, "100", 7)):
        market.take_book(update("100", 5), read_ns)
        market.take_mark(MarkUpdate(SOL, Decimal(7), 5), read_ns)
        assert market.books[SOL].bids == (level(bid),)
        assert market.marks[SOL].price == mark
