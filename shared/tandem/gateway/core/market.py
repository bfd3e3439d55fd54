"""What the market looks like now: the newest book and mark of each ticker, and their age (pure)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tandem.domain.ids import Ticker
from tandem.gateway.port.channel import BookUpdate, Level, MarkUpdate

TWO = Decimal(2)
TRUSTED_NS = 1_000_000_000
MOST_TOPS = 1_024


@dataclass(frozen=True, slots=True)
class Book:
    """The top of one book and when we read it (monotonic)."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts_event_ns: int
    read_ns: int

    @property
    def is_crossed(self) -> bool:
        return bool(self.bids and self.asks) and self.bids[0].price >= self.asks[0].price

    @property
    def mid(self) -> Decimal | None:
        """The middle of the best prices; None when a side is empty."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0].price + self.asks[0].price) / TWO


@dataclass(frozen=True, slots=True)
class Mark:
    price: Decimal
    ts_event_ns: int
    read_ns: int


class Market:
    """Books and marks by ticker; an update older than what is known is passed over.

    Not for long: a price that was told with a time ahead must not shut out those that follow it.
    Of former books the best prices are kept, the newest MOST_TOPS of each ticker.
    """

    def __init__(self) -> None:
        self.books: dict[Ticker, Book] = {}
        self.marks: dict[Ticker, Mark] = {}
        self._tops: dict[Ticker, deque[Book]] = {}

    def take_book(self, update: BookUpdate, read_ns: int) -> None:
        known = self.books.get(update.ticker)
        if known is None or not _is_older(update, known, read_ns):
            ts_ns = update.ts_event_ns
            self.books[update.ticker] = Book(update.bids, update.asks, ts_ns, read_ns)
            tops = self._tops.setdefault(update.ticker, deque(maxlen=MOST_TOPS))
            tops.append(Book(update.bids[:1], update.asks[:1], ts_ns, read_ns))

    def take_mark(self, update: MarkUpdate, read_ns: int) -> None:
        known = self.marks.get(update.ticker)
        if known is None or not _is_older(update, known, read_ns):
            self.marks[update.ticker] = Mark(update.mark, update.ts_event_ns, read_ns)

    def forget_books(self) -> None:
        """Drop every book: the feed was cut, and what was missed is unknown."""
        self.books.clear()

    def top_at(self, ticker: Ticker, mono_ns: int) -> Book | None:
        """Return the best prices of the newest book at a time; None: none so old is kept."""
        tops: Sequence[Book] = self._tops.get(ticker, ())
        return next((book for book in reversed(tops) if book.read_ns <= mono_ns), None)


def _is_older(update: BookUpdate | MarkUpdate, known: Book | Mark, read_ns: int) -> bool:
    """Tell whether an update is from before what was read a moment ago."""
    is_recent = read_ns - known.read_ns < TRUSTED_NS
    return is_recent and update.ts_event_ns < known.ts_event_ns
