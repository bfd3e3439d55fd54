import msgspec
import pytest

from tandem.runtime import archive as archives
from tandem.runtime.archive import PER_BLOCK, Archive


def filled(count: int, start: int = 0) -> Archive:
    archive = Archive()
    for number in range(start, start + count):
        archive.put(names(number), number, payload(number))
    return archive


def names(number: int) -> tuple[str, str]:
    return f"cloid-{number}", f"oid-{number}"


def payload(number: int) -> bytes:
    return b"order %d" % number


def test_a_record_is_found_by_each_of_its_names_wherever_it_lies() -> None:
    count = 5 * PER_BLOCK
    archive = filled(count)

    assert len(archive) == count
    assert len(archive.blocks) == 4
    assert list(archive.payloads()) == [payload(number) for number in range(count)]
    for number in range(count):
        assert [archive.peek(name) for name in names(number)] == [payload(number)] * 2
    assert archive.peek("cloid-none") is None


@pytest.mark.parametrize("number", [3, 5 * PER_BLOCK - 1])
def test_what_is_taken_out_is_gone_under_every_name(number: int) -> None:
    archive = filled(5 * PER_BLOCK)

    assert archive.take(names(number)[1]) == payload(number)
    assert [archive.peek(name) for name in names(number)] == [None, None]
    assert archive.take(names(number)[0]) is None
    assert len(archive) == 5 * PER_BLOCK - 1


def test_what_is_put_in_again_counts_once_as_it_is_now() -> None:
    archive = filled(3 * PER_BLOCK)
    archive.put((*names(3), "oid-new"), 10_000, b"later")

    assert [archive.peek(name) for name in (*names(3), "oid-new")] == [b"later"] * 3
    assert len(archive) == 3 * PER_BLOCK
    archive.put(names(3), 10_001, b"last")
    assert (archive.peek("oid-3"), archive.peek("oid-new")) == (b"last", None)


def test_a_further_name_goes_over_to_the_record_that_took_it_last() -> None:
    archive = Archive()
    archive.put(("a", "shared"), 1, b"a")
    archive.put(("b", "shared"), 2, b"b")

    assert archive.take("a") == b"a"
    assert archive.peek("shared") == b"b"


def test_records_are_let_go_of_when_they_are_too_old() -> None:
    archive = filled(5 * PER_BLOCK)

    archive.expire(3 * PER_BLOCK)
    assert archive.peek(names(3 * PER_BLOCK - 1)[0]) is None
    assert archive.peek(names(3 * PER_BLOCK)[0]) == payload(3 * PER_BLOCK)
    archive.expire(4 * PER_BLOCK + 7)
    assert archive.peek(names(4 * PER_BLOCK + 6)[1]) is None
    assert archive.peek(names(4 * PER_BLOCK + 7)[1]) == payload(4 * PER_BLOCK + 7)
    archive.expire(10 * PER_BLOCK)
    assert (len(archive), archive.others, archive.runs) == (0, {}, [])


def test_only_the_newest_records_are_kept() -> None:
    archive = filled(5 * PER_BLOCK)

    archive.keep_newest(3 * PER_BLOCK - 1)
    assert len(archive) == 3 * PER_BLOCK
    assert archive.peek("cloid-0") is None
    archive.keep_newest(0)
    assert (archive.blocks, len(archive)) == ({}, PER_BLOCK)


def test_a_block_out_of_which_everything_was_taken_is_gone() -> None:
    archive = filled(2 * PER_BLOCK)
    for number in range(PER_BLOCK):
        assert archive.take(names(number)[0]) == payload(number)

    assert (archive.blocks, len(archive)) == ({}, PER_BLOCK)


def test_names_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_hash", lambda name: len(name) << 32)
    archive = filled(4 * PER_BLOCK)

    assert archive.peek("cloid-7") == payload(7)
    assert archive.take("cloid-8") == payload(8)
    assert archive.peek("cloid-x") is None


def test_a_loaded_archive_is_the_one_that_was_saved() -> None:
    archive = filled(5 * PER_BLOCK)
    loaded = msgspec.msgpack.decode(msgspec.msgpack.encode(archive), type=Archive)

    assert loaded == archive
    archive.put(("new",), 9_999, b"new")
    loaded.put(("new",), 9_999, b"new")
    assert loaded.take("cloid-1") == archive.take("cloid-1") == payload(1)
    assert loaded == archive


def test_e7_an_archive_is_as_large_as_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_IN_RUN", 4 * PER_BLOCK)
    window = 20 * PER_BLOCK
    archive, sizes = Archive(), []
    for number in range(8 * window):
        archive.put(names(number), number, payload(number))
        if number % window == window - 1:
            archive.expire(number - window)
            sizes.append(archive.size)
            assert len(archive) <= window + 2 * PER_BLOCK

    assert sizes[-1] < 1.2 * sizes[1]
    assert archive.size / len(archive) < 60
