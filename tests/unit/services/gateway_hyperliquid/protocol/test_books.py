"""Two feeds of one book, merged."""

from decimal import Decimal

from services.gateway_hyperliquid.protocol.books import Books
from services.gateway_hyperliquid.protocol.wire import BboFrame, BookFrame, LevelRow
from tandem.gateway.port.channel import BookUpdate, Level


def row(px: str, sz: str = "1") -> LevelRow:
    return LevelRow(Decimal(px), Decimal(sz))


def level(px: str, sz: str = "1") -> Level:
    return Level(Decimal(px), Decimal(sz))


def whole(time: int) -> BookFrame:
    return BookFrame("BTC", time, ((row("100"), row("99")), (row("101"), row("102"))))


def taken(update: BookUpdate | None) -> BookUpdate:
    assert update is not None
    return update


def test_a_whole_book_is_shown_as_it_came() -> None:
    update = taken(Books().whole(whole(5)))

    assert update.bids == (level("100"), level("99"))
    assert update.asks == (level("101"), level("102"))
    assert update.ts_event_ns == 5_000_000


def test_newer_best_prices_cut_into_the_depth() -> None:
    books = Books()
    books.whole(whole(5))

    update = taken(books.best(BboFrame("BTC", 6, (row("99", "3"), row("101.5", "2")))))

    assert update.bids == (level("99", "3"),)
    assert update.asks == (level("101.5", "2"), level("102"))
    assert update.ts_event_ns == 6_000_000


def test_best_prices_alone_are_a_book() -> None:
    update = taken(Books().best(BboFrame("BTC", 6, (row("99"), None))))

    assert (update.bids, update.asks) == ((level("99"),), ())


def test_a_whole_book_that_is_older_than_the_best_keeps_them() -> None:
    books = Books()
    books.best(BboFrame("BTC", 6, (row("99.5"), row("100.5"))))

    update = taken(books.whole(whole(5)))

    assert update.bids == (level("99.5"), level("99"))
    assert update.asks == (level("100.5"), level("101"), level("102"))


def test_older_frames_change_nothing() -> None:
    books = Books()
    books.whole(whole(5))
    books.best(BboFrame("BTC", 6, (row("99"), row("103"))))

    assert books.whole(whole(4)) is None
    assert books.best(BboFrame("BTC", 5, (row("1"), row("2")))) is None


def test_books_of_coins_are_apart() -> None:
    books = Books()
    books.whole(whole(5))

    update = taken(books.best(BboFrame("ETH", 1, (row("9"), row("10")))))

    assert update.bids == (level("9"),)
