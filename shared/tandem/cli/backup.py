"""Copies the log into one file while the desk runs, and makes it anew from the file.

1. The file is a tar: for each stream its head, then its content in pieces, and at the very end a
   word that it is whole. A file without that word restores nothing.
2. Snapshots are copied before the log that they are of: a fold then never knows more than the log.
3. Marks are not copied: they live in memory, and gateways tell them again.
"""

import asyncio
import io
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from tandem.bus.nats import stream_backup
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.nats.stream_backup import StreamHead
from tandem.domain.errors import InvalidInputError, UnavailableError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock

STREAMS = (
    subjects.LEASES_STREAM,
    subjects.DELTAS_STREAM,
    subjects.SNAP_STREAM,
    subjects.OMS_STREAM,
)
HEAD, WHOLE = "head.json", "whole"
CONNECT_S = 10.0
# A copy gets its name when it is whole: one that failed leaves the former one as it was.
UNFINISHED = ".unfinished"
STANDARD = "-"


@dataclass(frozen=True, slots=True)
class Copied:
    """What of one stream was copied."""

    stream: str
    messages: int
    size: int


def backup(nats: NatsOptions, file: str) -> list[Copied]:
    """Write every stream to `file`, or to standard output for `-`.

    Raises:
        InvalidInputError: the file cannot be written.
        UnavailableError: the servers do not answer; what was in the file before is still there.
    """
    if file == STANDARD:
        return _written(nats, sys.stdout.buffer)
    path = Path(file)
    begun = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        with begun.open("wb") as target:
            copied = _written(nats, target)
        begun.replace(path)
    except OSError as error:
        raise _not_open(path, "written", error) from error
    finally:
        begun.unlink(missing_ok=True)
    return copied


def _written(nats: NatsOptions, target: BinaryIO) -> list[Copied]:
    with tarfile.open(fileobj=target, mode="w|") as tar:
        return asyncio.run(_save_all(nats, tar))


def _not_open(path: Path, what: str, error: OSError) -> InvalidInputError:
    return InvalidInputError("file", path, f"a file that can be {what}: {error.strerror}")


def restore(nats: NatsOptions, file: str, replicas: int) -> list[Copied]:
    """Make every stream anew on servers that have none, kept by `replicas` servers each.

    Raises:
        InvalidInputError: the file is not there, no backup, or not a whole one; then nothing is
            left behind.
        UnavailableError: a stream exists, or the server did not take it.
    """
    with ExitStack() as open_files:
        if file == STANDARD:
            source: BinaryIO = sys.stdin.buffer
        else:
            source = open_files.enter_context(_opened(Path(file)))
        try:
            with tarfile.open(fileobj=source, mode="r|") as tar:
                return asyncio.run(_load_all(nats, tar, replicas))
        except (tarfile.TarError, msgspec.DecodeError) as error:
            raise _not_whole(str(error)) from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _not_open(path, "read", error) from error


async def _save_all(nats: NatsOptions, tar: tarfile.TarFile) -> list[Copied]:
    bus = await _connected(nats)
    try:
        copied = [await _save(bus, tar, stream) for stream in STREAMS]
    finally:
        await bus.close()
    _add(tar, WHOLE, b"")
    return copied


async def _save(bus: NatsBus, tar: tarfile.TarFile, stream: str) -> Copied:
    head, pieces = await stream_backup.save(bus.api.client, stream)
    _add(tar, f"{stream}/{HEAD}", msgspec.json.encode(head))
    number = size = 0
    async for piece in pieces:
        number, size = number + 1, size + len(piece)
        _add(tar, f"{stream}/{number:08}", piece)
    return Copied(stream, head.messages, size)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


async def _load_all(nats: NatsOptions, tar: tarfile.TarFile, replicas: int) -> list[Copied]:
    bus = await _connected(nats)
    made: list[Copied] = []
    members = _Members(tar)
    try:
        while members.name != WHOLE:
            made.append(await _load(bus, members, replicas))
    except (tarfile.TarError, InvalidInputError):
        for one in made:
            with suppress(UnavailableError):
                await bus.api.delete_stream(one.stream)
        raise
    finally:
        await bus.close()
    return made


async def _load(bus: NatsBus, members: "_Members", replicas: int) -> Copied:
    stream, _, what = members.name.partition("/")
    if what != HEAD:
        raise _not_whole(f"{members.name!r} where a stream begins")
    head = msgspec.json.decode(members.content(), type=StreamHead)
    size = 0

    def pieces() -> Iterator[bytes]:
        nonlocal size
        while members.advance().startswith(f"{stream}/"):
            piece = members.content()
            size += len(piece)
            yield piece

    await stream_backup.load(bus.api.client, stream, head.kept_by(replicas), pieces())
    return Copied(stream, head.messages, size)


class _Members:
    """The tar's members in turn; `name` is the present one's, empty after the last."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._member: tarfile.TarInfo | None = None
        self.name = self.advance()

    def advance(self) -> str:
        self._member = self._tar.next()
        self.name = self._member.name if self._member is not None else ""
        return self.name

    def content(self) -> bytes:
        file = self._tar.extractfile(self._member) if self._member is not None else None
        return file.read() if file is not None else b""


async def _connected(nats: NatsOptions) -> NatsBus:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await NatsBus.connect(nats, SystemClock())
    except TimeoutError as error:
        raise UnavailableError(f"no NATS server at {nats.url}") from error


def _not_whole(why: str) -> InvalidInputError:
    return InvalidInputError("backup", why, "a whole file as `tandem backup` writes it")
