"""The money that moved between accounts, as both of them see it.

Per account the latest TRANSFERS_KEPT rows are kept, oldest first.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_hyperliquid.wire.account_payloads import LedgerRow, Transfer
from services.paper_hyperliquid.wire.numbers import text_of
from services.paper_hyperliquid.wire.rows import hash_of

TRANSFERS_KEPT: Final = 500


class TransferEntry(Entry, frozen=True):
    """What one account sent another, in the journal; the nonce is the time of its request."""

    amount: Decimal
    sender: AccountId
    receiver: AccountId
    nonce: int


class Transfers:
    """Every account's ledger."""

    def __init__(self, journal: StateJournal | None = None) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(TransferEntry, self._restore, self._entries)
        self._of: defaultdict[AccountId, deque[TransferEntry]] = defaultdict(
            lambda: deque(maxlen=TRANSFERS_KEPT)
        )

    def add(self, amount: Decimal, parties: tuple[AccountId, AccountId], nonce: int) -> LedgerRow:
        """Note what one account sent another; the nonce is the time of its request."""
        entry = TransferEntry(amount, *parties, nonce)
        self._restore(entry)
        self._journal.note(entry)
        return _row(entry)

    def of(self, account: AccountId) -> tuple[LedgerRow, ...]:
        """Return an account's transfers, oldest first."""
        return tuple(_row(entry) for entry in self._of.get(account, ()))

    def _restore(self, entry: TransferEntry) -> None:
        for party in dict.fromkeys((entry.sender, entry.receiver)):
            if entry not in self._of[party]:
                self._of[party].append(entry)

    def _entries(self) -> Iterator[TransferEntry]:
        yield from dict.fromkeys(entry for entries in self._of.values() for entry in entries)


def _row(entry: TransferEntry) -> LedgerRow:
    transfer = Transfer(text_of(entry.amount), entry.sender, entry.receiver)
    return LedgerRow(entry.nonce, hash_of(entry.nonce), transfer)
