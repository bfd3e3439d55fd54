"""Which subjects a filter means: `*` is one token, `>` one or more at the end (pure)."""

import re
from collections.abc import Callable, Sequence

_TOKEN, _REST = r"[^.]+", r".+"


def matcher(filters: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for subjects that match at least one of the filters.

    It is asked for every message by every reader, so the filters become one expression.
    """
    matches = re.compile("|".join(_expression(text) for text in filters)).fullmatch

    def matches_any(subject: str) -> bool:
        return matches(subject) is not None

    return matches_any


def _expression(text: str) -> str:
    words = {"*": _TOKEN, ">": _REST}
    return r"\.".join(words.get(token) or re.escape(token) for token in text.split("."))
