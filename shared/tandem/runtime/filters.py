"""Which filters to ask the server for when two readers share one consumer (pure).

The server refuses filters that overlap, so a filter within another is left out, and filters
that overlap in part are replaced by everything.
"""

from collections.abc import Sequence

from tandem.messages import subjects


def together(*groups: Sequence[str]) -> tuple[str, ...]:
    """Return disjoint filters that match at least what all the groups match."""
    wanted = list(dict.fromkeys(text for group in groups for text in group))
    kept = [text for text in wanted if not any(_within(text, o) for o in wanted if o != text)]
    overlap = any(
        _meet(first.split("."), second.split("."))
        for index, first in enumerate(kept)
        for second in kept[index + 1 :]
    )
    return (subjects.ALL_FACTS,) if overlap else tuple(kept)


def _within(inner: str, outer: str) -> bool:
    """Tell whether every subject that matches `inner` matches `outer`."""
    inner_tokens, outer_tokens = inner.split("."), outer.split(".")
    for index, wanted in enumerate(outer_tokens):
        if index >= len(inner_tokens):
            return False
        if wanted == ">":
            return True
        given = inner_tokens[index]
        if given == ">" or (wanted != "*" and wanted != given):
            return False
    return len(inner_tokens) == len(outer_tokens)


def _meet(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether some subject matches both."""
    for one, other in zip(first, second, strict=False):
        if ">" in (one, other):
            return True
        if one != other and "*" not in (one, other):
            return False
    return len(first) == len(second)
