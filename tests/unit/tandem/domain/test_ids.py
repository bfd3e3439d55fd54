"""Ids that we invent are functions of their cause, and say what they are."""

import pytest

from tandem.domain.ids import (
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Ticker,
    bucket_hash,
    exec_key,
    is_ours,
    is_reserved,
    is_taker_cloid,
    maker_cloid,
    taker_cloid,
)

BUCKET = bucket_hash(Exc("hyperliquid"), Ticker("SOL"), Pool("s"))


def test_the_same_cause_gives_the_same_id() -> None:
    assert maker_cloid(HedgeId("h")) == maker_cloid(HedgeId("h"))
    assert maker_cloid(HedgeId("h")) != maker_cloid(HedgeId("h"), requote=1)
    assert maker_cloid(HedgeId("h")) != maker_cloid(HedgeId("g"))


def test_buckets_differ_by_each_part_of_their_key() -> None:
    others = {
        bucket_hash(Exc("binance"), Ticker("SOL"), Pool("s")),
        bucket_hash(Exc("hyperliquid"), Ticker("ETH"), Pool("s")),
        bucket_hash(Exc("hyperliquid"), Ticker("SOL"), Pool("t")),
    }
    assert len(others | {BUCKET}) == 4


def test_a_takers_id_can_be_read() -> None:
    cloid = taker_cloid(BUCKET, epoch=1, ordinal=258, index=2)
    assert cloid == f"0x7a4d{BUCKET}0001000001020002"
    assert is_taker_cloid(cloid)
    assert is_ours(cloid)
    assert not is_taker_cloid(maker_cloid(HedgeId("h")))
    assert not is_ours("web_1")


@pytest.mark.parametrize(
    ("epoch", "ordinal", "index"), [(-1, 0, 0), (2**16, 0, 0), (0, 2**32, 0), (0, 0, 2**16)]
)
def test_an_id_that_does_not_fit_is_refused(epoch: int, ordinal: int, index: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        taker_cloid(BUCKET, epoch, ordinal, index)


def test_ids_of_hedges_are_reserved_and_others_are_not() -> None:
    assert is_reserved(maker_cloid(HedgeId("h")))
    assert is_reserved(taker_cloid(BUCKET, 0, 1, 0))
    assert not is_reserved("0x7a4f" + "0" * 28)
    assert not is_reserved("0x7a4d")


@pytest.mark.parametrize(
    ("exec_id", "key"),
    [
        ("1770118781558-556696349186-1018731004137733", "556696349186-1018731004137733"),
        ("556696349186-1018731004137733", "556696349186-1018731004137733"),
        ("1770118790000-7-0--1.5-1.5", "1770118790000-7-0--1.5-1.5"),
        ("1770118790000-7-0", "1770118790000-7-0"),
        ("123456", "123456"),
        ("e1-a-b", "e1-a-b"),
    ],
)
def test_e10_execution_has_one_identity_under_both_names(exec_id: str, key: str) -> None:
    assert exec_key(ExecId(exec_id)) == key
