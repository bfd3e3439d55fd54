"""Which request does what: security, weight and order cost of every endpoint.

Weights: Binance docs, the endpoint pages; version 2 account calls are charged 5 like version 3.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec

from services.paper_binance.control.faults import refused
from services.paper_binance.exchange import trading
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.rest import (
    account_history,
    account_queries,
    market_queries,
    order_queries,
    settings,
)
from services.paper_binance.wire.params import Params


class Handler(Protocol):
    """Carries out one kind of request."""

    __name__: str

    def __call__(self, venue: Venue, call: Call, /) -> object: ...


Weigh = Callable[[Params], int]


class Security(StrEnum):
    """What a request must prove: nothing, a key, or a key and a signature."""

    NONE = "NONE"
    KEY = "KEY"
    SIGNED = "SIGNED"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint; the order costs count on the 10-second and the 1-minute limit."""

    handler: Handler
    security: Security = Security.NONE
    weigh: Weigh
    orders_10s: int = 0
    orders_1m: int = 0

    @property
    def operation(self) -> str:
        """The name by which faults single out a request."""
        return self.handler.__name__


def handle(venue: Venue, route: Route, call: Call) -> object:
    """Carry out an admitted request, unless it is to be refused.

    Raises:
        VenueError: as the endpoint refuses, or as the control port asked for.
    """
    symbol = call.params.optional("symbol") or ""
    refusing = venue.faults.refusals.take(route.operation, symbol)
    if refusing is not None:
        raise refused(refusing)
    return route.handler(venue, call)


def weighs(weight: int) -> Weigh:
    return lambda _: weight


def weighs_by_symbol(one: int, every: int) -> Weigh:
    """Weigh less when one symbol is named."""
    return lambda params: one if params.has("symbol") else every


def weighs_by_limit(steps: tuple[tuple[int, int], ...], default: int) -> Weigh:
    """Weigh by the number of rows asked for: the first step that covers it."""

    def weigh(params: Params) -> int:
        limit = params.optional_integer("limit") or default
        return next((weight for most, weight in steps if limit <= most), steps[-1][1])

    return weigh


DEPTH_STEPS = ((50, 2), (100, 5), (500, 10), (1000, 20))
KLINE_STEPS = ((99, 1), (499, 2), (1000, 5), (1500, 10))


def public(handler: Handler, weigh: Weigh) -> Route:
    return Route(handler=handler, weigh=weigh)


def keyed(handler: Handler, weight: int) -> Route:
    return Route(handler=handler, security=Security.KEY, weigh=weighs(weight))


def signed(handler: Handler, weigh: Weigh) -> Route:
    return Route(handler=handler, security=Security.SIGNED, weigh=weigh)


def ordering(handler: Handler, weight: int, orders_10s: int) -> Route:
    return Route(
        handler=handler,
        security=Security.SIGNED,
        weigh=weighs(weight),
        orders_10s=orders_10s,
        orders_1m=1,
    )


