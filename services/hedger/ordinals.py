"""Which ordinals were read, and which are taken by something else: runs of them (pure).

1. Decisions are numbered without gaps, so an epoch is one run; what a cut has lost leaves a hole.
2. A slot that holds something other than its decision is taken, by nobody's decision: the next one
   goes under the next ordinal. Slots are taken by the log's own messages, so copies agree.
"""

from collections.abc import Callable

from msgspec import Struct, field

from tandem.runtime.standing import MOST_EPOCHS

Run = tuple[int, int]
Ordinals = dict[int, list[Run]]

MOST_BUCKETS = 1_024
MOST_RUNS = 256
MOST_ORDINALS = 2**32


class Taken(Struct):
    """Slots that hold something else: of rules, and of decisions by the hash of their bucket.

    Both are bounded; of too many buckets those that nobody has used are forgotten first.
    """

    rules: Ordinals = field(default_factory=dict)
    decisions: dict[str, Ordinals] = field(default_factory=dict)


def take_decision(taken: Taken, slot: tuple[str, int, int], is_used: Callable[[str], bool]) -> None:
    """Note that a slot (bucket, epoch, ordinal) of a bucket's decisions holds none."""
    bucket, epoch, ordinal = slot
    if bucket not in taken.decisions and len(taken.decisions) >= MOST_BUCKETS:
        unused = (one for one in taken.decisions if not is_used(one))
        taken.decisions.pop(next(unused, bucket), None)
    _take(taken.decisions.setdefault(bucket, {}), epoch, ordinal)


def take_rules(taken: Taken, ordinal: int) -> None:
    """Note that a slot of the rules' activations holds none."""
    _take(taken.rules, 0, ordinal)


def _take(known: Ordinals, epoch: int, ordinal: int) -> None:
    """The lowest ones are kept: they are the next to be reached."""
    if ordinal >= MOST_ORDINALS or epoch >= MOST_EPOCHS:
        return
    add(known, epoch, ordinal)
    del known[epoch][MOST_RUNS:]
    if len(known) > MOST_RUNS:
        del known[max(known)]


def next_free(known: Ordinals, epoch: int, after: int) -> int:
    """Return the first ordinal past `after` that nothing else has taken."""
    ordinal = after + 1
    for first, last in known.get(epoch, ()):
        if first <= ordinal <= last:
            ordinal = last + 1
    return ordinal


def add(ordinals: Ordinals, epoch: int, ordinal: int) -> None:
    """Note that the decision of this ordinal was read."""
    if holds(ordinals, epoch, ordinal):
        return
    runs = sorted([*ordinals.get(epoch, ()), (ordinal, ordinal)])
    joined = [runs[0]]
    for first, last in runs[1:]:
        before = joined[-1]
        if first == before[1] + 1:
            joined[-1] = (before[0], last)
        else:
            joined.append((first, last))
    ordinals[epoch] = joined


def holds(ordinals: Ordinals, epoch: int, ordinal: int) -> bool:
    """Tell whether the decision of this ordinal was read."""
    return any(first <= ordinal <= last for first, last in ordinals.get(epoch, ()))
