"""The run's last line: what happened, what the oracle found, how long recoveries took."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.chaos.figures.recovery import Recovery
from examples.chaos.figures.stretch import Move, Stretch, stretches
from examples.chaos.verdict import (
    BucketKey,
    Evidence,
    Fault,
    Finding,
    added,
    is_maker_cloid,
    is_tagged,
    stem,
)
from examples.walkthrough.audit import percentiles
from tandem.domain.ids import is_taker_cloid
from tandem.domain.units import ZERO

MOST_FINDINGS = 20
COUNTED = (Fault.LOST_FILL, Fault.INVENTED_FILL, Fault.DOUBLED_ORDER, Fault.OVERFILLED)
DISAGREE = (Fault.ORDERS_DIFFER, Fault.POSITIONS_DIFFER)


@dataclass(frozen=True, slots=True)
class Unhedged:
    """How long maker fills waited for their hedge, in milliseconds; `worst` is the longest."""

    spread: Mapping[str, float]
    worst: Stretch | None
    stretches: Sequence[Stretch] = ()


def unhedged(evidence: Evidence) -> Unhedged:
    """Return the stretches of all buckets together."""
    shown = evidence.buckets or {}
    found = [
        one
        for key, moves in _moves(evidence).items()
        for one in stretches(moves, shown[key].least if key in shown else ZERO)[0]
        if one.is_maker
    ]
    worst = max(found, key=lambda one: one.ms, default=None)
    return Unhedged(spread([one.ms for one in found]), worst, found)


def recovered(found: Sequence[Recovery]) -> dict[str, object]:
    """Return how long recoveries took that went to their end, and how far the others got."""
    whole = [one.ms for one in found if not one.is_interrupted]
    broken = [one.ms for one in found if one.is_interrupted]
    return {
        "recovered_to_covered_ms": {"n": len(whole), **spread(whole)},
        "recovery_interrupted_ms": {"n": len(broken), **spread(broken)},
    }


def spread(found: Sequence[int]) -> dict[str, float]:
    """Return median, 99th percentile and the most; nothing of nothing."""
    return {**percentiles([float(ms) for ms in found]), "max": max(found)} if found else {}


def orphaned(
    evidence: Evidence, owners: Mapping[str, str], died_ms: Mapping[str, int]
) -> dict[str, object]:
    """Return how long after the death of a strategy each order ended that it left behind."""
    found = [
        order.ended_ms - died_ms[owner]
        for order in evidence.orders
        if (owner := owners.get(stem(order.cloid))) in died_ms
        and owner is not None
        and order.ended_ms > died_ms[owner]
    ]
    return {
        "strategies_dead": len(died_ms),
        "orphans_ended_ms": {"n": len(found), **spread(found)},
    }


def _moves(evidence: Evidence) -> dict[BucketKey, list[Move]]:
    moves: dict[BucketKey, list[Move]] = defaultdict(list)
    for trade in evidence.trades:
        for bucket, amount in added(evidence, trade):
            moves[bucket].append(Move(trade.time_ms, amount, is_maker_cloid(trade.cloid)))
    return moves


def counts(evidence: Evidence) -> dict[str, object]:
    """Return how much happened, by the venues' books."""
    makers = [one for one in evidence.trades if is_maker_cloid(one.cloid)]
    takers = [one for one in evidence.trades if is_taker_cloid(one.cloid)]
    return {
        "maker_fills": len(makers),
        "hedges": len({one.cloid for one in takers}),
        "closed_by_venue": sum(not is_tagged(one.cloid) for one in evidence.trades),
        "maker_orders": sum(is_maker_cloid(order.cloid) for order in evidence.orders),
        "buckets": {
            "/".join(key): str(shown.owed) for key, shown in (evidence.buckets or {}).items()
        },
    }


def judged(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the verdict: a number for each promise, and the first findings in words."""
    by_fault = Counter(finding.fault for finding in findings)
    return {
        "holds": not findings,
        **{f"{fault}s": by_fault[fault] for fault in COUNTED},
        "conserved": not by_fault[Fault.NOT_CONSERVED],
        "books_agree": not any(by_fault[fault] for fault in DISAGREE),
        "findings": [f"{one.fault}: {one.text}" for one in findings[:MOST_FINDINGS]],
    }
