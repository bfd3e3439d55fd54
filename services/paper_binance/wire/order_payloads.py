"""Orders and trades as REST and the WebSocket API show them.

The acknowledgement is slim by default: since June 2026 it carries neither average price nor
cumulative quote (notice on the COIN-M/USDⓈ-M integration); queries still do.
"""

import msgspec

from services.paper_binance.wire.numbers import AVERAGE_EXTRA_DECIMALS, fixed, money, ms
from services.paper_binance.wire.vocabulary import note_of, status_of, type_of
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.orders import Order, OrderStatus
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

WORKING_TYPE = "CONTRACT_PRICE"
NO_STOP = "0.00"
NO_PRICE = ZERO


class OrderPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One order; the fields with a default appear only in some answers."""

    order_id: int
    symbol: str
    status: str
    client_order_id: str
    price: str
    orig_qty: str
    executed_qty: str
    time_in_force: str
    type: str
    reduce_only: bool
    close_position: bool
    side: str
    position_side: str
    stop_price: str
    working_type: str
    price_protect: bool
    orig_type: str
    price_match: str
    self_trade_prevention_mode: str
    good_till_date: int
    update_time: int
    cum_qty: str | None = None
    avg_price: str | None = None
    cum_quote: str | None = None
    time: int | None = None
    activate_price: str | None = None
    price_rate: str | None = None
    modify_id: str | None = None
    pair: str | None = None
    cum_base: str | None = None


class TradePayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One fill of the account; it names the order by the venue's id only."""

    symbol: str
    pair: str
    id: int
    order_id: int
    side: str
    position_side: str
    price: str
    qty: str
    quote_qty: str
    base_qty: str
    realized_pnl: str
    margin_asset: str
    commission: str
    commission_asset: str
    buyer: bool
    maker: bool
    time: int


def ack(order: Order, contract: Contract, *, slim: bool) -> OrderPayload:
    """Return the answer to placing, amending or cancelling."""
    payload = _common(order, contract)
    cum_qty = fixed(order.filled_qty, contract.qty_decimals)
    if slim:
        return msgspec.structs.replace(payload, cum_qty=cum_qty)
    return msgspec.structs.replace(
        payload, cum_qty=cum_qty, avg_price=average(order, contract), cum_quote=_quote(order)
    )


def ack_unfilled(order: Order, contract: Contract, *, slim: bool) -> OrderPayload:
    """Return the answer of type ACK: the order as it entered, whatever became of it since."""
    entered = msgspec.structs.replace(
        order,
        filled_qty=ZERO,
        filled_notional=ZERO,
        status=OrderStatus.NEW,
        updated_ns=order.created_ns,
    )
    return ack(entered, contract, slim=slim)


def cancelled(order: Order, contract: Contract, *, slim: bool) -> OrderPayload:
    return msgspec.structs.replace(
        ack(order, contract, slim=slim), activate_price="0", price_rate="0"
    )


def queried(order: Order, contract: Contract) -> OrderPayload:
    """Return the order in full, as queries show it."""
    return msgspec.structs.replace(
        _common(order, contract),
        avg_price=average(order, contract),
        cum_quote=_quote(order),
        time=ms(order.created_ns),
        activate_price="0",
        price_rate="0",
    )


def historic(order: Order, contract: Contract) -> OrderPayload:
    """Return the order as the list of all orders shows it."""
    return msgspec.structs.replace(
        queried(order, contract),
        pair=contract.symbol,
        cum_base=fixed(order.filled_qty, contract.qty_decimals),
    )


def trade(fill: Filled, contract: Contract) -> TradePayload:
    order = fill.order
    return TradePayload(
        symbol=order.symbol,
        pair=contract.symbol,
        id=fill.exec_id,
        order_id=order.order_id,
        side=order.side.value,
        position_side=order.position_side.value,
        price=fixed(fill.px, contract.price_decimals),
        qty=fixed(fill.qty, contract.qty_decimals),
        quote_qty=money(fill.px * fill.qty),
        base_qty=money(fill.qty),
        realized_pnl=money(fill.realized_pnl),
        margin_asset=contract.quote,
        commission=money(fill.fee),
        commission_asset=contract.quote,
        buyer=order.side.sign > 0,
        maker=fill.is_maker,
        time=ms(fill.ts_ns),
    )


def average(order: Order, contract: Contract) -> str:
    return fixed(order.avg_px, contract.price_decimals + AVERAGE_EXTRA_DECIMALS)


def _quote(order: Order) -> str:
    return money(order.filled_notional)


def _common(order: Order, contract: Contract) -> OrderPayload:
    note = note_of(order)
    order_type = type_of(order).value
    return OrderPayload(
        order_id=order.order_id,
        symbol=order.symbol,
        status=status_of(order),
        client_order_id=order.client_id,
        price=fixed(order.px or NO_PRICE, contract.price_decimals),
        orig_qty=fixed(order.qty, contract.qty_decimals),
        executed_qty=fixed(order.filled_qty, contract.qty_decimals),
        time_in_force=note.tif.value,
        type=order_type,
        reduce_only=order.reduce_only,
        close_position=False,
        side=order.side.value,
        position_side=order.position_side.value,
        stop_price=NO_STOP,
        working_type=WORKING_TYPE,
        price_protect=False,
        orig_type=order_type,
        price_match=note.price_match.value,
        self_trade_prevention_mode=order.stp.value,
        good_till_date=ms(order.expire_at_ns),
        update_time=ms(order.updated_ns),
    )
