"""Who may trade what at all: restricted accounts and symbols that are not trading."""

from enum import StrEnum

import msgspec

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_exchange.engine.orders import AccountId


class Restriction(StrEnum):
    """What the venue may forbid an account."""

    REDUCE_ONLY = "REDUCE_ONLY"
    NO_PERMISSION = "NO_PERMISSION"
    INACTIVE = "INACTIVE"


class SymbolStatus(StrEnum):
    """Where a symbol stands in its life (Binance docs, exchange information)."""

    PENDING_TRADING = "PENDING_TRADING"
    TRADING = "TRADING"
    TRADING_HALT = "TRADING_HALT"
    TRADING_CANCEL_ONLY = "TRADING_CANCEL_ONLY"
    PRE_SETTLE = "PRE_SETTLE"
    SETTLING = "SETTLING"
    PRE_DELIVERING = "PRE_DELIVERING"
    DELIVERING = "DELIVERING"
    DELIVERED = "DELIVERED"
    CLOSE = "CLOSE"


REFUSALS = {
    Restriction.REDUCE_ONLY: Code.REDUCE_ONLY_ACCOUNT,
    Restriction.NO_PERMISSION: Code.NO_PERMISSION,
    Restriction.INACTIVE: Code.INACTIVE_ACCOUNT,
}


class Permissions(msgspec.Struct):
    """Restricted accounts and symbols not trading; what is not named is free."""

    accounts: dict[AccountId, Restriction] = {}
    symbols: dict[str, SymbolStatus] = {}

    def status(self, symbol: str) -> SymbolStatus:
        return self.symbols.get(symbol, SymbolStatus.TRADING)

    def check_order(self, account_id: AccountId, symbol: str, *, is_reducing: bool) -> None:
        """Refuse a new order of a restricted account or on a symbol that is not trading."""
        restriction = self.accounts.get(account_id)
        if restriction is not None and not (is_reducing and restriction is Restriction.REDUCE_ONLY):
            raise VenueError(REFUSALS[restriction])
        status = self.status(symbol)
        if status is SymbolStatus.CLOSE:
            raise VenueError(Code.SYMBOL_CLOSED)
        if status is not SymbolStatus.TRADING and not is_reducing:
            raise VenueError(Code.NOT_OPENING)

    def check_amend(self, symbol: str) -> None:
        if self.status(symbol) is not SymbolStatus.TRADING:
            raise VenueError(Code.AMEND_NOT_TRADING)
