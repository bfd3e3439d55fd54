"""Which new orders are not let out although they are legal, and which makers must go (pure).

1. A halt is in force from the moment it is read until a resume names it, or a later one names none
   and so lifts all. The order of the log decides, in every copy alike. A halt that a resume named
   before is not: a log that was cut gets both again, from whoever asked for each.
2. While one is in force nothing goes out but what reduces: the takers of hedges, and orders that
   are reduce-only. A hedge's maker never goes: it makes exposure even where it reduces.
3. While no hedger has said for silence_ms that it stands at the head of the log, no hedge's maker
   goes out either: nobody would hedge it. Silence is time in which one could have been heard
   (`listening`): a gateway that wakes after a freeze has still to read what was said meanwhile.
   An outage of the bus counts for nothing and begins no silence anew: one that comes and goes
   hides no dead hedger.
4. The makers of hedges that rest are cancelled as long as any is left; what they have filled is
   hedged as always.
"""

from tandem.domain import ids
from tandem.domain.ids import ClientOrderId, Exc, Token
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.listening import HearingTime
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.messages.intents import Halt, NewOrder, Resume

MOST_LIFTED = 1_000


class Restraint:
    """The halts of one account, and how long the hedgers have been silent; 0: nobody listens."""

    def __init__(self, exc: Exc, silence_ms: int = 0) -> None:
        self._exc = exc
        self._silence_ms = silence_ms
        self._halts: dict[Token, Halt] = {}
        self._lifted: dict[Token, None] = {}
        self._time = HearingTime()
        self._heard_ns: int | None = None

    def take(self, fact: Halt | Resume) -> None:
        """Take a halt or a resume from the log."""
        if isinstance(fact, Resume):
            self._resume(fact)
        elif fact.token not in self._lifted and fact.exc in {None, self._exc}:
            self._halts.setdefault(fact.token, fact)

    def _resume(self, fact: Resume) -> None:
        if fact.halt is None:
            self._halts.clear()
        else:
            self._halts.pop(fact.halt, None)
            self._lifted[fact.halt] = None
            if len(self._lifted) > MOST_LIFTED:
                del self._lifted[next(iter(self._lifted))]

    def listen(self, mono_ns: int, *, is_hearing: bool) -> None:
        """Let time pass; `is_hearing`: the bus is there."""
        self._time.step(mono_ns, is_hearing=is_hearing)

    def hear(self) -> None:
        """A hedger stands at the head, or this gateway begins to listen for one."""
        self._heard_ns = self._time.now_ns

    def refusal(self, order: NewOrder) -> Refusal | None:
        """Return why an order is not let out now."""
        is_maker = ids.is_maker_cloid(order.client_order_id)
        why = self._halt() if is_maker or not order.reduce_only else ""
        why = why or (self.silence() if is_maker else "")
        return Refusal(RejectReason.HALTED, why) if why else None

    def clears(self) -> str:
        """Return why resting makers must go now, or the empty text."""
        return self._halt() or self.silence()

    def _halt(self) -> str:
        halt = next(iter(self._halts.values()), None)
        if halt is None:
            return ""
        why = f": {halt.text}" if halt.text else ""
        return f"halt {halt.token} by {halt.strategy} is in force{why}"

    def silence(self) -> str:
        """Return that no hedger is heard, and since when none counts, or the empty text."""
        if not self._silence_ms or self._heard_ns is None:
            return ""
        silent_ms = (self._time.now_ns - self._heard_ns) // NS_PER_MS
        if silent_ms <= self._silence_ms:
            return ""
        return f"no hedger stands at the head of the log (silent for {self._silence_ms} ms)"


def is_maker(cloid: ClientOrderId | None) -> bool:
    return cloid is not None and ids.is_maker_cloid(cloid)
