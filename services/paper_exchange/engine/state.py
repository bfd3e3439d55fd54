"""Everything one exchange knows, and the events of the operation under way.

1. What must outlive the process goes through `put`, `add_fill` and `changed`, which note it.
2. After `restored` the books are as they were; the market begins anew, so whoever rested is first.
"""

from collections.abc import Callable, Iterable, Iterator

from services.paper_exchange.engine.accounts import Account, SymbolSettings
from services.paper_exchange.engine.entries import (
    AccountEntry,
    ClearedEntry,
    FillEntry,
    OrderEntry,
    account_entry,
    account_of,
)
from services.paper_exchange.engine.events import BookChanged, Event, Filled
from services.paper_exchange.engine.ledger import OrderLedger
from services.paper_exchange.engine.orders import (
    AccountId,
    ExecId,
    Order,
    OrderId,
    OrderRefused,
    Refusal,
)
from services.paper_exchange.engine.state_journal import StateJournal
from services.paper_exchange.market.instruments import Contract, VenuePolicy
from services.paper_exchange.market.market import Market

# Ids of published changes are used up by the second, and told to whoever watches the book.
RESERVED_CHANGES = 100_000


class VenueState:
    """Markets, accounts, orders and the counters that name new ones."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        policy: VenuePolicy,
        first_order_id: int = 1,
        first_exec_id: int = 1,
    ) -> None:
        self.markets = {contract.symbol: Market(contract) for contract in contracts}
        self.policy = policy
        self.accounts: dict[AccountId, Account] = {}
        self.denies_margin: Callable[[AccountId], bool] = lambda _: False
        self.counts_collateral: Callable[[AccountId], bool] = lambda _: False
        self.ledger = OrderLedger()
        self.journal = StateJournal()
        self._order_ids = self.journal.numbers("orders", first_order_id)
        self._exec_ids = self.journal.numbers("executions", first_exec_id)
        self._trade_ids = self.journal.numbers("trades", first_exec_id)
        self._change_ids = self.journal.numbers("changes", 1)
        self.journal.keep(AccountEntry, self._restore_account, self._accounts)
        self.journal.keep(OrderEntry, lambda entry: self.ledger.put(entry.order), self._open_orders)
        self.journal.keep(FillEntry, self._restore_fill)
        self.journal.keep(ClearedEntry, lambda _: self.ledger.clear_history())
        self._events: list[Event] = []

    def market(self, symbol: str) -> Market:
        market = self.markets.get(symbol)
        if market is None:
            raise OrderRefused(Refusal.UNKNOWN_SYMBOL, "symbol", symbol, "not listed")
        return market

    def account(self, account_id: AccountId) -> Account:
        account = self.accounts.get(account_id)
        if account is None:
            raise OrderRefused(Refusal.UNKNOWN_ACCOUNT, "account", account_id, "not known here")
        return account

    def settings(self, account: Account, symbol: str) -> SymbolSettings:
        """The account's leverage and margin mode, or the contract's defaults."""
        chosen = account.settings.get(symbol)
        if chosen is not None:
            return chosen
        return SymbolSettings(self.market(symbol).contract.default_leverage)

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def take_events(self) -> list[Event]:
        """Hand over the operation's events."""
        events, self._events = self._events, []
        return events

    def new_order_id(self) -> OrderId:
        return OrderId(self._order_ids.take())

    def new_exec_id(self) -> ExecId:
        return ExecId(self._exec_ids.take())

    def new_trade_id(self) -> int:
        return self._trade_ids.take()

    def publish_change(self, changed: BookChanged) -> None:
        """Emit a change of the book; its ids are reserved for all symbols together."""
        if changed.last_id >= self._change_ids.next:
            self._change_ids.reach(changed.last_id + 1, RESERVED_CHANGES)
        self.emit(changed)

    # What outlives the process.

    def put(self, order: Order) -> None:
        """Keep an order's new state."""
        self.ledger.put(order)
        self.journal.note(OrderEntry(order))

    def add_fill(self, fill: Filled) -> None:
        """Keep a fill."""
        self.ledger.fills.append(fill)
        self.journal.note(FillEntry(fill))

    def changed(self, account: Account) -> None:
        """Keep what an account has become."""
        self.accounts[account.account_id] = account
        self.journal.note(account_entry(account))

    def clear_history(self) -> None:
        """Forget ended orders and all fills."""
        self.ledger.clear_history()
        self.journal.note(ClearedEntry())

    def restored(self) -> None:
        """Let what was restored rest again, and count on from what was published."""
        for market in self.markets.values():
            market.last_id = self._change_ids.next
        for order in self.open_orders():
            if order.px is not None:
                self.market(order.symbol).rest(order, order.px)

    def open_orders(self) -> list[Order]:
        """Return every account's open orders in the order of their ids."""
        found = (o for account_id in self.accounts for o in self.ledger.open_orders(account_id))
        return sorted(found, key=lambda order: order.order_id)

    def missing_symbols(self) -> set[str]:
        """Return the symbols with open orders or positions that are not listed here."""
        orders = {order.symbol for order in self.open_orders()}
        held = {
            position.symbol
            for account in self.accounts.values()
            for position in account.positions.values()
            if position.amount
        }
        return (orders | held) - self.markets.keys()

    def _restore_account(self, entry: AccountEntry) -> None:
        self.accounts[entry.account_id] = account_of(entry)

    def _restore_fill(self, entry: FillEntry) -> None:
        """Take over a fill; one that was told before is known by its number."""
        fills = self.ledger.fills
        if not fills or fills[-1].exec_id < entry.fill.exec_id:
            fills.append(entry.fill)

    def _accounts(self) -> Iterator[AccountEntry]:
        return (account_entry(account) for account in self.accounts.values())

    def _open_orders(self) -> Iterator[OrderEntry]:
        return (OrderEntry(order) for order in self.open_orders())
