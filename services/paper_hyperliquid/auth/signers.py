"""For whom a recovered address may act: itself, the master of an agent, or a sub-account.

1. An address is an account, an agent of exactly one account, or unknown.
2. One unnamed agent and a bounded number of named ones per account; approving under a name in
   use replaces that agent, approving the zero address removes it (Hyperliquid docs, API wallets).
3. An agent address once used is never accepted again.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry, StateJournal
from services.paper_hyperliquid.auth.nonces import DAY_MS
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.wire.errors import (
    AGENT_IN_USE,
    AGENT_REMOVAL_PENDING,
    AGENT_TOO_MANY,
    RequestError,
)

ZERO_ADDRESS: Final = "0x" + "00" * 20
NAME_LENGTH_MAX: Final = 16
_VALID_UNTIL: Final = " valid_until "
_VALID_DAYS_MAX: Final = 180


class Agent(Struct, frozen=True):
    """A key that may sign for a master until a time."""

    address: str
    master: AccountId
    name: str
    valid_until_ms: int


class SignersEntry(Entry, frozen=True, kw_only=True):
    """All that the journal says of accounts (each with its master, if it has one) and agents."""

    accounts: dict[AccountId, AccountId | None]
    agents: tuple[Agent, ...]
    used: tuple[str, ...]
    removed_ms: dict[AccountId, int]


class Signers:
    """The accounts, their agents and their sub-accounts."""

    def __init__(self, settings: Settings, journal: StateJournal | None = None) -> None:
        self._journal = journal or StateJournal()
        self._journal.keep(SignersEntry, self._restore, self._entries)
        self._settings = settings
        self._accounts: dict[AccountId, AccountId | None] = {}
        self._agents: dict[str, Agent] = {}
        self._used: dict[str, None] = {}
        self._removed_ms: dict[AccountId, int] = {}

    def add_account(self, address: str, master: str | None = None) -> AccountId:
        """Register an account, or a sub-account of a master."""
        account = AccountId(address.lower())
        self._accounts[account] = AccountId(master.lower()) if master is not None else None
        self._note()
        return account

    def is_account(self, address: str) -> bool:
        return address in self._accounts

    def master_of(self, address: str) -> AccountId | None:
        """Return the master of a sub-account, or None."""
        return self._accounts.get(AccountId(address))

    def sub_accounts(self, master: AccountId) -> tuple[AccountId, ...]:
        return tuple(sub for sub, owner in self._accounts.items() if owner == master)

    def agent(self, address: str) -> Agent | None:
        return self._agents.get(address)

    def agents_of(self, master: AccountId) -> tuple[Agent, ...]:
        return tuple(agent for agent in self._agents.values() if agent.master == master)

    def account_of(self, signer: str, now_ms: int) -> AccountId | None:
        """Return the account that a signer acts for, or None when nobody knows it."""
        agent = self._agents.get(signer)
        if agent is not None:
            return agent.master if now_ms < agent.valid_until_ms else None
        return AccountId(signer) if signer in self._accounts else None

    def acting(self, account: AccountId, vault_address: str | None) -> AccountId | None:
        """Return the account to act on: itself, or the named sub-account that it controls."""
        if vault_address is None or vault_address == account:
            return account
        vault = AccountId(vault_address)
        return vault if self._accounts.get(vault) == account else None

    def approve(self, master: AccountId, address: str, full_name: str, now_ms: int) -> None:
        """Add, replace or remove an agent, or raise RequestError."""
        name, valid_until_ms = self._parsed(full_name, now_ms)
        pending_ms = self._settings.agent_removal_pending_ms
        if now_ms - self._removed_ms.get(master, -pending_ms) < pending_ms:
            raise RequestError(AGENT_REMOVAL_PENDING)
        replaced = next((a for a in self.agents_of(master) if a.name == name), None)
        if address == ZERO_ADDRESS:
            self._remove(master, replaced, now_ms)
            return
        self._require_unused(address)
        if name and replaced is None and self._named_count(master) >= self._named_max(master):
            raise RequestError(AGENT_TOO_MANY)
        if replaced is not None:
            del self._agents[replaced.address]
        self._used[address] = None
        self._agents[address] = Agent(address, master, name, valid_until_ms)
        self._note()

    def renew(self, address: str, now_ms: int) -> None:
        """Let an agent that is still known be valid for the usual time from now on."""
        agent = self._agents.get(address)
        if agent is not None:
            valid_until_ms = now_ms + self._settings.agent_valid_days * DAY_MS
            self._agents[address] = replace(agent, valid_until_ms=valid_until_ms)
            self._note()

    def _require_unused(self, address: str) -> None:
        if address in self._used or address in self._accounts:
            raise RequestError(AGENT_IN_USE)

    def _remove(self, master: AccountId, agent: Agent | None, now_ms: int) -> None:
        if agent is not None:
            del self._agents[agent.address]
            self._removed_ms[master] = now_ms
            self._note()

    def _note(self) -> None:
        for entry in self._entries():
            self._journal.note(entry)

    def _entries(self) -> Iterator[SignersEntry]:
        yield SignersEntry(
            accounts=dict(self._accounts),
            agents=tuple(self._agents.values()),
            used=tuple(self._used),
            removed_ms=dict(self._removed_ms),
        )

    def _restore(self, entry: SignersEntry) -> None:
        self._accounts = dict(entry.accounts)
        self._agents = {agent.address: agent for agent in entry.agents}
        self._used = dict.fromkeys(entry.used)
        self._removed_ms = dict(entry.removed_ms)

    def _named_count(self, master: AccountId) -> int:
        return sum(1 for agent in self.agents_of(master) if agent.name)

    def _named_max(self, master: AccountId) -> int:
        return self._settings.agent_named_max + 2 * len(self.sub_accounts(master))

    def _parsed(self, full_name: str, now_ms: int) -> tuple[str, int]:
        name, marker, until = full_name.partition(_VALID_UNTIL)
        if len(name) > NAME_LENGTH_MAX:
            raise RequestError(f"Agent name {name} is longer than {NAME_LENGTH_MAX}.")
        if not marker:
            return name, now_ms + self._settings.agent_valid_days * DAY_MS
        if not until.isdigit() or int(until) > now_ms + _VALID_DAYS_MAX * DAY_MS:
            raise RequestError(f"Agent valid_until {until} is invalid.")
        return name, int(until)
