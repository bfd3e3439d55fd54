"""How a question about the account or the market is asked, and what its answer proves.

1. Whatever is not a whole, readable answer raises VenueQueryError: nothing may be concluded.
2. Every question about orders and positions names the account, never the agent.
3. A list of fills is cut by the venue; the next question begins at the last fill's own time
   (bounds are inclusive), so that fills of one millisecond are never split.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from services.gateway_hyperliquid.protocol.info_requests import Info, oid_number
from services.gateway_hyperliquid.protocol.reports import cloid_of
from services.gateway_hyperliquid.protocol.wire import (
    AssetPosition,
    ClearinghouseState,
    FillRow,
    Meta,
    OrderAnswer,
    OrderRow,
    OrderUpdate,
    SpotState,
    VenueTime,
)
from tandem.gateway.port.decoding import UnreadableError, decode, shown
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    FillsQuery,
    InstrumentsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    TimeQuery,
    VenueQueryError,
)
from tandem.transport.exchange import RawAnswer
from tandem.transport.priority import Priority

# A list of this many rows may have been cut (docs: 500 rows, for fills 2000).
ROWS_MAY_BE_CUT: Final = 500
ROWS_MOST: Final = 2_000
# Older ones of the account are in no list (docs, Info endpoint, userFillsByTime).
FILLS_KEPT: Final = 10_000
# The venue does not say for how long; hedges wait with everything else, so not for long.
RATE_WAIT_MS: Final = 1_000

T = TypeVar("T")

META: Final = msgspec.json.Decoder(Meta)
TIME: Final = msgspec.json.Decoder(VenueTime)
ORDER: Final = msgspec.json.Decoder(OrderAnswer)
ROWS: Final = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
HISTORY_ROW: Final = msgspec.json.Decoder(OrderUpdate)
OPEN_ORDER: Final = msgspec.json.Decoder(OrderRow)
FILL: Final = msgspec.json.Decoder(FillRow)
HELD: Final = msgspec.json.Decoder(AssetPosition)
STATE: Final = msgspec.json.Decoder(ClearinghouseState)
SPOT: Final = msgspec.json.Decoder(SpotState)


def info_of(query: Query, user: str) -> Info:
    """Return the one question that answers `query`."""
    if isinstance(query, OrderQuery):
        return Info("orderStatus", user, oid=_order_name(query))
    if isinstance(query, FillsQuery):
        return Info("userFillsByTime", user, start_time=query.since_ms)
    kind = _KINDS[type(query)]
    return Info(kind) if isinstance(query, InstrumentsQuery | TimeQuery) else Info(kind, user)


def _order_name(query: OrderQuery) -> int | str:
    if query.venue_order_id is not None:
        return oid_number(query.venue_order_id)
    if query.client_order_id is None:
        raise VenueQueryError("an order is asked for by its oid or its cloid")
    return query.client_order_id


_KINDS: Final[Mapping[type[Query], str]] = {
    InstrumentsQuery: "meta",
    TimeQuery: "exchangeStatus",
    OpenOrdersQuery: "frontendOpenOrders",
    RecentOrdersQuery: "historicalOrders",
    PositionsQuery: "clearinghouseState",
    BalanceQuery: "clearinghouseState",
}
_WEIGHTS: Final[Mapping[type[Query], int]] = {
    InstrumentsQuery: 20,
    TimeQuery: 2,
    OrderQuery: 2,
    OpenOrdersQuery: 20,
    RecentOrdersQuery: 20 + ROWS_MOST // 20,
    FillsQuery: 20,
    PositionsQuery: 2,
    BalanceQuery: 2,
    AccountQuery: 0,
}
# What a table (upkeep, or asked for) and all open orders (a question) weigh.
DEAREST: Final = {
    Priority.UPKEEP: _WEIGHTS[InstrumentsQuery],
    Priority.QUESTION: max(_WEIGHTS[InstrumentsQuery], _WEIGHTS[OpenOrdersQuery]),
}


def weight_of(query: Query) -> int:
    """Return what a question costs of the address's 1200 a minute (docs, Rate limits)."""
    return _WEIGHTS[type(query)]


def extra_weight(query: Query, body: bytes) -> int:
    """Return what the answer adds: the venue weighs each 20 rows of fills (docs, Rate limits)."""
    return body.count(b'"tid"') // 20 if isinstance(query, FillsQuery) else 0


def decoded(decoder: "msgspec.json.Decoder[T]", answers: Sequence[RawAnswer]) -> T:
    """Return the one answer's content.

    Raises:
        VenueQueryError: an error status, or a content that is not what was asked for.
    """
    answer = answers[0]
    if answer.status != 200:
        wait_ms = RATE_WAIT_MS if answer.status == 429 else 0
        raise VenueQueryError(f"HTTP {answer.status} {_excerpt(answer)}", wait_ms)
    try:
        return decode(decoder, answer.body)
    except UnreadableError as error:
        raise VenueQueryError(f"unreadable answer: {error}") from error


def _excerpt(answer: RawAnswer) -> str:
    return shown(answer.body)


@contextlib.contextmanager
def usable_values() -> Iterator[None]:
    """Conclude nothing from an answer in which a value cannot be used."""
    try:
        yield
    except UnreadableError as error:
        raise VenueQueryError(f"an answer that cannot be so: {error}") from error


def check_order(row: OrderRow, query: OrderQuery) -> None:
    """Refuse an answer about another order than the one that was named.

    Raises:
        UnreadableError: its coin, or the id that it was named by, is another.
    """
    named: tuple[str, str | None, str | None] = ("oid", str(row.oid), query.venue_order_id)
    if query.venue_order_id is None:
        named = ("cloid", cloid_of(row.cloid), query.client_order_id)
    for field, said, wanted in (("coin", row.coin, query.instrument.symbol), named):
        if wanted is not None and said not in {None, wanted}:
            raise UnreadableError(field, said, f"the one asked about, {wanted}")


def next_fills(query: FillsQuery, rows: Sequence[FillRow], count: int) -> FillsQuery | None:
    """Return the question for the rest of a list that may have been cut, or None.

    `count`: how many rows it had, with those that could not be read.

    Raises:
        VenueQueryError: one millisecond holds more fills than the venue lists.
    """
    if count < ROWS_MAY_BE_CUT:
        return None
    last_ms = max((row.time for row in rows), default=query.since_ms)
    if last_ms > query.since_ms:
        return FillsQuery(query.instruments, last_ms)
    if count < ROWS_MOST:
        return None
    raise VenueQueryError(f"{count} fills at {last_ms}: the list cannot be continued")
