"""The frames that /ws sends, as bytes: envelopes around payloads (Hyperliquid docs, WebSocket)."""

from typing import Final, Literal

from msgspec import Raw, Struct
from msgspec.json import Encoder

from services.paper_hyperliquid.wire.account_payloads import ClearinghouseRow, LedgerRow
from services.paper_hyperliquid.wire.payloads import (
    ActionAnswer,
    FillRow,
    FrontendOrder,
    HistoricalOrder,
    OrderUpdate,
)
from services.paper_hyperliquid.wire.subscriptions import Subscription

GREETING: Final = b"Websocket connection established."
PONG: Final = b'{"channel":"pong"}'
INACTIVE: Final = b"Inactive"

_ENCODER: Final = Encoder()


class Frame(Struct, frozen=True):
    """Data on a channel."""

    channel: str
    data: object


class SubscriptionData(Struct, frozen=True):
    """Which request on a subscription is confirmed."""

    method: Literal["subscribe", "unsubscribe"]
    subscription: Subscription


class UserFillsData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Fills of one account; the first frame of a subscription is the snapshot."""

    user: str
    fills: tuple[FillRow, ...]
    is_snapshot: bool = False


class FillsEvent(Struct, frozen=True):
    """Fills on the channel named user, which does not name the account."""

    fills: tuple[FillRow, ...]


class CancelledRef(Struct, frozen=True):
    """An order cancelled by the venue."""

    coin: str
    oid: int


class NonUserCancelEvent(Struct, frozen=True, rename="camel"):
    """Cancels that the account did not ask for."""

    non_user_cancel: tuple[CancelledRef, ...]


class LiquidationData(Struct, frozen=True):
    """What the venue did to an account that could not keep its margin."""

    lid: int
    liquidator: str
    liquidated_user: str
    liquidated_ntl_pos: str
    liquidated_account_value: str


class LiquidationEvent(Struct, frozen=True):
    """A liquidation, on the channel named user."""

    liquidation: LiquidationData


class OpenOrdersData(Struct, frozen=True):
    """Every open order of one account."""

    dex: str
    user: str
    orders: tuple[FrontendOrder, ...]


class ClearinghouseData(Struct, frozen=True, rename="camel"):
    """Margin and positions of one account."""

    dex: str
    user: str
    clearinghouse_state: ClearinghouseRow


class AllDexsData(Struct, frozen=True, rename="camel"):
    """Margin and positions of one account on every dex."""

    user: str
    clearinghouse_states: tuple[tuple[str, ClearinghouseRow], ...]


class FundingsData(Struct, frozen=True, rename="camel"):
    """The fundings of one account: this venue charges none."""

    user: str
    fundings: tuple[()] = ()
    is_snapshot: bool = True


class LedgerData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Transfers of one account; the first frame of a subscription is the snapshot."""

    user: str
    non_funding_ledger_updates: tuple[LedgerRow, ...]
    is_snapshot: bool = False


class TwapSliceFillsData(Struct, frozen=True, rename="camel"):
    """Fills of orders spread over time: this venue takes none."""

    user: str
    twap_slice_fills: tuple[()] = ()
    is_snapshot: bool = True


class TwapHistoryData(Struct, frozen=True, rename="camel"):
    """Orders spread over time: this venue takes none."""

    user: str
    history: tuple[()] = ()
    is_snapshot: bool = True


class HistoryData(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Status changes of one account."""

    user: str
    order_history: tuple[HistoricalOrder, ...]
    is_snapshot: bool = False


class UserStateData(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who the web frontend shows, and when; the agent is the one without a name."""

    agent_address: str | None
    agent_valid_until: int | None
    cum_ledger: str
    server_time: int
    is_vault: bool = False
    user: str


class PerpDexState(Struct, frozen=True, rename="camel"):
    """What one dex adds in the web frontend: no vaults, and no coin at its cap."""

    total_vault_equity: str = "0.0"
    perps_at_open_interest_cap: tuple[()] = ()
    leading_vaults: tuple[()] = ()


class WebData3(Struct, frozen=True, rename="camel"):
    """What the web frontend shows of an account."""

    user_state: UserStateData
    perp_dex_states: tuple[PerpDexState, ...]


class MidsData(Struct, frozen=True):
    """Every known mid."""

    mids: dict[str, str]


class AssetCtxData(Struct, frozen=True):
    """One coin's market state."""

    coin: str
    ctx: object


class PostPayload(Struct, frozen=True):
    """The answer to an info post: the question's type and its data."""

    type: str
    data: object


class PostResponse(Struct, frozen=True):
    """The answer to a post."""

    type: Literal["info", "action", "error"]
    payload: PostPayload | ActionAnswer | str


class PostData(Struct, frozen=True):
    """Which post is answered."""

    id: int
    response: PostResponse


def channel_frame(channel: str, data: object) -> bytes:
    """Return one frame of a channel."""
    return _ENCODER.encode(Frame(channel, data))


def error_frame(text: str) -> bytes:
    return channel_frame("error", text)


def confirmed(method: Literal["subscribe", "unsubscribe"], subscription: Subscription) -> bytes:
    return channel_frame("subscriptionResponse", SubscriptionData(method, subscription))


def post_frame(post_id: int, response: PostResponse) -> bytes:
    return channel_frame("post", PostData(post_id, response))


def order_updates_frame(updates: tuple[OrderUpdate, ...]) -> bytes:
    return channel_frame("orderUpdates", updates)


def encoded(payload: object) -> bytes:
    """Return a payload as JSON."""
    return _ENCODER.encode(payload)


def raw_text(raw: Raw | str | bytes) -> str:
    """Return a client's own text for quoting it in an error."""
    return raw if isinstance(raw, str) else bytes(raw).decode(errors="replace")
