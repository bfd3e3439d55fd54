"""What a strategy reads, key by key: a misspelt one is an error of the type checker and a KeyError.

1. The words are the wire's: amounts and prices are Decimal, enumerations are text.
2. Each of these is what `plain` makes of a row; a contract test compares the two, key by key.
"""

from decimal import Decimal
from typing import TypedDict


class ContractSpecs(TypedDict):
    """The trading rules of one instrument."""

    base_asset: str
    quote_asset: str
    min_notional: Decimal
    price_precision: int
    quantity_precision: int
    tick: Decimal
    lot: Decimal
    multiplier: Decimal


class OrderRow(TypedDict):
    """One order: `amount` is signed, `timestamp` in milliseconds; `trigger_px`: it waits for it."""

    exc: str
    ticker: str
    amount: Decimal
    price: Decimal | None
    cloid: str | None
    oid: str | None
    ord_status: str
    ord_type: str
    filled_sz: Decimal
    last_fill_sz: Decimal
    timestamp: int
    avg_px: Decimal | None
    tif: str | None
    price_match: str | None
    emulated: bool
    post_only: bool
    reduce_only: bool
    tp: Decimal | None
    sl: Decimal | None
    strategy: str | None
    hedge_id: str | None
    cancel_pending: bool
    in_doubt: bool
    external: bool
    reason: str | None
    text: str
    trigger_px: Decimal | None


class StepRow(TypedDict):
    """One change of an order."""

    ord_status: str
    filled_sz: Decimal
    timestamp: int


class OrderHistoryRow(OrderRow):
    """One order with the changes that were seen of it."""

    history: list[StepRow]


class VenueOrderRow(TypedDict):
    """One order as its venue lists it."""

    amount: Decimal
    cloid: str | None
    filled_sz: Decimal
    oid: str | None
    ord_status: str
    price: Decimal | None
    ticker: str
    timestamp: int


class PositionRow(TypedDict):
    """One position: signed amount; `value` is amount x entry (inverse: x face)."""

    ticker: str
    amount: Decimal
    entry: Decimal
    value: Decimal
    unrealized_pnl: Decimal | None


class PositionChange(TypedDict):
    """What an `on_delta` of positions is given."""

    ticker: str
    amount: Decimal
    delta: Decimal
    entry: Decimal


class FillRow(TypedDict):
    """One fill; its costs are None until the venue has told them."""

    exc: str
    ticker: str
    exec_id: str
    oid: str
    cloid: str | None
    side: str
    last_fill_sz: Decimal
    last_px: Decimal
    timestamp: int
    liquidity: str | None
    fee: Decimal | None
    fee_asset: str | None
    realized_pnl: Decimal | None
    strategy: str | None


class LegRow(TypedDict):
    """One leg of a hedge."""

    exc: str
    ticker: str
    target: Decimal
    covered: Decimal
    owed: Decimal
    avg_px: Decimal | None
    slippage_bp: Decimal | None
    slippage_qty: Decimal
    fill_to_hedge_ns_mean: int | None


class HedgeRow(TypedDict):
    """One hedge order."""

    hedge_id: str
    strategy: str
    pool: str
    state: str
    maker_cloid: str
    maker_amount: Decimal
    maker_filled: Decimal
    maker_avg_px: Decimal | None
    legs: list[LegRow]
    text: str
    timestamp: int


class BucketRow(TypedDict):
    """What the hedges of one pool owe on one instrument."""

    pool: str
    exc: str
    ticker: str
    maker_target: Decimal
    taker_filled: Decimal
    owed: Decimal
    in_flight: Decimal
    remainder: Decimal
    lo: Decimal
    hi: Decimal
    unpriced: Decimal
    naked_notional: Decimal | None
    naked_since_ns: int | None
    held_reason: str
    suspended: str
    cause: str
    decisions: int
    remainders_held: int
    remainders_flushed: int
    netted: Decimal


class Balance(TypedDict):
    """What an account has in its quote currency; `equity` includes unrealised PnL."""

    asset: str
    balance: Decimal
    equity: Decimal
    available: Decimal
