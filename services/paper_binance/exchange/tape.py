"""The venue's side of the tape: market events matched and published as of now."""

from collections.abc import Callable, Sequence

from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.market.events import MarketEvent


class VenueTape:
    """Applies a tape to a venue; events take the time at which they are applied."""

    def __init__(self, venue: Venue, wall_ns: Callable[[], int]) -> None:
        self._venue = venue
        self._wall_ns = wall_ns

    def apply(self, events: Sequence[MarketEvent]) -> None:
        for event in events:
            now_ns = self._wall_ns()
            self._venue.publish(self._venue.engine.apply_market(event, now_ns), now_ns)

    def skip(self, events: Sequence[MarketEvent]) -> None:
        for event in events:
            self._venue.engine.skip_market(event)

    def rewind(self) -> None:
        self._venue.engine.rewind()
