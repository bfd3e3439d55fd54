"""Everything one exchange knows, and the events of the operation under way."""

from collections.abc import Callable, Iterable

from services.paper_exchange.accounts import Account, SymbolSettings
from services.paper_exchange.events import Event
from services.paper_exchange.instruments import Contract, VenuePolicy
from services.paper_exchange.ledger import OrderLedger
from services.paper_exchange.market import Market
from services.paper_exchange.orders import (
    AccountId,
    ExecId,
    OrderId,
    OrderRefused,
    Refusal,
)


class VenueState:
    """Markets, accounts, orders and the counters that name new ones."""

    def __init__(self, contracts: Iterable[Contract], policy: VenuePolicy) -> None:
        self.markets = {contract.symbol: Market(contract) for contract in contracts}
        self.policy = policy
        self.accounts: dict[AccountId, Account] = {}
        self.denies_margin: Callable[[AccountId], bool] = lambda _: False
        self.ledger = OrderLedger()
        self.next_order_id = 1
        self.next_exec_id = 1
        self.next_trade_id = 1
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
        self.next_order_id += 1
        return OrderId(self.next_order_id - 1)

    def new_exec_id(self) -> ExecId:
        self.next_exec_id += 1
        return ExecId(self.next_exec_id - 1)

    def new_trade_id(self) -> int:
        self.next_trade_id += 1
        return self.next_trade_id - 1
