"""Which of what a venue says can be so: the one place that judges it before it is believed (pure).

1. A fact is sound when its numbers are finite and of a size that can be counted with, positive
   where they must be, its names are known or at least short and printable, and its time is near
   the venue's. Lists show what is old; what the stream or an answer tells is of today.
2. What could be so by itself and not with what is known (more than the order's amount, the other
   side, another ticker) contradicts. Who is right is for the venue's lists to say.
3. Nothing is corrected: what is not sound is not used, whatever it may have meant.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate
from tandem.gateway.port.decoding import NUMBER_RULE, Unsound, printable, shown
from tandem.gateway.port.order_bounds import OrderTerms
from tandem.gateway.port.requests import Report
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tandem.messages.rules import MAX_DECIMALS, MAX_ID_LENGTH, is_countable, is_plain

DAY_NS: Final = 86_400_000_000_000
# Seconds given for milliseconds are more than half a century old; no venue's list goes back so far.
OLDEST_NS: Final = 20 * 365 * DAY_NS
MAX_NS: Final = 2**63 - 1
MAX_TEXT: Final = 300

NAME_RULE: Final = f"1 to {MAX_ID_LENGTH} printable characters"
TIME_RULE: Final = "within a day of the venue's clock"
SYMBOL_RULE: Final = "a symbol of the instrument table"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a fact is held against.

    Attributes:
        venue_ns: the venue's clock; 0 before it was ever measured.
        is_known: whether the venue is known to have this ticker.
        terms: the bounds of the order that a fact is about, None when not known.
    """

    venue_ns: int
    is_known: Callable[[Ticker], bool]
    terms: OrderTerms | None = None


def fault_of(fact: Report, known: Knowledge) -> Unsound | None:
    """Return what is wrong with a fact first, None when it is sound."""
    return next(_faults(fact, known), None)


def _faults(fact: Report, known: Knowledge) -> Iterator[Unsound]:
    match fact:
        case OrderReport():
            yield from _of_order(fact)
        case FillReport():
            yield from _of_fill(fact)
        case FillCost():
            yield from _of_cost(fact)
        case _:
            yield from _of_position(fact)
    what = what_is(fact)
    yield from _time(what, fact, known.venue_ns)
    yield from _ticker(what, fact.ticker, known.is_known)
    if known.terms is not None and isinstance(fact, OrderReport | FillReport):
        yield from _against(fact, known.terms)


def what_is(fact: object) -> str:
    """Return the word for a kind of fact, such as `fill_report`."""
    return str(getattr(type(fact), "__struct_config__").tag)  # noqa: B009  (not in its stubs)


def _of_order(order: OrderReport) -> Iterator[Unsound]:
    what = "order_report"
    yield from _names(what, ("oid", order.venue_order_id), ("cloid", order.client_order_id))
    yield from _numbers(what, ("amount", order.amount))
    yield from _above_zero(what, ("price", order.price))
    told = (("avg_px", order.avg_px), ("trigger_px", order.trigger_px))
    yield from _not_below_zero(what, ("filled_sz", order.cum_qty), *told)
    if order.amount and order.cum_qty is not None and order.cum_qty > abs(order.amount):
        rule = f"not above the order's amount, {shown(abs(order.amount))}"
        yield _unsound(what, "filled_sz", order.cum_qty, rule)


def _of_fill(fill: FillReport) -> Iterator[Unsound]:
    what = "fill_report"
    names = (("oid", fill.venue_order_id), ("cloid", fill.client_order_id))
    yield from _names(what, ("exec_id", fill.exec_id), *names)
    yield from _above_zero(what, ("last_fill_sz", fill.last_qty))
    # What is worth nothing at its settlement is closed at the price 0.
    price = _not_below_zero if fill.is_system else _above_zero
    yield from price(what, ("last_px", fill.last_px))
    yield from _not_below_zero(what, ("filled_sz", fill.cum_qty))
    yield from _numbers(what, ("start_position", fill.start_position))
    if fill.cum_qty is not None and fill.cum_qty < fill.last_qty:
        yield _unsound(what, "filled_sz", fill.cum_qty, "not below the fill's own size")


