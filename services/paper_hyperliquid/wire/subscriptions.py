"""Which /ws messages the venue understands, and what a client may subscribe to.

Subscriptions are values: equal ones are the same subscription, whatever case the address came in
(Hyperliquid docs, WebSocket; its subscriptions page).
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder, Encoder
from msgspec.structs import force_setattr

from services.paper_hyperliquid.exchange.market_stats import Interval
from services.paper_hyperliquid.wire.info_requests import User


class _Subscription(Struct, frozen=True, tag_field="type", rename="camel"):
    """Any subscription."""


class _OfUser(_Subscription, frozen=True):
    """A subscription to one account; `user` is normalised."""

    user: User

    def __post_init__(self) -> None:
        force_setattr(self, "user", "0x" + self.user.lower().removeprefix("0x"))


class OrderUpdates(_OfUser, frozen=True, tag="orderUpdates"):
    """Order states, without a snapshot."""


class UserFillsFeed(_OfUser, frozen=True, tag="userFills"):
    """Fills, after a snapshot."""

    aggregate_by_time: bool = False


class UserEvents(_OfUser, frozen=True, tag="userEvents"):
    """Fills and cancels not asked for, on the channel named user."""


class OpenOrdersFeed(_OfUser, frozen=True, tag="openOrders"):
    """The full list of open orders, again and again."""

    dex: str = ""


class ClearinghouseFeed(_OfUser, frozen=True, tag="clearinghouseState"):
    """Margin and positions, again and again."""

    dex: str = ""


class AllDexsClearinghouseFeed(_OfUser, frozen=True, tag="allDexsClearinghouseState"):
    """Margin and positions of every dex."""


class SpotStateFeed(_OfUser, frozen=True, tag="spotState"):
    """Spot balances."""


class WebData3Feed(_OfUser, frozen=True, tag="webData3"):
    """What the web frontend shows of an account."""


class HistoricalOrdersFeed(_OfUser, frozen=True, tag="userHistoricalOrders"):
    """Status changes, after a snapshot."""


class FundingsFeed(_OfUser, frozen=True, tag="userFundings"):
    """Funding payments, after a snapshot."""


class LedgerFeed(_OfUser, frozen=True, tag="userNonFundingLedgerUpdates"):
    """Deposits and transfers, after a snapshot."""


class NotificationFeed(_OfUser, frozen=True, tag="notification"):
    """Notes to the account's holder; this venue writes none."""


class TwapSliceFillsFeed(_OfUser, frozen=True, tag="userTwapSliceFills"):
    """Fills of orders spread over time, after a snapshot."""


class TwapHistoryFeed(_OfUser, frozen=True, tag="userTwapHistory"):
    """Orders spread over time, after a snapshot."""


class ActiveAssetDataFeed(_OfUser, frozen=True, tag="activeAssetData"):
    """Leverage and room for trading of one coin."""

    coin: str


class BboFeed(_Subscription, frozen=True, tag="bbo"):
    """Best bid and offer, when they change."""

    coin: str


class L2BookFeed(_Subscription, frozen=True, tag="l2Book"):
    """Full books, at intervals."""

    coin: str
    n_sig_figs: Literal[2, 3, 4, 5] | None = None
    mantissa: Literal[1, 2, 5] | None = None
    fast: bool | None = None


class TradesFeed(_Subscription, frozen=True, tag="trades"):
    """Public trades."""

    coin: str


class CandleFeed(_Subscription, frozen=True, tag="candle"):
    """The open candle, when it changed."""

    coin: str
    interval: Interval


class AllMidsFeed(_Subscription, frozen=True, tag="allMids"):
    """Every coin's mid."""

    dex: str | None = None


class ActiveAssetCtxFeed(_Subscription, frozen=True, tag="activeAssetCtx"):
    """One coin's market state."""

    coin: str


UserSubscription = (
    OrderUpdates
    | UserFillsFeed
    | UserEvents
    | OpenOrdersFeed
    | ClearinghouseFeed
    | AllDexsClearinghouseFeed
    | SpotStateFeed
    | WebData3Feed
    | HistoricalOrdersFeed
    | FundingsFeed
    | LedgerFeed
    | NotificationFeed
    | TwapSliceFillsFeed
    | TwapHistoryFeed
    | ActiveAssetDataFeed
)
CoinSubscription = BboFeed | L2BookFeed | TradesFeed | CandleFeed | ActiveAssetCtxFeed
Subscription = UserSubscription | CoinSubscription | AllMidsFeed


class _Message(Struct, frozen=True, tag_field="method"):
    """Any message of a client."""


class Subscribe(_Message, frozen=True, tag="subscribe"):
    """Start a subscription."""

    subscription: Raw


class Unsubscribe(_Message, frozen=True, tag="unsubscribe"):
    """End a subscription."""

    subscription: Raw


class Ping(_Message, frozen=True, tag="ping"):
    """Keep the connection alive."""


class PostRequest(Struct, frozen=True):
    """What a post carries: the body that HTTP would carry."""

    type: Literal["info", "action"]
    payload: Raw


class Post(_Message, frozen=True, tag="post"):
    """A request over the socket."""

    id: Annotated[int, Meta(ge=0)]
    request: PostRequest


Message = Subscribe | Unsubscribe | Ping | Post

_MESSAGE: Final[Decoder[Message]] = Decoder(Message)
_SUBSCRIPTION: Final[Decoder[Subscription]] = Decoder(Subscription)
_ENCODER: Final = Encoder()


def decode_message(text: str | bytes) -> Message:
    """Return the typed message, or raise msgspec's DecodeError."""
    return _MESSAGE.decode(text)


def decode_subscription(raw: Raw) -> Subscription:
    """Return the typed subscription, or raise msgspec's DecodeError."""
    return _SUBSCRIPTION.decode(raw)


def subscription_text(subscription: Subscription) -> str:
    """Return the subscription as the venue writes it."""
    return _ENCODER.encode(subscription).decode()


def user_of(subscription: Subscription) -> str | None:
    return subscription.user if isinstance(subscription, UserSubscription) else None
