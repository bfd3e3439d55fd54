import msgspec

from tandem.domain.seen_ids import MOST_NEW, SeenIds


def counted(*numbers: int) -> SeenIds:
    seen = SeenIds()
    for number in numbers:
        assert seen.add(f"id-{number}")
    return seen


def test_an_id_counts_once_however_long_ago_it_came() -> None:
    seen = counted(*range(10 * MOST_NEW + 5))

    assert not any(seen.add(f"id-{number}") for number in range(10 * MOST_NEW + 5))
    assert "id-3" in seen
    assert "id-none" not in seen
    assert len(seen) == 10 * MOST_NEW + 5


def test_two_sets_become_one() -> None:
    one, other = counted(*range(3 * MOST_NEW)), counted(*range(1_000, 1_000 + 3 * MOST_NEW + 7))
    one.join(other)

    assert not any(one.add(f"id-{number}") for number in (0, 5, 1_000, 1_000 + 3 * MOST_NEW + 6))
    assert len(one) == 6 * MOST_NEW + 7


def test_a_loaded_set_is_the_one_that_was_saved() -> None:
    seen = counted(*range(3 * MOST_NEW + 1))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=SeenIds)

    assert again == seen
    assert not again.add("id-7")


def test_e7_ids_of_an_order_of_many_fills_take_eight_bytes_each() -> None:
    seen = counted(*range(20_000))

    assert len(seen.newest) < MOST_NEW
    assert sum(map(len, seen.runs)) <= 8 * 20_000
    assert len(seen.runs) < 16
