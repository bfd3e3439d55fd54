"""What a fold is and what it may ask for: the runtime carries the effects out.

1. A fold's state changes only in `apply`, on a message read from the log, in log order.
2. `apply` is deterministic: same log, same state, same effects, in every copy.
3. Facts are appended and deltas published by every copy; identities make the copies one.
4. `propose` changes nothing. Only a copy at the head of the log is asked for proposals.
"""

from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from tandem.domain.errors import MalformedMessageError
from tandem.messages import facts
from tandem.messages.codec import Answer, AnyDelta, Fact, Query


class LogEvent(Struct, frozen=True):
    """One message of the log, decoded; `fact` is the error itself when it could not be.

    `ts_ns` is the log's own timestamp made non-decreasing: the fold's clock. `epoch` is the one
    in force (it grows when a cut log was rebuilt); deltas carry it.
    """

    seq: int
    ts_ns: int
    subject: str
    fact: Fact | MalformedMessageError
    epoch: int = 0

    @property
    def place(self) -> str:
        """Return where in the log this is; sequences start anew with an epoch."""
        return f"{self.epoch}.{self.seq}"


class Append(Struct, frozen=True):
    """Log a fact that follows from the state, under its identity."""

    fact: Fact

    @property
    def subject(self) -> str:
        return facts.subject_of(self.fact)


class Publish(Struct, frozen=True):
    """Publish a delta of one entity. Deltas of one `entity` are stored strictly in turn."""

    entity: str
    delta: AnyDelta

    @property
    def subject(self) -> str:
        return facts.subject_of_delta(self.delta)


class SetRow(Struct, frozen=True):
    """Write (or with None delete) one row of a page kept in Redis, e.g. page `orders:binance`."""

    page: str
    row: str
    value: bytes | None


class ArmTimer(Struct, frozen=True):
    """Wake the fold at `due_ns` of its own clock by logging TimerFired(key, attempt)."""

    key: str
    attempt: int
    due_ns: int


Effect = Append | Publish | SetRow | ArmTimer


class Head(Struct, frozen=True):
    """Where a copy at the head stands: epoch, last sequence read, the fold's clock."""

    epoch: int
    seq: int
    ts_ns: int


class Proposal(Struct, frozen=True):
    """A fact to log if no other copy took its subject first; one at a time for each `bucket`."""

    bucket: str
    fact: Fact

    @property
    def subject(self) -> str:
        return facts.subject_of(self.fact)


S = TypeVar("S")


class Fold(Protocol, Generic[S]):
    """A pure fold of the log. `name` and `version` key its snapshots.

    `offers_intents`: whether it logs again hedge intents that a cut log has lost; the one service
    that may write them does.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Tells apart what folds differently, or keeps its state differently."""
        ...

    @property
    def offers_intents(self) -> bool: ...

    @property
    def filters(self) -> tuple[str, ...]: ...

    def initial(self) -> S: ...

    def apply(self, state: S, event: LogEvent) -> tuple[Effect, ...]:
        """Change `state` by one logged fact and return what follows from it."""
        ...

    def propose(self, state: S, head: Head) -> tuple[Proposal, ...]: ...

    def dump(self, state: S) -> bytes: ...

    def load(self, snapshot: bytes) -> S: ...

    def answer(self, state: S, head: Head, subject: str, query: Query) -> Answer:
        """Answer a page request from memory."""
        ...

    @property
    def answers(self) -> tuple[str, ...]:
        """The request subjects this fold answers."""
        ...
