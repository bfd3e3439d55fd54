"""What the user stream says: ORDER_TRADE_UPDATE, TRADE_LITE, ACCOUNT_UPDATE and the rest.

Field names are the venue's one-letter words (Binance docs, user data streams); the Python names
say what they mean.
"""

from decimal import Decimal

import msgspec
from msgspec import field

from services.paper_binance.wire.numbers import AVERAGE_EXTRA_DECIMALS, fixed, money, ms, plain
from services.paper_binance.wire.order_payloads import WORKING_TYPE
from services.paper_binance.wire.vocabulary import EXPIRY_REASONS, note_of, status_of, type_of
from services.paper_exchange.engine.accounts import MarginMode, Position
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

NOT_EXPIRED = "0"
ENTRY_DECIMALS = 10


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The `o` of ORDER_TRADE_UPDATE; commission and modify id appear only where they apply."""

    symbol: str = field(name="s")
    client_order_id: str = field(name="c")
    side: str = field(name="S")
    order_type: str = field(name="o")
    tif: str = field(name="f")
    qty: str = field(name="q")
    px: str = field(name="p")
    avg_px: str = field(name="ap")
    stop_px: str = field(name="sp")
    execution_type: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    last_qty: str = field(name="l")
    cum_qty: str = field(name="z")
    last_px: str = field(name="L")
    commission: str | None = field(name="n", default=None)
    commission_asset: str | None = field(name="N", default=None)
    ts_ms: int = field(name="T")
    trade_id: int = field(name="t")
    bids_notional: str = field(name="b")
    asks_notional: str = field(name="a")
    is_maker: bool = field(name="m")
    is_reduce_only: bool = field(name="R")
    working_type: str = field(name="wt")
    original_type: str = field(name="ot")
    position_side: str = field(name="ps")
    closes_position: bool = field(name="cp")
    realized_profit: str = field(name="rp")
    is_price_protected: bool = field(name="pP")
    ignored_si: int = field(name="si")
    ignored_ss: int = field(name="ss")
    stp_mode: str = field(name="V")
    price_match: str = field(name="pm")
    good_till_ms: int = field(name="gtd")
    expiry_reason: str = field(name="er")
    modify_id: str | None = field(name="M", default=None)


class OrderTradeUpdate(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="ORDER_TRADE_UPDATE"
):
    """An order changed, or was filled."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    order: OrderUpdate = field(name="o")


class TradeLite(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="TRADE_LITE"):
    """A fill, told first and without its consequences."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    symbol: str = field(name="s")
    qty: str = field(name="q")
    px: str = field(name="p")
    is_maker: bool = field(name="m")
    client_order_id: str = field(name="c")
    side: str = field(name="S")
    last_px: str = field(name="L")
    last_qty: str = field(name="l")
    trade_id: int = field(name="t")
    order_id: int = field(name="i")


class BalanceUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """An asset's balance; `change` leaves out profit and commission."""

    asset: str = field(name="a")
    wallet: str = field(name="wb")
    cross_wallet: str = field(name="cw")
    change: str = field(name="bc")


class PositionUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A position after a change."""

    symbol: str = field(name="s")
    amount: str = field(name="pa")
    entry_px: str = field(name="ep")
    break_even_px: str = field(name="bep")
    accumulated_realized: str = field(name="cr")
    unrealized: str = field(name="up")
    margin_type: str = field(name="mt")
    isolated_wallet: str = field(name="iw")
    position_side: str = field(name="ps")


class AccountData(msgspec.Struct, frozen=True, kw_only=True):
    """What changed of an account, and why."""

    reason: str = field(name="m")
    balances: tuple[BalanceUpdate, ...] = field(name="B")
    positions: tuple[PositionUpdate, ...] = field(name="P")


class AccountUpdate(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="ACCOUNT_UPDATE"):
    """Balances and positions that changed."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    account: AccountData = field(name="a")


