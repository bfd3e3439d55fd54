from decimal import Decimal as D

from services.position_state.exposure import tradable
from services.position_state.exposure.state import Bucket, Exposure
from tandem.domain.ids import HedgeId, Pool, bucket_hash
from tandem.domain.units import NS_PER_MS
from tandem.hedging.attribution import Lot
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, START_NS, STRATEGY, Desk, two_venues


def bucket_of(desk: Desk) -> Bucket:
    return desk.exposure.buckets[bucket_hash(HYPERLIQUID, SOL, Pool(STRATEGY))]


def test_what_is_naked_is_late_from_the_fill_on_that_made_enough_of_it() -> None:
    desk = two_venues(lot="0.5")
    hedge = desk.hedge("h1", "-3")
    since = []
    for qty in ("0.3", "0.1", "0.1", "1"):
        desk.maker_fill(hedge, qty)
        desk.now_ns += NS_PER_MS
        since.append(tradable.since_ns(desk.exposure, bucket_of(desk)))
    assert since == [None, None, START_NS + 2 * NS_PER_MS, START_NS + 2 * NS_PER_MS]
    assert tradable.is_dust(desk.exposure, bucket_of(desk), D("0.4"))


def test_without_a_table_everything_can_be_traded_as_far_as_is_known() -> None:
    state = Exposure()
    bucket = Bucket(HYPERLIQUID, SOL, Pool(STRATEGY))
    assert tradable.since_ns(state, bucket) is None
    bucket.lots.append(Lot(HedgeId("h1"), D("0.1"), 7))
    assert tradable.since_ns(state, bucket) == 7
