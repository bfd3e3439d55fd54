"""What the venue sends, field for field (Hyperliquid docs, Info endpoint, WebSocket).

Unknown fields are ignored and unknown words stay text, so that a listing or a status of next
month cannot stop the gateway. Coins are any text: `BTC`, `xyz:TSLA`, `@107`, `#20`.
"""

from decimal import Decimal
from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

SideLetter = Literal["A", "B"]


class Frame(Struct, frozen=True):
    """One WebSocket frame; `data` is decoded by its channel."""

    channel: str
    data: Raw = Raw(b"null")


class OrderRow(Struct, frozen=True, rename="camel"):
    """An order in any of its lists. `sz` is what remains, `orig_sz` what was asked for."""

    coin: str
    side: SideLetter
    limit_px: Decimal
    sz: Decimal
    oid: int
    timestamp: int
    orig_sz: Decimal
    cloid: str | None = None
    reduce_only: bool | None = None
    tif: str | None = None
    is_trigger: bool = False
    trigger_px: Decimal | None = None
    order_type: str = ""


class OrderUpdate(Struct, frozen=True, rename="camel"):
    """An order with its status: orderUpdates, orderStatus, historicalOrders."""

    order: OrderRow
    status: str
    status_timestamp: int


class OrderAnswer(Struct, frozen=True):
    """The answer of orderStatus: `order` or `unknownOid`."""

    status: str
    order: OrderUpdate | None = None


class Liquidation(Struct, frozen=True, rename="camel"):
    liquidated_user: str | None = None


class FillRow(Struct, frozen=True, rename="camel"):
    """One fill. `dir` is display text and is never read; `tid` is 0 for system fills."""

    coin: str
    px: Decimal
    sz: Decimal
    side: SideLetter
    time: int
    start_position: Decimal
    oid: int
    crossed: bool
    tid: int
    fee: Decimal = Decimal(0)
    fee_token: str = "USDC"  # noqa: S105  (an asset, not a secret)
    closed_pnl: Decimal | None = None
    cloid: str | None = None
    liquidation: Liquidation | None = None


class UserFills(Struct, frozen=True, rename="camel"):
    """Fills of the stream; the first frame after a subscription repeats old ones."""

    user: str
    fills: tuple[FillRow, ...]
    is_snapshot: bool = False


class PositionRow(Struct, frozen=True, rename="camel"):
    coin: str
    szi: Decimal
    entry_px: Decimal | None = None
    unrealized_pnl: Decimal | None = None


class AssetPosition(Struct, frozen=True):
    position: PositionRow


class MarginSummary(Struct, frozen=True, rename="camel"):
    account_value: Decimal


class ClearinghouseState(Struct, frozen=True, rename="camel"):
    """Margin and positions of an account at `time`; what is not listed is flat.

    Positions stay raw: one that cannot be read must not hide the others.
    """

    margin_summary: MarginSummary
    withdrawable: Decimal
    asset_positions: tuple[Raw, ...]
    time: int


class SpotBalance(Struct, frozen=True):
    coin: str
    total: Decimal
    hold: Decimal


class SpotState(Struct, frozen=True):
    balances: tuple[SpotBalance, ...]


class LevelRow(Struct, frozen=True):
    px: Decimal
    sz: Decimal


class BookFrame(Struct, frozen=True):
    """A full book of up to 20 levels: bids best first, asks best first."""

    coin: str
    time: int
    levels: tuple[tuple[LevelRow, ...], tuple[LevelRow, ...]]


class BboFrame(Struct, frozen=True):
    """The best bid and ask after a block that changed them."""

    coin: str
    time: int
    bbo: tuple[LevelRow | None, LevelRow | None]


class AssetContext(Struct, frozen=True, rename="camel"):
    mark_px: Decimal
    mid_px: Decimal | None = None


class AssetContextFrame(Struct, frozen=True):
    coin: str
    ctx: AssetContext


class AssetRow(Struct, frozen=True, rename="camel"):
    name: str
    sz_decimals: int
    is_delisted: bool = False


class AssetName(Struct, frozen=True):
    """What a row of the table is called, whatever else it holds."""

    name: str = ""


class Meta(Struct, frozen=True):
    """The perpetuals; the place in `universe` is the asset id, delisted ones keep theirs.

    Rows stay raw: one that cannot be read must not hide the rest, nor move their places.
    """

    universe: tuple[Raw, ...]


class RoleData(Struct, frozen=True):
    """Of an agent, the account it acts for."""

    user: str | None = None


class UserRole(Struct, frozen=True):
    """Who an address is: user, agent, vault, subAccount, missing."""

    role: str
    data: RoleData | None = None


class VenueTime(Struct, frozen=True):
    """Any answer that carries the venue's clock, such as exchangeStatus."""

    time: int


class Resting(Struct, frozen=True):
    oid: int


class FilledNow(Struct, frozen=True, rename="camel"):
    total_sz: Decimal
    avg_px: Decimal
    oid: int


class Status(Struct, frozen=True):
    """What became of one order of a request; exactly one member is set."""

    resting: Resting | UnsetType = UNSET
    filled: FilledNow | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Statuses(Struct, frozen=True):
    statuses: tuple[Status | str, ...] = ()


class Answered(Struct, frozen=True):
    type: str
    data: Statuses | None = None


class ExchangeAnswer(Struct, frozen=True):
    """The answer of the exchange endpoint; the error of a whole request is a text."""

    status: str
    response: Answered | str


class PostPayload(Struct, frozen=True):
    """An answer over the socket: `action`, `info` or `error` (then the payload is a text)."""

    type: str
    payload: Raw


class PostAnswer(Struct, frozen=True):
    id: int
    response: PostPayload
