"""Which slots of decisions and rules hold something else (pure).

Such a slot is taken, by nobody's decision: the next one goes under the next ordinal. Slots are
taken by the log's own messages, so copies agree.
"""

from collections.abc import Callable

from msgspec import Struct, field

from tandem.hedging import ordinals
from tandem.hedging.ordinals import Ordinals
from tandem.runtime.fold.epochs import MOST_EPOCHS

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
    ordinals.add(known, epoch, ordinal)
    del known[epoch][MOST_RUNS:]
    if len(known) > MOST_RUNS:
        del known[max(known)]
