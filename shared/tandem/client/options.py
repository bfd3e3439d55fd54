"""How a client reaches the bus, how long it waits, how much it holds."""

from dataclasses import dataclass
from pathlib import Path

from tandem.runtime.failpoints import Seam, no_seam
from tandem.runtime.resend_buffer import KEPT_S


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to reach NATS, how long to wait for it and the state services, how much to hold.

    With a key or credentials everything goes through the service `access`, and answers come to the
    inbox that the server keeps for this strategy; without either the client talks to NATS itself.
    What is not given here is taken from the environment or a connection file (connecting.py).
    `through_access` forces one or the other; `inbox_prefix` names another inbox.
    `most_waiting`: changes that a slow handler may have unseen before reading waits for it.
    `offers_kept_s`: how long an intent is kept to be offered again to a log that has lost it; one
    that still stands is kept for longer. `prices_timeout_s`: how long `init` waits for the first
    price of each instrument that is held or has open orders. `hedger_timeout_s`: how long it waits
    for the page of hedges; without it the client starts, and `oms.stale` names that page.
    """

    credentials_file: Path | None = None
    nkey_seed_file: Path | None = None
    ca_file: Path | None = None
    inbox_prefix: str = ""
    through_access: bool | None = None
    ready_timeout_s: float = 10.0
    append_timeout_s: float = 5.0
    drain_timeout_s: float = 5.0
    prices_timeout_s: float = 1.0
    hedger_timeout_s: float = 2.0
    most_waiting: int = 10_000
    offers_kept_s: int = KEPT_S
    seam: Seam = no_seam

    @property
    def has_user(self) -> bool:
        """Whether the bus knows this strategy by a user of its own."""
        if self.through_access is not None:
            return self.through_access
        return self.nkey_seed_file is not None or self.credentials_file is not None
