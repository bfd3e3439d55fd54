from tandem.runtime.window import PER_BLOCK, Window

Item = tuple[str, bytes]


def window(kept_ns: int = 1_000_000, most: int = 1_000_000) -> Window[Item]:
    return Window(tuple[str, bytes], kept_ns, most)


def test_what_is_kept_comes_back_in_order() -> None:
    kept = window()
    items = tuple((str(n), b"x" * (n % 7)) for n in range(5 * PER_BLOCK))
    for ns, item in enumerate(items):
        kept.keep(ns, item)

    assert kept.since(0) == items
    assert kept.since(3 * PER_BLOCK + 5) == items[3 * PER_BLOCK + 5 :]


def test_an_item_that_is_kept_anew_with_its_old_time_is_found_by_it() -> None:
    kept = window()
    for ns in range(3 * PER_BLOCK):
        kept.keep(1_000 + ns, (str(ns), b""))
    kept.keep(500, ("old", b""))

    assert ("old", b"") not in kept.since(501)
    assert kept.since(500)[-1] == ("old", b"")


def test_e7_a_window_is_bounded_in_age_and_in_number() -> None:
    by_age, by_number = window(kept_ns=10 * PER_BLOCK), window(most=10 * PER_BLOCK)
    for ns in range(100 * PER_BLOCK):
        by_age.keep(ns, (str(ns), b""))
        by_number.keep(ns, (str(ns), b""))

    assert len(by_age) <= 13 * PER_BLOCK
    assert len(by_number) < 11 * PER_BLOCK
    assert len(by_number.since(0)) == 10 * PER_BLOCK


def test_a_cleared_window_is_empty() -> None:
    kept = window()
    for ns in range(3 * PER_BLOCK):
        kept.keep(ns, (str(ns), b""))
    kept.clear()

    assert not len(kept)
    assert kept.since(0) == ()
