"""Books on disk; numbers refer to the module's invariants."""

import os
import resource
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.matching import Engine
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.market.instruments import BINANCE_POLICY
from services.paper_exchange.shell.journal_files import (
    KEPT_FULL_FILES,
    BooksError,
    JournalFiles,
    opened_books,
)
from tests.unit.services.paper_exchange.builders import ALICE, buy, contract, place

NAME = "paper-test"
FEES = FeeSchedule(maker=Decimal(0), taker=Decimal(0))


class Exchange:
    """An engine with its books in a directory; each lifetime begins where the last one ended."""

    def __init__(self, directory: Path, file_bytes: int = 1 << 20, name: str = NAME) -> None:
        self.engine = Engine([contract()], BINANCE_POLICY)
        self.engine.open_account(ALICE, Decimal(1_000_000), FEES)
        self.files = JournalFiles(directory, name, self.engine.journal, file_bytes)
        self.files.open("books")
        self.engine.restored()

    def rest(self, px: int) -> Order:
        """Rest an order, and let the disk have it."""
        order = place(self.engine, ALICE, buy(1, px))
        self.engine.journal.commit()
        return order

    def prices(self) -> list[int]:
        return [int(order.px or 0) for order in self.engine.open_orders(ALICE)]


def ended(directory: Path, *prices: int) -> list[Path]:
    """Return the files that a lifetime with these orders left."""
    exchange = Exchange(directory)
    for px in prices:
        exchange.rest(px)
    exchange.files.close()
    return sorted(directory.glob("*.journal"))


def test_orders_are_there_after_a_restart(tmp_path: Path) -> None:
    ended(tmp_path, 90, 91)
    ended(tmp_path, 92)
    assert Exchange(tmp_path).prices() == [90, 91, 92]


@pytest.mark.parametrize(
    ("lost_count", "torn", "left"),
    [(1, b"", [90]), (30, b"", [90]), (0, b'[{"type":"Ord', [90, 91]), (0, b"", [90, 91])],
)
def test_a_last_line_without_its_end_is_cut_off(
    tmp_path: Path, lost_count: int, torn: bytes, left: list[int]
) -> None:
    """Invariant 3: its writer died in the middle of it, before it told anybody."""
    newest = ended(tmp_path, 90, 91)[-1]
    whole = newest.read_bytes()
    newest.write_bytes(whole[: len(whole) - lost_count] + torn)
    exchange = Exchange(tmp_path)
    assert exchange.prices() == left
    exchange.rest(92)
    exchange.files.close()
    assert Exchange(tmp_path).prices() == [*left, 92]


def test_a_line_that_does_not_decode_is_damage(tmp_path: Path) -> None:
    newest = ended(tmp_path, 90)[-1]
    newest.write_bytes(newest.read_bytes() + b'{"half": \n')
    with pytest.raises(BooksError, match=r"00000001\.journal, line 4"):
        Exchange(tmp_path)


def test_a_file_that_was_never_finished_is_not_read(tmp_path: Path) -> None:
    ended(tmp_path, 90)
    (tmp_path / "00000002.draft").write_bytes(b'{"format":1')
    assert Exchange(tmp_path).prices() == [90]


def test_files_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    """Invariant 2: what is open outlives the file that it was noted in."""
    exchange = Exchange(tmp_path, file_bytes=2_000)
    kept = exchange.rest(90)
    for _ in range(200):
        order = exchange.rest(80)
        exchange.engine.cancel(ALICE, order.order_id, 3)
        exchange.engine.journal.commit()
    exchange.files.close()
    files = sorted(tmp_path.glob("*.journal"))
    assert KEPT_FULL_FILES - 1 <= len(files) <= KEPT_FULL_FILES + 1
    assert max(file.stat().st_size for file in files) < 6_000
    assert Exchange(tmp_path).engine.order(kept.order_id) == kept


