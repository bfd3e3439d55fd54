"""What every step of the walkthrough works with: the client, the exchanges' books, the narrator."""

from dataclasses import dataclass, field
from decimal import Decimal

from examples.walkthrough.narrate import Narrator, order_line, position_line
from examples.walkthrough.scenario import Scenario
from examples.walkthrough.venue_books import VenueBooks
from tandem import OMS
from tandem.client.mirror.mirrors import Orders, Positions
from tandem.client.mirror.plain_rows import Plain

BINANCE, HYPERLIQUID = "binance", "hyperliquid"


@dataclass(slots=True)
class Desk:
    """`changes` keeps every order change that a handler was given, by client id, in order.

    `before`: what was executed on Hyperliquid before the hedge, today or on the days before;
    `owed_before`: what its bucket owed then.
    `held`: the positions before the first step, by exchange and ticker.
    """

    oms: OMS
    books: dict[str, VenueBooks]
    say: Narrator
    scenario: Scenario
    changes: dict[str, list[Plain]] = field(default_factory=dict)
    position_changes: dict[str, list[Plain]] = field(default_factory=dict)
    before: frozenset[str] = frozenset()
    owed_before: Decimal = Decimal(0)
    held: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    pages: int = 0

    @property
    def places(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Where the walkthrough trades: exchange and ticker."""
        return (BINANCE, self.scenario.maker_ticker), (HYPERLIQUID, self.scenario.hedge_ticker)

    async def mirror(self) -> None:
        """Join live orders and positions of both exchanges and narrate each change."""
        for exc in (BINANCE, HYPERLIQUID):
            await self.oms.orders_mirror(exc, self._page_of_orders, self._order_change(exc))
            await self.oms.positions_mirror(exc, self._page_of_positions, self._moved(exc))

    def _order_change(self, exc: str) -> "_Narrate":
        return _Narrate(self, exc)

    def _moved(self, exc: str) -> "_NarratePosition":
        return _NarratePosition(self, exc)

    def _page_of_orders(self, page: Orders) -> None:
        self.pages += 1
        open_orders = ", ".join(f"{row.ticker} {row.amount}" for row in page) or "none"
        self.say.event(f"{page.exc} orders page", f"open: {open_orders}")

    def _page_of_positions(self, page: Positions) -> None:
        held = ", ".join(f"{row.ticker} {row.amount}" for row in page) or "flat"
        self.say.event(f"{page.exc} positions page", held)

    def statuses(self, cloid: str) -> list[str]:
        """Return the statuses that the handlers saw for an order, repeats left out."""
        seen = [str(change["ord_status"]) for change in self.changes.get(cloid, [])]
        return [word for place, word in enumerate(seen) if place == 0 or seen[place - 1] != word]


@dataclass(frozen=True, slots=True)
class _Narrate:
    desk: Desk
    exc: str

    def __call__(self, change: Plain) -> None:
        self.desk.changes.setdefault(str(change["cloid"]), []).append(change)
        self.desk.say.event(f"{self.exc} order", order_line(change))


@dataclass(frozen=True, slots=True)
class _NarratePosition:
    desk: Desk
    exc: str

    def __call__(self, change: Plain) -> None:
        self.desk.position_changes.setdefault(self.exc, []).append(change)
        self.desk.say.event(f"{self.exc} position", position_line(change))
