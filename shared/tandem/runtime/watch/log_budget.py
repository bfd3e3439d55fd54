"""When a stream has grown so large that a person must know (pure).

What nats-server keeps of a message in memory, and on its disk, lasts until the message expires:
the only remedies are a shorter retention and fewer messages, and both take time to help.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tandem.bus.port import LogState
from tandem.domain.units import NS_PER_DAY

LEVELS = (100, 80)
MIB = 1_048_576


@dataclass(frozen=True, slots=True)
class LogBudget:
    """How many messages a stream, and how many bytes it may take in the store."""

    stream: str
    messages: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Excess:
    """How far a stream is in `what`; `key` is the same in every copy, and another one each day."""

    what: str
    key: str
    text: str


def excess(budget: LogBudget, state: LogState, now_ns: int) -> Iterator[Excess]:
    """Yield what of a stream's budget is used up so far that it must be told."""
    sizes = (
        ("messages", state.messages, budget.messages),
        ("MB stored", state.bytes // MIB, budget.stored_bytes // MIB),
    )
    for unit, used, whole in sizes:
        level = next((one for one in LEVELS if 100 * used >= one * whole), None)
        if level is not None:
            what = f"{budget.stream}-{unit.partition(' ')[0]}"
            text = f"{budget.stream} has {used} {unit}, {level} % of its budget of {whole} or more"
            yield Excess(what, f"{what}-{level}-{now_ns // NS_PER_DAY}", text)