class LeverageChange(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol's new leverage."""

    symbol: str = field(name="s")
    leverage: int = field(name="l")


class AccountConfigUpdate(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"
):
    """A setting of the account changed."""

    event_ms: int = field(name="E")
    ts_ms: int = field(name="T")
    leverage: LeverageChange = field(name="ac")


class ListenKeyExpired(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="e", tag="listenKeyExpired"
):
    """A user stream's key ran out; the socket stays open and says nothing more."""

    event_ms: int = field(name="E")
    key: str = field(name="listenKey")


UserEvent = OrderTradeUpdate | TradeLite | AccountUpdate | AccountConfigUpdate | ListenKeyExpired


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """Why an ORDER_TRADE_UPDATE is sent: its execution type and the fill, if it was one."""

    word: str
    fill: Filled | None = None
    modify_id: str | None = None


class OpenNotional(msgspec.Struct, frozen=True):
    """What an account's open orders on a symbol are worth, by side."""

    bids: Decimal
    asks: Decimal


def order_update(
    order: Order, contract: Contract, execution: Execution, notional: OpenNotional, event_ms: int
) -> OrderTradeUpdate:
    """Return the order's news; `event_ms` is when it is sent."""
    fill = execution.fill
    px_decimals, qty_decimals = contract.price_decimals, contract.qty_decimals
    note = note_of(order)
    order_type = type_of(order).value
    ts_ms = ms(order.updated_ns)
    update = OrderUpdate(
        symbol=order.symbol,
        client_order_id=order.client_id,
        side=order.side.value,
        order_type=order_type,
        tif=note.tif.value,
        qty=fixed(order.qty, qty_decimals),
        px=fixed(order.px or ZERO, px_decimals),
        avg_px=fixed(order.avg_px, px_decimals + AVERAGE_EXTRA_DECIMALS),
        stop_px="0",
        execution_type=execution.word,
        status=status_of(order),
        order_id=order.order_id,
        last_qty=fixed(fill.qty, qty_decimals) if fill else "0",
        cum_qty=fixed(order.filled_qty, qty_decimals),
        last_px=fixed(fill.px, px_decimals) if fill else "0",
        commission=money(fill.fee) if fill else None,
        commission_asset=contract.quote if fill else None,
        ts_ms=ts_ms,
        trade_id=fill.exec_id if fill else 0,
        bids_notional=plain(notional.bids),
        asks_notional=plain(notional.asks),
        is_maker=fill.is_maker if fill else False,
        is_reduce_only=order.reduce_only,
        working_type=WORKING_TYPE,
        original_type=order_type,
        position_side=order.position_side.value,
        closes_position=False,
        realized_profit=money(fill.realized_pnl) if fill else "0",
        is_price_protected=False,
        ignored_si=0,
        ignored_ss=0,
        stp_mode=order.stp.value,
        price_match=note.price_match.value,
        good_till_ms=ms(order.expire_at_ns),
        expiry_reason=EXPIRY_REASONS.get(order.reason, NOT_EXPIRED),
        modify_id=execution.modify_id,
    )
    return OrderTradeUpdate(event_ms=event_ms, ts_ms=ts_ms, order=update)


def trade_lite(fill: Filled, contract: Contract, event_ms: int) -> TradeLite:
    order = fill.order
    return TradeLite(
        event_ms=event_ms,
        ts_ms=ms(fill.ts_ns),
        symbol=order.symbol,
        qty=fixed(order.qty, contract.qty_decimals),
        px=fixed(order.px or ZERO, contract.price_decimals),
        is_maker=fill.is_maker,
        client_order_id=order.client_id,
        side=order.side.value,
        last_px=fixed(fill.px, contract.price_decimals),
        last_qty=fixed(fill.qty, contract.qty_decimals),
        trade_id=fill.exec_id,
        order_id=order.order_id,
    )


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A position as the user stream needs it: valued, and with its margin mode."""

    position: Position
    mark_px: Decimal
    margin_mode: MarginMode


def account_update(
    wallet: Decimal, holdings: tuple[Holding, ...], contract: Contract, times: tuple[int, int]
) -> AccountUpdate:
    """Return what a fill did to wallet and positions; `times` are event and engine time in ms."""
    event_ms, ts_ms = times
    balance = BalanceUpdate(
        asset=contract.quote, wallet=money(wallet), cross_wallet=money(wallet), change="0"
    )
    data = AccountData(
        reason="ORDER",
        balances=(balance,),
        positions=tuple(_position(holding, contract) for holding in holdings),
    )
    return AccountUpdate(event_ms=event_ms, ts_ms=ts_ms, account=data)


def _position(holding: Holding, contract: Contract) -> PositionUpdate:
    position = holding.position
    is_cross = holding.margin_mode is MarginMode.CROSS
    return PositionUpdate(
        symbol=position.symbol,
        amount=fixed(position.amount, contract.qty_decimals),
        entry_px=plain(_rounded(position.entry_px)),
        break_even_px=plain(_rounded(position.break_even_px())),
        accumulated_realized=money(position.realized_pnl),
        unrealized=money(position.unrealized_pnl(holding.mark_px)),
        margin_type="cross" if is_cross else "isolated",
        isolated_wallet=money(position.isolated_margin),
        position_side=position.position_side.value,
    )


def _rounded(px: Decimal) -> Decimal:
    return round(px, ENTRY_DECIMALS)
