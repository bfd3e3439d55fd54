"""What must hold at every step and at the end of an episode of the hedging model."""

import random
from decimal import Decimal

from services.hedger.book import ledger
from services.hedger.book.ledger import BucketKey
from services.hedger.fold import views
from tandem.domain.ids import HedgeId
from tandem.messages.deltas import BucketDelta, BucketView, HedgeDelta, HedgeView
from tandem.runtime.fold.port import Publish
from tests.property.hedge_facts import BrokenError
from tests.property.hedge_model import NONE_LEFT_OUT, PX, Ablation, World
from tests.property.hedge_oracle import oracle, owed_by


def check(world: World) -> None:
    """Judge an episode that has calmed down."""
    target = -sum((order.signed for order in world.makers.values()), Decimal(0))
    done = sum((order.signed for order in world.takers.values()), Decimal(0))
    left = abs(target - done)
    tradable = left >= max(world.lot, world.min_qty)
    if tradable and (left // world.lot) * world.lot * PX >= world.min_notional * Decimal("1.005"):
        raise BrokenError(f"{target - done} is left unhedged")
    _check_decisions(world)
    _check_copies(world, target - done)
    _check_views(world)


def _check_copies(world: World, left: Decimal) -> None:
    one, other = (copy.state for copy in world.copies)
    if one != other:
        raise BrokenError("I5: the copies differ")
    known = sum((ledger.naked(bucket) for bucket in one.buckets.values()), Decimal(0))
    if known != left:
        raise BrokenError(f"the ledger says {known}, the venues {left}")


def _check_views(world: World) -> None:
    """What was published last is what the state says now, and every hedge has come to its end."""
    state = world.copies[0].state
    hedges, buckets = last_published(world)
    for hedge_id, link in state.links.items():
        view = views.link_view(state, link)
        if hedges.get(hedge_id) != view:
            raise BrokenError(f"published {hedges.get(hedge_id)}, not {view}")
        if view.state not in views.FINISHED:
            raise BrokenError(f"{hedge_id} is still {view.state}")
    for bucket in state.buckets.values():
        if buckets.get(bucket.key) != views.bucket_view(state, bucket):
            raise BrokenError(f"published {buckets.get(bucket.key)}")


def last_published(world: World) -> tuple[dict[HedgeId, HedgeView], dict[BucketKey, BucketView]]:
    """Return the newest view of each hedge and bucket that a reader of the deltas has."""
    hedges: dict[HedgeId, HedgeView] = {}
    buckets: dict[BucketKey, BucketView] = {}
    for seq in sorted(world.effects):
        for effect in world.effects[seq]:
            delta = effect.delta if isinstance(effect, Publish) else None
            if isinstance(delta, HedgeDelta):
                hedges[delta.hedge.hedge_id] = delta.hedge
            elif isinstance(delta, BucketDelta):
                one = delta.bucket
                buckets[one.exc, one.ticker, one.pool] = one
    return hedges, buckets


def _check_decisions(world: World) -> None:
    ordinals = [decision.ordinal for _, decision in world.decisions]
    if ordinals != list(range(1, len(ordinals) + 1)):
        raise BrokenError(f"I4: ordinals {ordinals}")
    for seq, decision in world.decisions:
        quantity = sum((taker.amount for taker in decision.takers), Decimal(0))
        prefix = world.log[: decision.as_of]
        lo, hi, flying = oracle(prefix)
        if not (0 < quantity <= lo or hi <= quantity < 0):
            raise BrokenError(f"I1: {quantity} at {decision.as_of}, needed {lo} to {hi} ({seq})")
        really = owed_by(prefix) - sum(
            (world.takers[cloid].signed for cloid in flying if cloid in world.takers), Decimal(0)
        )
        if not (0 < quantity <= really or really <= quantity < 0):
            raise BrokenError(f"I1: {quantity} at {decision.as_of}, but {really} was needed")


def run_episode(seed: int, ablation: Ablation = NONE_LEFT_OUT) -> World:
    """Play one episode and judge it; raises BrokenError with what does not hold."""
    world = World(random.Random(seed), ablation)
    world.trouble(world.rng.randint(40, 100))
    world.calm_down()
    check(world)
    return world
