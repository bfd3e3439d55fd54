"""The shapes of market data: books, trades, asset contexts, universes (Hyperliquid docs, info)."""

from msgspec import UNSET, Struct, UnsetType

from services.paper_hyperliquid.wire.payloads import SideLetter


class BookLevel(Struct, frozen=True):
    """A price, the size there, and how many orders make it up."""

    px: str
    sz: str
    n: int


class BookSnapshot(Struct, frozen=True):
    """One coin's book: bids best first, then asks best first; `fast` only when so subscribed."""

    coin: str
    time: int
    levels: tuple[tuple[BookLevel, ...], tuple[BookLevel, ...]]
    spread: str | UnsetType = UNSET
    fast: bool | UnsetType = UNSET


class BboRow(Struct, frozen=True):
    """One coin's best bid and offer."""

    coin: str
    time: int
    bbo: tuple[BookLevel | None, BookLevel | None]


class TradeRow(Struct, frozen=True):
    """One public trade; `side` is the aggressor's, `users` are buyer and seller."""

    coin: str
    side: SideLetter
    px: str
    sz: str
    time: int
    hash: str
    tid: int
    users: tuple[str, str]


class UniverseRow(Struct, frozen=True, rename="camel"):
    """One coin of the universe."""

    sz_decimals: int
    name: str
    max_leverage: int
    margin_table_id: int
    is_delisted: bool | UnsetType = UNSET


class BareRow(Struct, frozen=True):
    """A row that lacks what clients need."""

    name: str


class MarginTier(Struct, frozen=True, rename="camel"):
    """From which notional on which leverage is allowed."""

    lower_bound: str
    max_leverage: int


class MarginTable(Struct, frozen=True, rename="camel"):
    """The tiers of a margin table."""

    description: str
    margin_tiers: tuple[MarginTier, ...]


class MetaRow(Struct, frozen=True, rename="camel"):
    """The universe of perps."""

    universe: tuple[UniverseRow | BareRow, ...]
    margin_tables: tuple[tuple[int, MarginTable], ...]
    collateral_token: int


class AssetCtx(Struct, frozen=True, rename="camel"):
    """One coin's market state."""

    funding: str
    open_interest: str
    prev_day_px: str
    day_ntl_vlm: str
    premium: str | None
    oracle_px: str
    mark_px: str
    mid_px: str | None
    impact_pxs: tuple[str, str] | None
    day_base_vlm: str


class SpotPair(Struct, frozen=True, rename="camel"):
    """One spot pair."""

    name: str
    tokens: tuple[int, int]
    index: int
    is_canonical: bool


class SpotToken(Struct, frozen=True, rename="camel"):
    """One spot token."""

    name: str
    sz_decimals: int
    wei_decimals: int
    index: int
    token_id: str
    is_canonical: bool
    evm_contract: str | None = None
    full_name: str | None = None
    deployer_trading_fee_share: str = "0.0"


class SpotMetaRow(Struct, frozen=True):
    """The spot universe."""

    universe: tuple[SpotPair, ...]
    tokens: tuple[SpotToken, ...]


class SpotCtx(Struct, frozen=True, rename="camel"):
    """One spot pair's market state."""

    day_ntl_vlm: str
    mark_px: str
    mid_px: str | None
    prev_day_px: str
    circulating_supply: str
    coin: str
    total_supply: str
    day_base_vlm: str


class Candle(Struct, frozen=True):
    """One candle in the venue's one-letter members."""

    t: int
    T: int
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741  (the venue's name for the low)
    v: str
    n: int


class PredictedFunding(Struct, frozen=True, rename="camel"):
    """The next funding of a coin on a venue."""

    funding_rate: str
    next_funding_time: int
    funding_interval_hours: int


class StatusRow(Struct, frozen=True, rename="camel"):
    """The venue's clock and special states."""

    time: int
    special_statuses: str | None = None
