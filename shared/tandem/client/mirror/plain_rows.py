"""How rows are given to a strategy: plain values in the contract's words, safe to keep."""

from decimal import Decimal
from typing import cast

import msgspec

from tandem.client.rows import FillRow, HedgeRow, OrderRow, PositionChange, PositionRow
from tandem.messages.codec import AnyDelta
from tandem.messages.deltas import (
    BucketDelta,
    FillDelta,
    FillView,
    HedgeDelta,
    HedgeView,
    OrderDelta,
    OrderView,
    PositionDelta,
    PositionView,
)

Plain = dict[str, object]


def plain(row: msgspec.Struct) -> Plain:
    """Return a row in the words of the wire: text for enums, Decimal for numbers."""
    builtins: Plain = msgspec.to_builtins(row, builtin_types=(Decimal,))
    return builtins


def order_row(row: OrderView) -> OrderRow:
    return cast("OrderRow", plain(row))


def fill_row(row: FillView) -> FillRow:
    return cast("FillRow", plain(row))


def hedge_row(row: HedgeView) -> HedgeRow:
    return cast("HedgeRow", plain(row))


def position_row(row: PositionView) -> PositionRow:
    return {
        "ticker": row.ticker,
        "amount": row.amount,
        "entry": row.entry,
        "value": row.value,
        "unrealized_pnl": row.unrealized_pnl,
    }


def delta_of(delta: AnyDelta) -> Plain:
    """Return what an `on_delta` handler is given."""
    if isinstance(delta, OrderDelta):
        return plain(delta.order)
    if isinstance(delta, FillDelta):
        return plain(delta.fill)
    if isinstance(delta, HedgeDelta):
        return plain(delta.hedge)
    if isinstance(delta, BucketDelta):
        return plain(delta.bucket)
    return dict(position_change(delta))


def position_change(delta: PositionDelta) -> PositionChange:
    return {
        "ticker": delta.position.ticker,
        "amount": delta.position.amount,
        "delta": delta.delta,
        "entry": delta.position.entry,
    }
