"""Requests that are refused on demand, in words that the control port gives, and nothing else.

1. A refusal counts down with each request that it meets; what it meets is not carried out.
2. Without one nothing is changed.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

ANY = ""
# What no table of a venue's errors lists.
UNLISTED_TEXT = "A rule that no table lists."


class Refusing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the next `count` requests of the operation `on`, about `symbol` ("": any), are refused.

    `text` is what the venue says, word for word.
    """

    on: str = "place_order"
    symbol: str = ANY
    text: str = ""
    count: int = 1


RefusingT = TypeVar("RefusingT", bound=Refusing)


class Refusals(Generic[RefusingT]):
    """The refusals that are still to come, and how many came."""

    def __init__(self) -> None:
        self.fired = 0
        self._waiting: list[RefusingT] = []

    @property
    def pending(self) -> tuple[str, ...]:
        """Name what is still to come."""
        return tuple(f"refuse:{one.on}:{one.symbol or 'any'}" for one in self._waiting)

    def add(self, refusals: tuple[RefusingT, ...]) -> None:
        self._waiting.extend(refusals)

    def reset(self) -> None:
        """Forget what was to come; the count stays."""
        self._waiting.clear()

    def take(self, operation: str, symbol: str) -> RefusingT | None:
        """Return how this request is refused, if it is, and count it down."""
        for index, one in enumerate(self._waiting):
            if one.on != operation or one.symbol not in {ANY, symbol}:
                continue
            if one.count > 1:
                self._waiting[index] = replace(one, count=one.count - 1)
            else:
                del self._waiting[index]
            self.fired += 1
            return one
        return None


def refusing_defect(
    refusals: tuple[Refusing, ...], is_operation: Callable[[str], bool]
) -> str | None:
    """Return which field of which refusal breaks which rule, or None."""
    for index, one in enumerate(refusals):
        if not is_operation(one.on):
            return f"refusals[{index}].on={one.on}: names no operation of this venue"
        if one.count < 1:
            return f"refusals[{index}].count={one.count}: must be at least 1"
    return None
