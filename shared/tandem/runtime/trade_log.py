"""Which changes are worth a line of a service's log: an order that ended, a hedge that ended.

Each delta is stored by one copy, once, also over restarts; the copy that stored it says so. So
the logs of all copies together have one line for each end, and a fold that reads an old log again
repeats none.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from structlog.typing import FilteringBoundLogger

from tandem.messages.codec import AnyDelta
from tandem.messages.deltas import HedgeDelta, HedgeState, HedgeView, OrderDelta, OrderView

MOST_REMEMBERED = 2_000
ENDED_HEDGES = frozenset({HedgeState.DONE, HedgeState.REFUSED})
# What a person looks for in a line; the rest is on the page.
ORDER_WORDS = (
    "exc",
    "ticker",
    "cloid",
    "oid",
    "ord_status",
    "amount",
    "filled_sz",
    "price",
    "avg_px",
    "strategy",
    "hedge_id",
    "reason",
    "text",
)
Line = dict[str, object]


def ending(delta: AnyDelta) -> tuple[str, Line] | None:
    """Return what ended and what there is to say of it; None: nothing did."""
    match delta:
        case OrderDelta(order=order) if order.order_status.is_terminal:
            return "order ended", _words(order, ORDER_WORDS)
        case HedgeDelta(hedge=hedge) if hedge.state in ENDED_HEDGES:
            legs = [_words(leg) for leg in hedge.legs]
            return "hedge ended", _words(hedge) | ({"legs": legs} if legs else {})
        case _:
            return None


def _words(row: msgspec.Struct, names: tuple[str, ...] | None = None) -> Line:
    """Return what is set of a row, numbers as exact text."""
    told = msgspec.to_builtins(row, builtin_types=(Decimal,))
    return {name: plain for name, plain in _told(told) if names is None or name in names}


def _told(row: dict[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if value not in (None, "", [], ()):
            yield name, f"{value:f}" if isinstance(value, Decimal) else value


class TradeLog:
    """Says each end once: what follows it and changes nothing of the outcome is left out."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._said: dict[str, tuple[object, ...]] = {}

    def stored(self, delta: AnyDelta) -> None:
        """Take in a delta that was not stored before."""
        found = ending(delta)
        if found is not None and self._is_news(delta):
            self._log.info(found[0], **found[1])

    def _is_news(self, delta: AnyDelta) -> bool:
        name, outcome = _outcome(delta)
        if self._said.get(name) == outcome:
            return False
        self._said[name] = outcome
        if len(self._said) > MOST_REMEMBERED:
            del self._said[next(iter(self._said))]
        return True


def _outcome(delta: AnyDelta) -> tuple[str, tuple[object, ...]]:
    match delta:
        case OrderDelta(order=OrderView() as order):
            name = order.client_order_id or f"{order.exc} {order.ticker} {order.venue_order_id}"
            return name, (order.order_status, order.cum_qty)
        case HedgeDelta(hedge=HedgeView() as hedge):
            return hedge.hedge_id, (hedge.state, hedge.maker_filled)
        case _:
            return "", ()
