"""The control port's messages: a venue's own books for audits, and what one can ask of it.

Venue-neutral on purpose: one audit reads both exchanges. Amounts are signed (negative sells),
decimals travel as strings, times carry their unit.
"""

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from services.paper_exchange.engine.orders import EndReason


class AuditOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the venue holds it; `status` is the venue's own word."""

    account: str
    symbol: str
    order_id: str
    client_order_id: str
    amount: Decimal
    price: Decimal
    filled: Decimal
    avg_price: Decimal
    status: str
    is_open: bool
    created_ms: int
    updated_ms: int


class AuditPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A signed position and its average entry price."""

    account: str
    symbol: str
    amount: Decimal
    entry: Decimal


class AuditBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one asset, before unrealised profit."""

    account: str
    asset: str
    wallet: Decimal


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the venue knows of one account, or of all."""

    orders: tuple[AuditOrder, ...]
    open_orders: tuple[AuditOrder, ...]
    positions: tuple[AuditPosition, ...]
    balances: tuple[AuditBalance, ...]


class AuditTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One fill in the venue's ledger.

    `mono_written_ns` is the monotonic clock just before the fill's frame was written to the first
    user-stream socket, or None when no socket was listening.
    """

    account: str
    symbol: str
    exec_id: str
    order_id: str
    client_order_id: str
    amount: Decimal
    price: Decimal
    fee: Decimal
    is_maker: bool
    time_ms: int
    mono_written_ns: int | None


class AuditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One order request as received; `order_id` is None when no order came of it.

    `mono_parsed_ns` is the monotonic clock right after the order was parsed; `outcome` is
    "accepted" or the venue's own refusal.
    """

    account: str
    client_order_id: str
    order_id: str | None
    mono_parsed_ns: int
    outcome: str


class TapeState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tape stands; `position_ns` counts from the tape's first event."""

    source: str
    position_ns: int
    speed: float
    paused: bool
    ended: bool
    applied_count: int
    restart_count: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Which exchange this is, and that it is running."""

    venue: str
    symbols: tuple[str, ...]
    tape: TapeState


class FaultReport(msgspec.Struct, frozen=True, kw_only=True):
    """The fault switches a venue offers, those that are on, and how often each one fired."""

    supported: tuple[str, ...]
    active: tuple[str, ...]
    seed: int = 0
    fired: dict[str, int] = {}


class MarketOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a scripted market action did: the number of fills of our accounts' orders."""

    fills_count: int


Levels = tuple[tuple[Decimal, Decimal], ...]


class ScriptedTrade(msgspec.Struct, frozen=True, tag_field="kind", tag="trade"):
    """A market trade by somebody else; `side` is the aggressor's."""

    symbol: str
    side: Literal["buy", "sell"]
    price: Decimal
    qty: Decimal


class ScriptedDepth(msgspec.Struct, frozen=True, tag_field="kind", tag="depth"):
    """A new displayed book (`replace`) or changes to it; quantity 0 removes a level."""

    symbol: str
    bids: Levels = ()
    asks: Levels = ()
    replace: bool = False


MarketAction = ScriptedTrade | ScriptedDepth


class PauseTape(msgspec.Struct, frozen=True, tag_field="action", tag="pause"):
    """Stop tape time."""


class ResumeTape(msgspec.Struct, frozen=True, tag_field="action", tag="resume"):
    """Let tape time run again from where it stopped."""


class SeekTape(msgspec.Struct, frozen=True, tag_field="action", tag="seek"):
    """Move to a position counted from the tape's first event; the book is rebuilt quietly."""

    position_ms: int


class SpeedTape(msgspec.Struct, frozen=True, tag_field="action", tag="speed"):
    """Run the tape this many times faster than recorded."""

    speed: float


TapeAction = PauseTape | ResumeTape | SeekTape | SpeedTape


class PlaceByHand(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="place"):
    """An order of an account that none of its programs asked for; without a price it takes."""

    account: str
    symbol: str
    side: Literal["buy", "sell"]
    qty: Decimal
    price: Decimal | None = None
    client_order_id: str = ""
    post_only: bool = False
    reduce_only: bool = False


class CancelByHand(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="cancel"):
    """An open order taken off by its owner, past every program."""

    account: str
    order_id: str


class EndByVenue(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="end"):
    """An open order that the venue ends by itself, for a reason that it has a word for."""

    account: str
    order_id: str
    reason: EndReason


class Liquidate(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="liquidate"):
    """The venue closes a position, all of it or `qty`, at mark: a liquidation.

    `is_noted`: the fill says that it is one, where the venue has a member for that (Hyperliquid).
    """

    account: str
    symbol: str
    qty: Decimal | None = None
    is_noted: bool = True


class Deleverage(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="deleverage"):
    """The venue closes a winning position, all of it or `qty`, at mark: auto-deleveraging."""

    account: str
    symbol: str
    qty: Decimal | None = None


class Settle(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="settle"):
    """The venue closes a position, all of it or `qty`, at mark: a delisting's settlement."""

    account: str
    symbol: str
    qty: Decimal | None = None


AccountAction = PlaceByHand | CancelByHand | EndByVenue | Liquidate | Deleverage | Settle


class ChangeListing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venue changes of a symbol while it runs; what is not named stays as it is.

    `status` is the venue's own word for its state. The row of an unreadable listing lacks what
    clients need; everything else of the symbol goes on.
    """

    symbol: str
    status: str | None = None
    tick: Decimal | None = None
    lot: Decimal | None = None
    min_notional: Decimal | None = None
    is_unreadable: bool | None = None


class ListingState(msgspec.Struct, frozen=True, kw_only=True):
    """How a symbol is listed now."""

    symbol: str
    status: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    is_unreadable: bool


class ActOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an act did: the order that it made or ended, and how many fills it caused."""

    order_id: str
    fills_count: int


class ControlError(ValueError):
    """A control request that cannot be carried out; the text names field, value and rule."""

    http_status: ClassVar[int] = 400
