"""From where a copy of a fold goes on: a snapshot that the log bears out, or the log's beginning.

1. What is no snapshot, or none that this fold can load, is as good as none.
2. A copy never goes on without facts that have expired: what they called for would be undone.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from tandem.bus.place import is_borne_out
from tandem.bus.port import LogState
from tandem.domain.errors import InvariantError, UnavailableError
from tandem.domain.ids import Exc
from tandem.runtime.effects import Fold
from tandem.runtime.fold_copy import FoldCopy
from tandem.runtime.fold_ports import FoldOptions, FoldPorts
from tandem.runtime.snapshots import Snapshot, SnapshotStore

ASK_AGAIN_S = 0.1

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
        self.aside: MutableMapping[int, str] = {}
        self._fold = fold
        self._ports = ports
        self._store = store
        self._options = options

    def empty(self, created_ns: int, accounts: frozenset[Exc] = frozenset()) -> FoldCopy[S]:
        """Return a copy that has read nothing."""
        return FoldCopy(self._fold, created_ns, accounts, self.aside)

    async def newest(self) -> Restored[S] | None:
        """Return what the newest snapshot holds; whether the log does, its reader will tell."""
        return self._restored(await self.asked(self._store.load))

    async def borne_out(self, state: LogState) -> Restored[S] | None:
        """Return the newest of the two snapshots kept that the log still bears out."""
        for load in (self._store.load, self._store.load_former):
            restored = self._restored(await self.asked(load))
            if restored is None:
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
