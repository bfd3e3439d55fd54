"""Which prices are told to others: the newest mid of each watched ticker, and one a venue minute.

1. At most two marks a second a ticker go to MARKS, and only when the price changed.
2. The log gets one mark of each ticker a minute of its own venue time: the first price of it, and
   after a cut one at once.
"""

import asyncio

from tandem.bus.port import Appended
from tandem.domain.ids import Ticker
from tandem.domain.units import NS_PER_MINUTE, NS_PER_MS
from tandem.gateway.core import pricing
from tandem.gateway.shell.state import Core
from tandem.messages import facts
from tandem.messages.reports import MarkReport

PERIOD_S = 0.5
MAX_MINUTES = 10_000


class Marks:
    """Publishes the marks of one account's watched tickers."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told: dict[Ticker, MarkReport] = {}
        self._minutes: dict[Ticker, int] = {}
        self._sending: dict[Ticker, asyncio.Future[Appended]] = {}

    def forget(self) -> None:
        """The log was cut: it may hold no mark of this minute any more."""
        self._minutes.clear()

    async def run(self) -> None:
        while True:
            for ticker in tuple(self._core.watched):
                self._tell(ticker)
            await self._core.context.clock.sleep(PERIOD_S)

    def _tell(self, ticker: Ticker) -> None:
        mark = self._mark(ticker)
        if mark is None:
            return
        minute = mark.ts_event_ns // NS_PER_MINUTE
        if self._minutes.get(ticker, 0) < minute:
            self._minutes[ticker] = minute
            self._core.journal.append(mark)
        last = self._told.get(ticker)
        if last is None or (last.mid, last.mark) != (mark.mid, mark.mark):
            self._publish(ticker, mark)

    def _mark(self, ticker: Ticker) -> MarkReport | None:
        """Return the ticker's price, or None while its book gives no reference."""
        core, now = self._core, self._core.now()
        book, mark = core.market.books.get(ticker), core.market.marks.get(ticker)
        if book is None or pricing.book_fault(book, now.mono_ns, core.desk.pricing):
            return None
        middle = book.mid
        if middle is None:
            return None
        return MarkReport(
            exc=core.exc,
            ticker=ticker,
            mid=middle,
            mark=mark.price if mark is not None else None,
            ts_event_ns=book.ts_event_ns or now.venue_ms * NS_PER_MS,
        )

    def _publish(self, ticker: Ticker, mark: MarkReport) -> None:
        """Publish unless the former one of this ticker is still on its way."""
        sending = self._sending.get(ticker)
        if sending is not None and not sending.done():
            return
        self._told[ticker] = mark
        self._sending[ticker] = asyncio.ensure_future(
            self._core.context.bus.marks.append_soon(*facts.written_mark(mark))
        )
