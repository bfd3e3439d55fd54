"""Whether our key may act for the account whose orders and fills we ask for.

1. A query for an agent's own address answers with nothing and no error (Hyperliquid docs, API
   wallets), so a wrong address is refused before anything is believed.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from services.gateway_hyperliquid.protocol.wire import UserRole
from tandem.domain.errors import ConfigurationError
from tandem.domain.network import Network
from tandem.gateway.port.decoding import UnreadableError, decode
from tandem.gateway.port.requests import VenueQueryError
from tandem.transport.exchange import RawAnswer

DIGEST_LENGTH: Final = 16
_role: Final = msgspec.json.Decoder(UserRole)


@dataclass(frozen=True, slots=True)
class Identity:
    """The account that owns the orders, the key's address, the sub-account or vault traded.

    `others`: addresses of further keys that sign in turn. `network`: the world they belong to.
    """

    account: str
    signer: str
    vault: str | None = None
    others: tuple[str, ...] = ()
    network: Network = Network.PAPER

    @property
    def queried(self) -> str:
        """Return the address that all questions and streams name."""
        return self.vault or self.account

    @property
    def digest(self) -> str:
        """Return what names the account without telling whose it is."""
        return hashlib.sha256(self.queried.encode()).hexdigest()[:DIGEST_LENGTH]


def check_role(identity: Identity, answer: RawAnswer) -> None:
    """Refuse a key that the venue does not know as an agent of the account, or as its owner.

    Raises:
        ConfigurationError: account and key do not belong together.
        VenueQueryError: the venue gave no usable answer.
    """
    role = _decoded(answer)
    master = role.data.user.lower() if role.data is not None and role.data.user else None
    if role.role != "agent":
        _check_owner(identity, role.role)
    elif identity.account == identity.signer:
        rule = f"an agent's own address; the account it acts for is {master}"
        raise ConfigurationError("HYPERLIQUID_ACCOUNT", identity.account, rule)
    elif master != identity.account:
        rule = f"not the account of agent {identity.signer}, which acts for {master}"
        raise ConfigurationError("HYPERLIQUID_ACCOUNT", identity.account, rule)


def _check_owner(identity: Identity, role: str) -> None:
    if identity.account != identity.signer:
        rule = f"must be an approved agent of {identity.account}; the venue says {role!r}"
        raise ConfigurationError("HYPERLIQUID_AGENT_KEY", identity.signer, rule)


def _decoded(answer: RawAnswer) -> UserRole:
    if answer.status != 200:
        raise VenueQueryError(f"userRole: HTTP {answer.status}")
    try:
        return decode(_role, answer.body)
    except UnreadableError as error:
        raise VenueQueryError(f"userRole: {error}") from error
