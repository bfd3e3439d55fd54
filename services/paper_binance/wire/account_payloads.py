"""Accounts, positions and settings as REST and the WebSocket API show them."""

import base64
import hashlib
from decimal import Decimal

import msgspec

from services.paper_binance.wire.numbers import fixed, money, ms, plain
from services.paper_exchange.engine.accounts import MarginMode
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.margin import MarginState, PositionMargin
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

ALIAS_LENGTH = 8
MAX_NOTIONAL = "100000000"
PRICE_DECIMALS = 8
ENTRY_DECIMALS = 10


class PositionRisk(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position valued at mark."""

    symbol: str
    position_side: str
    position_amt: str
    entry_price: str
    break_even_price: str
    mark_price: str
    un_realized_profit: str
    liquidation_price: str
    isolated_margin: str
    notional: str
    margin_asset: str
    isolated_wallet: str
    initial_margin: str
    maint_margin: str
    position_initial_margin: str
    open_order_initial_margin: str
    adl: int
    bid_notional: str
    ask_notional: str
    update_time: int


class PositionRiskV2(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position valued at mark as version 2 says it: with settings, without margins."""

    symbol: str
    position_side: str
    position_amt: str
    entry_price: str
    break_even_price: str
    mark_price: str
    un_realized_profit: str
    liquidation_price: str
    isolated_margin: str
    notional: str
    isolated_wallet: str
    update_time: int
    leverage: str
    max_notional_value: str
    margin_type: str
    is_auto_add_margin: str


class AssetPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One asset of the account; only version 2 says `marginAvailable`."""

    asset: str
    wallet_balance: str
    unrealized_profit: str
    margin_balance: str
    maint_margin: str
    initial_margin: str
    position_initial_margin: str
    open_order_initial_margin: str
    cross_wallet_balance: str
    cross_un_pnl: str
    available_balance: str
    max_withdraw_amount: str
    update_time: int
    margin_available: bool | None = None


class AccountPosition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position within the account."""

    symbol: str
    position_side: str
    position_amt: str
    unrealized_profit: str
    isolated_margin: str
    notional: str
    isolated_wallet: str
    initial_margin: str
    maint_margin: str
    update_time: int


class AccountPositionV2(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A position within the account as version 2 says it."""

    symbol: str
    initial_margin: str
    maint_margin: str
    unrealized_profit: str
    position_initial_margin: str
    open_order_initial_margin: str
    leverage: str
    isolated: bool
    entry_price: str
    break_even_price: str
    max_notional: str
    bid_notional: str
    ask_notional: str
    position_side: str
    position_amt: str
    notional: str
    isolated_wallet: str
    update_time: int


class AccountPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The account; the fields with a default are version 2's."""

    total_initial_margin: str
    total_maint_margin: str
    total_wallet_balance: str
    total_unrealized_profit: str
    total_margin_balance: str
    total_position_initial_margin: str
    total_open_order_initial_margin: str
    total_cross_wallet_balance: str
    total_cross_un_pnl: str
    available_balance: str
    max_withdraw_amount: str
    assets: tuple[AssetPayload, ...]
    positions: tuple[AccountPosition, ...] | tuple[AccountPositionV2, ...]
    fee_tier: int | None = None
    fee_burn: bool | None = None
    can_trade: bool | None = None
    can_deposit: bool | None = None
    can_withdraw: bool | None = None
    multi_assets_margin: bool | None = None
    trade_group_id: int | None = None
    update_time: int | None = None


class BalancePayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One asset's balance."""

    account_alias: str
    asset: str
    balance: str
    cross_wallet_balance: str
    cross_un_pnl: str
    available_balance: str
    max_withdraw_amount: str
    margin_available: bool
    update_time: int


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings of the account."""

    fee_tier: int
    can_trade: bool
    can_deposit: bool
    can_withdraw: bool
    dual_side_position: bool
    update_time: int
    multi_assets_margin: bool
    trade_group_id: int


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings of the account for one symbol."""

    symbol: str
    margin_type: str
    is_auto_add_margin: bool
    leverage: int
    max_notional_value: str


class CommissionRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the account pays on a symbol."""

    symbol: str
    maker_commission_rate: str
    taker_commission_rate: str
    rpi_commission_rate: str


class FeeBurn(msgspec.Struct, frozen=True, rename="camel"):
    """Whether fees are paid with a discount; none is given here."""

    fee_burn: bool


class Bracket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step of the leverage ladder; its rate and amount are numbers, kept to the digit."""

    bracket: int
    initial_leverage: int
    notional_cap: int
    notional_floor: int
    maint_margin_ratio: msgspec.Raw
    cum: msgspec.Raw


class LeverageBracket(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol's leverage ladder."""

    symbol: str
    brackets: tuple[Bracket, ...]


def position_risk(held: PositionMargin, contract: Contract) -> PositionRisk:
    position = held.position
    return PositionRisk(
        symbol=position.symbol,
        position_side=position.position_side.value,
        position_amt=fixed(position.amount, contract.qty_decimals),
        entry_price=plain(round(position.entry_px, ENTRY_DECIMALS)),
        break_even_price=plain(round(position.break_even_px(), ENTRY_DECIMALS)),
        mark_price=fixed(held.mark_px, PRICE_DECIMALS),
        un_realized_profit=money(held.unrealized_pnl),
        liquidation_price="0",
        isolated_margin=money(position.isolated_margin),
        notional=money(held.notional),
        margin_asset=contract.quote,
        isolated_wallet=money(position.isolated_margin),
        initial_margin=money(held.initial_margin + held.open_order_margin),
        maint_margin=money(held.maint_margin),
        position_initial_margin=money(held.initial_margin),
        open_order_initial_margin=money(held.open_order_margin),
        adl=1 if position.amount else 0,
        bid_notional=plain(held.buy_notional),
        ask_notional=plain(held.sell_notional),
        update_time=ms(position.updated_ns),
    )


def position_risk_v2(risk: PositionRisk, held: PositionMargin) -> PositionRiskV2:
    return PositionRiskV2(
        symbol=risk.symbol,
        position_side=risk.position_side,
        position_amt=risk.position_amt,
        entry_price=risk.entry_price,
        break_even_price=risk.break_even_price,
        mark_price=risk.mark_price,
        un_realized_profit=risk.un_realized_profit,
        liquidation_price=risk.liquidation_price,
        isolated_margin=risk.isolated_margin,
        notional=risk.notional,
        isolated_wallet=risk.isolated_wallet,
        update_time=risk.update_time,
        leverage=str(held.leverage),
        max_notional_value=MAX_NOTIONAL,
        margin_type=held.margin_mode.value.lower(),
        is_auto_add_margin="false",
    )


def asset(state: MarginState, quote: str, now_ms: int) -> AssetPayload:
    return AssetPayload(
        asset=quote,
        wallet_balance=money(state.wallet_balance),
        unrealized_profit=money(state.unrealized_pnl),
        margin_balance=money(state.equity),
        maint_margin=money(state.maint_margin),
        initial_margin=money(state.initial_margin),
        position_initial_margin=money(state.position_initial_margin),
        open_order_initial_margin=money(state.open_order_initial_margin),
        cross_wallet_balance=money(state.wallet_balance),
        cross_un_pnl=money(state.unrealized_pnl),
        available_balance=money(state.available),
        max_withdraw_amount=money(state.available),
        update_time=now_ms,
    )


def other_asset(name: str, amount: Decimal, now_ms: int) -> AssetPayload:
    """Return an asset that nothing is traded in: it has no profit and needs no margin."""
    held, nothing = money(amount), money(ZERO)
    return AssetPayload(
        asset=name,
        wallet_balance=held,
        unrealized_profit=nothing,
        margin_balance=held,
        maint_margin=nothing,
        initial_margin=nothing,
        position_initial_margin=nothing,
        open_order_initial_margin=nothing,
        cross_wallet_balance=held,
        cross_un_pnl=nothing,
        available_balance=held,
        max_withdraw_amount=held,
        update_time=now_ms,
    )


def account(
    state: MarginState,
    assets: tuple[AssetPayload, ...],
    positions: tuple[AccountPosition, ...] | tuple[AccountPositionV2, ...],
) -> AccountPayload:
    """Return the account in version 3's form."""
    return AccountPayload(
        total_initial_margin=money(state.initial_margin),
        total_maint_margin=money(state.maint_margin),
        total_wallet_balance=money(state.wallet_balance + state.collateral),
        total_unrealized_profit=money(state.unrealized_pnl),
        total_margin_balance=money(state.equity + state.collateral),
        total_position_initial_margin=money(state.position_initial_margin),
        total_open_order_initial_margin=money(state.open_order_initial_margin),
        total_cross_wallet_balance=money(state.wallet_balance + state.collateral),
        total_cross_un_pnl=money(state.unrealized_pnl),
        available_balance=money(state.available),
        max_withdraw_amount=money(state.available),
        assets=assets,
        positions=positions,
    )


def account_position(risk: PositionRisk) -> AccountPosition:
    return AccountPosition(
        symbol=risk.symbol,
        position_side=risk.position_side,
        position_amt=risk.position_amt,
        unrealized_profit=risk.un_realized_profit,
        isolated_margin=risk.isolated_margin,
        notional=risk.notional,
        isolated_wallet=risk.isolated_wallet,
        initial_margin=risk.initial_margin,
        maint_margin=risk.maint_margin,
        update_time=risk.update_time,
    )


def account_position_v2(risk: PositionRisk, held: PositionMargin) -> AccountPositionV2:
    return AccountPositionV2(
        symbol=risk.symbol,
        initial_margin=risk.initial_margin,
        maint_margin=risk.maint_margin,
        unrealized_profit=risk.un_realized_profit,
        position_initial_margin=risk.position_initial_margin,
        open_order_initial_margin=risk.open_order_initial_margin,
        leverage=str(held.leverage),
        isolated=held.margin_mode is MarginMode.ISOLATED,
        entry_price=risk.entry_price,
        break_even_price=risk.break_even_price,
        max_notional=MAX_NOTIONAL,
        bid_notional=risk.bid_notional,
        ask_notional=risk.ask_notional,
        position_side=risk.position_side,
        position_amt=risk.position_amt,
        notional=risk.notional,
        isolated_wallet=risk.isolated_wallet,
        update_time=risk.update_time,
    )


def account_alias(books: str, account_id: str) -> str:
    """Return the unique code of an account (Binance docs, futures account balance).

    Books that were begun anew are other accounts, whatever these are called.
    """
    digest = hashlib.sha256(f"{books}/{account_id}".encode()).digest()
    return base64.b32encode(digest)[:ALIAS_LENGTH].decode()


def balance(held: AssetPayload, alias: str) -> BalancePayload:
    return BalancePayload(
        account_alias=alias,
        asset=held.asset,
        balance=held.wallet_balance,
        cross_wallet_balance=held.cross_wallet_balance,
        cross_un_pnl=held.cross_un_pnl,
        available_balance=held.available_balance,
        max_withdraw_amount=held.max_withdraw_amount,
        margin_available=True,
        update_time=held.update_time,
    )


def symbol_config(symbol: str, margin_mode: MarginMode, leverage: int) -> SymbolConfig:
    return SymbolConfig(
        symbol=symbol,
        margin_type="CROSSED" if margin_mode is MarginMode.CROSS else "ISOLATED",
        is_auto_add_margin=False,
        leverage=leverage,
        max_notional_value=MAX_NOTIONAL,
    )


def commission_rate(symbol: str, fees: FeeSchedule) -> CommissionRate:
    return CommissionRate(
        symbol=symbol,
        maker_commission_rate=f"{fees.maker:f}",
        taker_commission_rate=f"{fees.taker:f}",
        rpi_commission_rate=f"{fees.maker:f}",
    )


def leverage_bracket(contract: Contract) -> LeverageBracket:
    """Return the one bracket of the paper venue: the same rate at every size."""
    only = Bracket(
        bracket=1,
        initial_leverage=contract.max_leverage,
        notional_cap=int(MAX_NOTIONAL),
        notional_floor=0,
        maint_margin_ratio=msgspec.Raw(f"{contract.maint_margin_rate:f}".encode()),
        cum=msgspec.Raw(b"0.0"),
    )
    return LeverageBracket(symbol=contract.symbol, brackets=(only,))
