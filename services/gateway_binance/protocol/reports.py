"""Venue structs to reports: the same fact under the same identity, whichever source told it.

1. A fill is (symbol, trade id); TRADE_LITE, ORDER_TRADE_UPDATE and userTrades name the same one.
   A fill without a trade id is not reported: the position is, and the trades are asked for.
2. Decimals are canonical, so that padding differs in no source.
3. A word that drives an order's state and is not listed raises, as does a number that is none:
   the caller asks the venue.
"""

from decimal import Decimal

from msgspec import Struct

from services.gateway_binance.protocol import stream_wire, vocabulary
from services.gateway_binance.protocol.vocabulary import ns_of_ms
from services.gateway_binance.protocol.wire import OrderRow, PositionRow, TradeRow
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.gateway.port.decoding import UnreadableError, id_text, plain, plain_or_none, positive
from tandem.gateway.port.requests import OrderQuery, OrderRequest, PlaceOrder, Report
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport

WORD_RULE = "a word of this venue's contract"


class Received(Struct, frozen=True):
    """For whom something was read, from which source, and when."""

    exc: Exc
    source: ReportSource
    recv_ns: int


def order_update_reports(event: stream_wire.OrderTradeUpdate, at: Received) -> tuple[Report, ...]:
    """Return what an ORDER_TRADE_UPDATE proves: its fill first, then the order, then the cost."""
    report = _order_of_update(event.order, at)
    if not _is_fill(event.order):
        return (report,)
    cost = _cost_of_update(event.order, at)
    fill = _fill_of_update(event.order, at)
    return (fill, report) if cost is None else (fill, report, cost)


def _is_fill(order: stream_wire.OrderUpdate) -> bool:
    return order.trade_id != 0 and _last_qty(order) > 0


def _last_qty(order: stream_wire.OrderUpdate) -> Decimal:
    if plain(order.last_qty, "l") < 0:
        raise UnreadableError("l", order.last_qty, "not below 0")
    return order.last_qty


def lacks_trade_id(order: stream_wire.OrderUpdate) -> bool:
    """Tell whether something filled without a trade id to know it by (liquidations may)."""
    return order.trade_id == 0 and _last_qty(order) > 0


def _order_of_update(order: stream_wire.OrderUpdate, at: Received) -> OrderReport:
    status = _status(order.status)
    reason, text = (
        vocabulary.why(order.status, order.expiry_reason) if _is_end(status) else (None, "")
    )
    return OrderReport(
        exc=at.exc,
        ticker=Ticker(order.symbol),
        order_status=status,
        source=at.source,
        ts_event_ns=ns_of_ms(order.time_ms),
        ts_recv_ns=at.recv_ns,
        venue_order_id=_oid(order.order_id),
        client_order_id=_cloid(order.client_order_id),
        amount=_side(order.side).signed(plain(order.orig_qty, "q")),
        price=_price(order.price, "p"),
        order_type=vocabulary.ORDER_TYPES.get(order.order_type),
        time_in_force=vocabulary.TIMES_IN_FORCE.get(order.time_in_force),
        reduce_only=order.reduce_only,
        cum_qty=plain(order.cum_qty, "z"),
        avg_px=_price(order.avg_px, "ap"),
        reason=reason,
        text=text,
    )


def _fill_of_update(order: stream_wire.OrderUpdate, at: Received) -> FillReport:
    return FillReport(
        exc=at.exc,
        ticker=Ticker(order.symbol),
        exec_id=_exec_id(order.trade_id),
        venue_order_id=_oid(order.order_id),
        side=_side(order.side),
        last_qty=positive(order.last_qty, "l"),
        last_px=plain(order.last_px, "L"),
        source=at.source,
        ts_event_ns=ns_of_ms(order.time_ms),
        ts_recv_ns=at.recv_ns,
        client_order_id=_cloid(order.client_order_id),
        cum_qty=plain(order.cum_qty, "z"),
        liquidity=_liquidity(order.is_maker),
        is_system=vocabulary.is_system(order.client_order_id),
        is_unnamed=not order.client_order_id,
    )


def _cost_of_update(order: stream_wire.OrderUpdate, at: Received) -> FillCost | None:
    """Exchange-generated fills name no commission: the trade list does, later."""
    if order.commission is None or order.commission_asset is None:
        return None
    return FillCost(
        exc=at.exc,
        ticker=Ticker(order.symbol),
        exec_id=_exec_id(order.trade_id),
        fee=plain(order.commission, "n"),
        fee_asset=order.commission_asset,
        realized_pnl=plain_or_none(order.realized_pnl, "rp"),
        ts_event_ns=ns_of_ms(order.time_ms),
    )


def trade_lite_report(event: stream_wire.TradeLite, at: Received) -> FillReport:
    """Return the fill that a TRADE_LITE tells early."""
    return FillReport(
        exc=at.exc,
        ticker=Ticker(event.symbol),
        exec_id=_exec_id(event.trade_id),
        venue_order_id=_oid(event.order_id),
        side=_side(event.side),
        last_qty=positive(event.last_qty, "l"),
        last_px=plain(event.last_px, "L"),
        source=at.source,
        ts_event_ns=ns_of_ms(event.time_ms),
        ts_recv_ns=at.recv_ns,
        client_order_id=_cloid(event.client_order_id),
        liquidity=_liquidity(event.is_maker),
        is_system=vocabulary.is_system(event.client_order_id),
        is_unnamed=not event.client_order_id,
    )


