"""The contracts this venue lists, with filters as in production (Binance docs, exchange info)."""

from decimal import Decimal

from services.paper_exchange.market.instruments import Contract

QUOTE = "USDT"
PERCENT_UP = Decimal("1.05")
PERCENT_DOWN = Decimal("0.95")
MARKET_TAKE_BOUND = Decimal("0.05")
MAX_OPEN_ORDERS = 200
MAX_LEVERAGE = 125
DEFAULT_LEVERAGE = 20
MAINT_MARGIN_RATE = Decimal("0.005")

BTCUSDT = Contract(
    symbol="BTCUSDT",
    base="BTC",
    quote=QUOTE,
    tick=Decimal("0.10"),
    lot=Decimal("0.001"),
    min_px=Decimal("261.10"),
    max_px=Decimal(809484),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(1000),
    market_max_qty=Decimal(120),
    min_notional=Decimal(100),
    price_decimals=2,
    qty_decimals=3,
    band_up=PERCENT_UP,
    band_down=PERCENT_DOWN,
    market_take_bound=MARKET_TAKE_BOUND,
    max_open_orders=MAX_OPEN_ORDERS,
    max_leverage=MAX_LEVERAGE,
    default_leverage=DEFAULT_LEVERAGE,
    maint_margin_rate=MAINT_MARGIN_RATE,
)
ETHUSDT = Contract(
    symbol="ETHUSDT",
    base="ETH",
    quote=QUOTE,
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    min_px=Decimal("18.67"),
    max_px=Decimal(153720),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(10000),
    market_max_qty=Decimal(2000),
    min_notional=Decimal(20),
    price_decimals=2,
    qty_decimals=3,
    band_up=PERCENT_UP,
    band_down=PERCENT_DOWN,
    market_take_bound=MARKET_TAKE_BOUND,
    max_open_orders=MAX_OPEN_ORDERS,
    max_leverage=MAX_LEVERAGE,
    default_leverage=DEFAULT_LEVERAGE,
    maint_margin_rate=MAINT_MARGIN_RATE,
)
SOLUSDT = Contract(
    symbol="SOLUSDT",
    base="SOL",
    quote=QUOTE,
    tick=Decimal("0.0100"),
    lot=Decimal("0.01"),
    min_px=Decimal("0.4200"),
    max_px=Decimal(6857),
    min_qty=Decimal("0.01"),
    max_qty=Decimal(1000000),
    market_max_qty=Decimal(80000),
    min_notional=Decimal(5),
    price_decimals=4,
    qty_decimals=2,
    band_up=PERCENT_UP,
    band_down=PERCENT_DOWN,
    market_take_bound=MARKET_TAKE_BOUND,
    max_open_orders=MAX_OPEN_ORDERS,
    max_leverage=100,
    default_leverage=DEFAULT_LEVERAGE,
    maint_margin_rate=MAINT_MARGIN_RATE,
)


def _small_coin(symbol: str, base: str, max_qty: int, market_max_qty: int) -> Contract:
    return Contract(
        symbol=symbol,
        base=base,
        quote=QUOTE,
        tick=Decimal("0.0000001"),
        lot=Decimal(1),
        min_px=Decimal("0.0000001"),
        max_px=Decimal(200),
        min_qty=Decimal(1),
        max_qty=Decimal(max_qty),
        market_max_qty=Decimal(market_max_qty),
        min_notional=Decimal(5),
        price_decimals=7,
        qty_decimals=0,
        band_up=PERCENT_UP,
        band_down=PERCENT_DOWN,
        market_take_bound=MARKET_TAKE_BOUND,
        max_open_orders=MAX_OPEN_ORDERS,
        max_leverage=50,
        default_leverage=DEFAULT_LEVERAGE,
        maint_margin_rate=MAINT_MARGIN_RATE,
    )


DOGSUSDT = _small_coin("DOGSUSDT", "DOGS", 1_000_000_000, 250_000_000)
# The table's base asset is the contract's own word: a thousand coins are one 1000PEPE.
PEPEUSDT = _small_coin("1000PEPEUSDT", "1000PEPE", 100_000_000, 50_000_000)

CONTRACTS = {contract.symbol: contract for contract in (BTCUSDT, ETHUSDT, SOLUSDT)}
BY_NAME = CONTRACTS | {contract.symbol: contract for contract in (DOGSUSDT, PEPEUSDT)}


def listed(symbols: tuple[str, ...]) -> dict[str, Contract]:
    """Return the contracts asked for; when none is named, those that the synthetic tape is of."""
    unknown = [symbol for symbol in symbols if symbol not in BY_NAME]
    if unknown:
        raise ValueError(f"symbols {unknown} are not listed: choose from {sorted(BY_NAME)}")
    return {name: BY_NAME[name] for name in symbols or CONTRACTS}
