"""Which part of the venue answers an /info question; a question changes nothing."""

from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.info.accounts import AccountAnswers
from services.paper_hyperliquid.info.markets import MarketAnswers
from services.paper_hyperliquid.info.orders import OrderAnswers
from services.paper_hyperliquid.wire.info_requests import (
    AllMids,
    ClearinghouseState,
    ExchangeStatus,
    HistoricalOrders,
    InfoRequest,
    L2Book,
    MarketInfo,
    OrderInfo,
    OrderStatusInfo,
    SpotClearinghouseState,
    UserFills,
    UserFillsByTime,
    UserRole,
)

WEIGHT_LIGHT = 2
WEIGHT_USUAL = 20
WEIGHT_ROLE = 60
_LIGHT = (
    L2Book
    | AllMids
    | ClearinghouseState
    | OrderStatusInfo
    | SpotClearinghouseState
    | ExchangeStatus
)
_BY_ROWS = UserFills | UserFillsByTime | HistoricalOrders


class Info:
    """Answers every question."""

    def __init__(self, venue: Venue) -> None:
        self.markets = MarketAnswers(venue.engine, venue.desk.disturbed)
        self.orders = OrderAnswers(venue.desk, venue.triggers)
        self.accounts = AccountAnswers(venue, self.markets.stats)

    def answer(self, question: InfoRequest, now_ms: int) -> object:
        """Return the payload, or raise InfoError."""
        if isinstance(question, MarketInfo):
            return self.markets.answer(question, now_ms)
        if isinstance(question, OrderInfo):
            return self.orders.answer(question, now_ms)
        return self.accounts.answer(question, now_ms)


def weight_of(question: InfoRequest, row_count: int) -> int:
    """Return what a question costs its IP (Hyperliquid docs, rate limits)."""
    if isinstance(question, UserRole):
        return WEIGHT_ROLE
    if isinstance(question, _LIGHT):
        return WEIGHT_LIGHT
    rows = row_count // 20 if isinstance(question, _BY_ROWS) else 0
    return WEIGHT_USUAL + rows
