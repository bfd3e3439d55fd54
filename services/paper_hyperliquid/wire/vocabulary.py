"""The venue's own words: order statuses and order types (Hyperliquid docs, order statuses)."""

from enum import StrEnum


class Status(StrEnum):
    """Where an order stands; only OPEN and TRIGGERED are live."""

    OPEN = "open"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    MARGIN_CANCELED = "marginCanceled"
    SELF_TRADE_CANCELED = "selfTradeCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SIBLING_FILLED_CANCELED = "siblingFilledCanceled"
    VAULT_WITHDRAWAL_CANCELED = "vaultWithdrawalCanceled"
    OPEN_INTEREST_CAP_CANCELED = "openInterestCapCanceled"
    DELISTED_CANCELED = "delistedCanceled"
    LIQUIDATED_CANCELED = "liquidatedCanceled"
    OUTCOME_SETTLED_CANCELED = "outcomeSettledCanceled"
    INTERNAL_CANCEL = "internalCancel"
    SCHEDULED_CANCEL = "scheduledCancel"
    MIN_TRADE_NTL_REJECTED = "minTradeNtlRejected"
    PERP_MARGIN_REJECTED = "perpMarginRejected"
    REDUCE_ONLY_REJECTED = "reduceOnlyRejected"
    BAD_ALO_PX_REJECTED = "badAloPxRejected"
    IOC_CANCEL_REJECTED = "iocCancelRejected"
    BAD_TRIGGER_PX_REJECTED = "badTriggerPxRejected"
    MARKET_ORDER_NO_LIQUIDITY_REJECTED = "marketOrderNoLiquidityRejected"
    ORACLE_REJECTED = "oracleRejected"
    PERP_MAX_POSITION_REJECTED = "perpMaxPositionRejected"
    TOO_MANY_OPEN_ORDERS_REJECTED = "tooManyOpenOrdersRejected"

    @property
    def is_live(self) -> bool:
        return self is Status.OPEN or self is Status.TRIGGERED


class OrderType(StrEnum):
    """The label of an order in the frontend's shape."""

    LIMIT = "Limit"
    MARKET = "Market"
    STOP_MARKET = "Stop Market"
    STOP_LIMIT = "Stop Limit"
    TAKE_PROFIT_MARKET = "Take Profit Market"
    TAKE_PROFIT_LIMIT = "Take Profit Limit"
