"""Which subjects a filter means: `*` is one token, `>` one or more at the end (pure)."""

from collections.abc import Callable, Sequence


def matcher(filters: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for subjects that match at least one of the filters."""
    patterns = tuple(tuple(text.split(".")) for text in filters)

    def matches_any(subject: str) -> bool:
        tokens = subject.split(".")
        return any(_matches(pattern, tokens) for pattern in patterns)

    return matches_any


def _matches(pattern: Sequence[str], tokens: Sequence[str]) -> bool:
    if pattern[-1] == ">":
        if len(tokens) < len(pattern):
            return False
        pattern = pattern[:-1]
    elif len(tokens) != len(pattern):
        return False
    return all(wanted in ("*", token) for wanted, token in zip(pattern, tokens, strict=False))
