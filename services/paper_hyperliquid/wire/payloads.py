"""The shapes the venue sends about orders and fills, field for field.

Optional members that are absent on the venue are absent here (Hyperliquid docs, info and
WebSocket endpoints).
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

SideLetter = Literal["A", "B"]


class BasicOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as openOrders and orderUpdates show it; `sz` is what remains."""

    coin: str
    side: SideLetter
    limit_px: str
    sz: str
    oid: int
    timestamp: int
    orig_sz: str
    cloid: str | UnsetType = UNSET
    reduce_only: bool | UnsetType = UNSET


class FrontendOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as frontendOpenOrders, orderStatus and historicalOrders show it."""

    coin: str
    side: SideLetter
    limit_px: str
    sz: str
    oid: int
    timestamp: int
    trigger_condition: str
    is_trigger: bool
    trigger_px: str
    children: tuple["FrontendOrder", ...]
    is_position_tpsl: bool
    reduce_only: bool
    order_type: str
    orig_sz: str
    tif: str | None
    cloid: str | None


class OrderUpdate(Struct, frozen=True, rename="camel"):
    """One entry of an orderUpdates frame."""

    order: BasicOrder
    status: str
    status_timestamp: int


class HistoricalOrder(Struct, frozen=True, rename="camel"):
    """An order in the frontend's shape with its status."""

    order: FrontendOrder
    status: str
    status_timestamp: int


class OrderFound(Struct, frozen=True, tag_field="status", tag="order"):
    """The orderStatus answer about a known order."""

    order: HistoricalOrder


class OrderUnknown(Struct, frozen=True, tag_field="status", tag="unknownOid"):
    """The orderStatus answer about an unknown oid or cloid."""


class LiquidationNote(Struct, frozen=True, rename="camel"):
    """What a fill says about the liquidation that it was part of."""

    liquidated_user: str
    mark_px: str
    method: Literal["market", "backstop"]


class FillRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """One fill; `crossed` marks the taker, `closed_pnl` is before fees."""

    coin: str
    px: str
    sz: str
    side: SideLetter
    time: int
    start_position: str
    dir: str
    closed_pnl: str
    hash: str
    oid: int
    crossed: bool
    fee: str
    tid: int
    fee_token: str = "USDC"  # noqa: S105  (an asset, not a secret)
    twap_id: int | None = None
    cloid: str | UnsetType = UNSET
    builder_fee: str | UnsetType = UNSET
    liquidation: LiquidationNote | UnsetType = UNSET


class PlacedIds(Struct, frozen=True):
    """The ids of an acknowledged order; the cloid is echoed only if one was sent."""

    oid: int
    cloid: str | UnsetType = UNSET


class FilledIds(Struct, frozen=True, rename="camel"):
    """What an order filled at once."""

    total_sz: str
    avg_px: str
    oid: int
    cloid: str | UnsetType = UNSET


class Resting(Struct, frozen=True):
    """The order rests."""

    resting: PlacedIds


class FilledNow(Struct, frozen=True):
    """The order traded and does not rest."""

    filled: FilledIds


class Failed(Struct, frozen=True):
    """The order, cancel or modification failed."""

    error: str


OrderAck = Resting | FilledNow | Failed | Literal["waitingForFill", "waitingForTrigger"]
CancelAck = Failed | Literal["success"]


class Statuses(Struct, frozen=True):
    """One acknowledgement per order or cancel, or a single error for all of them."""

    statuses: tuple[OrderAck | CancelAck, ...]


class ActionResponse(Struct, frozen=True, omit_defaults=True):
    """The `response` member: what kind of action it answers, and its data if it has any."""

    type: str
    data: Statuses | None = None


class ActionOk(Struct, frozen=True, tag_field="status", tag="ok"):
    """An action that passed admission."""

    response: ActionResponse


class ActionErr(Struct, frozen=True, tag_field="status", tag="err"):
    """A request that failed as a whole."""

    response: str


ActionAnswer = ActionOk | ActionErr
DEFAULT_OK = ActionOk(ActionResponse("default"))
