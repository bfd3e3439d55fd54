"""The keys of user streams: one per account, 60 minutes from the last extension.

1. An account has at most one valid key; asking again returns it and extends it.
2. A key that was deleted or ran out never becomes valid again.
"""

import hashlib
from collections.abc import Iterator
from typing import NewType

import msgspec

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal

ListenKey = NewType("ListenKey", str)

VALIDITY_MS = 60 * 60 * 1_000


class Lease(msgspec.Struct, frozen=True):
    """A valid key, whose it is and until when."""

    key: ListenKey
    account_id: AccountId
    expires_ms: int


class LeaseEntry(Entry, frozen=True):
    """An account's key in the journal; None: it has none."""

    account_id: AccountId
    lease: Lease | None


class ListenKeys:
    """All valid keys of the venue."""

    def __init__(
        self, seed: str, validity_ms: int = VALIDITY_MS, journal: StateJournal | None = None
    ) -> None:
        self._seed = seed
        self._validity_ms = validity_ms
        self._leases: dict[AccountId, Lease] = {}
        self._journal = journal or StateJournal()
        self._issued = self._journal.numbers("listen_keys", 1)
        self._journal.keep(LeaseEntry, self._restore, self._entries)

    def open(self, account_id: AccountId, now_ms: int) -> ListenKey:
        """Return the account's key, extended; a new one when it has none."""
        lease = self._leases.get(account_id)
        key = lease.key if lease is not None else self._issue(account_id)
        self._set(account_id, Lease(key, account_id, now_ms + self._validity_ms))
        return key

    def extend(self, account_id: AccountId, now_ms: int) -> ListenKey:
        if account_id not in self._leases:
            raise VenueError(Code.INVALID_LISTEN_KEY)
        return self.open(account_id, now_ms)

    def close(self, account_id: AccountId) -> Lease | None:
        """End the account's key for all who use it; None when it had none."""
        lease = self._leases.get(account_id)
        if lease is not None:
            self._set(account_id, None)
        return lease

    def current(self, account_id: AccountId) -> ListenKey | None:
        """Return the account's valid key, None when it has none."""
        lease = self._leases.get(account_id)
        return None if lease is None else lease.key

    def expire(self, now_ms: int) -> tuple[Lease, ...]:
        """End and return the keys that have run out."""
        ended = tuple(lease for lease in self._leases.values() if lease.expires_ms <= now_ms)
        for lease in ended:
            self.close(lease.account_id)
        return ended

    def _issue(self, account_id: AccountId) -> ListenKey:
        text = f"{self._seed}/{account_id}/{self._issued.take()}"
        return ListenKey(hashlib.sha256(text.encode()).hexdigest())

    def _set(self, account_id: AccountId, lease: Lease | None) -> None:
        entry = LeaseEntry(account_id, lease)
        self._restore(entry)
        self._journal.note(entry)

    def _restore(self, entry: LeaseEntry) -> None:
        if entry.lease is None:
            self._leases.pop(entry.account_id, None)
        else:
            self._leases[entry.account_id] = entry.lease

    def _entries(self) -> Iterator[LeaseEntry]:
        return (LeaseEntry(account_id, lease) for account_id, lease in self._leases.items())
