"""Under which name something is counted whose names a venue makes up (pure).

Each name of a counter lives as long as the process. A venue that sends ever other frames must not
make it grow with each of them.
"""

from dataclasses import dataclass, field

MAX_KINDS = 64
OTHER = "other"


@dataclass(slots=True)
class Kinds:
    """The names in use, so many at most."""

    named: set[str] = field(default_factory=set)

    def name_of(self, kind: str) -> str:
        """Return a kind's own name, or the common one where there are too many already."""
        if kind not in self.named and len(self.named) >= MAX_KINDS:
            return OTHER
        self.named.add(kind)
        return kind
