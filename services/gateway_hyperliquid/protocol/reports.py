"""What each word of the venue says about an order, a fill or a position.

1. An order's state proves no quantity: `cum_qty` stays None here except for `filled.totalSz`
   (Hyperliquid docs, Exchange endpoint); `filled` and origSz - sz are words, not proof.
2. A fill has one identity from every source, and from every telling: its order and trade id; for
   system fills (trade id 0) its time, its order, the position before it and its size.
3. `dir` is display text and decides nothing. Nor do a trade id or `liquidation` say whose a fill
   is: the venue closes positions by ordinary trades too. Every list and stream of fills tells the
   client id of an order that has one: a fill without it is of no order of ours (`is_unnamed`).
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from services.gateway_hyperliquid.protocol.errors import why
from services.gateway_hyperliquid.protocol.wire import (
    FilledNow,
    FillRow,
    OrderRow,
    OrderUpdate,
    PositionRow,
    SideLetter,
)
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, OrderType, Side, TimeInForce
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.port.decoding import id_text, plain, plain_or_none, positive
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport

_TIFS: Final = {"Gtc": TimeInForce.GTC, "Alo": TimeInForce.GTC, "Ioc": TimeInForce.IOC}
_LIVE: Final = frozenset({"open", "triggered"})
_ENDED: Final = frozenset({"canceled", "scheduledCancel", "internalCancel"})


class Reading(Struct, frozen=True):
    """Whose socket or answer was read, when, and by which way it came."""

    exc: Exc
    account: str
    recv_ns: int
    source: ReportSource


def side_of_letter(letter: SideLetter) -> Side:
    return Side.BUY if letter == "B" else Side.SELL


def cloid_of(text: str | None) -> ClientOrderId | None:
    return None if text is None else ClientOrderId(text.lower())


def order_status(status: str, remaining: Decimal) -> OrderStatus | None:
    """Return our word for a status of the venue, or None for one that is not known.

    `filled` with something remaining is an IOC whose rest ended unfilled.
    """
    if status in _LIVE:
        return OrderStatus.NEW
    if status == "filled":
        return OrderStatus.FILLED if remaining == 0 else OrderStatus.EXPIRED
    if status in _ENDED or status.endswith("Canceled"):
        return OrderStatus.CANCELLED
    if status == "rejected" or status.endswith("Rejected"):
        return OrderStatus.REJECTED
    return None


def order_report(update: OrderUpdate, reading: Reading) -> OrderReport | None:
    """Return what an order's state says, or None for a status nobody knows: look it up again."""
    row = update.order
    status = order_status(update.status, plain(row.sz, "sz"))
    if status is None:
        return None
    reason, text = why(update.status, status)
    return OrderReport(
        exc=reading.exc,
        ticker=Ticker(row.coin),
        order_status=status,
        source=reading.source,
        ts_event_ns=update.status_timestamp * NS_PER_MS,
        ts_recv_ns=reading.recv_ns,
        venue_order_id=VenueOrderId(id_text(row.oid, "oid")),
        client_order_id=cloid_of(row.cloid),
        amount=signed(row, row.orig_sz),
        price=None if _is_market(row) else plain(row.limit_px, "limitPx"),
        order_type=OrderType.MARKET if _is_market(row) else OrderType.LIMIT,
        time_in_force=_TIFS.get(row.tif or ""),
        reduce_only=row.reduce_only,
        reason=reason,
        text=text,
        trigger_px=_trigger_px(update),
    )


def _is_market(row: OrderRow) -> bool:
    """Tell whether an order takes any price once it fires: its limit is the worst (docs, tpsl)."""
    return row.is_trigger and row.order_type.endswith(" Market")


def _trigger_px(update: OrderUpdate) -> Decimal | None:
    """Return the mark price that a conditional order waits for; 0: it has fired."""
    row = update.order
    if update.status == "triggered":
        return ZERO
    if not row.is_trigger or update.status != "open" or row.trigger_px is None:
        return None
    return positive(row.trigger_px, "triggerPx")


