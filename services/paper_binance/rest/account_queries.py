"""What an account may ask about its money, positions and settings."""

import msgspec

from services.paper_binance.auth.limits import RateLimit
from services.paper_binance.exchange.contracts import QUOTE
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.wire.account_payloads import (
    AccountConfig,
    AccountPayload,
    AssetPayload,
    BalancePayload,
    CommissionRate,
    FeeBurn,
    LeverageBracket,
    PositionRisk,
    PositionRiskV2,
    SymbolConfig,
    account,
    account_alias,
    account_position,
    account_position_v2,
    asset,
    balance,
    commission_rate,
    leverage_bracket,
    other_asset,
    position_risk,
    position_risk_v2,
    symbol_config,
)
from services.paper_binance.wire.order_params import decode_contract
from services.paper_exchange.engine.accounts import Position
from services.paper_exchange.engine.margin import PositionMargin
from services.paper_exchange.engine.orders import PositionSide
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.units import ZERO

ONE_WAY = (PositionSide.BOTH,)
HEDGE = (PositionSide.LONG, PositionSide.SHORT)


def positions_v3(venue: Venue, call: Call) -> list[PositionRisk]:
    """Return the symbols with a position or an open order."""
    return [_risk(venue, held) for held in _asked(venue, call, _held(venue, call))]


def positions_v2(venue: Venue, call: Call) -> list[PositionRiskV2]:
    """Return every symbol, held or not."""
    rows = _asked(venue, call, _listed(venue, call))
    return [position_risk_v2(_risk(venue, held), held) for held in rows]


def account_v3(venue: Venue, call: Call) -> AccountPayload:
    state = venue.engine.margin(call.account_id)
    positions = tuple(account_position(_risk(venue, held)) for held in state.positions)
    return account(state, _assets(venue, call), positions)


def account_v2(venue: Venue, call: Call) -> AccountPayload:
    state = venue.engine.margin(call.account_id)
    assets = tuple(
        msgspec.structs.replace(held, margin_available=True) for held in _assets(venue, call)
    )
    positions = tuple(
        account_position_v2(_risk(venue, held), held) for held in _listed(venue, call)
    )
    return msgspec.structs.replace(
        account(state, assets, positions),
        fee_tier=0,
        fee_burn=False,
        can_trade=True,
        can_deposit=True,
        can_withdraw=True,
        multi_assets_margin=call.account_id in venue.multi_assets,
        trade_group_id=-1,
        update_time=0,
    )


def balances(venue: Venue, call: Call) -> list[BalancePayload]:
    alias = account_alias(venue.books, call.account_id)
    return [balance(held, alias) for held in _assets(venue, call)]


def account_config(venue: Venue, call: Call) -> AccountConfig:
    return AccountConfig(
        fee_tier=0,
        can_trade=True,
        can_deposit=True,
        can_withdraw=True,
        dual_side_position=call.account_id in venue.dual_side,
        update_time=0,
        multi_assets_margin=call.account_id in venue.multi_assets,
        trade_group_id=-1,
    )


def symbol_configs(venue: Venue, call: Call) -> list[SymbolConfig]:
    rows = []
    for contract in _contracts(venue, call):
        settings = venue.engine.settings(call.account_id, contract.symbol)
        rows.append(symbol_config(contract.symbol, settings.margin_mode, settings.leverage))
    return rows


def commission_rates(venue: Venue, call: Call) -> CommissionRate:
    contract = decode_contract(call.params, venue.contracts)
    return commission_rate(contract.symbol, venue.engine.account(call.account_id).fees)


def fee_burn(venue: Venue, call: Call) -> FeeBurn:
    del venue, call
    return FeeBurn(fee_burn=False)


def leverage_brackets(venue: Venue, call: Call) -> LeverageBracket | list[LeverageBracket]:
    """Answer an object for one symbol, an array for none."""
    rows = [leverage_bracket(contract) for contract in _contracts(venue, call)]
    return rows[0] if call.params.has("symbol") else rows


def order_limits(venue: Venue, call: Call) -> list[RateLimit]:
    """Return the account's own order limits."""
    del call
    return [
        RateLimit("ORDERS", "SECOND", 10, venue.limits.orders_10s),
        RateLimit("ORDERS", "MINUTE", 1, venue.limits.orders_1m),
    ]


def _contracts(venue: Venue, call: Call) -> list[Contract]:
    if call.params.has("symbol"):
        return [decode_contract(call.params, venue.contracts)]
    return list(venue.contracts.values())


def _asked(venue: Venue, call: Call, held: list[PositionMargin]) -> list[PositionMargin]:
    symbols = {contract.symbol for contract in _contracts(venue, call)}
    return [row for row in held if row.position.symbol in symbols]


def _risk(venue: Venue, held: PositionMargin) -> PositionRisk:
    return position_risk(held, venue.contract(held.position.symbol))


def _held(venue: Venue, call: Call) -> list[PositionMargin]:
    return list(venue.engine.margin(call.account_id).positions)


def _listed(venue: Venue, call: Call) -> list[PositionMargin]:
    """Return the held rows and a flat one for every other symbol and side."""
    held = {(row.position.symbol, row.position.position_side): row for row in _held(venue, call)}
    sides = HEDGE if call.account_id in venue.dual_side else ONE_WAY
    return [
        held.get((symbol, side)) or _flat(venue, call, symbol, side)
        for symbol in venue.contracts
        for side in sides
    ]


def _flat(venue: Venue, call: Call, symbol: str, side: PositionSide) -> PositionMargin:
    settings = venue.engine.settings(call.account_id, symbol)
    return PositionMargin(
        position=Position(symbol=symbol, position_side=side),
        mark_px=venue.engine.mark_px(symbol) or ZERO,
        leverage=settings.leverage,
        margin_mode=settings.margin_mode,
        notional=ZERO,
        unrealized_pnl=ZERO,
        initial_margin=ZERO,
        open_order_margin=ZERO,
        maint_margin=ZERO,
        buy_notional=ZERO,
        sell_notional=ZERO,
    )


def _assets(venue: Venue, call: Call) -> tuple[AssetPayload, ...]:
    """Return the asset that is traded in, then the others that the account holds."""
    traded = asset(venue.engine.margin(call.account_id), QUOTE, call.now_ms)
    others = venue.engine.account(call.account_id).collateral.items()
    return (traded, *(other_asset(name, amount, call.now_ms) for name, amount in others))
