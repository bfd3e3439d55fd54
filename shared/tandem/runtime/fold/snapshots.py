"""How a fold's state outlives its process: whole states with a cursor, checked before use.

1. A snapshot is a header, written last, and the pieces it names; its digest covers them all.
2. Its cursor names the message it was taken at; a stored message that differs means that the log
   was cut, and then the snapshot is of no use.
3. A snapshot is never replaced by an older one of the same log, unless that log was cut.
4. The one before the newest is kept as well: a cut may have taken what the newest was taken at.
"""

import hashlib
import zlib
from dataclasses import dataclass
from typing import Annotated

import msgspec

from tandem.bus.port import Cursor, Entry, Log
from tandem.messages import subjects
from tandem.runtime.fold.epochs import Standing
from tandem.runtime.fold.passed_over import Faults
from tandem.runtime.fold.timers import Armed

PART_BYTES = 512 * 1024
MOST_PARTS = 4_096  # two GiB, packed
FORMER = "former"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the runtime itself keeps beside the fold's state; `clock_ns` is the fold's clock.

    `aside`: which messages the state has passed over.

    Nothing up to `complete_seq` is unread: past the cursor there is nothing for this fold there.
    """

    cursor: Cursor
    complete_seq: int
    clock_ns: int
    standing: Standing
    armed: tuple[Armed, ...] = ()
    faults: Faults = msgspec.field(default_factory=Faults)
    aside: tuple[int, ...] = ()


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    kept: Kept
    slot: str
    parts: Annotated[int, msgspec.Meta(ge=0, le=MOST_PARTS)]
    digest: str
    taken_ns: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fold's state, as `dump` wrote it, and the runtime's."""

    kept: Kept
    state: bytes


class SnapshotStore:
    """The snapshots of one fold under one set of rules; `run` tells processes apart."""

    def __init__(self, log: Log, fold: str, rules: str, run: str) -> None:
        self._log = log
        self._fold = fold
        self._rules = rules
        self._run = run
        self._turn = 0
        self._was_cut = False

    def cut(self) -> None:
        """The log was cut: the next snapshot replaces whichever is there."""
        self._was_cut = True

    async def save(self, snapshot: Snapshot, now_ns: int) -> bool:
        """Write the snapshot; False when a newer one is there."""
        packed = zlib.compress(snapshot.state, level=1)
        former = await self._log.find(self._subject)
        if not (self._was_cut or _is_newest(snapshot.kept.cursor, former)):
            return False
        if former is not None:
            await self._log.append(self._part(FORMER, 0), former.payload)
        self._turn = 1 - self._turn
        slot = f"{self._run}-{self._turn}"
        parts = [packed[i : i + PART_BYTES] for i in range(0, len(packed), PART_BYTES)]
        for index, part in enumerate(parts):
            await self._log.append(self._part(slot, index), part)
        header = _Header(
            kept=snapshot.kept,
            slot=slot,
            parts=len(parts),
            digest=_digest(packed),
            taken_ns=now_ns,
        )
        await self._log.append(self._subject, msgspec.json.encode(header))
        self._was_cut = False
        return True

    async def load(self) -> Snapshot | None:
        """Return the newest snapshot, or None where there is none or not all of it."""
        return await self._loaded(self._subject)

    async def load_former(self) -> Snapshot | None:
        """Return the one before the newest; None as `load` does."""
        return await self._loaded(self._part(FORMER, 0))

    async def _loaded(self, subject: str) -> Snapshot | None:
        stored = await self._log.find(subject)
        header = _decode_header(stored) if stored is not None else None
        if header is None:
            return None
        parts = [await self._log.find(self._part(header.slot, i)) for i in range(header.parts)]
        packed = b"".join([part.payload for part in parts if part is not None])
        if _digest(packed) != header.digest:
            return None
        try:
            return Snapshot(header.kept, zlib.decompress(packed))
        except zlib.error:
            return None

    @property
    def _subject(self) -> str:
        return subjects.snapshot(self._fold, self._rules)

    def _part(self, slot: str, index: int) -> str:
        return subjects.snapshot_part(self._fold, self._rules, slot, index)


def _is_newest(cursor: Cursor, stored: Entry | None) -> bool:
    header = _decode_header(stored) if stored is not None else None
    if header is None or header.kept.cursor.created_ns != cursor.created_ns:
        return True
    return header.kept.cursor.seq <= cursor.seq


def _decode_header(stored: Entry) -> _Header | None:
    """Read a header; one that another version wrote, or that is none, is as good as none."""
    try:
        return msgspec.json.decode(stored.payload, type=_Header)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _digest(packed: bytes) -> str:
    return hashlib.blake2b(packed, digest_size=16).hexdigest()