def open_order(row: OrderRow) -> OrderUpdate:
    """Return a row of the open-orders list as the state that it shows."""
    return OrderUpdate(row, "open", row.timestamp)


def signed(row: OrderRow, quantity: Decimal) -> Decimal:
    return side_of_letter(row.side).signed(plain(quantity, "origSz"))


def exec_id(fill: FillRow) -> ExecId:
    """Return a fill's identity within its ticker, of what no telling of it can change.

    The trade id is a hash of both orders' ids (docs, WebSocket, trades), and two orders trade with
    each other once: what is not filled of the smaller one is gone. System fills have no trade id.
    """
    if fill.tid != 0:
        return ExecId(f"{_oid(fill)}-{id_text(fill.tid, 'tid')}")
    before, size = plain(fill.start_position, "startPosition"), plain(fill.sz, "sz")
    return ExecId(f"{fill.time}-{_oid(fill)}-0-{before:f}-{size:f}")


def _oid(fill: FillRow) -> VenueOrderId:
    """Return the order's id; what the venue does by itself may have none."""
    is_without = fill.tid == 0 and fill.oid == 0
    return VenueOrderId("0" if is_without else id_text(fill.oid, "oid"))


def is_system(fill: FillRow, account: str) -> bool:
    """Tell whether the venue says that it made a fill itself; its silence proves nothing."""
    if fill.tid == 0:
        return True
    if fill.liquidation is None or fill.cloid is not None:
        return False
    liquidated = fill.liquidation.liquidated_user
    return liquidated is None or liquidated.lower() == account.lower()


def fill_report(fill: FillRow, reading: Reading) -> FillReport:
    return FillReport(
        exc=reading.exc,
        ticker=Ticker(fill.coin),
        exec_id=exec_id(fill),
        venue_order_id=_oid(fill),
        side=side_of_letter(fill.side),
        last_qty=positive(fill.sz, "sz"),
        last_px=plain(fill.px, "px"),
        source=reading.source,
        ts_event_ns=fill.time * NS_PER_MS,
        ts_recv_ns=reading.recv_ns,
        client_order_id=cloid_of(fill.cloid),
        liquidity=Liquidity.TAKER if fill.crossed else Liquidity.MAKER,
        start_position=plain(fill.start_position, "startPosition"),
        is_system=is_system(fill, reading.account),
        is_unnamed=fill.cloid is None,
    )


def fill_cost(fill: FillRow, exc: Exc) -> FillCost:
    """Return a fill's fee (it includes a builder's; negative is a rebate) and closed profit."""
    return FillCost(
        exc=exc,
        ticker=Ticker(fill.coin),
        exec_id=exec_id(fill),
        fee=plain(fill.fee, "fee"),
        fee_asset=fill.fee_token,
        realized_pnl=plain_or_none(fill.closed_pnl, "closedPnl"),
        ts_event_ns=fill.time * NS_PER_MS,
    )


def position_report(held: PositionRow, listed_ms: int, reading: Reading) -> PositionReport:
    """Return a position of a full listing, under the venue's own time."""
    return PositionReport(
        exc=reading.exc,
        ticker=Ticker(held.coin),
        amount=plain(held.szi, "szi"),
        entry=plain(held.entry_px or ZERO, "entryPx"),
        source=reading.source,
        ts_event_ns=listed_ms * NS_PER_MS,
        ts_recv_ns=reading.recv_ns,
        unrealized_pnl=plain_or_none(held.unrealized_pnl, "unrealizedPnl"),
    )


def filled_status(filled: FilledNow, quantity: Decimal, ends: bool) -> OrderStatus:
    """Return what an ack's `filled.totalSz` proves of an order of `quantity`.

    `ends`: the order is an IOC, whose rest is cancelled without a word.
    """
    if plain(filled.total_sz, "totalSz") >= quantity:
        return OrderStatus.FILLED
    return OrderStatus.EXPIRED if ends else OrderStatus.PARTIAL
