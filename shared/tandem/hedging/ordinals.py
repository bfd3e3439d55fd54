"""Which decisions of a bucket were read: runs of their ordinals, by epoch (pure).

Decisions are numbered without gaps, so an epoch is one run; what a cut has lost leaves a hole.
"""

Run = tuple[int, int]
Ordinals = dict[int, list[Run]]


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
