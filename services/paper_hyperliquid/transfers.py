"""The money that moved between accounts, as both of them see it.

Per account the latest TRANSFERS_KEPT rows are kept, oldest first.
"""

from collections import defaultdict, deque
from decimal import Decimal
from typing import Final

from services.paper_exchange.orders import AccountId
from services.paper_hyperliquid.account_payloads import LedgerRow, Transfer
from services.paper_hyperliquid.numbers import text_of
from services.paper_hyperliquid.rows import hash_of

TRANSFERS_KEPT: Final = 500


class Transfers:
    """Every account's ledger."""

    def __init__(self) -> None:
        self._rows: defaultdict[AccountId, deque[LedgerRow]] = defaultdict(
            lambda: deque(maxlen=TRANSFERS_KEPT)
        )

    def add(self, amount: Decimal, parties: tuple[AccountId, AccountId], nonce: int) -> LedgerRow:
        """Note what one account sent another; the nonce is the time of its request."""
        sender, receiver = parties
        row = LedgerRow(nonce, hash_of(nonce), Transfer(text_of(amount), sender, receiver))
        for party in dict.fromkeys(parties):
            self._rows[party].append(row)
        return row

    def of(self, account: AccountId) -> tuple[LedgerRow, ...]:
        """Return an account's transfers, oldest first."""
        return tuple(self._rows.get(account, ()))
