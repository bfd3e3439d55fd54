"""Rows join a page and its deltas without gap or repeat."""

import pytest

from tandem.client.mirror import mirror_page
from tandem.client.mirror.mirror_page import Joined, Page
from tandem.messages.deltas import Delta
from tests.unit.tandem.client.rows import position_delta


def page(rows: dict[str, int] | None = None, epoch: int = 0, seq: int = 10) -> "Page[int]":
    made: Page[int] = Page(keep=lambda row: row != 0)
    made.load(rows or {}, epoch, seq)
    return made


def at(seq: int, prev: str | None = None, epoch: int = 0) -> Delta:
    return position_delta(seq, "1", prev, epoch=epoch)


def test_delta_within_the_first_page_is_history() -> None:
    made = page({"a": 1})
    assert made.join("a", 2, at(10)) is Joined.KNOWN
    assert made.rows == {"a": 1}


def test_delta_past_the_page_is_applied_once() -> None:
    made = page({"a": 1})
    assert made.join("a", 2, at(11, "0.9.0")) is Joined.APPLIED
    assert made.join("a", 3, at(11, "0.9.0")) is Joined.KNOWN
    assert made.rows == {"a": 2}
    assert made.newest == (0, 11)


def test_row_that_is_not_kept_leaves_and_may_come_back() -> None:
    made = page({"a": 1})
    assert made.join("a", 0, at(11, "0.9.0")) is Joined.APPLIED
    assert made.rows == {}
    assert made.join("a", 4, at(12, "0.11.0")) is Joined.APPLIED
    assert made.rows == {"a": 4}


def test_page_holds_only_rows_it_keeps() -> None:
    assert page({"a": 0, "b": 1}).rows == {"b": 1}


@pytest.mark.parametrize("prev", ["0.12.0", None])
def test_broken_chain_is_a_gap(prev: str | None) -> None:
    made = page()
    made.join("a", 1, at(11))
    assert made.join("a", 2, at(13, prev)) is Joined.GAP
    assert made.rows == {"a": 1}


def test_first_delta_that_names_an_unseen_one_is_a_gap() -> None:
    assert page().join("a", 1, at(15, "0.12.0")) is Joined.GAP


def test_later_page_covers_deltas_that_are_news_to_handlers() -> None:
    made = page()
    made.load({"a": 5}, 0, 20)
    assert made.join("a", 2, at(18, "0.15.0")) is Joined.COVERED
    assert made.join("a", 2, at(15, "0.12.0")) is Joined.COVERED
    assert made.rows == {"a": 5}
    assert made.join("a", 6, at(21, "0.18.0")) is Joined.APPLIED
    assert (Joined.COVERED.is_news, Joined.KNOWN.is_news) == (True, False)


def test_later_epoch_is_a_gap_and_its_page_makes_the_past_history() -> None:
    made = page({"a": 1})
    assert made.join("a", 2, at(3, None, epoch=1)) is Joined.GAP
    made.load({"a": 2}, 1, 4)
    assert made.join("a", 2, at(3, None, epoch=1)) is Joined.KNOWN
    assert made.join("a", 9, at(99, None, epoch=0)) is Joined.KNOWN
    assert made.join("a", 3, at(5, "1.3.0", epoch=1)) is Joined.APPLIED


def test_renamed_row_goes_on_with_its_chain() -> None:
    made = page()
    made.join("oid", 1, at(11))
    made.rename("oid", "cloid")
    assert made.join("cloid", 2, at(12, "0.11.0")) is Joined.APPLIED
    assert made.rows == {"cloid": 2}


def test_rename_to_a_known_row_drops_the_other() -> None:
    made = page({"oid": 1, "cloid": 2})
    made.rename("oid", "cloid")
    made.rename("nothing", "cloid")
    assert made.rows == {"cloid": 2}


def test_forgotten_row_is_gone_from_page_and_chain() -> None:
    made = page()
    made.join("a", 1, at(11))
    made.forget("a")
    made.forget("never there")
    assert made.rows == {}
    assert made.last == {}


def test_only_the_newest_departed_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror_page, "MAX_GONE", 2)
    made = page()
    for place, name in enumerate("abc"):
        made.join(name, 0, at(11 + place))
    assert list(made.gone) == ["b", "c"]
