"""The names that users of the reference OMS write, beside ours: the same answers.

Quotes come best price first; one that has no price yet comes last.
"""

from collections.abc import Iterable
from decimal import Decimal

from tandem.client.arguments import Number, finite
from tandem.domain.units import ZERO
from tandem.messages.deltas import OrderView

BUYS, SELLS = 1, -1


class OrdersByReference:
    """What the reference calls the parts of an orders page; without a ticker: of all of them."""

    def get_bid_orders(self: Iterable[OrderView], ticker: str | None = None) -> list[OrderView]:
        """Return open orders that buy, the highest price first."""
        return _side(self, BUYS, ticker)

    def get_ask_orders(self: Iterable[OrderView], ticker: str | None = None) -> list[OrderView]:
        """Return open orders that sell, the lowest price first."""
        return _side(self, SELLS, ticker)

    def bid_level_exists(
        self: Iterable[OrderView], price: Number, ticker: str | None = None
    ) -> bool:
        """Tell whether an open order buys at this very price."""
        return _exists(_side(self, BUYS, ticker), price)

    def ask_level_exists(
        self: Iterable[OrderView], price: Number, ticker: str | None = None
    ) -> bool:
        """Tell whether an open order sells at this very price."""
        return _exists(_side(self, SELLS, ticker), price)

    def pending_bids(self: Iterable[OrderView], ticker: str | None = None) -> list[OrderView]:
        """Return those that buy and are not acknowledged by their venue yet."""
        return [row for row in _side(self, BUYS, ticker) if row.venue_order_id is None]

    def pending_asks(self: Iterable[OrderView], ticker: str | None = None) -> list[OrderView]:
        """Return those that sell and are not acknowledged by their venue yet."""
        return [row for row in _side(self, SELLS, ticker) if row.venue_order_id is None]

    def get_total_bid_amount(self: Iterable[OrderView], ticker: str | None = None) -> Decimal:
        """Return what is still open to buy, positive."""
        return _total(_side(self, BUYS, ticker))

    def get_total_ask_amount(self: Iterable[OrderView], ticker: str | None = None) -> Decimal:
        """Return what is still open to sell, positive."""
        return _total(_side(self, SELLS, ticker))


def _side(rows: Iterable[OrderView], sign: int, ticker: str | None) -> list[OrderView]:
    mine = [row for row in rows if row.amount * sign > 0 and ticker in {None, row.ticker}]
    return sorted(mine, key=lambda row: (row.price is None, -sign * (row.price or ZERO)))


def _exists(rows: Iterable[OrderView], price: Number) -> bool:
    wanted = finite("price", price)
    return any(row.price == wanted for row in rows)


def _total(rows: Iterable[OrderView]) -> Decimal:
    return sum((abs(row.amount) - row.cum_qty for row in rows), ZERO)
