"""From where a copy of a fold goes on: a snapshot that the log bears out, or the log's beginning.

1. What is no snapshot, or none that this fold can load, is as good as none. So is one whose state
   has in it what is put aside; where there is none else, and the log's beginning has expired, it
   is taken all the same: what it has in it cannot be undone any more.
2. A copy never goes on without facts that have expired: what they called for would be undone.
"""

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from tandem.bus.cursor import is_borne_out
from tandem.bus.port import Entry, LogState
from tandem.domain.errors import InvariantError, MalformedMessageError, UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import facts, subjects
from tandem.messages.hedges import Aside
from tandem.runtime.fold.options import FoldOptions, FoldPorts
from tandem.runtime.fold.port import Fold
from tandem.runtime.fold.snapshots import Snapshot, SnapshotStore
from tandem.runtime.fold.state import FoldCopy, PutAside

ASK_AGAIN_S = 0.1
POLL_S = 0.02

S = TypeVar("S")
T = TypeVar("T")


class Restored(NamedTuple, Generic[S]):
    """A copy and the snapshot that it was made of."""

    copy: FoldCopy[S]
    snapshot: Snapshot


class Restorer(Generic[S]):
    """Makes copies of one fold; `aside` is what each of them passes over."""

    def __init__(
        self, fold: Fold[S], ports: FoldPorts, store: SnapshotStore, options: FoldOptions
    ) -> None:
        self.aside: MutableMapping[int, PutAside] = {}
        self._fold = fold
        self._ports = ports
        self._store = store
        self._options = options

    def empty(self, created_ns: int, accounts: frozenset[Exc] = frozenset()) -> FoldCopy[S]:
        """Return a copy that has read nothing."""
        return FoldCopy(self._fold, created_ns, accounts, self.aside)

    async def newest(self, state: LogState) -> Restored[S] | None:
        """Return what the newest snapshot holds; whether the log does, its reader will tell."""
        newest = self._restored(await self.asked(self._store.load))
        if newest is None or self._is_clean(newest):
            return newest
        return await self.borne_out(state)

    async def learn_asides(self) -> None:
        """Read what operators have put aside, before anything else is read."""
        self.aside.clear()
        if await self.asked(partial(self._ports.bus.log.find, subjects.ALL_ASIDES)) is None:
            return
        following = await self._ports.bus.log.follow((subjects.ALL_ASIDES,), 0, self._learn)
        while following.pending:
            await self._ports.clock.sleep(POLL_S)
        await following.close()

    def _learn(self, entry: Entry) -> None:
        with contextlib.suppress(MalformedMessageError):
            fact = facts.read_fact(entry.subject, entry.payload)
            if isinstance(fact, Aside):
                self.put_aside(fact, entry.seq)

    def put_aside(self, fact: Aside, at_seq: int) -> bool:
        """Pass a message before `at_seq` over from now on; False: it is passed over already."""
        if fact.seq in self.aside or fact.seq >= at_seq:
            return False
        self.aside[fact.seq] = PutAside(fact.subject, f"put aside by an operator: {fact.text}")
        return True

    def _is_clean(self, restored: Restored[S]) -> bool:
        """Tell whether a state has nothing in it that is put aside."""
        kept = restored.snapshot.kept
        return all(seq > kept.cursor.seq or seq in kept.aside for seq in self.aside)

    async def borne_out(self, state: LogState) -> Restored[S] | None:
        """Return the newest of the two snapshots kept that the log still bears out."""
        clean = await self._borne_out(state, self._is_clean)
        if clean is not None or state.first_seq <= 1:
            return clean
        other = await self._borne_out(state, lambda _restored: True)
        if other is not None:
            self._ports.log.error("what is put aside cannot be undone: the log begins after it")
        return other

    async def _borne_out(
        self, state: LogState, is_usable: Callable[[Restored[S]], bool]
    ) -> Restored[S] | None:
        for load in (self._store.load, self._store.load_former):
            restored = self._restored(await self.asked(load))
            if restored is None or not is_usable(restored):
                continue
            cursor = restored.copy.cursor
            stored = await self.asked(partial(self._ports.bus.log.get, cursor.seq))
            if is_borne_out(cursor, state, stored):
                return restored
        return None

    def refuse_gap(self, complete_seq: int, state: LogState) -> None:
        """Do not go on past facts that have expired unread."""
        if state.first_seq > complete_seq + 1 and not self._options.accept_gap:
            raise InvariantError(
                f"{self._fold.name}: facts after {complete_seq} have expired, the log begins "
                f"at {state.first_seq}, and no snapshot of {self._fold.version} covers them; "
                f"see 'Facts that have expired' in docs/operations.md"
            )

    async def asked(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return the answer, asking until there is one."""
        while True:
            try:
                return await question()
            except UnavailableError as error:
                self._ports.log.warning("no answer, asking again", error=str(error))
                await self._ports.clock.sleep(ASK_AGAIN_S)

    def _restored(self, snapshot: Snapshot | None) -> Restored[S] | None:
        if snapshot is None:
            return None
        try:
            return Restored(FoldCopy.restored(self._fold, snapshot, self.aside), snapshot)
        except Exception as error:  # noqa: BLE001 - whatever its bytes do, it is no snapshot then
            self._ports.log.error("snapshot not usable", error=str(error))
            return None
