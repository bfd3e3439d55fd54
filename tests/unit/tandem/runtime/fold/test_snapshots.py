import hashlib

import msgspec
import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.bus.port import Cursor
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tandem.runtime.fold.epochs import Standing
from tandem.runtime.fold.snapshots import Kept, Snapshot, SnapshotStore
from tandem.runtime.fold.timers import Armed


def snapshot(seq: int = 5, state: bytes = b"state", created_ns: int = 1) -> Snapshot:
    kept = Kept(
        cursor=Cursor(created_ns=created_ns, seq=seq, subject="oms.a", ts_ns=9),
        complete_seq=seq,
        clock_ns=9,
        standing=Standing(epoch=2),
        armed=(Armed("k", 0, 7),),
    )
    return Snapshot(kept, state)


def store(bus: MemoryBus, run: str = "run") -> SnapshotStore:
    return SnapshotStore(bus.snapshots, "fold", "rules", run)


async def test_what_was_saved_is_loaded() -> None:
    bus = MemoryBus(SystemClock())
    large = bytes(range(256)) * 8_000

    written = await store(bus).save(snapshot(state=large), 1)

    loaded = await store(bus, "other").load()
    assert written
    assert loaded == snapshot(state=large)


async def test_without_a_snapshot_nothing_is_loaded() -> None:
    assert await store(MemoryBus(SystemClock())).load() is None


async def test_an_older_snapshot_does_not_replace_a_newer_one() -> None:
    bus = MemoryBus(SystemClock())
    await store(bus).save(snapshot(seq=9), 1)

    written = await store(bus, "other").save(snapshot(seq=5), 2)

    assert not written
    assert await store(bus).load() == snapshot(seq=9)


async def test_after_a_cut_the_next_snapshot_replaces_a_newer_one_and_only_that_one_does() -> None:
    bus = MemoryBus(SystemClock())
    cut = store(bus)
    await cut.save(snapshot(seq=9), 1)

    cut.cut()

    assert await cut.save(snapshot(seq=5), 2)
    assert not await cut.save(snapshot(seq=3), 3)
    assert await store(bus).load() == snapshot(seq=5)


async def test_the_snapshot_before_the_newest_is_kept() -> None:
    bus = MemoryBus(SystemClock())
    one = store(bus)
    assert await one.load_former() is None
    for seq in (5, 7, 9):
        await one.save(snapshot(seq=seq), seq)

    assert await store(bus).load_former() == snapshot(seq=7)


async def test_a_snapshot_of_another_log_is_replaced() -> None:
    bus = MemoryBus(SystemClock())
    await store(bus).save(snapshot(seq=9, created_ns=1), 1)

    assert await store(bus).save(snapshot(seq=2, created_ns=4), 2)


async def test_a_snapshot_with_a_damaged_piece_is_none() -> None:
    bus = MemoryBus(SystemClock())
    await store(bus).save(snapshot(), 1)
    await bus.snapshots.append(subjects.snapshot_part("fold", "rules", "run-1", 0), b"damaged")

    assert await store(bus).load() is None


async def test_a_header_of_another_version_is_none() -> None:
    bus = MemoryBus(SystemClock())
    await bus.snapshots.append(subjects.snapshot("fold", "rules"), msgspec.json.encode({"v": 9}))

    assert await store(bus).load() is None


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff", b'{"a":' * 1_200, b"null", b"[1e400]"])
async def test_e2_what_stands_in_a_snapshots_place_and_is_none_is_as_good_as_none(
    junk: bytes,
) -> None:
    bus = MemoryBus(SystemClock())
    await bus.snapshots.append(subjects.snapshot("fold", "rules"), junk)

    assert await store(bus).load() is None
    assert await store(bus).save(snapshot(), 1)
    assert await store(bus).load() == snapshot()


async def test_e2_a_header_that_names_no_true_pieces_is_as_good_as_none() -> None:
    bus = MemoryBus(SystemClock())
    await store(bus).save(snapshot(), 1)
    subject = subjects.snapshot("fold", "rules")
    stored = await bus.snapshots.find(subject)
    assert stored is not None
    header = msgspec.json.decode(stored.payload)
    part = subjects.snapshot_part("fold", "rules", header["slot"], 0)
    digest = hashlib.blake2b(b"not packed", digest_size=16).hexdigest()
    await bus.snapshots.append(part, b"not packed")
    for changes in ({"digest": digest}, {"parts": 10**9}, {"parts": -1}):
        await bus.snapshots.append(subject, msgspec.json.encode(header | changes))
        assert await store(bus).load() is None
