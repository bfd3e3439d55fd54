"""What the answers to our questions say: orders, fills, positions, balance, time.

1. An answer that cannot be read concludes nothing: it raises, and the question is asked again.
2. A cut list of fills names the next question: it goes on after the last fill that it told, by
   its id. A time would not do: one millisecond may hold more fills than one list.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple

from services.gateway_binance.protocol import vocabulary, wire
from services.gateway_binance.protocol.answers import OK, refusal_of
from services.gateway_binance.protocol.errors import is_absent
from services.gateway_binance.protocol.reports import (
    Received,
    check_order,
    order_row_report,
    position_row_report,
    trade_row_reports,
)
from services.gateway_binance.protocol.requests import TRADES_LIMIT
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.decoding import UnreadableError, Unsound, decode_each, plain
from tandem.gateway.port.requests import (
    FillsQuery,
    Listing,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    Report,
    UnfitAccountError,
    VenueQueryError,
    read_rows,
)
from tandem.messages.queries import VenueBalance
from tandem.messages.reports import FillReport
from tandem.transport.exchange import RawAnswer

# What multi-assets mode counts in.
ALL_ASSETS: Final = "USD"


def decode_time(answers: Sequence[RawAnswer]) -> int:
    return wire.decode_rows(wire.time_row, answers[0]).server_time


def decode_order(
    exc: Exc, query: OrderQuery, answers: Sequence[RawAnswer]
) -> tuple[Report, ...] | None:
    """Return the order's state, None when the venue knows no such order."""
    answer = answers[0]
    if answer.status != OK and is_absent(refusal_of(answer)):
        return None
    row = wire.decode_rows(wire.order_row, answer)
    with _usable_values():
        check_order(row, query)
        return (order_row_report(row, _received(exc, answer)),)


@contextlib.contextmanager
def _usable_values() -> Iterator[None]:
    try:
        yield
    except UnreadableError as error:
        raise VenueQueryError(f"HTTP 200 with an unusable value: {error}") from error


def decode_listing(exc: Exc, query: Query, answers: Sequence[RawAnswer]) -> Listing:
    """Return open orders, fills or positions."""
    match query:
        case OpenOrdersQuery():
            return _orders("openOrders", exc, answers)
        case RecentOrdersQuery():
            return _orders("allOrders", exc, answers)
        case FillsQuery():
            return _fills(exc, query, answers)
        case PositionsQuery():
            return _positions(exc, answers)
        case _:
            raise VenueQueryError(f"{type(query).__name__} asks for no list")


def _orders(name: str, exc: Exc, answers: Sequence[RawAnswer]) -> Listing:
    facts: list[Report] = []
    faults: list[Unsound] = []
    for answer in answers:
        raw = wire.decode_rows(wire.raw_rows, answer)
        listed, unreadable = decode_each(name, raw, wire.order_row)
        read, wrong = read_rows(name, listed, partial(_order, _received(exc, answer)))
        facts += read
        faults += (*unreadable, *wrong)
    return Listing(tuple(facts), unsound=tuple(faults))


def _order(at: Received, row: wire.OrderRow) -> tuple[Report, ...]:
    return (order_row_report(row, at),)


def _fills(exc: Exc, query: FillsQuery, answers: Sequence[RawAnswer]) -> Listing:
    facts: list[Report] = []
    faults: list[Unsound] = []
    cuts: list[_Cut] = []
    for instrument, answer in zip(query.instruments, answers, strict=True):
        raw = wire.decode_rows(wire.raw_rows, answer)
        listed, unreadable = decode_each("userTrades", raw, wire.trade_row)
        at = _received(exc, answer)
        read = read_rows("userTrades", listed, partial(_trade_of, symbol=instrument.symbol, at=at))
        facts += read[0]
        faults += (*unreadable, *read[1])
        if len(raw) >= TRADES_LIMIT:
            cuts += _cut(instrument, query, listed, read[0])
    more = _following(cuts, query.until_ms) if cuts else None
    asked = frozenset(instrument.ticker for instrument in query.instruments)
    return Listing(tuple(facts), more=more, covers=asked.__contains__, unsound=tuple(faults))


def _trade_of(row: wire.TradeRow, symbol: str, at: Received) -> tuple[Report, ...]:
    if row.symbol != symbol:
        raise UnreadableError("symbol", row.symbol, f"the one asked about, {symbol}")
    return trade_row_reports(row, at)


