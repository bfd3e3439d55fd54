"""What a tape can say about a market; every quantity is absolute, every time is tape time."""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.paper_exchange.engine.orders import Side


class Level(NamedTuple):
    """A price and the quantity there; quantity 0 in a delta removes the level."""

    px: Decimal
    qty: Decimal


Levels = tuple[Level, ...]


class DepthDelta(msgspec.Struct, frozen=True):
    """Some levels' new quantities. `last_id` orders it against book tickers; 0 means newest."""

    symbol: str
    ts_ns: int
    bids: Levels
    asks: Levels
    last_id: int = 0


class DepthSnapshot(msgspec.Struct, frozen=True):
    """The whole displayed book: levels that it does not name are gone."""

    symbol: str
    ts_ns: int
    bids: Levels
    asks: Levels


class BookTicker(msgspec.Struct, frozen=True):
    """The best level of each side: anything better is gone."""

    symbol: str
    ts_ns: int
    bid: Level
    ask: Level
    last_id: int = 0


class Trade(msgspec.Struct, frozen=True):
    """A public trade; `side` is the aggressor's."""

    symbol: str
    ts_ns: int
    px: Decimal
    qty: Decimal
    side: Side


class Mark(msgspec.Struct, frozen=True):
    """A new mark price."""

    symbol: str
    ts_ns: int
    px: Decimal


MarketEvent = DepthDelta | DepthSnapshot | BookTicker | Trade | Mark
