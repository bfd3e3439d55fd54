"""Who a request acts for, and whether it is admitted at all.

The order of the checks is the venue's: signer, unknown signer, vault, nonce, expiry, budget.
A request refused before its nonce was admitted leaves the nonce free; after that it is used up
(Hyperliquid docs, Nonces and API wallets; signed testnet captures of September 2026).
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_hyperliquid.auth.canonical import action_preimage
from services.paper_hyperliquid.auth.limits import AddressBudget
from services.paper_hyperliquid.auth.nonces import NonceSet
from services.paper_hyperliquid.auth.signature import Source, l1_digest, recover_address
from services.paper_hyperliquid.auth.signers import Signers
from services.paper_hyperliquid.auth.user_signed import inner_nonce, user_signed_digest
from services.paper_hyperliquid.config import Network, Settings
from services.paper_hyperliquid.wire.errors import (
    EXPIRED,
    NONCE_MISMATCH,
    OTHER_NETWORK,
    UNRECOVERABLE,
    RequestError,
    must_deposit,
    no_such_wallet,
    vault_not_registered,
)
from services.paper_hyperliquid.wire.schemas import Envelope, L1Action, UserSignedAction

_SOURCES: Final = {
    Network.MAINNET: (Source.MAINNET,),
    Network.TESTNET: (Source.TESTNET,),
    # The official SDK signs any address but the live one as testnet, so testnet comes first.
    Network.EITHER: (Source.TESTNET, Source.MAINNET),
}
_CHAINS: Final = {
    Network.MAINNET: frozenset({"Mainnet"}),
    Network.TESTNET: frozenset({"Testnet"}),
    Network.EITHER: frozenset({"Mainnet", "Testnet"}),
}


class Admitted(Struct, frozen=True):
    """An admitted request: whose orders it touches."""

    signer: str
    account: AccountId


class NoncesEntry(Entry, frozen=True):
    """Nonces of a signer that were admitted, in the journal."""

    signer: str
    nonces: tuple[int, ...]


class Gate:
    """Admits requests."""

    def __init__(
        self, settings: Settings, signers: Signers, journal: StateJournal | None = None
    ) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(NoncesEntry, self._restore, self._entries)
        self._settings = settings
        self._signers = signers
        self._nonces: defaultdict[str, NonceSet] = defaultdict(
            lambda: NonceSet(settings.nonce_margin_ms)
        )
        self.budget = AddressBudget(settings, self._journal)

    def admit(self, envelope: Envelope, now_ms: int) -> Admitted:
        """Return who acts, or raise RequestError."""
        action = envelope.action
        if isinstance(action, UserSignedAction):
            admitted = self._user_signed(envelope, action)
        else:
            admitted = self._l1(envelope, action, now_ms)
        refusal = self._nonces[admitted.signer].admit(envelope.nonce, now_ms)
        if refusal is not None:
            raise RequestError(refusal)
        self._journal.note(NoncesEntry(admitted.signer, (envelope.nonce,)))
        if envelope.expires_after is not None and now_ms > envelope.expires_after:
            self.budget.charge(admitted.account, self._settings.stale_request_cost)
            raise RequestError(EXPIRED)
        return admitted

    def spend(self, admitted: Admitted, envelope: Envelope, volume: Decimal, now_ms: int) -> None:
        """Count the request against its address, or raise RequestError."""
        self.budget.take(admitted.account, envelope.action, volume, now_ms)

    def _entries(self) -> Iterator[NoncesEntry]:
        return (NoncesEntry(signer, nonces.kept) for signer, nonces in self._nonces.items())

    def _restore(self, entry: NoncesEntry) -> None:
        for nonce in entry.nonces:
            self._nonces[entry.signer].take(nonce)

    def _l1(self, envelope: Envelope, action: L1Action, now_ms: int) -> Admitted:
        preimage = action_preimage(
            action, envelope.nonce, envelope.vault_address, envelope.expires_after
        )
        signer, account = self._l1_signer(preimage, envelope, now_ms)
        acting = self._signers.acting(account, envelope.vault_address)
        if acting is None:
            raise RequestError(vault_not_registered(envelope.vault_address or ""))
        return Admitted(signer, acting)

    def _l1_signer(self, preimage: bytes, envelope: Envelope, now_ms: int) -> tuple[str, AccountId]:
        strangers = []
        for source in _SOURCES[self._settings.network]:
            signer = recover_address(l1_digest(preimage, source), envelope.signature)
            account = self._signers.account_of(signer, now_ms) if signer is not None else None
            if signer is not None and account is not None:
                return signer, account
            strangers.append(signer)
        raise RequestError(no_such_wallet(strangers[0]) if strangers[0] else UNRECOVERABLE)

    def _user_signed(self, envelope: Envelope, action: UserSignedAction) -> Admitted:
        if action.hyperliquid_chain not in _CHAINS[self._settings.network]:
            raise RequestError(OTHER_NETWORK)
        signer = recover_address(user_signed_digest(action), envelope.signature)
        if signer is None:
            raise RequestError(UNRECOVERABLE)
        if not self._signers.is_account(signer):
            raise RequestError(must_deposit(signer))
        if inner_nonce(action) != envelope.nonce:
            raise RequestError(NONCE_MISMATCH)
        return Admitted(signer, AccountId(signer))
