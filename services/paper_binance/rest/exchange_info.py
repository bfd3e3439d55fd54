"""The exchange information: limits, assets and every symbol with its filters."""

from collections.abc import Container, Iterable
from decimal import Decimal
from typing import Literal

import msgspec

from services.paper_binance.auth.limits import LimitSettings, RateLimit, announced
from services.paper_binance.exchange.permissions import Permissions, SymbolStatus
from services.paper_binance.exchange.trading import MAX_AMENDMENTS
from services.paper_binance.wire.numbers import fixed, plain
from services.paper_binance.wire.vocabulary import OrderType, WireTif
from services.paper_exchange.market.instruments import Contract

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
ONBOARD_MS = 1_569_398_400_000
PERCENT_DECIMALS = 4
HUNDRED = Decimal(100)
# As in production: conditional types are listed although the order endpoint refuses them (-4120);
# RPI is a permission, not a listed timeInForce, and liquidations are no type that can be sent.
LISTED_ORDER_TYPES = tuple(kind for kind in OrderType if kind is not OrderType.LIQUIDATION)
LISTED_TIFS = tuple(tif for tif in WireTif if tif is not WireTif.RPI)
PERMISSION_SETS = ("GRID", "COPY", "RPI", "DCA", "PSB")


class PriceBounds(msgspec.Struct, frozen=True, rename="camel"):
    """Price bounds and increment."""

    filter_type: Literal["PRICE_FILTER"]
    min_price: str
    max_price: str
    tick_size: str


class SizeFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Quantity bounds and increment, for limit orders or for market orders."""

    filter_type: Literal["LOT_SIZE", "MARKET_LOT_SIZE"]
    min_qty: str
    max_qty: str
    step_size: str


class CountFilter(msgspec.Struct, frozen=True, rename="camel"):
    """How many orders may be open at once."""

    filter_type: Literal["MAX_NUM_ORDERS"]
    limit: int


class NotionalFilter(msgspec.Struct, frozen=True, rename="camel"):
    """The least price times quantity."""

    filter_type: Literal["MIN_NOTIONAL"]
    notional: str


class PercentFilter(msgspec.Struct, frozen=True, rename="camel"):
    """How far from the mark price a limit price may be."""

    filter_type: Literal["PERCENT_PRICE"]
    multiplier_up: str
    multiplier_down: str
    multiplier_decimal: str


class RiskFilter(msgspec.Struct, frozen=True, rename="camel"):
    """Which side may not be opened; no contract here restricts one."""

    filter_type: Literal["POSITION_RISK_CONTROL"]
    position_control_side: str


Filter = PriceBounds | SizeFilter | CountFilter | NotionalFilter | PercentFilter | RiskFilter


class SymbolInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One contract as listed."""

    symbol: str
    pair: str
    contract_type: str
    delivery_date: int
    onboard_date: int
    status: str
    maint_margin_percent: str
    required_margin_percent: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    price_precision: int
    quantity_precision: int
    base_asset_precision: int
    quote_precision: int
    underlying_type: str
    underlying_sub_type: tuple[str, ...]
    trigger_protect: str
    liquidation_fee: str
    market_take_bound: str
    max_move_order_limit: int
    filters: tuple[Filter, ...]
    order_types: tuple[str, ...]
    time_in_force: tuple[str, ...]
    permission_sets: tuple[str, ...]


class BareSymbol(msgspec.Struct, frozen=True):
    """A row that lacks what clients need."""

    symbol: str


class AssetInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One margin asset."""

    asset: str
    margin_available: bool
    auto_asset_exchange: str


class ExchangeInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole answer."""

    timezone: str
    server_time: int
    futures_type: str
    rate_limits: tuple[RateLimit, ...]
    exchange_filters: tuple[str, ...]
    assets: tuple[AssetInfo, ...]
    symbols: tuple[SymbolInfo | BareSymbol, ...]


def exchange_info(
    contracts: Iterable[Contract],
    settings: LimitSettings,
    permissions: Permissions,
    now_ms: int,
    unreadable: Container[str] = (),
) -> ExchangeInfo:
    symbols = tuple(_symbol(one, permissions.status(one.symbol)) for one in contracts)
    quotes = sorted({symbol.quote_asset for symbol in symbols})
    return ExchangeInfo(
        timezone="UTC",
        server_time=now_ms,
        futures_type="U_MARGINED",
        rate_limits=announced(settings),
        exchange_filters=(),
        assets=tuple(
            AssetInfo(asset=quote, margin_available=True, auto_asset_exchange="-10000")
            for quote in quotes
        ),
        symbols=tuple(
            BareSymbol(one.symbol) if one.symbol in unreadable else one for one in symbols
        ),
    )


def _symbol(contract: Contract, status: SymbolStatus) -> SymbolInfo:
    return SymbolInfo(
        symbol=contract.symbol,
        pair=contract.symbol,
        contract_type="PERPETUAL",
        delivery_date=PERPETUAL_DELIVERY_MS,
        onboard_date=ONBOARD_MS,
        status=status.value,
        maint_margin_percent=fixed(contract.maint_margin_rate * HUNDRED, PERCENT_DECIMALS),
        required_margin_percent="5.0000",
        base_asset=contract.base,
        quote_asset=contract.quote,
        margin_asset=contract.quote,
        price_precision=contract.price_decimals,
        quantity_precision=contract.qty_decimals,
        base_asset_precision=8,
        quote_precision=8,
        underlying_type="COIN",
        underlying_sub_type=("PoW",) if contract.base == "BTC" else ("Layer-1",),
        trigger_protect="0.0500",
        liquidation_fee="0.012500",
        market_take_bound=plain(contract.market_take_bound),
        max_move_order_limit=MAX_AMENDMENTS,
        filters=_filters(contract),
        order_types=LISTED_ORDER_TYPES,
        time_in_force=LISTED_TIFS,
        permission_sets=PERMISSION_SETS,
    )


def _filters(contract: Contract) -> tuple[Filter, ...]:
    return (
        PriceBounds(
            "PRICE_FILTER", plain(contract.min_px), plain(contract.max_px), f"{contract.tick:f}"
        ),
        _size("LOT_SIZE", contract, contract.max_qty),
        _size("MARKET_LOT_SIZE", contract, contract.market_max_qty),
        CountFilter("MAX_NUM_ORDERS", contract.max_open_orders),
        NotionalFilter("MIN_NOTIONAL", plain(contract.min_notional)),
        PercentFilter(
            "PERCENT_PRICE",
            fixed(contract.band_up, PERCENT_DECIMALS),
            fixed(contract.band_down, PERCENT_DECIMALS),
            str(PERCENT_DECIMALS),
        ),
        RiskFilter("POSITION_RISK_CONTROL", "NONE"),
    )


def _size(
    kind: Literal["LOT_SIZE", "MARKET_LOT_SIZE"], contract: Contract, max_qty: Decimal
) -> SizeFilter:
    return SizeFilter(kind, f"{contract.min_qty:f}", plain(max_qty), f"{contract.lot:f}")
