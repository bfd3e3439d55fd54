"""What the venue publishes of its markets: books, best prices, mids, contexts, the universe."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Final

from msgspec import UNSET, Struct

from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import Level
from services.paper_hyperliquid.exchange.listings import UNIVERSE, Listing
from services.paper_hyperliquid.exchange.market_stats import CoinStats
from services.paper_hyperliquid.wire.market_payloads import (
    AssetCtx,
    BareRow,
    BboRow,
    BookLevel,
    BookSnapshot,
    MarginTable,
    MarginTier,
    MetaRow,
    SpotCtx,
    SpotMetaRow,
    SpotPair,
    SpotToken,
    UniverseRow,
)
from services.paper_hyperliquid.wire.numbers import text_of

BOOK_LEVELS: Final = 20
FAST_LEVELS: Final = 5
ROUNDED_DEPTH: Final = 400
FIGURES: Final = frozenset({2, 3, 4, 5})
MANTISSAS: Final = frozenset({1, 2, 5})


class Rounding(Struct, frozen=True):
    """How book prices are merged: significant figures, and a step of the last one."""

    figures: int
    mantissa: int = 1


def is_rounding(figures: int | None, mantissa: int | None) -> bool:
    """Return whether a book may be asked for so: a mantissa only goes with five figures."""
    if figures is None:
        return mantissa is None
    is_mantissa = mantissa is None or (figures == max(FIGURES) and mantissa in MANTISSAS)
    return figures in FIGURES and is_mantissa


def mid_px(engine: Engine, coin: str) -> Decimal | None:
    """Return the mid, or the last trade when a side is empty, or None."""
    return engine.mid_px(coin) or engine.last_px(coin)


def mids(engine: Engine) -> dict[str, str]:
    """Return every coin's mid that is known."""
    found = ((coin, mid_px(engine, coin)) for coin in engine.contracts)
    return {coin: text_of(px) for coin, px in found if px is not None}


def bbo(engine: Engine, coin: str, now_ms: int) -> BboRow:
    sides = (engine.best(coin, Side.BUY), engine.best(coin, Side.SELL))
    bid, ask = (None if level is None else _book_level(level) for level in sides)
    return BboRow(coin, now_ms, (bid, ask))


def book(engine: Engine, coin: str, now_ms: int, depth: int = BOOK_LEVELS) -> BookSnapshot:
    """Return the best levels as they are."""
    view = engine.book(coin, depth)
    return BookSnapshot(
        coin,
        now_ms,
        (tuple(map(_book_level, view.bids)), tuple(map(_book_level, view.asks))),
    )


def rounded_book(engine: Engine, coin: str, now_ms: int, rounding: Rounding) -> BookSnapshot:
    """Return the book with prices merged: bids downwards, asks upwards."""
    view = engine.book(coin, ROUNDED_DEPTH)
    bids = _merged(view.bids, rounding, ROUND_FLOOR)
    asks = _merged(view.asks, rounding, ROUND_CEILING)
    spread = text_of(Decimal(asks[0].px) - Decimal(bids[0].px)) if bids and asks else UNSET
    return BookSnapshot(coin, now_ms, (bids, asks), spread)


def _book_level(level: Level) -> BookLevel:
    return BookLevel(text_of(level.px), text_of(level.qty), 1)


def _merged(levels: tuple[Level, ...], rounding: Rounding, mode: str) -> tuple[BookLevel, ...]:
    merged: dict[Decimal, tuple[Decimal, int]] = {}
    for level in levels:
        px = _rounded(level.px, rounding, mode)
        qty, count = merged.get(px, (Decimal(0), 0))
        merged[px] = (qty + level.qty, count + 1)
    rows = list(merged.items())[:BOOK_LEVELS]
    return tuple(BookLevel(text_of(px), text_of(qty), count) for px, (qty, count) in rows)


def _rounded(px: Decimal, rounding: Rounding, mode: str) -> Decimal:
    exponent = px.adjusted() - rounding.figures + 1
    step = Decimal(rounding.mantissa).scaleb(exponent)
    return (px / step).to_integral_value(mode) * step


@lru_cache(maxsize=1)
def meta(
    delisted: frozenset[str] = frozenset(), unreadable: frozenset[str] = frozenset()
) -> MetaRow:
    """Return the universe; a margin table below 50 names a single leverage."""
    leverages = dict.fromkeys(listing.max_leverage for listing in UNIVERSE)
    return MetaRow(
        universe=tuple(_universe_row(listing, delisted, unreadable) for listing in UNIVERSE),
        margin_tables=tuple(
            (leverage, MarginTable("", (MarginTier("0.0", leverage),))) for leverage in leverages
        ),
        collateral_token=0,
    )


def _universe_row(
    listing: Listing, delisted: frozenset[str], unreadable: frozenset[str]
) -> UniverseRow | BareRow:
    if listing.coin in unreadable:
        return BareRow(listing.coin)
    is_delisted = listing.is_delisted or listing.coin in delisted
    return UniverseRow(
        sz_decimals=listing.size_decimals,
        name=listing.coin,
        max_leverage=listing.max_leverage,
        margin_table_id=listing.max_leverage,
        is_delisted=is_delisted or UNSET,
    )


def asset_ctx(engine: Engine, listing: Listing, stats: CoinStats, now_ms: int) -> AssetCtx:
    """Return one coin's market state; this venue's oracle is its mark."""
    listed = not listing.is_delisted
    mark_px = (engine.mark_px(listing.coin) if listed else None) or listing.start_px
    mid = mid_px(engine, listing.coin) if listed else None
    day = stats.day(now_ms)
    best = bbo(engine, listing.coin, now_ms).bbo if listed else (None, None)
    return AssetCtx(
        funding="0.0",
        open_interest=text_of(_open_interest(engine, listing.coin)),
        prev_day_px=text_of(day.open_px if day is not None else mark_px),
        day_ntl_vlm=text_of(day.quote_volume) if day is not None else "0.0",
        premium="0.0" if mid is not None else None,
        oracle_px=text_of(mark_px),
        mark_px=text_of(mark_px),
        mid_px=text_of(mid) if mid is not None else None,
        impact_pxs=(best[0].px, best[1].px) if best[0] and best[1] else None,
        day_base_vlm=text_of(day.base_volume) if day is not None else "0.0",
    )


def _open_interest(engine: Engine, coin: str) -> Decimal:
    amounts = (account.net_amount(coin) for account in engine.accounts())
    return sum((amount for amount in amounts if amount > 0), Decimal(0))


@lru_cache(maxsize=1)
def spot_meta() -> SpotMetaRow:
    """Return the canonical pair that clients expect; spot does not trade here."""
    usdc = SpotToken("USDC", 8, 8, 0, "0x6d1e7cde53ba9467b783cb7c530ce054", True)
    purr = SpotToken("PURR", 0, 5, 1, "0xc1fb593aeffbeb02f85e0308e9956a90", True)
    return SpotMetaRow((SpotPair("PURR/USDC", (1, 0), 0, True),), (usdc, purr))


def spot_ctx() -> SpotCtx:
    """Return the state of a pair that never traded."""
    return SpotCtx("0.0", "0.0", None, "0.0", "0.0", "PURR/USDC", "0.0", "0.0")
