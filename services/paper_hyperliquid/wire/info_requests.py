"""Which /info questions the venue understands (Hyperliquid docs, info endpoint).

Addresses are case-insensitive and may lack 0x; unknown extra members are ignored.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder
from msgspec.structs import force_setattr

User = Annotated[str, Meta(pattern=r"^(0x)?[0-9a-fA-F]{40}$")]
Cloid = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{32}$")]


class _Info(Struct, frozen=True, tag_field="type", rename="camel"):
    """Any question."""


class _UserInfo(_Info, frozen=True):
    """A question about one account; `user` is normalised."""

    user: User

    def __post_init__(self) -> None:
        force_setattr(self, "user", "0x" + self.user.lower().removeprefix("0x"))


class AllMids(_Info, frozen=True, tag="allMids"):
    """Every coin's mid price."""

    dex: str = ""


class MetaInfo(_Info, frozen=True, tag="meta"):
    """The universe of perps."""

    dex: str = ""


class MetaAndAssetCtxs(_Info, frozen=True, tag="metaAndAssetCtxs"):
    """The universe with each coin's market state."""

    dex: str = ""


class AllPerpMetas(_Info, frozen=True, tag="allPerpMetas"):
    """The universe of every perp dex."""


class PerpDexs(_Info, frozen=True, tag="perpDexs"):
    """The perp dexs; the first one is the main dex and null."""


class SpotMeta(_Info, frozen=True, tag="spotMeta"):
    """The spot universe."""


class SpotMetaAndAssetCtxs(_Info, frozen=True, tag="spotMetaAndAssetCtxs"):
    """The spot universe with each pair's market state."""


class ExchangeStatus(_Info, frozen=True, tag="exchangeStatus"):
    """The venue's clock and special states."""


class L2Book(_Info, frozen=True, tag="l2Book"):
    """One coin's book, optionally rounded to significant figures."""

    coin: str
    n_sig_figs: int | None = None
    mantissa: int | None = None


class RecentTrades(_Info, frozen=True, tag="recentTrades"):
    """One coin's latest trades."""

    coin: str


class CandleRange(Struct, frozen=True, rename="camel"):
    """Which candles."""

    coin: str
    interval: str
    start_time: int
    end_time: int | None = None


class CandleSnapshot(_Info, frozen=True, tag="candleSnapshot"):
    """One coin's candles."""

    req: CandleRange


class FundingHistory(_Info, frozen=True, tag="fundingHistory"):
    """One coin's past funding rates."""

    coin: str
    start_time: int
    end_time: int | None = None


class PredictedFundings(_Info, frozen=True, tag="predictedFundings"):
    """Every coin's next funding rate."""


class PerpsAtOpenInterestCap(_Info, frozen=True, tag="perpsAtOpenInterestCap"):
    """The coins whose open interest is capped."""

    dex: str = ""


class ClearinghouseState(_UserInfo, frozen=True, tag="clearinghouseState"):
    """Margin and positions."""

    dex: str = ""


class SpotClearinghouseState(_UserInfo, frozen=True, tag="spotClearinghouseState"):
    """Spot balances."""


class OpenOrders(_UserInfo, frozen=True, tag="openOrders"):
    """Open orders, short shape."""

    dex: str = ""


class FrontendOpenOrders(_UserInfo, frozen=True, tag="frontendOpenOrders"):
    """Open orders, long shape."""

    dex: str = ""


class OrderStatusInfo(_UserInfo, frozen=True, tag="orderStatus"):
    """One order by oid or cloid."""

    oid: Annotated[int, Meta(ge=0)] | Cloid


class HistoricalOrders(_UserInfo, frozen=True, tag="historicalOrders"):
    """The latest status changes."""


class UserFills(_UserInfo, frozen=True, tag="userFills"):
    """The latest fills."""

    aggregate_by_time: bool = False


class UserFillsByTime(_UserInfo, frozen=True, tag="userFillsByTime"):
    """Fills of a time range, both ends included."""

    start_time: int
    end_time: int | None = None
    aggregate_by_time: bool = False
    reversed: bool = False


class UserRateLimit(_UserInfo, frozen=True, tag="userRateLimit"):
    """The address budget."""


class UserRole(_UserInfo, frozen=True, tag="userRole"):
    """What an address is."""


class SubAccounts(_UserInfo, frozen=True, tag="subAccounts"):
    """The sub-accounts of a master."""


class ExtraAgents(_UserInfo, frozen=True, tag="extraAgents"):
    """The named agents of an account."""


class UserAbstraction(_UserInfo, frozen=True, tag="userAbstraction"):
    """How the account's collateral is pooled."""


class UserFees(_UserInfo, frozen=True, tag="userFees"):
    """The account's fee rates."""


class UserFunding(_UserInfo, frozen=True, tag="userFunding"):
    """The account's funding payments."""

    start_time: int = 0
    end_time: int | None = None


class UserLedger(_UserInfo, frozen=True, tag="userNonFundingLedgerUpdates"):
    """The account's deposits and transfers."""

    start_time: int = 0
    end_time: int | None = None


class TwapSliceFills(_UserInfo, frozen=True, tag="userTwapSliceFills"):
    """The latest fills of orders spread over time."""


class TwapHistory(_UserInfo, frozen=True, tag="twapHistory"):
    """The orders spread over time."""


class UserVaultEquities(_UserInfo, frozen=True, tag="userVaultEquities"):
    """What the account holds in vaults."""


class MaxBuilderFee(_UserInfo, frozen=True, tag="maxBuilderFee"):
    """The fee that the account allows a builder."""

    builder: User


class ActiveAssetData(_UserInfo, frozen=True, tag="activeAssetData"):
    """Leverage and room for trading of one coin."""

    coin: str


MarketInfo = (
    AllMids
    | MetaInfo
    | MetaAndAssetCtxs
    | AllPerpMetas
    | PerpDexs
    | SpotMeta
    | SpotMetaAndAssetCtxs
    | ExchangeStatus
    | L2Book
    | RecentTrades
    | CandleSnapshot
    | FundingHistory
    | PredictedFundings
    | PerpsAtOpenInterestCap
)
OrderInfo = (
    OpenOrders
    | FrontendOpenOrders
    | OrderStatusInfo
    | HistoricalOrders
    | UserFills
    | UserFillsByTime
    | TwapSliceFills
    | TwapHistory
)
AccountInfo = (
    ClearinghouseState
    | SpotClearinghouseState
    | UserRateLimit
    | UserRole
    | SubAccounts
    | ExtraAgents
    | UserAbstraction
    | UserFees
    | UserFunding
    | UserLedger
    | UserVaultEquities
    | MaxBuilderFee
    | ActiveAssetData
)
InfoRequest = MarketInfo | OrderInfo | AccountInfo

_DECODER: Decoder[InfoRequest] = Decoder(InfoRequest)


def decode_info(body: bytes | Raw) -> InfoRequest:
    """Return the typed question, or raise msgspec's DecodeError or ValidationError."""
    return _DECODER.decode(body)
