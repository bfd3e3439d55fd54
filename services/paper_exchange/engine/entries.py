"""What the journal says of an exchange's orders, fills and accounts."""

from decimal import Decimal

import msgspec

from services.paper_exchange.engine.accounts import Account, Position, SymbolSettings
from services.paper_exchange.engine.events import Filled
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.orders import AccountId, Order
from services.paper_exchange.engine.state_journal import Entry


class OrderEntry(Entry, frozen=True):
    """An order's latest state."""

    order: Order


class FillEntry(Entry, frozen=True):
    """One fill."""

    fill: Filled


class AccountEntry(Entry, frozen=True, kw_only=True):
    """An account's money, positions and settings."""

    account_id: AccountId
    wallet_balance: Decimal
    fees: FeeSchedule
    positions: tuple[Position, ...]
    settings: dict[str, SymbolSettings]
    collateral: dict[str, Decimal] = msgspec.field(default_factory=dict)


class ClearedEntry(Entry, frozen=True):
    """Ended orders and all fills were forgotten."""


def account_entry(account: Account) -> AccountEntry:
    """Return what the journal says of an account."""
    return AccountEntry(
        account_id=account.account_id,
        wallet_balance=account.wallet_balance,
        fees=account.fees,
        positions=tuple(account.positions.values()),
        settings=dict(account.settings),
        collateral=dict(account.collateral),
    )


def account_of(entry: AccountEntry) -> Account:
    """Return the account that an entry speaks of."""
    account = Account(entry.account_id, entry.wallet_balance, entry.fees)
    account.positions = {(p.symbol, p.position_side): p for p in entry.positions}
    account.settings = dict(entry.settings)
    account.collateral = dict(entry.collateral)
    return account
