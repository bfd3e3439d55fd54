"""One deliberate bug: where it is planted, and what must catch it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """`old` becomes `new` in `file`; `tests` are what must fail, none: the simulation."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
