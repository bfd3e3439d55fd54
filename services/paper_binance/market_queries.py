"""What anybody may ask about the venue and its markets."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from services.paper_binance.errors import Code, VenueError
from services.paper_binance.exchange_info import ExchangeInfo, exchange_info
from services.paper_binance.market_payloads import (
    AggTradePayload,
    BookTickerPayload,
    DepthPayload,
    PremiumIndexPayload,
    PricePayload,
    Ticker24hPayload,
    TradePrint,
    best,
    premium_index,
    priced,
)
from services.paper_binance.numbers import fixed
from services.paper_binance.order_params import decode_contract
from services.paper_binance.public_trades import (
    DAY_MS,
    Candle,
    agg_trade,
    aggregates,
    candles,
    ticker_24h,
    trade_print,
)
from services.paper_binance.trading import Nothing
from services.paper_binance.venue import Call, Venue
from services.paper_exchange.instruments import Contract
from services.paper_exchange.orders import ZERO

DEPTH_LIMITS = frozenset({5, 10, 20, 50, 100, 500, 1000})
DEFAULT_DEPTH = 500
DEFAULT_ROWS = 500
MAX_ROWS = 1_500
INTERVAL = re.compile(r"(\d+)([smhdw])")
UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
PayloadT = TypeVar("PayloadT")


class ServerTime(msgspec.Struct, frozen=True, rename="camel"):
    """The venue's clock."""

    server_time: int


def ping(venue: Venue, call: Call) -> Nothing:
    del venue, call
    return Nothing()


def server_time(venue: Venue, call: Call) -> ServerTime:
    del venue
    return ServerTime(call.now_ms)


def information(venue: Venue, call: Call) -> ExchangeInfo:
    contracts = venue.contracts.values()
    return exchange_info(contracts, venue.limits, venue.permissions, call.now_ms)


def depth(venue: Venue, call: Call) -> DepthPayload:
    contract = decode_contract(call.params, venue.contracts)
    limit = call.params.optional_integer("limit") or DEFAULT_DEPTH
    if limit not in DEPTH_LIMITS:
        raise VenueError(Code.INVALID_PARAMETER, "limit")
    view = venue.engine.book(contract.symbol, limit)
    return DepthPayload(
        last_update_id=view.last_id,
        event_ms=call.now_ms,
        ts_ms=call.now_ms,
        bids=priced(view.bids, contract),
        asks=priced(view.asks, contract),
    )


def book_ticker(venue: Venue, call: Call) -> BookTickerPayload | list[BookTickerPayload]:
    return _one_or_all(venue, call, _book_ticker)


def ticker_price(venue: Venue, call: Call) -> PricePayload | list[PricePayload]:
    return _one_or_all(venue, call, _price)


def ticker_day(venue: Venue, call: Call) -> Ticker24hPayload | list[Ticker24hPayload]:
    return _one_or_all(venue, call, _day)


def premium_indexes(venue: Venue, call: Call) -> PremiumIndexPayload | list[PremiumIndexPayload]:
    return _one_or_all(venue, call, _premium)


def trades(venue: Venue, call: Call) -> list[TradePrint]:
    contract = decode_contract(call.params, venue.contracts)
    prints = venue.public_trades.latest(contract.symbol, _rows(call))
    return [trade_print(printed, contract) for printed in prints]


def agg_trades(venue: Venue, call: Call) -> list[AggTradePayload]:
    contract = decode_contract(call.params, venue.contracts)
    start_ms = call.params.optional_integer("startTime") or 0
    joined = aggregates(venue.public_trades.since(contract.symbol, start_ms))
    from_id = call.params.optional_integer("fromId")
    if from_id is not None:
        joined = [one for one in joined if one.first.trade_id >= from_id][: _rows(call)]
    return [agg_trade(one, contract) for one in joined[-_rows(call) :]]


def klines(venue: Venue, call: Call) -> list[Candle]:
    contract = decode_contract(call.params, venue.contracts)
    found = INTERVAL.fullmatch(call.params.text("interval"))
    if found is None:
        raise VenueError(Code.BAD_INTERVAL)
    length_ms = int(found[1]) * UNIT_MS[found[2]]
    start_ms = call.params.optional_integer("startTime") or 0
    prints = venue.public_trades.since(contract.symbol, start_ms)
    return candles(prints, contract, length_ms)[-_rows(call) :]


def _one_or_all(
    venue: Venue, call: Call, show: Callable[[Venue, Contract, int], PayloadT]
) -> PayloadT | list[PayloadT]:
    """Answer an object for one symbol, an array for none."""
    if call.params.has("symbol"):
        contract = decode_contract(call.params, venue.contracts)
        return show(venue, contract, call.now_ms)
    return [show(venue, contract, call.now_ms) for contract in venue.contracts.values()]


def _book_ticker(venue: Venue, contract: Contract, now_ms: int) -> BookTickerPayload:
    view = venue.engine.book(contract.symbol, 1)
    bid_px, bid_qty = best(view.bids, contract)
    ask_px, ask_qty = best(view.asks, contract)
    return BookTickerPayload(
        symbol=contract.symbol,
        bid_price=bid_px,
        bid_qty=bid_qty,
        ask_price=ask_px,
        ask_qty=ask_qty,
        time=now_ms,
        last_update_id=view.last_id,
    )


def _price(venue: Venue, contract: Contract, now_ms: int) -> PricePayload:
    last_px = venue.engine.last_px(contract.symbol) or venue.engine.mark_px(contract.symbol)
    text = fixed(last_px or ZERO, contract.price_decimals)
    return PricePayload(symbol=contract.symbol, price=text, time=now_ms)


def _day(venue: Venue, contract: Contract, now_ms: int) -> Ticker24hPayload:
    prints = venue.public_trades.since(contract.symbol, now_ms - DAY_MS)
    return ticker_24h(prints, contract, now_ms)


def _premium(venue: Venue, contract: Contract, now_ms: int) -> PremiumIndexPayload:
    return premium_index(contract.symbol, venue.engine.mark_px(contract.symbol) or ZERO, now_ms)


def _rows(call: Call) -> int:
    rows = call.params.optional_integer("limit") or DEFAULT_ROWS
    if not 0 < rows <= MAX_ROWS:
        raise VenueError(Code.INVALID_PARAMETER, "limit")
    return rows