def _of_cost(cost: FillCost) -> Iterator[Unsound]:
    what = "fill_cost"
    yield from _names(what, ("exec_id", cost.exec_id), ("fee_asset", cost.fee_asset))
    yield from _numbers(what, ("fee", cost.fee), ("realized_pnl", cost.realized_pnl))


def _of_position(position: PositionReport) -> Iterator[Unsound]:
    what = "position_report"
    pnl = ("unrealized_pnl", position.unrealized_pnl)
    yield from _numbers(what, ("amount", position.amount), pnl)
    yield from _not_below_zero(what, ("entry", position.entry))


def _against(fact: OrderReport | FillReport, terms: OrderTerms) -> Iterator[Unsound]:
    """Hold a fact against the order that it is about."""
    what, most = what_is(fact), abs(terms.amount)
    if fact.ticker != terms.ticker:
        rule = f"the order's ticker, {shown(terms.ticker)}"
        yield _contradiction(what, "ticker", fact.ticker, rule)
    signed = fact.signed_qty if isinstance(fact, FillReport) else fact.amount or ZERO
    if signed * terms.amount < 0:
        yield _contradiction(what, "side", signed, "the order's side")
    for name, value in (("amount", signed), ("filled_sz", fact.cum_qty)):
        if value is not None and abs(value) > most:
            rule = f"not above what the order is for, {shown(most)}"
            yield _contradiction(what, name, value, rule)


def _contradiction(what: str, field: str, value: object, rule: str) -> Unsound:
    return Unsound(what, field, shown(value), rule, contradicts=True)


def _unsound(what: str, field: str, value: object, rule: str) -> Unsound:
    return Unsound(what, field, shown(value), rule)


def _numbers(what: str, *places: tuple[str, Decimal | None]) -> Iterator[Unsound]:
    for field, value in places:
        if value is not None and not is_countable(value):
            yield _unsound(what, field, value, NUMBER_RULE)


def _above_zero(what: str, *places: tuple[str, Decimal | None]) -> Iterator[Unsound]:
    yield from _numbers(what, *places)
    for field, value in places:
        if value is not None and not value > 0:
            yield _unsound(what, field, value, "above 0")


def _not_below_zero(what: str, *places: tuple[str, Decimal | None]) -> Iterator[Unsound]:
    yield from _numbers(what, *places)
    for field, value in places:
        if value is not None and value < 0:
            yield _unsound(what, field, value, "not below 0")


def _names(what: str, *places: tuple[str, str | None]) -> Iterator[Unsound]:
    for field, name in places:
        if name is not None and not _is_name(name):
            yield _unsound(what, field, name, NAME_RULE)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_ID_LENGTH and text.isprintable()


def _ticker(what: str, ticker: Ticker, is_known: Callable[[Ticker], bool]) -> Iterator[Unsound]:
    yield from _names(what, ("ticker", ticker))
    if not is_known(ticker):
        yield _unsound(what, "ticker", ticker, SYMBOL_RULE)


def _time(what: str, fact: Report, venue_ns: int) -> Iterator[Unsound]:
    # A cost names no source: it is as old as its fill.
    source = ReportSource.QUERY if isinstance(fact, FillCost) else fact.source
    oldest_ns = OLDEST_NS if source is ReportSource.QUERY else DAY_NS
    yield from _time_near(what, fact.ts_event_ns, venue_ns, oldest_ns)


def _time_near(what: str, ts_ns: int, venue_ns: int, oldest_ns: int) -> Iterator[Unsound]:
    latest_ns = min(venue_ns + DAY_NS, MAX_NS) if venue_ns else MAX_NS
    if not max(0, venue_ns - oldest_ns) <= ts_ns <= latest_ns:
        yield _unsound(what, "ts_venue", ts_ns, TIME_RULE)


