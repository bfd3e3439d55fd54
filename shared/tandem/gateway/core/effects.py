"""What the sender wants done about its orders: facts to log, questions and kills, alarms (pure)."""

from dataclasses import dataclass

from tandem.domain.ids import ClientOrderId, Ticker
from tandem.gateway.port.requests import Report, Stamp


@dataclass(frozen=True, slots=True)
class LogReport:
    """Log this fact."""

    fact: Report


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the venue for this order; the answer comes back as found, absent or failed.

    Before the horizon its id is enough to ask for; past it a round is thorough (open orders and
    the fills since `since_ms` too), for only such a round can prove absence. It counts only if the
    venue showed a time past `past_ms` before it. `nth`: how often it was looked for since it was
    sent.
    """

    cloid: ClientOrderId
    ticker: Ticker
    since_ms: int
    past_ms: int
    is_thorough: bool
    nth: int = 1

    def may_prove(self, venue_ms: int) -> bool:
        """Tell whether a round that began when the venue showed this time may count as absence.

        One that was not planned as thorough does not, however late it is: it may lack a question.
        """
        return self.is_thorough and venue_ms > self.past_ms


@dataclass(frozen=True, slots=True)
class Alarm:
    """The venue did what was proven impossible: a person must look."""

    cloid: ClientOrderId
    text: str


@dataclass(frozen=True, slots=True)
class Kill:
    """Use up the nonce of a request in doubt, if it is still free: then that request is dead."""

    cloid: ClientOrderId
    stamp: Stamp


SenderEffect = LogReport | LookUp | Alarm | Kill