REST_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v1/ping"): public(market_queries.ping, weighs(1)),
    ("GET", "/fapi/v1/time"): public(market_queries.server_time, weighs(1)),
    ("GET", "/fapi/v1/exchangeInfo"): public(market_queries.information, weighs(1)),
    ("GET", "/fapi/v1/depth"): public(market_queries.depth, weighs_by_limit(DEPTH_STEPS, 500)),
    ("GET", "/fapi/v1/ticker/bookTicker"): public(
        market_queries.book_ticker, weighs_by_symbol(2, 5)
    ),
    ("GET", "/fapi/v1/ticker/price"): public(market_queries.ticker_price, weighs_by_symbol(1, 2)),
    ("GET", "/fapi/v2/ticker/price"): public(market_queries.ticker_price, weighs_by_symbol(1, 2)),
    ("GET", "/fapi/v1/ticker/24hr"): public(market_queries.ticker_day, weighs_by_symbol(1, 40)),
    ("GET", "/fapi/v1/premiumIndex"): public(
        market_queries.premium_indexes, weighs_by_symbol(1, 10)
    ),
    ("GET", "/fapi/v1/trades"): public(market_queries.trades, weighs(5)),
    ("GET", "/fapi/v1/aggTrades"): public(market_queries.agg_trades, weighs(20)),
    ("GET", "/fapi/v1/klines"): public(market_queries.klines, weighs_by_limit(KLINE_STEPS, 500)),
    ("GET", "/fapi/v1/openInterest"): public(market_queries.open_interest, weighs(1)),
    ("GET", "/fapi/v1/fundingRate"): public(market_queries.funding_rates, weighs(1)),
    ("GET", "/fapi/v1/fundingInfo"): public(market_queries.funding_info, weighs(1)),
    ("POST", "/fapi/v1/order"): ordering(trading.place_order, 0, 1),
    ("PUT", "/fapi/v1/order"): ordering(trading.amend_order, 0, 1),
    ("DELETE", "/fapi/v1/order"): signed(trading.cancel_order, weighs(1)),
    ("GET", "/fapi/v1/order"): signed(order_queries.query_order, weighs(1)),
    ("POST", "/fapi/v1/order/test"): signed(trading.check_order, weighs(1)),
    ("POST", "/fapi/v1/batchOrders"): ordering(trading.place_batch, 5, 5),
    ("PUT", "/fapi/v1/batchOrders"): ordering(trading.amend_batch, 5, 5),
    ("DELETE", "/fapi/v1/batchOrders"): signed(trading.cancel_batch, weighs(1)),
    ("DELETE", "/fapi/v1/allOpenOrders"): signed(trading.cancel_all_orders, weighs(1)),
    ("POST", "/fapi/v1/countdownCancelAll"): signed(trading.arm_countdown, weighs(10)),
    ("GET", "/fapi/v1/openOrder"): signed(order_queries.query_open_order, weighs(1)),
    ("GET", "/fapi/v1/openOrders"): signed(order_queries.open_orders, weighs_by_symbol(1, 40)),
    ("GET", "/fapi/v1/allOrders"): signed(order_queries.all_orders, weighs(5)),
    ("GET", "/fapi/v1/userTrades"): signed(order_queries.user_trades, weighs(5)),
    ("GET", "/fapi/v1/forceOrders"): signed(account_history.force_orders, weighs_by_symbol(20, 50)),
    ("GET", "/fapi/v1/income"): signed(account_history.income, weighs(30)),
    ("GET", "/fapi/v1/adlQuantile"): signed(account_history.adl_quantiles, weighs(5)),
    ("GET", "/fapi/v1/openAlgoOrders"): signed(
        account_history.algo_orders, weighs_by_symbol(1, 40)
    ),
    ("GET", "/fapi/v1/allAlgoOrders"): signed(account_history.algo_orders, weighs(5)),
    ("DELETE", "/fapi/v1/algoOpenOrders"): signed(account_history.cancel_algo_orders, weighs(1)),
    ("GET", "/fapi/v2/account"): signed(account_queries.account_v2, weighs(5)),
    ("GET", "/fapi/v3/account"): signed(account_queries.account_v3, weighs(5)),
    ("GET", "/fapi/v2/balance"): signed(account_queries.balances, weighs(5)),
    ("GET", "/fapi/v3/balance"): signed(account_queries.balances, weighs(5)),
    ("GET", "/fapi/v2/positionRisk"): signed(account_queries.positions_v2, weighs(5)),
    ("GET", "/fapi/v3/positionRisk"): signed(account_queries.positions_v3, weighs(5)),
    ("GET", "/fapi/v1/accountConfig"): signed(account_queries.account_config, weighs(5)),
    ("GET", "/fapi/v1/symbolConfig"): signed(account_queries.symbol_configs, weighs(5)),
    ("GET", "/fapi/v1/commissionRate"): signed(account_queries.commission_rates, weighs(20)),
    ("GET", "/fapi/v1/leverageBracket"): signed(account_queries.leverage_brackets, weighs(1)),
    ("GET", "/fapi/v1/feeBurn"): signed(account_queries.fee_burn, weighs(30)),
    ("GET", "/fapi/v1/rateLimit/order"): signed(account_queries.order_limits, weighs(1)),
    ("GET", "/fapi/v1/positionSide/dual"): signed(settings.position_mode, weighs(30)),
    ("POST", "/fapi/v1/positionSide/dual"): signed(settings.change_position_mode, weighs(1)),
    ("GET", "/fapi/v1/multiAssetsMargin"): signed(settings.multi_assets_mode, weighs(30)),
    ("POST", "/fapi/v1/multiAssetsMargin"): signed(settings.change_multi_assets_mode, weighs(1)),
    ("POST", "/fapi/v1/leverage"): signed(settings.change_leverage, weighs(1)),
    ("POST", "/fapi/v1/marginType"): signed(settings.change_margin_type, weighs(1)),
    ("POST", "/fapi/v1/listenKey"): keyed(settings.open_listen_key, 1),
    ("PUT", "/fapi/v1/listenKey"): keyed(settings.extend_listen_key, 1),
    ("DELETE", "/fapi/v1/listenKey"): keyed(settings.close_listen_key, 1),
}

WEBSOCKET_ROUTES: dict[str, Route] = {
    "order.place": ordering(trading.place_order, 0, 1),
    "order.modify": ordering(trading.amend_order, 0, 1),
    "order.cancel": signed(trading.cancel_order, weighs(1)),
    "order.status": signed(order_queries.query_order, weighs(1)),
    "account.position": signed(account_queries.positions_v2, weighs(5)),
    "v2/account.position": signed(account_queries.positions_v3, weighs(5)),
    "account.balance": signed(account_queries.balances, weighs(5)),
    "v2/account.balance": signed(account_queries.balances, weighs(5)),
    "account.status": signed(account_queries.account_v2, weighs(5)),
    "v2/account.status": signed(account_queries.account_v3, weighs(5)),
    "depth": public(market_queries.depth, weighs_by_limit(DEPTH_STEPS, 500)),
    "ticker.price": public(market_queries.ticker_price, weighs_by_symbol(1, 2)),
    "ticker.book": public(market_queries.book_ticker, weighs_by_symbol(2, 5)),
    "userDataStream.start": keyed(settings.open_listen_key, 1),
    "userDataStream.ping": keyed(settings.extend_listen_key, 1),
    "userDataStream.stop": keyed(settings.close_listen_key, 1),
}
