"""A taker's price: a reference from a sound book, a band around it, never past the hard cap."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.core.market import Book, Mark
from tandem.gateway.core.pricing import (
    Bands,
    NoReference,
    PricingRules,
    Reference,
    book_fault,
    depth_price,
    reference,
    taker_price,
)
from tandem.gateway.port.channel import Level

MS = 1_000_000
RULES = PricingRules(book_max_age_ms=500, book_max_width=Decimal("0.01"))
SOL = Instrument(
    exc=Exc("v"),
    ticker=Ticker("SOL"),
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.01"),
    min_qty=Decimal("0.01"),
    min_notional=Decimal(5),
)


def levels(*rows: tuple[str, str]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), Decimal(qty)) for price, qty in rows)


def book(bid: str = "99.99", ask: str = "100.01", read_ms: int = 0) -> Book:
    return Book(levels((bid, "10")), levels((ask, "10")), 0, read_ms * MS)


def test_fresh_book_gives_the_price_of_the_side_that_is_taken() -> None:
    assert reference(book(), None, Decimal(1), 0, RULES) == Reference(
        Decimal("100.01"), Decimal(100)
    )
    assert reference(book(), None, Decimal(-1), 0, RULES) == Reference(
        Decimal("99.99"), Decimal(100)
    )


@pytest.mark.parametrize(
    ("bad", "now_ms", "fault"),
    [
        (None, 0, "no book was seen"),
        (book(), 501, "the book is 501 ms old, at most 500 ms"),
        (Book((), levels(("1", "1")), 0, 0), 0, "the book has an empty side"),
        (book("100.01", "100.01"), 0, "the book is crossed: bid 100.01, ask 100.01"),
        (book("99", "101"), 0, "the book is 2.00% wide, at most 1.00%"),
    ],
)
def test_unsound_book_is_no_reference_and_says_why(
    bad: Book | None, now_ms: int, fault: str
) -> None:
    assert book_fault(bad, now_ms * MS, RULES) == fault
    refused = reference(bad, None, Decimal(1), now_ms * MS, RULES)
    assert isinstance(refused, NoReference)
    assert fault in refused.text


def test_fresh_mark_serves_where_the_book_does_not() -> None:
    mark = Mark(Decimal("100.5"), 0, 0)
    assert reference(None, mark, Decimal(1), 5_000 * MS, RULES) == Reference(
        Decimal("100.5"), Decimal("100.5")
    )


def test_old_mark_does_not_serve() -> None:
    mark = Mark(Decimal("100.5"), 0, 0)
    assert isinstance(reference(None, mark, Decimal(1), 5_001 * MS, RULES), NoReference)


def test_depth_price_weighs_the_levels_that_are_taken() -> None:
    asks = levels(("100", "1"), ("101", "1"), ("102", "5"))
    assert depth_price(asks, Decimal(1)) == 100
    assert depth_price(asks, Decimal(2)) == Decimal("100.5")
    assert depth_price(asks, Decimal(4)) == Decimal("101.25")


def test_what_is_deeper_than_the_book_counts_at_its_last_level() -> None:
    assert depth_price(levels(("100", "1")), Decimal(4)) == 100


def test_buy_goes_up_by_the_band_and_rounds_down() -> None:
    at = Reference(Decimal("100.01"), Decimal(100))
    assert taker_price(SOL, Decimal(1), at, Bands(Decimal(5), Decimal(50))) == Decimal("100.06")


def test_sell_goes_down_by_the_band_and_rounds_up() -> None:
    at = Reference(Decimal("99.99"), Decimal(100))
    assert taker_price(SOL, Decimal(-1), at, Bands(Decimal(5), Decimal(50))) == Decimal("99.95")


def test_hard_cap_is_counted_from_the_middle() -> None:
    at = Reference(Decimal("100.60"), Decimal(100))
    bands = Bands(Decimal(40), Decimal(50))
    assert taker_price(SOL, Decimal(1), at, bands) == Decimal("100.50")
    down = Reference(Decimal("99.40"), Decimal(100))
    assert taker_price(SOL, Decimal(-1), down, bands) == Decimal("99.50")


@given(
    st.decimals("0.05", "100000", places=2),
    st.sampled_from((Decimal(1), Decimal(-1))),
    st.decimals("0", "500", places=1),
    st.decimals("0", "500", places=1),
)
def test_price_is_legal_and_never_past_the_cap(
    middle: Decimal, amount: Decimal, band_bp: Decimal, cap_bp: Decimal
) -> None:
    price = taker_price(SOL, amount, Reference(middle, middle), Bands(band_bp, cap_bp))
    assert price % SOL.tick == 0
    assert (price - middle) * amount <= middle * cap_bp / 10_000
