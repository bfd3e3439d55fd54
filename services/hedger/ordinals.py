"""Which ordinals of each epoch had their decision read: runs of them, in little space (pure).

Decisions are numbered without gaps, so an epoch is one run; what a cut has lost leaves a hole.
"""

Run = tuple[int, int]
Ordinals = dict[int, list[Run]]


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
