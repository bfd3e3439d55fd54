"""What an account is worth and what it may still do, in the venue's terms.

Account value is the wallet with unrealised profit, and equals totalRawUsd plus the signed value of
the positions (Hyperliquid docs, margining; clearinghouseState captures).
"""

from decimal import Decimal

from services.paper_exchange.engine.accounts import MarginMode, SymbolSettings
from services.paper_exchange.engine.margin import MarginState, PositionMargin
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.units import ZERO
from services.paper_hyperliquid.exchange.listings import LISTING_OF_COIN, Listing
from services.paper_hyperliquid.wire.account_payloads import (
    ActiveAssetRow,
    AssetPosition,
    ClearinghouseRow,
    LeverageRow,
    MarginSummary,
    PositionRow,
)
from services.paper_hyperliquid.wire.numbers import text_of

EMPTY_SUMMARY = MarginSummary("0.0", "0.0", "0.0", "0.0")


def empty_state(now_ms: int) -> ClearinghouseRow:
    """Return the state of an address that nobody knows: zeros, not an error."""
    return ClearinghouseRow(
        margin_summary=EMPTY_SUMMARY,
        cross_margin_summary=EMPTY_SUMMARY,
        cross_maintenance_margin_used="0.0",
        withdrawable="0.0",
        asset_positions=(),
        time=now_ms,
    )


def clearinghouse_state(engine: Engine, account: AccountId, now_ms: int) -> ClearinghouseRow:
    """Return margin and positions of an account."""
    margin = engine.margin(account)
    held = [row for row in margin.positions if row.position.amount]
    isolated = [row for row in held if row.margin_mode is MarginMode.ISOLATED]
    cross = [row for row in held if row.margin_mode is MarginMode.CROSS]
    set_aside = sum((_isolated_value(row) for row in isolated), ZERO)
    return ClearinghouseRow(
        margin_summary=_summary(margin.equity, held),
        cross_margin_summary=_summary(margin.equity - set_aside, cross),
        cross_maintenance_margin_used=text_of(sum((row.maint_margin for row in cross), ZERO)),
        withdrawable=text_of(margin.available),
        asset_positions=tuple(AssetPosition(_position(row, margin)) for row in held),
        time=now_ms,
    )


def _summary(value: Decimal, rows: list[PositionMargin]) -> MarginSummary:
    return MarginSummary(
        account_value=text_of(value),
        total_ntl_pos=text_of(sum((abs(row.notional) for row in rows), ZERO)),
        total_raw_usd=text_of(value - sum((row.notional for row in rows), ZERO)),
        total_margin_used=text_of(sum((row.initial_margin for row in rows), ZERO)),
    )


def _isolated_value(row: PositionMargin) -> Decimal:
    return row.initial_margin + row.unrealized_pnl


def _position(row: PositionMargin, margin: MarginState) -> PositionRow:
    initial = row.initial_margin
    return PositionRow(
        coin=row.position.symbol,
        szi=text_of(row.position.amount),
        leverage=_leverage(row),
        entry_px=text_of(row.position.entry_px),
        position_value=text_of(abs(row.notional)),
        unrealized_pnl=text_of(row.unrealized_pnl),
        return_on_equity=text_of(row.unrealized_pnl / initial if initial else ZERO),
        liquidation_px=_liquidation_px(row, margin),
        margin_used=text_of(initial),
        max_leverage=LISTING_OF_COIN[row.position.symbol].max_leverage,
    )


def _leverage(row: PositionMargin) -> LeverageRow:
    if row.margin_mode is MarginMode.CROSS:
        return LeverageRow("cross", row.leverage)
    raw_usd = _isolated_value(row) - row.notional
    return LeverageRow("isolated", row.leverage, text_of(raw_usd))


def _unheld(settings: SymbolSettings) -> LeverageRow:
    if settings.margin_mode is MarginMode.CROSS:
        return LeverageRow("cross", settings.leverage)
    return LeverageRow("isolated", settings.leverage, "0.0")


def _liquidation_px(row: PositionMargin, margin: MarginState) -> str | None:
    """Return the mark at which equity meets maintenance margin; None when it never does."""
    amount = row.position.amount
    spare = margin.equity - margin.maint_margin
    if row.margin_mode is MarginMode.ISOLATED:
        spare = _isolated_value(row) - row.maint_margin
    listing = LISTING_OF_COIN[row.position.symbol]
    rate = 1 / Decimal(2 * listing.max_leverage)
    side = 1 if amount > 0 else -1
    px = row.mark_px - side * spare / abs(amount) / (1 - rate * side)
    return text_of(px) if px > 0 else None


def cum_ledger(engine: Engine, account: AccountId) -> Decimal:
    """Return the wallet without what its fills gained and cost."""
    gained = sum((fill.realized_pnl - fill.fee for fill in engine.fills(account)), ZERO)
    return engine.account(account).wallet_balance - gained


def active_asset(engine: Engine, account: AccountId, listing: Listing) -> ActiveAssetRow:
    """Return leverage and room for trading of one coin, buy first, then sell."""
    settings = engine.settings(account, listing.coin)
    margin = engine.margin(account)
    mark_px = engine.mark_px(listing.coin) or listing.start_px
    amount = engine.account(account).net_amount(listing.coin)
    room = margin.available * settings.leverage
    buy = room + max(ZERO, -2 * amount * mark_px)
    sell = room + max(ZERO, 2 * amount * mark_px)
    step = Decimal(1).scaleb(-listing.size_decimals)
    held = next((row for row in margin.positions if row.position.symbol == listing.coin), None)
    return ActiveAssetRow(
        user=account,
        coin=listing.coin,
        leverage=_leverage(held) if held is not None else _unheld(settings),
        max_trade_szs=(
            text_of(buy / mark_px // step * step),
            text_of(sell / mark_px // step * step),
        ),
        available_to_trade=(text_of(buy), text_of(sell)),
        mark_px=text_of(mark_px),
    )
