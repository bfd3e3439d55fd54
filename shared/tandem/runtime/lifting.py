"""Which halts and resumes that were heard lately are not to be logged again (pure).

1. A halt that was lifted since: nothing of it is so now.
2. A resume that names no halt lifts every one read before it. Logged again behind a halt that came
   after it, it would lift that one too: two copies, or a strategy and a copy, offer what they know
   each in its own time. So it is left out while a later halt stands. Where the log still holds what
   it had lifted, that stands again until a person lifts it: the safe one of two mistakes.
"""

from collections.abc import Iterable

from tandem.domain.ids import Token
from tandem.messages.codec import Fact
from tandem.messages.intents import Halt, Resume


def overtaken(heard: Iterable[Fact]) -> frozenset[Halt | Resume]:
    """Return those of the facts, in log order, that what came after them has overtaken."""
    void: set[Halt | Resume] = set()
    alls: set[Halt | Resume] = set()
    standing: dict[Token, Halt] = {}
    for fact in heard:
        if isinstance(fact, Halt):
            standing[fact.token] = fact
        elif isinstance(fact, Resume) and fact.halt is None:
            void |= set(standing.values())
            standing.clear()
            alls.add(fact)
        elif isinstance(fact, Resume) and fact.halt in standing:
            void.add(standing.pop(fact.halt))
    return frozenset(void | alls if standing else void)
