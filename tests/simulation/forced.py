"""How each venue shows what it does to a position by itself: mostly by ordinary trades."""

ADL = "deleveraging"
LIQUIDATION = "liquidation"
SETTLEMENT = "settlement"
BINANCE_IDS = {
    ADL: "adl_autoclose",
    LIQUIDATION: "autoclose-1709",
    SETTLEMENT: "settlement_autoclose-1709",
}
_HYPERLIQUID: dict[str, dict[str, object]] = {
    ADL: {"dir": "Auto-Deleveraging"},
    LIQUIDATION: {
        "dir": "Liquidated Cross Long",
        "liquidation": {"markPx": "100", "method": "market"},
    },
    # Only a settlement has no trade of anybody else's.
    SETTLEMENT: {"dir": "Settlement", "tid": 0},
}


def binance_words(forced: str) -> tuple[str, str]:
    """Return the order type and the execution type of an order event that tells a trade."""
    return (
        "LIQUIDATION" if forced == LIQUIDATION else "LIMIT",
        "CALCULATED" if forced else "TRADE",
    )


def hyperliquid_part(forced: str) -> dict[str, object]:
    """Return what the row of a fill has beyond that of an order of ours."""
    return _HYPERLIQUID.get(forced, {})
