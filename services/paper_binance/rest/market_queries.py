"""What anybody may ask about the venue and its markets."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from services.paper_binance.exchange.public_trades import (
    agg_trade,
    aggregates,
    trade_print,
)
from services.paper_binance.exchange.trading import Nothing
from services.paper_binance.exchange.venue import Call, Venue
from services.paper_binance.rest.exchange_info import ExchangeInfo, exchange_info
from services.paper_binance.rest.order_queries import Span
from services.paper_binance.wire.bar_payloads import Candle, Ticker24hPayload, candle, ticker_24h
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.market_payloads import (
    AggTradePayload,
    BookTickerPayload,
    DepthPayload,
    OpenInterestPayload,
    PremiumIndexPayload,
    PricePayload,
    TradePrint,
    best,
    premium_index,
    priced,
)
from services.paper_binance.wire.numbers import fixed, ms
from services.paper_binance.wire.order_params import decode_contract
from services.paper_binance.wire.vocabulary import WireTif, note_of
from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import OrderRefused
from services.paper_exchange.market.instruments import Contract
from services.paper_exchange.market.intervals import INTERVALS
from services.paper_exchange.units import ZERO

DEPTH_LIMITS = frozenset({5, 10, 20, 50, 100, 500, 1000})
DEFAULT_DEPTH = 500
DEFAULT_ROWS = 500
MAX_ROWS = 1_500
PayloadT = TypeVar("PayloadT")
RowT = TypeVar("RowT")


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
    return exchange_info(contracts, venue.limits, venue.permissions, call.now_ms, venue.unreadable)


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
    return [trade_print(one, contract, is_rpi=_is_rpi(venue, one)) for one in prints]


def agg_trades(venue: Venue, call: Call) -> list[AggTradePayload]:
    """Return the newest joined trades, or the first ones from an id or a time on."""
    contract = decode_contract(call.params, venue.contracts)
    span = _asked_span(call)
    prints = venue.public_trades.since(contract.symbol, span.start_ms)
    joined = [one for one in aggregates(prints) if span.holds(ms(one.first.ts_ns))]
    from_id = call.params.optional_integer("fromId")
    if from_id is not None:
        joined = [one for one in joined if one.first.trade_id >= from_id]
    is_forward = from_id is not None or call.params.has("startTime")
    return [agg_trade(one, contract) for one in _page(joined, call, is_forward=is_forward)]


def klines(venue: Venue, call: Call) -> list[Candle]:
    """Return the newest candles that saw a trade, or the first ones from a time on."""
    contract = decode_contract(call.params, venue.contracts)
    interval = call.params.text("interval")
    if interval not in INTERVALS:
        raise VenueError(Code.BAD_INTERVAL)
    span = _asked_span(call)
    bars = venue.public_trades.minutes(contract.symbol).candles(interval)
    asked = [bar for bar in bars if span.holds(bar.open_ms)]
    page = _page(asked, call, is_forward=call.params.has("startTime"))
    return [candle(bar, contract) for bar in page]


def open_interest(venue: Venue, call: Call) -> OpenInterestPayload:
    """Return what this venue's accounts hold of a contract: one side of every position."""
    contract = decode_contract(call.params, venue.contracts)
    held = (
        position.amount
        for account in venue.engine.accounts()
        for position in account.positions_of(contract.symbol)
        if position.amount > 0
    )
    return OpenInterestPayload(
        open_interest=fixed(sum(held, ZERO), contract.qty_decimals),
        symbol=contract.symbol,
        time=call.now_ms,
    )


def funding_rates(venue: Venue, call: Call) -> tuple[()]:
    """Return the fundings that were charged: this venue charges none."""
    if call.params.has("symbol"):
        decode_contract(call.params, venue.contracts)
    return ()


def funding_info(venue: Venue, call: Call) -> tuple[()]:
    """Return the symbols whose funding is not the usual one: there are none."""
    del venue, call
    return ()


def _asked_span(call: Call) -> Span:
    start_ms = call.params.optional_integer("startTime") or 0
    end_ms = call.params.optional_integer("endTime")
    return Span(start_ms, call.now_ms if end_ms is None else end_ms)


def _page(rows: list[RowT], call: Call, *, is_forward: bool) -> list[RowT]:
    """Return the first rows or the newest ones, as many as were asked for."""
    limit = _rows(call)
    return rows[:limit] if is_forward else rows[-limit:]


def _is_rpi(venue: Venue, printed: Printed) -> bool:
    """Whether the order that rested was a retail price improvement."""
    if printed.maker_order_id is None:
        return False
    try:
        rested = venue.engine.order(printed.maker_order_id)
    except OrderRefused:
        # Forgotten since, on the control port's word.
        return False
    return note_of(rested).tif is WireTif.RPI


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
    day = venue.public_trades.minutes(contract.symbol).day(now_ms)
    return ticker_24h(day, contract, now_ms)


def _premium(venue: Venue, contract: Contract, now_ms: int) -> PremiumIndexPayload:
    return premium_index(contract.symbol, venue.engine.mark_px(contract.symbol) or ZERO, now_ms)


def _rows(call: Call) -> int:
    rows = call.params.optional_integer("limit") or DEFAULT_ROWS
    if not 0 < rows <= MAX_ROWS:
        raise VenueError(Code.INVALID_PARAMETER, "limit")
    return rows
