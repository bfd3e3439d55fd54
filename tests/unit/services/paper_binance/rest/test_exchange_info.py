import json

import msgspec

from services.paper_binance.auth.limits import LimitSettings
from services.paper_binance.exchange.contracts import BTCUSDT, SOLUSDT
from services.paper_binance.exchange.permissions import Permissions
from services.paper_binance.rest.exchange_info import SymbolInfo, exchange_info

# Binance docs, exchange information; the BTCUSDT row as in production.
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "261.1", "maxPrice": "809484", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
    {"filterType": "MAX_NUM_ORDERS", "limit": 200},
    {"filterType": "MIN_NOTIONAL", "notional": "100"},
    {
        "filterType": "PERCENT_PRICE",
        "multiplierUp": "1.0500",
        "multiplierDown": "0.9500",
        "multiplierDecimal": "4",
    },
    {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
]


def test_filters_are_as_in_production() -> None:
    info = json.loads(
        msgspec.json.encode(exchange_info([BTCUSDT], LimitSettings(), Permissions(), 5))
    )

    assert info["symbols"][0]["filters"] == FILTERS
    assert (info["serverTime"], info["assets"][0]["asset"]) == (5, "USDT")


def test_limits_in_force_are_announced() -> None:
    info = exchange_info(
        [SOLUSDT], LimitSettings(weight_1m=7, orders_10s=8, orders_1m=9), Permissions(), 0
    )

    assert [limit.limit for limit in info.rate_limits] == [7, 9, 8]


def test_precisions_bound_decimals_and_are_not_increments() -> None:
    (symbol,) = exchange_info([SOLUSDT], LimitSettings(), Permissions(), 0).symbols

    assert isinstance(symbol, SymbolInfo)
    assert (symbol.price_precision, symbol.quantity_precision) == (4, 2)
