"""What a log and a bus must do, whoever provides them (NATS, or memory in tests).

1. A subject is stored at most once in a log; the first content stays (`Appended.already`).
2. `append` returns only when the fact is stored or was stored before: it retries under the same
   subject until then. Cancelling it leaves the outcome unknown.
3. `follow` delivers in log order, without gaps or repeats, also across a server restart.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored message. `pending` counts those behind it that match the reader's filters."""

    seq: int
    ts_ns: int
    subject: str
    payload: bytes
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Appended:
    """`already` is True when the subject was taken before; `seq` is 0 when not known then."""

    seq: int
    already: bool = False


@dataclass(frozen=True, slots=True)
class LogState:
    """First and last sequence, creation time and message count of a log."""

    first_seq: int
    last_seq: int
    created_ns: int
    messages: int


class Following(Protocol):
    """A running reader; `close` ends it. `heard_ns` is the monotonic time of the last sign of life.

    A sign of life is a message or a heartbeat of the server: while it is fresh and nothing is
    pending, the reader stands at the head of the log.
    """

    @property
    def heard_ns(self) -> int: ...

    @property
    def pending(self) -> int: ...

    async def close(self) -> None: ...


class Log(Protocol):
    """A stream that keeps one message a subject, in one order."""

    async def append(self, subject: str, payload: bytes, *, same: bool = False) -> Appended:
        """Store a fact once.

        Args:
            subject: the fact's identity.
            payload: its bytes.
            same: when the subject is taken, read the stored message back and compare.

        Raises:
            ConflictError: `same` was asked and the stored content differs (`id already used`).
            InvalidInputError: the payload is larger than the server takes.
        """
        ...

    def append_soon(self, subject: str, payload: bytes) -> Awaitable[Appended]:
        """Start an append now, in call order, without waiting for its answer."""
        ...

    async def try_append(self, subject: str, payload: bytes) -> Appended:
        """Store once without buffering or retries: for proposals, which another copy may win.

        Raises:
            UnavailableError: no answer; it may or may not be stored.
        """
        ...

    async def follow(
        self, filters: Sequence[str], after_seq: int, on_entry: Callable[[Entry], None]
    ) -> Following:
        """Call `on_entry` for each stored message past `after_seq` that matches, in order."""
        ...

    async def get(self, seq: int) -> Entry | None:
        """Return the message stored at `seq`, or None when it is gone."""
        ...

    async def find(self, subject: str) -> Entry | None:
        """Return the newest message stored under a subject or filter, or None."""
        ...

    async def state(self) -> LogState: ...


class Bus(Protocol):
    """Everything a service meets others on: the log, the deltas, snapshots, requests."""

    @property
    def log(self) -> Log: ...

    @property
    def deltas(self) -> Log: ...

    @property
    def snapshots(self) -> Log:
        """Keeps the newest message a subject: an append there always stores."""
        ...

    @property
    def marks(self) -> Log:
        """As `snapshots`, in memory: the newest mark of each instrument."""
        ...

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask and return the reply.

        Raises:
            UnavailableError: nobody listens, or no answer in time.
        """
        ...

    async def serve(
        self, subject: str, answer: Callable[[bytes], Awaitable[bytes]], *, queue: str
    ) -> None:
        """Answer requests on `subject`; copies with one `queue` share them."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back after each reconnect: what was unread may have been delivered again."""
        ...

    @property
    def connected(self) -> bool: ...

    async def close(self) -> None: ...
