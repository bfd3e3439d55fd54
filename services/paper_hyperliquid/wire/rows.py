"""How a record or a fill reads on the wire."""

from decimal import Decimal
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from services.paper_hyperliquid.exchange.outbox import FillOf, Forced
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.wire.numbers import ms_of, text_of
from services.paper_hyperliquid.wire.payloads import (
    BasicOrder,
    FillRow,
    FrontendOrder,
    HistoricalOrder,
    LiquidationNote,
    OrderUpdate,
    SideLetter,
)

NO_HASH: Final = "0x" + "0" * 64
TID_BITS: Final = 50
# Odd multipliers permute the numbers below 2**50, so distinct matches get distinct tids.
_TID_OF_MATCH: Final = 0x9E3779B97F4A7C15
_TID_OF_ORDERS: Final = 0xC2B2AE3D27D4EB4F


def side_letter(is_buy: bool) -> SideLetter:
    return "B" if is_buy else "A"


def basic_order(record: Record) -> BasicOrder:
    """Return the short shape: no cloid and no reduceOnly unless they say something."""
    return BasicOrder(
        coin=record.coin,
        side=side_letter(record.is_buy),
        limit_px=text_of(record.limit_px),
        sz=text_of(record.sz),
        oid=record.oid,
        timestamp=record.timestamp_ms,
        orig_sz=text_of(record.orig_sz),
        cloid=record.cloid or UNSET,
        reduce_only=record.reduce_only or UNSET,
    )


def frontend_order(record: Record, children: tuple[FrontendOrder, ...] = ()) -> FrontendOrder:
    """Return the long shape."""
    trigger = record.trigger
    return FrontendOrder(
        coin=record.coin,
        side=side_letter(record.is_buy),
        limit_px=text_of(record.limit_px),
        sz=text_of(record.sz),
        oid=record.oid,
        timestamp=record.timestamp_ms,
        trigger_condition=trigger_condition(record),
        is_trigger=trigger is not None,
        trigger_px=text_of(trigger.px) if trigger is not None else "0.0",
        children=children,
        is_position_tpsl=record.is_position_tpsl,
        reduce_only=record.reduce_only,
        order_type=record.order_type,
        orig_sz=text_of(record.orig_sz),
        tif=record.tif,
        cloid=record.cloid,
    )


def trigger_condition(record: Record) -> str:
    """Return "Price above 95", "Price below 95" or "N/A"."""
    if record.trigger is None:
        return "N/A"
    direction = "above" if record.trigger.is_above else "below"
    return f"Price {direction} {text_of(record.trigger.px).removesuffix('.0')}"


def order_update(record: Record) -> OrderUpdate:
    return OrderUpdate(basic_order(record), record.status, record.status_ms)


def historical_order(record: Record) -> HistoricalOrder:
    return HistoricalOrder(frontend_order(record), record.status, record.status_ms)


def tid_of(match_id: int, order_ids: int) -> int:
    """Return the 50-bit trade id of a match: one per buyer and seller, the same on both sides.

    `order_ids` is the sum of the two order ids, the tape's counting as 0.
    """
    return (match_id * _TID_OF_MATCH + order_ids * _TID_OF_ORDERS) & ((1 << TID_BITS) - 1)


def hash_of(match_id: int) -> str:
    """Return the transaction hash that stands for a match."""
    return f"0x{match_id:064x}"


def fill_row(fill_of: FillOf) -> FillRow:
    """Return one fill of an order as userFills shows it; its fee includes the builder's."""
    fill, record, builder_fee = fill_of.fill, fill_of.record, fill_of.builder_fee
    row = FillRow(
        coin=record.coin,
        px=text_of(fill.px),
        sz=text_of(fill.qty),
        side=side_letter(record.is_buy),
        time=ms_of(fill.ts_ns),
        start_position=text_of(fill.start_position),
        dir=direction(fill.start_position, fill.qty * fill.order.side.sign),
        closed_pnl=text_of(fill.realized_pnl),
        hash=hash_of(fill.match_id),
        oid=record.oid,
        crossed=not fill.is_maker,
        fee=text_of(fill.fee + builder_fee),
        tid=tid_of(fill.match_id, fill.order.order_id + (fill.counterparty_order_id or 0)),
        cloid=record.cloid or UNSET,
        builder_fee=text_of(builder_fee) if builder_fee else UNSET,
    )
    return row if fill_of.forced is None else _as_forced(row, fill_of, fill_of.forced)


def _as_forced(row: FillRow, fill_of: FillOf, forced: Forced) -> FillRow:
    """Return a fill as the venue shows those it made itself.

    Deleveraging trades with another account: an ordinary trade with a tid. A settlement trades with
    nobody: a system fill has the tid 0.
    """
    side = "Long" if fill_of.fill.start_position > 0 else "Short"
    match forced:
        case Forced.DELEVERAGING:
            return replace(row, dir="Auto-Deleveraging")
        case Forced.SETTLEMENT:
            return replace(row, dir="Settlement", tid=0, hash=NO_HASH)
        case Forced.SILENT_LIQUIDATION:
            return replace(row, dir=f"Liquidated Cross {side}")
        case Forced.LIQUIDATION:
            note = LiquidationNote(fill_of.record.account, row.px, "market")
            return replace(row, dir=f"Liquidated Cross {side}", liquidation=note)


def direction(start: Decimal, change: Decimal) -> str:
    """Return the display text of what a fill did to the position."""
    if start * change >= 0:
        return "Open Long" if change > 0 else "Open Short"
    if abs(change) <= abs(start):
        return "Close Long" if start > 0 else "Close Short"
    return "Long > Short" if start > 0 else "Short > Long"
