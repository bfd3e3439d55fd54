"""Which subjects a filter means: `*` is one token, `>` one or more at the end (pure)."""

import re
from collections.abc import Callable, Sequence

_TOKEN, _REST = r"[^.]+", r".+"


def matcher(filters: Sequence[str]) -> Callable[[str], object]:
    """Return a test whose answer is true for subjects that match at least one of the filters.

    It is asked for every message by every reader, so the filters become one expression, and the
    answer is the match itself.
    """
    return re.compile("|".join(_expression(text) for text in filters)).fullmatch


def _expression(text: str) -> str:
    words = {"*": _TOKEN, ">": _REST}
    return r"\.".join(words.get(token) or re.escape(token) for token in text.split("."))
