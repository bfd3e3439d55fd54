"""Which orders have ended here, and of which of them the log may not tell the end (pure).

1. An end that we concluded ourselves is untold until the log tells it back: a log that takes no
   conclusion of a former sender may never have got it. It is given back once, by `untold`.
2. A log that was cut may have lost how any of them ended. What it asks for again is then no news:
   its outcome must be found, and it is never sent again.
3. The oldest are forgotten; the log itself has told about them long ago.
"""

from tandem.domain.ids import ClientOrderId, Ticker
from tandem.gateway.core.pending_order import Ticket

MAX_ENDED = 20_000


class Endings:
    """Ended orders by client id."""

    def __init__(self) -> None:
        self._tickers: dict[ClientOrderId, Ticker] = {}
        self._before_cut: dict[ClientOrderId, Ticker] = {}
        self._untold: dict[ClientOrderId, Ticket] = {}

    def __contains__(self, cloid: ClientOrderId) -> bool:
        return cloid in self._tickers

    def add(self, ticket: Ticket) -> None:
        """An order has ended by what the venue or the log says."""
        self._tickers[ticket.cloid] = ticket.ticker
        _trim(self._tickers)

    def conclude(self, ticket: Ticket) -> None:
        """An order has ended because we say so."""
        self.add(ticket)
        self._untold[ticket.cloid] = ticket

    def told(self, cloid: ClientOrderId) -> None:
        """The venue or the log says how it ended."""
        self._untold.pop(cloid, None)

    def untold(self) -> tuple[Ticket, ...]:
        """Give back what may have ended nowhere but here."""
        untold, self._untold = tuple(self._untold.values()), {}
        for ticket in untold:
            self._tickers.pop(ticket.cloid, None)
        return untold

    def cut(self) -> None:
        """The log may have lost any of their ends."""
        self._before_cut |= self._tickers
        self._tickers.clear()
        _trim(self._before_cut)

    def was_before_cut(self, cloid: ClientOrderId) -> bool:
        """Tell whether it had ended in a log that was cut since."""
        return cloid in self._before_cut

    def ticker_of(self, cloid: ClientOrderId) -> Ticker | None:
        return self._tickers.get(cloid) or self._before_cut.get(cloid)


def _trim(orders: dict[ClientOrderId, Ticker]) -> None:
    while len(orders) > MAX_ENDED:
        del orders[next(iter(orders))]