class _Cut(NamedTuple):
    """Where the list of one symbol goes on: after a fill, or from a time where it told none."""

    instrument: Instrument
    since_ms: int
    after: ExecId | None


def _cut(
    instrument: Instrument,
    query: FillsQuery,
    listed: Iterable[wire.TradeRow],
    facts: Iterable[Report],
) -> Iterator[_Cut]:
    """Tell where a full list goes on, unless it has passed the window that was asked for."""
    fills = [fact for fact in facts if isinstance(fact, FillReport)]
    if not fills:
        yield _Cut(instrument, max((query.since_ms + 1, *(row.time for row in listed))), None)
        return
    last_ms = fills[-1].ts_event_ns // NS_PER_MS
    if query.until_ms is None or last_ms <= query.until_ms:
        yield _Cut(instrument, max(query.since_ms, last_ms), fills[-1].exec_id)


def _following(cuts: Sequence[_Cut], until_ms: int | None) -> FillsQuery:
    return FillsQuery(
        tuple(one.instrument for one in cuts),
        min(one.since_ms for one in cuts),
        until_ms,
        tuple(one.after for one in cuts),
    )


def _positions(exc: Exc, answers: Sequence[RawAnswer]) -> Listing:
    listed_ms = wire.decode_rows(wire.time_row, answers[0]).server_time
    at = _received(exc, answers[1])
    raw = wire.decode_rows(wire.raw_rows, answers[1])
    listed, unreadable = decode_each("positionRisk", raw, wire.position_row)
    for row in listed:
        if row.position_side != vocabulary.ONE_WAY and row.position_amt:
            side = f"{row.symbol} positionSide={row.position_side}"
            raise UnfitAccountError(f"{side}: the account must be in one-way mode")
    one_way = [
        row
        for row in listed
        if row.position_side == vocabulary.ONE_WAY and (row.position_amt or row.update_time)
    ]
    facts, faults = read_rows(
        "positionRisk", one_way, lambda row: (position_row_report(row, at, listed_ms),)
    )
    return Listing(tuple(facts), venue_ms=listed_ms, unsound=(*unreadable, *faults))


def decode_account(answers: Sequence[RawAnswer]) -> str:
    """Return the account's unique code (Binance docs, futures account balance)."""
    listed = wire.decode_rows(wire.alias_rows, answers[0])
    alias = next((row.account_alias for row in listed), "")
    if not alias:
        raise VenueQueryError("accountAlias: none in the list of balances")
    return alias


def decode_balance(asset: str, answers: Sequence[RawAnswer]) -> VenueBalance:
    """Return the account's balance: of one asset, or of all in USD in multi-assets mode.

    There each asset stands for the others: one may be owed while the account is well
    (Binance docs, Account Information V3).
    """
    account = wire.decode_rows(wire.account_row, answers[0])
    if wire.decode_rows(wire.config_row, answers[1]).multi_assets_margin:
        return _total(account)
    return _of_asset(asset, account)


def _total(account: wire.AccountRow) -> VenueBalance:
    with _usable_values():
        return VenueBalance(
            asset=ALL_ASSETS,
            balance=_given(account.total_wallet_balance, "totalWalletBalance"),
            equity=_given(account.total_margin_balance, "totalMarginBalance"),
            available=_given(account.available_balance, "availableBalance"),
        )


def _given(value: Decimal | None, field: str) -> Decimal:
    if value is None:
        raise UnreadableError(field, value, "told in multi-assets mode")
    return plain(value, field)


def _of_asset(asset: str, account: wire.AccountRow) -> VenueBalance:
    """Return one asset's balance.

    Raises:
        VenueQueryError: the account does not list it.
    """
    row = next((each for each in account.assets if each.asset == asset), None)
    if row is None:
        raise VenueQueryError(f"asset={asset}: not among the account's assets")
    with _usable_values():
        return VenueBalance(
            asset=asset,
            balance=plain(row.wallet_balance, "walletBalance"),
            equity=plain(row.margin_balance, "marginBalance"),
            available=plain(row.available_balance, "availableBalance"),
        )


def _received(exc: Exc, answer: RawAnswer) -> Received:
    return Received(exc, ReportSource.QUERY, answer.recv_ns)
