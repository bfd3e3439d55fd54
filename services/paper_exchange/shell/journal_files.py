"""The journal on disk: what an exchange noted, an operation a line, in a few numbered files.

1. A line is handed to the system, in one write, before anybody hears of what it says. Whatever
   kills the process, what was answered is there; what a machine loses with its power is not.
2. A file begins with all that holds then, so that any file alone is enough to go on with; those
   before it hold history, and the oldest are deleted once all are too large together. However
   often an exchange is started, each time with a file of its own, it forgets nothing by that.
3. A last line without its end was never answered to anybody, and is cut off. Any other line that
   does not decode is damage, and nothing is begun on it.
4. One process at a time has the books.
"""

import fcntl
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path

import msgspec

from services.paper_exchange.engine.state_journal import Entry, StateJournal

FORMAT = 1
FILE_BYTES = 8 * 1024 * 1024
KEPT_FULL_FILES = 7
SUFFIX = ".journal"
DRAFT_SUFFIX = ".draft"
LOCK_FILE = "lock"
BOOKS_BYTES = 8
log = logging.getLogger(__name__)
OPENED = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class BooksError(ValueError):
    """Books that cannot be used; the text names the file and why."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of each file: which exchange's books, and which of them."""

    format: int
    exchange: str
    books: str


class JournalFiles:
    """One exchange's books in one directory."""

    def __init__(
        self, directory: Path, exchange: str, journal: StateJournal, file_bytes: int = FILE_BYTES
    ) -> None:
        self.books = ""
        self._directory, self._exchange = directory, exchange
        self._journal = journal
        self._file_bytes = file_bytes
        self._encoder = msgspec.json.Encoder()
        self._number = 0
        self._file = self._lock = -1
        self._size = self._full_size = 0

    def open(self, new_books: str) -> None:
        """Tell the journal what was noted before, and note what it says from now on.

        Args:
            new_books: names the books if there are none.

        Raises:
            BooksError: they are in use, damaged, or another exchange's.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        for draft in self._directory.glob(f"*{DRAFT_SUFFIX}"):
            draft.unlink()
        files = self._files()
        if files:
            _cut_torn_line(files[-1])
            self._number = int(files[-1].stem)
            for file in files:
                self._journal.restore(self._entries(file))
        self.books = self.books or new_books
        self._begin_file()
        self._journal.begin(self.append)

    def close(self) -> None:
        """Give the books back."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def append(self, entries: Sequence[Entry]) -> None:
        """Write one operation; raises OSError and leaves nothing of it if the disk takes it not."""
        line = self._encoder.encode(entries) + b"\n"
        try:
            _write(self._file, line)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)
        if self._size >= self._full_size:
            self._begin_next_file()

    def _begin_next_file(self) -> None:
        """Begin a file; without room for it the old one serves on, for it holds everything."""
        try:
            self._begin_file()
        except OSError as error:
            self._full_size = self._size + self._file_bytes
            log.warning("books go on in the old file: %s", error)

    def _take_lock(self) -> None:
        self._lock = os.open(self._directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BooksError(f"{self._directory}: another process has these books") from error

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{SUFFIX}"))

    def _begin_file(self) -> None:
        """Write all that holds now into a new file, and go on there."""
        path = self._directory / f"{self._number + 1:08d}{SUFFIX}"
        header = Header(format=FORMAT, exchange=self._exchange, books=self.books)
        held = self._encoder.encode(list(self._journal.standing()))
        head = self._encoder.encode(header) + b"\n" + held + b"\n"
        file = _written(path, head)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._number = file, len(head), self._number + 1
        self._full_size = len(head) + self._file_bytes
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Delete files while those after them hold as much as is kept.

        The oldest first: whatever ends it midway, what is left has no gap.
        """
        files = self._files()
        left_bytes = sum(file.stat().st_size for file in files)
        for file in files[:-1]:
            left_bytes -= file.stat().st_size
            if left_bytes < KEPT_FULL_FILES * self._file_bytes:
                return
            file.unlink()

    def _entries(self, path: Path) -> Iterator[Entry]:
        """Read one file; its header must be of these books."""
        decoder = _decoder(self._journal.kinds)
        with path.open("rb") as lines:
            self._check(path, next(lines, b""))
            for number, line in enumerate(lines, start=2):
                try:
                    entries = decoder.decode(line)
                except msgspec.MsgspecError as error:
                    raise BooksError(f"{path}, line {number}: {error}") from error
                yield from entries

    def _check(self, path: Path, line: bytes) -> None:
        try:
            header = msgspec.json.decode(line, type=Header)
        except msgspec.MsgspecError as error:
            raise BooksError(f"{path}, line 1: {error}") from error
        if header.format > FORMAT:
            raise BooksError(f"{path}: format {header.format}, and this version knows {FORMAT}")
        if header.exchange != self._exchange:
            raise BooksError(f"{path}: the books of {header.exchange}, not of {self._exchange}")
        self.books = self.books or header.books
        if header.books != self.books:
            raise BooksError(f"{path}: of other books than the file before it")


def opened_books(directory: str, exchange: str, journal: StateJournal) -> str:
    """Open the books in a directory, or with none keep nothing; return the books' name.

    Raises:
        BooksError: as `JournalFiles.open` does.
    """
    new_books = secrets.token_hex(BOOKS_BYTES)
    if not directory:
        return new_books
    files = JournalFiles(Path(directory), exchange, journal)
    files.open(new_books)
    return files.books


def _decoder(kinds: Iterable[type[Entry]]) -> "msgspec.json.Decoder[list[Entry]]":
    one_of = reduce(or_, kinds)
    return msgspec.json.Decoder(list[one_of])  # type: ignore[valid-type]  # known at run time


def _cut_torn_line(path: Path) -> None:
    """Cut off a last line that has no end."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _written(path: Path, content: bytes) -> int:
    """Make a file that appears with its content or not at all; return its descriptor."""
    draft = path.with_suffix(DRAFT_SUFFIX)
    file = os.open(draft, OPENED | os.O_TRUNC, 0o600)
    try:
        _write(file, content)
        os.fsync(file)
        draft.rename(path)
    except OSError:
        os.close(file)
        raise
    return file


def _write(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
