"""How many runs of some work have failed in a row, and from when on that is news (pure).

1. One or two failures are a venue's bad moment, and the next run makes up for them. From the third
   on nobody knows any more what the work would have shown.
2. It is news once a spell: with the third failure, and with the success that ends it.
"""

from typing import Final

TOO_MANY: Final = 3


class Setbacks:
    """One kind of work; `spells` counts how often it has failed too often."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self.spells = 0

    @property
    def are_too_many(self) -> bool:
        return self.in_a_row >= TOO_MANY

    def failed(self) -> bool:
        """Count a failure; True when it is the one too many."""
        self.in_a_row += 1
        is_news = self.in_a_row == TOO_MANY
        self.spells += is_news
        return is_news

    def done(self) -> bool:
        """Count a success; True when it ends a spell."""
        was_broken = self.are_too_many
        self.in_a_row = 0
        return was_broken
