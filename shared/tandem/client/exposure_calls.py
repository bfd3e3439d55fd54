"""What is filled and not hedged, told by another process than the one that hedges."""

from tandem.bus.port import StrategyBus
from tandem.client.instruments import Tables
from tandem.domain.errors import UnavailableError
from tandem.messages import codec, subjects
from tandem.messages.queries import ExposurePage, PageRequest, QueryFailed

TIMEOUT_S = 3.0


class ExposureCalls:
    """Asks position-state, which goes on telling when no hedger does."""

    tables: Tables
    _bus: StrategyBus

    async def exposure(self, exc: str | None = None) -> ExposurePage:
        """Return what is naked, how long, why, whether a hedger is there, and what alarms.

        Args:
            exc: the account where it is to be hedged; None: all of them.

        Raises:
            UnavailableError: position-state does not answer, or is not at the head of the log.
        """
        account = self.tables.account(exc) if exc is not None else None
        return await ask_exposure(self._bus, PageRequest(exc=account))


async def ask_exposure(bus: StrategyBus, request: PageRequest) -> ExposurePage:
    """Ask for the page of exposure once; raises UnavailableError where there is no answer."""
    reply = await bus.request(subjects.EXPOSURE_PAGE, codec.encode(request), TIMEOUT_S)
    answer = codec.decode_answer(reply)
    if isinstance(answer, ExposurePage):
        return answer
    reason = answer.text if isinstance(answer, QueryFailed) else type(answer).__name__
    raise UnavailableError(f"position-state did not answer for exposure: {reason}")
