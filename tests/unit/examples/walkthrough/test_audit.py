"""What the books of several days say about the hedge of today."""

from decimal import Decimal

from examples.walkthrough.audit import trades_of
from examples.walkthrough.venue_books import Trade
from tandem.domain.ids import MAKER_TAG, Exc, Pool, Ticker, bucket_hash, taker_cloid

HASH = bucket_hash(Exc("hyperliquid"), Ticker("SOL"), Pool("walkthrough"))
YESTERDAY_S_MAKER, MAKER = (f"0x{MAKER_TAG}{day}" for day in ("1", "2"))


def trade(exec_id: str, cloid: str, amount: str) -> Trade:
    return Trade("SOL", exec_id, exec_id, cloid, Decimal(amount), Decimal(150), None)


MAKERS = [trade("1", YESTERDAY_S_MAKER, "-3"), trade("2", MAKER, "-2"), trade("3", "by-hand", "9")]
TAKERS = [
    trade("11", taker_cloid(HASH, 0, 1, 0), "2.99"),
    trade("12", taker_cloid(HASH, 0, 2, 0), "2"),
]


def test_takers_of_the_days_before_are_none_of_this_hedge_s() -> None:
    today = trades_of(MAKER, HASH, MAKERS, TAKERS, before={"11"})
    assert (today.maker_filled, today.taker_filled) == (Decimal(-2), Decimal(2))
    assert today.taker_cloids == (TAKERS[1].client_order_id,)
    assert trades_of(MAKER, HASH, MAKERS, TAKERS).taker_filled == Decimal("4.99")


def test_what_the_days_before_left_goes_out_with_this_hedge() -> None:
    yesterday = trades_of(YESTERDAY_S_MAKER, HASH, MAKERS, TAKERS[:1])
    today = trades_of(MAKER, HASH, MAKERS, TAKERS, before={"11"})
    assert yesterday.owed + today.owed == Decimal("0.01")


def test_what_other_buckets_trade_is_none_of_this_hedge_s() -> None:
    other = bucket_hash(Exc("hyperliquid"), Ticker("SOL"), Pool("somebody"))
    beside = [*TAKERS, trade("13", taker_cloid(other, 0, 1, 0), "7"), trade("14", "by-hand", "1")]
    assert trades_of(MAKER, HASH, MAKERS, beside, before={"11"}).taker_filled == 2
