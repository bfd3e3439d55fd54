"""How to reach NATS: address and credentials, nothing else."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "nats://127.0.0.1:4222"


@dataclass(frozen=True, slots=True)
class NatsOptions:
    """`url` may list several servers, separated by commas; `name` is shown by the server.

    `creds_file` and `nkey_seed_file` are None when the server asks for no identity.
    """

    url: str = DEFAULT_URL
    name: str = "tandem"
    creds_file: Path | None = None
    nkey_seed_file: Path | None = None
    inbox_prefix: str = "_INBOX"