def clock_fault(venue_ms: int) -> Unsound | None:
    """Return what is wrong with the time that a venue tells as its own."""
    if 0 < venue_ms <= MAX_NS // NS_PER_MS:
        return None
    return _unsound("time", "time", venue_ms, "milliseconds, above 0 and below 2^63 nanoseconds")


def book_fault(book: BookUpdate, known: Knowledge) -> Unsound | None:
    """Return what is wrong with a book first, None when it is sound."""
    return next(_of_book(book, known), None)


def _of_book(book: BookUpdate, known: Knowledge) -> Iterator[Unsound]:
    what = "book"
    yield from _ticker(what, book.ticker, known.is_known)
    yield from _time_near(what, book.ts_event_ns, known.venue_ns, DAY_NS)
    for level in (*book.bids, *book.asks):
        yield from _of_level(what, level)


def _of_level(what: str, level: Level) -> Iterator[Unsound]:
    yield from _above_zero(what, ("price", level.price))
    yield from _not_below_zero(what, ("quantity", level.qty))


def mark_fault(mark: MarkUpdate, known: Knowledge) -> Unsound | None:
    """Return what is wrong with a mark first; its time may be ours, where the venue tells none."""
    return next(_of_mark(mark, known), None)


def _of_mark(mark: MarkUpdate, known: Knowledge) -> Iterator[Unsound]:
    what = "mark"
    yield from _ticker(what, mark.ticker, known.is_known)
    yield from _above_zero(what, ("mark", mark.mark))
    if not 0 <= mark.ts_event_ns <= MAX_NS:
        yield _unsound(what, "ts_venue", mark.ts_event_ns, TIME_RULE)


def instrument_fault(instrument: Instrument) -> Unsound | None:
    """Return what is wrong with a row of the table first: orders are cut to its steps."""
    return next(_of_instrument(instrument), None)


def _of_instrument(row: Instrument) -> Iterator[Unsound]:
    what = "instrument"
    yield from _names(what, ("ticker", row.ticker), ("symbol", row.symbol))
    steps = (("tick", row.tick), ("lot", row.lot), ("min_qty", row.min_qty))
    bounds = (("max_qty", row.max_qty), ("market_max_qty", row.market_max_qty))
    yield from _above_zero(what, *steps, ("multiplier", row.multiplier), *bounds)
    yield from _not_below_zero(what, ("min_notional", row.min_notional))
    for field, value in steps:
        if not is_plain(value):
            yield _unsound(what, field, value, f"at most {MAX_DECIMALS} decimals")


def table_of(
    rows: Iterable[Instrument], former: dict[Ticker, Instrument]
) -> tuple[dict[Ticker, Instrument], list[Unsound]]:
    """Return the table that holds from now on, and what was wrong with the rows not taken.

    A row that is not sound, or that is there twice, leaves the former one of its ticker in place.
    So does one under another id: ids are places in the venue's list, and a row that is missing
    from it would send each order behind it to its neighbour (Hyperliquid docs, Asset IDs).
    """
    table: dict[Ticker, Instrument] = {}
    faults: dict[Ticker, Unsound] = {}
    for row in rows:
        fault = instrument_fault(row) or _fault_beside(row, table, former)
        if fault is not None:
            faults[row.ticker] = fault
        else:
            table[row.ticker] = row
    for ticker in faults:
        table.pop(ticker, None)
        if ticker in former:
            table[ticker] = former[ticker]
    return dict(sorted(table.items())), list(faults.values())


def _fault_beside(
    row: Instrument, table: dict[Ticker, Instrument], former: dict[Ticker, Instrument]
) -> Unsound | None:
    if row.ticker in table and table[row.ticker] != row:
        return _unsound("instrument", "ticker", row.ticker, "once in the table")
    held = former.get(row.ticker, row).venue_asset_id
    if held != row.venue_asset_id:
        rule = f"the id that it has had, {held}"
        return _unsound("instrument", "venue_asset_id", row.venue_asset_id, rule)
    return None


def short(text: str) -> str:
    """Return a text of the venue's as one line that people can read."""
    return printable(text[:MAX_TEXT])
