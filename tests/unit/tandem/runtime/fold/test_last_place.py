"""What a process leaves of the message at which it was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tandem.runtime.fold.last_place import LastPlace, Suspect

DIES = """
import os, signal, sys
from pathlib import Path
from tandem.runtime.fold.last_place import LastPlace
place = LastPlace(Path(sys.argv[1]))
with place.at(6):
    pass
with place.at(int(sys.argv[2])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_at(path: Path, seq: int) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, path, str(seq)], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL


def test_e8_a_process_killed_twice_at_one_message_leaves_its_name(tmp_path: Path) -> None:
    path = tmp_path / "place"
    die_at(path, 7)
    die_at(path, 7)

    assert LastPlace(path).suspect == Suspect(7, 2)


def test_an_end_elsewhere_or_between_two_messages_begins_to_count_anew(tmp_path: Path) -> None:
    path = tmp_path / "place"
    die_at(path, 7)
    die_at(path, 8)
    place = LastPlace(path)
    assert place.suspect == Suspect(8, 1)
    with place.at(9):
        pass

    assert LastPlace(path).suspect == Suspect(0, 0)


def test_an_exception_is_no_end(tmp_path: Path) -> None:
    path = tmp_path / "place"
    place = LastPlace(path)
    try:
        with place.at(9):
            raise LookupError
    except LookupError:
        pass

    assert LastPlace(path).suspect == Suspect(0, 0)


def test_a_file_of_another_form_counts_for_nothing_much(tmp_path: Path) -> None:
    path = tmp_path / "place"
    path.write_bytes(b"")
    assert LastPlace(path).suspect == Suspect(0, 0)
    path.write_bytes(b"x" * 3)
    LastPlace(path)
    assert LastPlace().suspect == Suspect(0, 0)
