"""How to reach NATS: address and credentials, nothing else."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.domain.errors import ConfigurationError

PING_INTERVAL_S = 2
RECONNECT_WAIT_S = 0.1
CONNECT_TIMEOUT_S = 2
CA_VARIABLE = "TANDEM_NATS_CA_FILE"
KEY_VARIABLE = "TANDEM_NATS_NKEY_SEED_FILE"
DEFAULT_URL = "nats://127.0.0.1:4222"


@dataclass(frozen=True, slots=True)
class NatsOptions:
    """`url` may list several servers, separated by commas; `name` is shown by the server.

    `gather_s`: pause after each read, so that a reader off the hedge path wakes less often.

    `creds_file` and `nkey_seed_file` are None when the server asks for no identity. `ca_file`
    holds the authority that vouches for the servers; None: no TLS, unless the URL says `tls://`.
    With either, a server that offers no TLS is told nothing.
    """

    url: str = DEFAULT_URL
    name: str = "tandem"
    creds_file: Path | None = None
    nkey_seed_file: Path | None = None
    ca_file: Path | None = None
    inbox_prefix: str = "_INBOX"
    gather_s: float = 0.0

    @property
    def encrypted(self) -> bool:
        """Whether only an encrypted connection will do."""
        return self.ca_file is not None or "tls://" in self.url

    @property
    def key_file(self) -> Path | None:
        """The file of what is shown to the server, if there is one."""
        return self.nkey_seed_file or self.creds_file


def connect_options(options: NatsOptions) -> dict[str, Any]:
    """Return what the client library takes to connect; callbacks are the caller's.

    Raises:
        ConfigurationError: the authority's file cannot be read.
    """
    credentials = {
        "user_credentials": options.creds_file and str(options.creds_file),
        "nkeys_seed": options.nkey_seed_file and str(options.nkey_seed_file),
        "tls": options.ca_file and _trusting(options.ca_file),
    }
    return {
        "servers": [url.strip() for url in options.url.split(",")],
        "name": options.name,
        "inbox_prefix": options.inbox_prefix,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": RECONNECT_WAIT_S,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "ping_interval": PING_INTERVAL_S,
        "max_outstanding_pings": 2,
        "pending_size": -1,
        **{name: value for name, value in credentials.items() if value},
    }


def _trusting(ca_file: Path) -> ssl.SSLContext:
    """Return a context that trusts one authority and no other."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(CA_VARIABLE, ca_file, "a file of certificates as PEM") from error
