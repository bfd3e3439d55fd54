"""What the state services publish: rows of their pages, and each change of one row.

A delta is identified by (epoch, log seq, index) and names its entity's previous delta, so a
reader can tell a gap from silence.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from tandem.domain.execution import Liquidity
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    VenueOrderId,
)
from tandem.domain.order import (
    OrderStatus,
    OrderType,
    PriceMatch,
    RejectReason,
    Side,
    TimeInForce,
)
from tandem.messages.message import Message


class OrderView(Struct, frozen=True, kw_only=True):
    """One order as every reader sees it. `amount` is signed; `timestamp` is in milliseconds.

    With a `trigger_px` it is in no book: it waits until the mark price is there.
    `emulated`: its venue has no `price_match`, the gateway took the price from the book.
    """

    exc: Exc
    ticker: Ticker
    amount: Decimal
    price: Decimal | None
    client_order_id: ClientOrderId | None = field(name="cloid")
    venue_order_id: VenueOrderId | None = field(name="oid")
    order_status: OrderStatus = field(name="ord_status")
    order_type: OrderType = field(name="ord_type")
    cum_qty: Decimal = field(name="filled_sz")
    last_qty: Decimal = field(name="last_fill_sz")
    timestamp: int
    avg_px: Decimal | None = None
    time_in_force: TimeInForce | None = field(name="tif", default=None)
    price_match: PriceMatch | None = None
    emulated: bool = False
    post_only: bool = False
    reduce_only: bool = False
    take_profit: Decimal | None = field(name="tp", default=None)
    stop_loss: Decimal | None = field(name="sl", default=None)
    strategy: Strategy | None = None
    hedge_id: HedgeId | None = None
    cancel_pending: bool = False
    in_doubt: bool = False
    external: bool = False
    reason: RejectReason | None = None
    text: str = ""
    trigger_px: Decimal | None = None


class PositionView(Struct, frozen=True, kw_only=True):
    """One position: signed amount, average entry, value = amount x entry (inverse: x face).

    `entry` of a flat position is its last; 0 where nobody tells it. `is_listed` is False of what
    no list of the venue's has stated: it is what its fills say.
    """

    exc: Exc
    ticker: Ticker
    amount: Decimal
    entry: Decimal
    value: Decimal
    unrealized_pnl: Decimal | None = None
    timestamp: int = 0
    is_listed: bool = True


class FillView(Struct, frozen=True, kw_only=True):
    """One fill; fee and realised PnL are None until the venue has told them."""

    exc: Exc
    ticker: Ticker
    exec_id: ExecId
    venue_order_id: VenueOrderId = field(name="oid")
    client_order_id: ClientOrderId | None = field(name="cloid")
    side: Side
    last_qty: Decimal = field(name="last_fill_sz")
    last_px: Decimal
    timestamp: int
    liquidity: Liquidity | None = None
    fee: Decimal | None = None
    fee_asset: str | None = None
    realized_pnl: Decimal | None = None
    strategy: Strategy | None = None


class Delta(Message, frozen=True, kw_only=True):
    """What every delta carries: its place in the log and its entity's previous delta."""

    epoch: int
    seq: int
    index: int
    prev: str | None = None

    @property
    def delta_id(self) -> str:
        return f"{self.epoch}.{self.seq}.{self.index}"


class OrderDelta(Delta, frozen=True, kw_only=True, tag="order_delta"):
    """An order changed; `order` is its row after the change."""

    order: OrderView


class PositionDelta(Delta, frozen=True, kw_only=True, tag="position_delta"):
    """A position changed by `delta`; `position` is its row after the change.

    `cause` is the exec id of the fill, or empty when the venue's own number was adopted.
    """

    position: PositionView
    delta: Decimal
    cause: str = ""


class FillDelta(Delta, frozen=True, kw_only=True, tag="fill_delta"):
    """A fill became known, or its costs did."""

    fill: FillView


class HedgeState(StrEnum):
    WORKING = "WORKING"  # the maker may still fill
    HEDGING = "HEDGING"  # the maker is done, something is owed or in flight
    DONE = "DONE"  # the maker is done and only dust is owed
    REFUSED = "REFUSED"


class LegView(Struct, frozen=True, kw_only=True):
    """One leg of a hedge: what its maker fills call for, and what takers have covered (FIFO).

    `slippage_bp` is against the middle of the leg's book when the log had the maker's fill, over
    `slippage_qty` of what is covered: for the rest no book was known then. None: for none of it.
    """

    exc: Exc
    ticker: Ticker
    target: Decimal
    covered: Decimal
    owed: Decimal
    avg_px: Decimal | None = None
    slippage_bp: Decimal | None = None
    slippage_qty: Decimal = Decimal(0)
    fill_to_hedge_ns_mean: int | None = None


class HedgeView(Struct, frozen=True, kw_only=True):
    """One hedge order: its maker, its legs, and how far they have come."""

    hedge_id: HedgeId
    strategy: Strategy
    pool: Pool
    state: HedgeState
    maker_cloid: ClientOrderId
    maker_amount: Decimal
    maker_filled: Decimal
    maker_avg_px: Decimal | None
    legs: tuple[LegView, ...]
    text: str = ""
    timestamp: int = 0


class BucketView(Struct, frozen=True, kw_only=True):
    """One bucket's numbers: owed = targets - taker fills, and what is on its way."""

    pool: Pool
    exc: Exc
    ticker: Ticker
    maker_target: Decimal
    taker_filled: Decimal
    owed: Decimal
    in_flight: Decimal
    remainder: Decimal
    lo: Decimal
    hi: Decimal
    unpriced: Decimal = Decimal(0)
    naked_notional: Decimal | None = None
    naked_since_ns: int | None = None
    held_reason: str = ""
    suspended: str = ""
    cause: str = ""
    decisions: int = 0
    remainders_held: int = 0
    remainders_flushed: int = 0
    netted: Decimal = Decimal(0)


class HedgeDelta(Delta, frozen=True, kw_only=True, tag="hedge_delta"):
    """A hedge's row changed."""

    hedge: HedgeView


class BucketDelta(Delta, frozen=True, kw_only=True, tag="bucket_delta"):
    """A bucket's numbers changed."""

    bucket: BucketView