def test_no_start_makes_it_forget(tmp_path: Path) -> None:
    """Thirty mornings later an order of the first is still in the books, though it is over."""
    first = Exchange(tmp_path)
    name = first.rest(90).order_id
    first.engine.cancel(ALICE, name, 3)
    first.engine.journal.commit()
    ended_order = first.engine.order(name)
    first.files.close()

    for _ in range(30):
        Exchange(tmp_path).files.close()

    assert Exchange(tmp_path).engine.order(name) == ended_order


def test_files_that_are_deleted_leave_no_gap_whatever_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that ended within a gap would be open again."""
    for _ in range(6):
        Exchange(tmp_path).files.close()
    unlink = Path.unlink

    def once(file: Path) -> None:
        unlink(file)
        raise InterruptedError

    monkeypatch.setattr(Path, "unlink", once)
    with pytest.raises(InterruptedError):
        Exchange(tmp_path, file_bytes=1)
    numbers = [int(file.stem) for file in sorted(tmp_path.glob("*.journal"))]
    assert numbers == list(range(2, 8))


def test_the_newest_file_alone_is_enough_to_go_on_with(tmp_path: Path) -> None:
    ended(tmp_path, 90, 91)
    for old in ended(tmp_path, 92)[:-1]:
        old.unlink()
    assert Exchange(tmp_path).prices() == [90, 91, 92]


def test_one_process_at_a_time_has_the_books(tmp_path: Path) -> None:
    """Invariant 4."""
    first = Exchange(tmp_path)
    with pytest.raises(BooksError, match="another process"):
        Exchange(tmp_path)
    first.files.close()
    Exchange(tmp_path)


def test_books_of_another_exchange_are_refused(tmp_path: Path) -> None:
    ended(tmp_path, 90)
    with pytest.raises(BooksError, match="the books of paper-test, not of paper-other"):
        Exchange(tmp_path, name="paper-other")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b'{"format":2,"exchange":"paper-test","books":"b"}\n', "format 2"),
        (b'{"format":1}\n', "line 1"),
        (b"", "line 1"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path: Path, header: bytes, text: str) -> None:
    (tmp_path / "00000001.journal").write_bytes(header)
    with pytest.raises(BooksError, match=text):
        Exchange(tmp_path)


def test_files_of_two_books_are_never_mixed(tmp_path: Path) -> None:
    ended(tmp_path, 90)
    (tmp_path / "00000002.journal").write_bytes(
        b'{"format":1,"exchange":"paper-test","books":"others"}\n[]\n'
    )
    with pytest.raises(BooksError, match="other books"):
        Exchange(tmp_path)


def test_books_keep_their_name(tmp_path: Path) -> None:
    engine = Engine([contract()], BINANCE_POLICY)
    name = opened_books(str(tmp_path), NAME, engine.journal)
    (copy := tmp_path / "copy").mkdir()
    for file in tmp_path.glob("*.journal"):
        (copy / file.name).write_bytes(file.read_bytes())
    again = Engine([contract()], BINANCE_POLICY)
    assert opened_books(str(copy), NAME, again.journal) == name
    assert opened_books("", NAME, engine.journal) != name


def test_what_the_disk_does_not_take_leaves_no_trace(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path)
    exchange.rest(90)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = next(tmp_path.glob("*.journal")).stat().st_size
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limit[1]))
    try:
        with pytest.raises(OSError, match="large"):
            exchange.rest(91)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    exchange.rest(92)
    exchange.files.close()
    assert Exchange(tmp_path).prices() == [90, 91, 92]


def test_without_room_for_the_next_file_the_old_one_serves_on(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, file_bytes=1)
    (in_the_way := tmp_path / "00000002.draft").mkdir()
    exchange.rest(90)
    exchange.rest(91)
    exchange.files.close()
    in_the_way.rmdir()
    assert Exchange(tmp_path).prices() == [90, 91]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.services.paper_exchange.shell.test_journal_files import Exchange
exchange = Exchange(Path(sys.argv[1]))
for px in range(50, 80):
    exchange.rest(px)
    print(px, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    """Invariant 1."""
    command = (sys.executable, "-c", KILLED, str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    answered = [int(line) for line in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert Exchange(tmp_path).prices() == answered == list(range(50, 80))
