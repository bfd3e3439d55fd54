"""Whose API key it is and how its requests are signed; the keys known without configuration."""

import re

import msgspec

from services.paper_binance.auth.signature import ApiKey, Credential, HmacSecret, public_key
from services.paper_binance.wire.errors import Code, VenueError
from services.paper_exchange.engine.orders import AccountId

KEY_FORMAT = re.compile(r"[\x21-\x7e]{1,128}")

# Public test keys, documented and worthless: nothing but paper stands behind them.
PAPER_ACCOUNT = AccountId("paper")
PAPER_HMAC_KEY = ApiKey("paper-binance-key")
PAPER_HMAC_SECRET = "paper-binance-secret"  # noqa: S105 - a documented test key
PAPER_ED25519_KEY = ApiKey("paper-binance-ed25519")
# RFC 8032 §7.1, test 1.
PAPER_ED25519_PUBLIC = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""


class Holder(msgspec.Struct, frozen=True):
    """The account behind a key and the key's credential."""

    account_id: AccountId
    credential: Credential


class Keyring:
    """All API keys of the venue; several may belong to one account."""

    def __init__(self) -> None:
        self._holders: dict[ApiKey, Holder] = {}

    def add(self, api_key: ApiKey, account_id: AccountId, credential: Credential) -> None:
        self._holders[api_key] = Holder(account_id, credential)

    def holder(self, api_key: str | None) -> Holder:
        """Return whose key this is, or refuse it (401)."""
        if not api_key or not KEY_FORMAT.fullmatch(api_key):
            raise VenueError(Code.BAD_API_KEY_FORMAT)
        holder = self._holders.get(ApiKey(api_key))
        if holder is None:
            raise VenueError(Code.REJECTED_KEY)
        return holder


def paper_keyring() -> Keyring:
    """Return a keyring with the documented test keys of the paper account."""
    keyring = Keyring()
    keyring.add(PAPER_HMAC_KEY, PAPER_ACCOUNT, HmacSecret(PAPER_HMAC_SECRET))
    keyring.add(PAPER_ED25519_KEY, PAPER_ACCOUNT, public_key(PAPER_ED25519_PUBLIC))
    return keyring
