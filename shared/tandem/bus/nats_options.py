"""How to reach NATS: address and credentials, nothing else."""

from dataclasses import dataclass
from pathlib import Path

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
