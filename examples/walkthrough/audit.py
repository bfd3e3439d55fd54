"""What the exchanges' own books say about a hedge: the numbers of the walkthrough's last line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from statistics import quantiles

from examples.walkthrough.venue_books import Books, Request, Trade
from tandem.domain.ids import taker_name
from tandem.domain.units import NS_PER_US, ZERO
from tandem.messages.deltas import OrderView, PositionView


@dataclass(frozen=True, slots=True)
class HedgeTrades:
    """The maker's fills on one exchange and the takers' on the other, in time order."""

    maker: tuple[Trade, ...]
    takers: tuple[Trade, ...]

    @property
    def maker_filled(self) -> Decimal:
        return sum((trade.amount for trade in self.maker), ZERO)

    @property
    def taker_filled(self) -> Decimal:
        return sum((trade.amount for trade in self.takers), ZERO)

    @property
    def owed(self) -> Decimal:
        """What the fills call for (ratio -1) less what takers did, by the exchanges' books.

        What its bucket owed before comes on top: it goes out with the takers of this hedge.
        """
        return -self.maker_filled - self.taker_filled

    @property
    def taker_cloids(self) -> tuple[str, ...]:
        """The takers that filled, in the order of their first fill."""
        return tuple(dict.fromkeys(trade.client_order_id for trade in self.takers))


def trades_of(
    maker_cloid: str,
    bucket: str,
    maker: Sequence[Trade],
    hedge: Sequence[Trade],
    before: Collection[str] = (),
) -> HedgeTrades:
    """Return a hedge's trades; `before`: the executions that there were before it.

    Its takers are those of its bucket, which their client ids name by its hash.
    """
    mine = [trade for trade in maker if trade.client_order_id == maker_cloid]
    takers = [one for one in hedge if _bucket_of(one) == bucket and one.exec_id not in before]
    return HedgeTrades(tuple(sorted(mine, key=_written)), tuple(sorted(takers, key=_written)))


def _bucket_of(trade: Trade) -> str:
    """Return the hash of the bucket that a taker's trade is of, empty for any other trade."""
    name = taker_name(trade.client_order_id)
    return name.bucket if name is not None else ""


def _written(trade: Trade) -> int:
    return trade.mono_written_ns or 0


def latencies_us(trades: HedgeTrades, requests: Sequence[Request]) -> list[float]:
    """Return, for each taker, the time from its cause's frame to the order being parsed.

    A taker's cause is the maker fill that brought about the last unit it covers, first in,
    first out: what was owed before could not have been sent for.
    """
    parsed = {request.client_order_id: request.mono_parsed_ns for request in requests}
    reached = list(accumulate(abs(trade.amount) for trade in trades.maker))
    covered, found = ZERO, []
    for cloid in trades.taker_cloids:
        covered += sum(abs(t.amount) for t in trades.takers if t.client_order_id == cloid)
        cause = next((i for i, total in enumerate(reached) if total >= covered), None)
        written = trades.maker[cause].mono_written_ns if cause is not None else None
        if written is not None and cloid in parsed:
            found.append((parsed[cloid] - written) / NS_PER_US)
    return found


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile, rounded to a tenth."""
    if len(values) < 2:
        return {name: round(value, 1) for name in ("p50", "p99") for value in values}
    cuts = quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def orders_agree(ours: Sequence[OrderView], books: Books) -> list[str]:
    """Return how our open orders differ from the exchange's; empty when they agree."""
    mine = {str(row.venue_order_id): (row.amount, row.cum_qty) for row in ours}
    theirs = {row.order_id: (row.amount, abs(row.filled)) for row in books.open_orders}
    return [
        f"order {oid}: ours {mine.get(oid)}, theirs {theirs.get(oid)}"
        for oid in mine.keys() | theirs.keys()
        if mine.get(oid) != theirs.get(oid)
    ]


def positions_agree(ours: Sequence[PositionView], books: Books) -> list[str]:
    """Return how our positions differ from the exchange's; empty when they agree."""
    mine = {str(row.ticker): row.amount for row in ours if row.amount}
    theirs = {row.symbol: row.amount for row in books.positions if row.amount}
    return [
        f"position {ticker}: ours {mine.get(ticker)}, theirs {theirs.get(ticker)}"
        for ticker in mine.keys() | theirs.keys()
        if mine.get(ticker) != theirs.get(ticker)
    ]
