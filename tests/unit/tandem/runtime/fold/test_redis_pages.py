from tandem.runtime.fold.port import Head
from tandem.runtime.fold.redis_pages import Write, page_key

HEAD = Head(epoch=1, seq=7, ts_ns=9)


def test_a_change_lists_what_is_set_and_then_what_is_gone() -> None:
    write = Write("orders:binance", {"a": b"1", "b": None, "c": b"3"}, whole=False)

    assert write.arguments(HEAD) == [1, 7, "change", 2, "a", b"1", "c", b"3", "b"]


def test_a_whole_page_may_be_empty() -> None:
    assert Write("p", {}, whole=True).arguments(HEAD) == [1, 7, "whole", 0]


def test_a_page_and_its_cursor_share_a_hash_slot() -> None:
    assert page_key("orders:binance") == "tandem:page:{orders:binance}"
