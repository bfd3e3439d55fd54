"""What one operation tells whom: per account its order updates and fills, and the public prints.

1. An account's order updates of one operation are kept in the order in which they happened, so
   that an order that fills at once shows `open` and `filled` in one frame.
"""

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from services.paper_exchange.engine.events import Filled, Printed
from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.exchange.records import Record
from services.paper_hyperliquid.wire.account_payloads import LedgerRow


class Forced(StrEnum):
    """Why the venue closed a position; SILENT is a liquidation whose fill does not say so."""

    LIQUIDATION = "liquidation"
    SILENT_LIQUIDATION = "silent liquidation"
    DELEVERAGING = "deleveraging"
    SETTLEMENT = "settlement"


class FillOf(Struct, frozen=True):
    """A fill with the order's state after it, and what the order's builder charged for it.

    `forced` is set when the venue made the order.
    """

    fill: Filled
    record: Record
    builder_fee: Decimal
    forced: Forced | None = None


class LateFill(Struct, frozen=True):
    """A fill that is told only some time after it happened."""

    fill: FillOf
    after_ms: int


class UserNews(Struct):
    """What one account learns."""

    updates: list[Record] = field(default_factory=list)
    fills: list[FillOf] = field(default_factory=list)
    non_user_cancels: list[Record] = field(default_factory=list)
    late_fills: list[LateFill] = field(default_factory=list)
    transfers: list[LedgerRow] = field(default_factory=list)


class Outbox:
    """Collects the news of one operation; `take` empties it.

    While `fills_late_ms` is set, fills are news of that much later.
    """

    def __init__(self) -> None:
        self._news = News()
        self.fills_late_ms: int | None = None

    def update(self, record: Record) -> None:
        self._news.users[record.account].updates.append(record)

    def fill(self, fill: FillOf) -> None:
        news = self._news.users[fill.record.account]
        if self.fills_late_ms is None:
            news.fills.append(fill)
        else:
            news.late_fills.append(LateFill(fill, self.fills_late_ms))

    def non_user_cancel(self, record: Record) -> None:
        self._news.users[record.account].non_user_cancels.append(record)

    def transfer(self, account: AccountId, row: LedgerRow) -> None:
        self._news.users[account].transfers.append(row)

    def printed(self, trade: Printed) -> None:
        self._news.trades.append(trade)

    def book_changed(self, coin: str) -> None:
        self._news.books[coin] = None

    def take(self) -> "News":
        """Return what was collected and start afresh."""
        news, self._news = self._news, News()
        return news


class News:
    """The news of one operation; `books` holds the coins whose published book changed."""

    __slots__ = ("books", "trades", "users")

    def __init__(self) -> None:
        self.users: defaultdict[AccountId, UserNews] = defaultdict(UserNews)
        self.trades: list[Printed] = []
        self.books: dict[str, None] = {}