def account_update_reports(
    event: stream_wire.AccountUpdate, at: Received
) -> tuple[PositionReport, ...]:
    """Return the positions that changed, as of the engine's time T; one-way positions only."""
    return tuple(
        PositionReport(
            exc=at.exc,
            ticker=Ticker(position.symbol),
            amount=plain(position.amount, "pa"),
            entry=plain(position.entry, "ep"),
            source=at.source,
            ts_event_ns=ns_of_ms(event.time_ms),
            ts_recv_ns=at.recv_ns,
            unrealized_pnl=plain_or_none(position.unrealized_pnl, "up"),
        )
        for position in event.account.positions
        if position.position_side == vocabulary.ONE_WAY
    )


def check_order(row: OrderRow, asked: OrderQuery | OrderRequest) -> None:
    """Refuse an answer about another order than the one that was named.

    Raises:
        UnreadableError: its symbol, or the id that it was named by, is another.
    """
    oid = None if isinstance(asked, PlaceOrder) else asked.venue_order_id
    named: tuple[str, str, str | None] = ("orderId", str(row.order_id), oid)
    if oid is None:
        named = ("clientOrderId", row.client_order_id, asked.client_order_id)
    for field, said, wanted in (("symbol", row.symbol, asked.instrument.symbol), named):
        if wanted is not None and said not in {"", wanted}:
            raise UnreadableError(field, said, f"the one asked about, {wanted}")


def order_row_report(row: OrderRow, at: Received) -> OrderReport:
    """Return the state of one order as an acknowledgement or a query gave it."""
    reason, text = vocabulary.why(row.status)
    return OrderReport(
        exc=at.exc,
        ticker=Ticker(row.symbol),
        order_status=_status(row.status),
        source=at.source,
        ts_event_ns=ns_of_ms(row.update_time),
        ts_recv_ns=at.recv_ns,
        venue_order_id=_oid(row.order_id),
        client_order_id=_cloid(row.client_order_id),
        amount=_row_amount(row),
        price=_price(row.price, "price"),
        order_type=vocabulary.ORDER_TYPES.get(row.orig_type or row.type),
        time_in_force=vocabulary.TIMES_IN_FORCE.get(row.time_in_force),
        reduce_only=row.reduce_only,
        cum_qty=plain_or_none(row.executed_qty, "executedQty"),
        avg_px=_price(row.avg_price, "avgPrice"),
        reason=reason,
        text=text,
    )


def _row_amount(row: OrderRow) -> Decimal | None:
    if row.orig_qty is None or not row.side:
        return None
    return _side(row.side).signed(plain(row.orig_qty, "origQty"))


def trade_row_reports(row: TradeRow, at: Received) -> tuple[Report, ...]:
    """Return one listed fill, and its cost where the row has it."""
    fill = FillReport(
        exc=at.exc,
        ticker=Ticker(row.symbol),
        exec_id=_exec_id(row.id),
        venue_order_id=_oid(row.order_id),
        side=_side(row.side),
        last_qty=positive(row.qty, "qty"),
        last_px=plain(row.price, "price"),
        source=at.source,
        ts_event_ns=ns_of_ms(row.time),
        ts_recv_ns=at.recv_ns,
        liquidity=_liquidity(row.maker),
    )
    if row.commission is None or row.commission_asset is None:
        return (fill,)
    return (fill, _cost_of_row(row, row.commission, row.commission_asset, at))


def _cost_of_row(row: TradeRow, fee: Decimal, asset: str, at: Received) -> FillCost:
    return FillCost(
        exc=at.exc,
        ticker=Ticker(row.symbol),
        exec_id=_exec_id(row.id),
        fee=plain(fee, "commission"),
        fee_asset=asset,
        realized_pnl=plain_or_none(row.realized_pnl, "realizedPnl"),
        ts_event_ns=ns_of_ms(row.time),
    )


def position_row_report(row: PositionRow, at: Received, listed_ms: int) -> PositionReport:
    """Return one listed position as of its last change, or of the listing where that is absent.

    The venue's clock was asked before the listing: it was past a change that it is later than.
    """
    return PositionReport(
        exc=at.exc,
        ticker=Ticker(row.symbol),
        amount=plain(row.position_amt, "positionAmt"),
        entry=plain(row.entry_price, "entryPrice"),
        source=at.source,
        ts_event_ns=ns_of_ms(row.update_time or listed_ms),
        ts_recv_ns=at.recv_ns,
        unrealized_pnl=plain_or_none(row.un_realized_profit, "unRealizedProfit"),
        inclusive=0 < row.update_time < listed_ms,
    )


def _status(word: str) -> OrderStatus:
    status = vocabulary.STATUSES.get(word)
    if status is None:
        raise UnreadableError("status", word, WORD_RULE)
    return status


def _side(word: str) -> Side:
    side = vocabulary.SIDES.get(word)
    if side is None:
        raise UnreadableError("side", word, WORD_RULE)
    return side


def _is_end(status: OrderStatus) -> bool:
    return status.is_terminal and status is not OrderStatus.FILLED


def _price(value: Decimal | None, field: str) -> Decimal | None:
    """A market order shows price 0, an unfilled one average 0: both mean that there is none."""
    return plain(value, field) if value else None


def _oid(order_id: int) -> VenueOrderId:
    return VenueOrderId(id_text(order_id, "order id"))


def _exec_id(trade_id: int) -> ExecId:
    return ExecId(id_text(trade_id, "trade id"))


def _cloid(text: str) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None


def _liquidity(is_maker: bool) -> Liquidity:
    return Liquidity.MAKER if is_maker else Liquidity.TAKER
