"""What a log and a bus must do, whoever provides them (NATS, or memory in tests).

1. A subject is stored at most once in a log; the first content stays (`Appended.already`).
2. `append` returns only when the fact is stored or was stored before: it retries under the same
   subject until then. Cancelling it leaves the outcome unknown.
3. `follow` delivers in log order, without gaps or repeats, also across a server restart. Before
   it reads on after a (re)connect it checks that the log still holds what it read last; if not,
   the log was cut, and it delivers nothing more (`OnCut`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from tandem.messages.presence import OtherClient, StrategyAlive


class Entry(Struct, frozen=True):
    """One stored message. `pending` counts those behind it that match the reader's filters."""

    seq: int
    ts_ns: int
    subject: str
    payload: bytes
    pending: int = 0


class Appended(Struct, frozen=True):
    """`already` is True when the subject was taken before; `seq` is 0 when not known then."""

    seq: int
    already: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """Store only while the newest message under `subjects` (a filter) is the one at `seq`."""

    subjects: str
    seq: int


@dataclass(frozen=True, slots=True)
class LogState:
    """First and last sequence of a log, when it was made, its messages and the bytes they take."""

    first_seq: int
    last_seq: int
    created_ns: int
    messages: int
    bytes: int = 0


class Cursor(Struct, frozen=True, kw_only=True):
    """A place in one log: the message read last there; seq 0 is before its first message."""

    created_ns: int
    seq: int = 0
    subject: str = ""
    ts_ns: int = 0


OnCut = Callable[[LogState], None]


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


class Reads(Protocol):
    """What may be read of a stream."""

    async def follow(
        self,
        filters: Sequence[str],
        after: int | Cursor,
        on_entry: Callable[[Entry], None],
        on_cut: OnCut | None = None,
    ) -> Following:
        """Call `on_entry` for each stored message past `after` that matches, in order.

        Args:
            filters: subjects; `*` is one token, `>` the rest.
            after: a sequence, or a place in the log as it was when it was left.
            on_entry: takes each message; if it raises, reading ends.
            on_cut: hears once, with the log as it is now, that it no longer holds what was read.
                The reader is of no use then: close it, and follow anew from a place that you
                choose. Without it a cut is a failure that ends the process.
        """
        ...

    async def find(self, subject: str) -> Entry | None:
        """Return the newest message stored under a subject or filter, or None."""
        ...

    async def state(self) -> LogState: ...


class IntentLog(Reads, Protocol):
    """The log as a strategy has it: to ask for something once, and to read what concerns it."""

    async def append(self, subject: str, payload: bytes, *, same: bool = False) -> Appended:
        """Store a fact once.

        Args:
            subject: the fact's identity.
            payload: its bytes.
            same: when the subject is taken, read the stored message back and compare.

        Raises:
            ConflictError: `same` was asked and the stored content differs (`id already used`).
            InvalidInputError: the payload is larger than the server takes, or this user may not
                publish under the subject.
        """
        ...


class Log(IntentLog, Protocol):
    """A stream that keeps one message a subject, in one order."""

    def append_soon(
        self, subject: str, payload: bytes, guard: Guard | None = None
    ) -> Awaitable[Appended]:
        """Start an append now, in call order, without waiting for its answer.

        Raises (when awaited):
            InvalidInputError: as `append` does.
            SupersededError: `guard` does not hold; the log itself compares, so nothing that is
                guarded is stored once what it guards against is.
        """
        ...

    async def try_append(self, subject: str, payload: bytes) -> Appended:
        """Store once without buffering or retries: for proposals, which another copy may win.

        Raises:
            UnavailableError: no answer; it may or may not be stored.
        """
        ...

    async def get(self, seq: int) -> Entry | None:
        """Return the message stored at `seq`, or None when it is gone."""
        ...


class Cells(Protocol):
    """Small records, one a subject, each replaced only by one who names what it replaces."""

    async def newest(self, subject: str) -> Entry | None:
        """Return the record as the server has it now, or None when there is none.

        Raises:
            UnavailableError: no answer.
        """
        ...

    async def replace(self, subject: str, payload: bytes, expected_seq: int) -> int | None:
        """Store a record if the newest one is still `expected_seq` (0: there is none).

        Returns:
            Its sequence, or None when the newest is another: nothing was stored.

        Raises:
            UnavailableError: no answer; it may be stored, also later.
        """
        ...

    async def watch(self, subject: str, on_offer: Callable[[bytes], None]) -> None:
        """Call back with each record that somebody offers: a hint to look.

        It may be lost, and it may come before the record is stored or without its being stored.
        """
        ...


class StrategyBus(Protocol):
    """What a strategy needs: to ask, to read, to put questions."""

    @property
    def log(self) -> IntentLog: ...

    @property
    def deltas(self) -> Reads: ...

    @property
    def marks(self) -> Reads: ...

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask and return the reply.

        Raises:
            UnavailableError: nobody listens, or no answer in time.
        """
        ...

    async def say_alive(
        self, alive: StrategyAlive, on_joining: Callable[[], None] | None = None
    ) -> tuple[OtherClient, ...]:
        """Say that a client of the strategy lives; return its others that were heard lately.

        `on_joining` is called, where it can be, when another client of any name begins: it waits
        to hear whether there is one of its own.

        Raises:
            UnavailableError: it was not told, or that is not known.
        """
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back after each reconnect: what was unread may have been delivered again."""
        ...

    @property
    def connected(self) -> bool: ...

    async def close(self) -> None: ...


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

    @property
    def leases(self) -> Cells:
        """Who may send for each account."""
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

    async def announce(self, subject: str, payload: bytes) -> None:
        """Tell whoever listens at this moment: nothing is stored and nothing confirmed."""
        ...

    async def listen(self, subject: str, on_word: Callable[[bytes], None]) -> None:
        """Call back with each announcement; any may be lost."""
        ...

    async def attend(self) -> None:
        """Hear from now on which clients of strategies live; else the first `say_alive` does."""
        ...

    async def say_alive(
        self, alive: StrategyAlive, on_joining: Callable[[], None] | None = None
    ) -> tuple[OtherClient, ...]:
        """Say that a client of a strategy lives, as a strategy's own bus does."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call back after each reconnect: what was unread may have been delivered again."""
        ...

    @property
    def connected(self) -> bool: ...

    async def close(self) -> None: ...
