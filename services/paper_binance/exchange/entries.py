"""What the journal says of what only Binance has: the keys of accounts and their modes."""

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.engine.state_journal import Entry


class KeyEntry(Entry, frozen=True, kw_only=True):
    """An API key added to an account; one of `secret` and `public_key` is set."""

    api_key: str
    account_id: AccountId
    secret: str = ""
    public_key: str = ""


class ModesEntry(Entry, frozen=True, kw_only=True):
    """An account's position mode and margin assets."""

    account_id: AccountId
    dual_side: bool
    multi_assets: bool
