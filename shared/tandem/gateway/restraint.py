"""Which new orders are not let out although they are legal, and which makers must go (pure).

1. A halt is in force from the moment it is read until a later resume names it, or names none and
   so lifts all. The order of the log decides, in every copy alike.
2. While one is in force nothing goes out but what reduces: the takers of hedges, and orders that
   are reduce-only. A hedge's maker never goes: it makes exposure even where it reduces.
3. The makers of hedges that rest are cancelled as long as any is left; what they have filled is
   hedged as always.
"""

from tandem.domain import ids
from tandem.domain.ids import Exc, Token
from tandem.domain.order import RejectReason
from tandem.gateway.checks import Refusal
from tandem.gateway.known import KnownOrder
from tandem.messages.intents import Halt, NewOrder, Resume


class Restraint:
    """The halts of one account."""

    def __init__(self, exc: Exc) -> None:
        self._exc = exc
        self._halts: dict[Token, Halt] = {}

    def take(self, fact: Halt | Resume) -> None:
        """Take a halt or a resume from the log."""
        if isinstance(fact, Resume):
            self._resume(fact)
        elif fact.exc is None or fact.exc == self._exc:
            self._halts.setdefault(fact.token, fact)

    def _resume(self, fact: Resume) -> None:
        if fact.halt is None:
            self._halts.clear()
        else:
            self._halts.pop(fact.halt, None)

    @property
    def halt(self) -> Halt | None:
        """Return the oldest halt in force."""
        return next(iter(self._halts.values()), None)

    def refusal(self, order: NewOrder) -> Refusal | None:
        """Return why an order is not let out now."""
        halt = self.halt
        if halt is None or (order.reduce_only and not ids.is_maker_cloid(order.client_order_id)):
            return None
        why = f": {halt.text}" if halt.text else ""
        text = f"halt {halt.token} by {halt.strategy} is in force{why}"
        return Refusal(RejectReason.HALTED, text)

    def must_go(self, order: KnownOrder) -> bool:
        """Tell whether a resting order must be cancelled now."""
        return self.halt is not None and is_maker(order)


def is_maker(order: KnownOrder) -> bool:
    return order.cloid is not None and ids.is_maker_cloid(order.cloid)
