"""What a client asks of the state services: pages and single orders, until there is an answer."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from tandem.bus.port import StrategyBus
from tandem.client.mirror.mirror_page import Place
from tandem.domain.errors import MalformedMessageError, UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import codec, facts, subjects
from tandem.messages.codec import Answer
from tandem.messages.deltas import OrderView
from tandem.messages.queries import (
    FillsPage,
    HedgesPage,
    OrderHistory,
    OrderHistoryRequest,
    OrdersPage,
    PageRequest,
    PositionsPage,
    QueryFailed,
)
from tandem.runtime.clock import Clock

REQUEST_TIMEOUT_S = 3.0
RETRY_S = 0.1
DELTAS_OF_PAGE = {
    subjects.ORDERS_PAGE: "orders",
    subjects.POSITIONS_PAGE: "positions",
    subjects.FILLS_PAGE: "fills",
    subjects.HEDGES_PAGE: "hedges",
}
T = TypeVar("T")
AnyPage = OrdersPage | PositionsPage | FillsPage | HedgesPage


class Asking:
    """Asks again, for ever, while nobody answers; callers set the time limit."""

    def __init__(self, bus: StrategyBus, clock: Clock, log: FilteringBoundLogger) -> None:
        self._bus, self._clock, self._log = bus, clock, log

    async def newest_seq(self, page: str) -> int:
        """Return the log sequence that a page must have reached to miss no delta stored by now.

        That of the newest delta of the page's own kind: its service has read the fact behind it,
        and need not have read later facts of other kinds. Of a log that was cut below it, the
        log's own last.
        """
        kind = subjects.deltas_of(DELTAS_OF_PAGE[page])
        newest = await self._answered(lambda: self._bus.deltas.find(kind))
        if newest is None:
            return 0
        log = await self._answered(self._bus.log.state)
        try:
            return min(facts.read_delta(newest.subject, newest.payload).seq, log.last_seq)
        except MalformedMessageError as error:
            # No service of ours wrote it, so none stands where it says; the next one shows a gap.
            self._log.warning("not a delta", subject=newest.subject, error=str(error))
            return 0

    async def _answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except UnavailableError:
                await self._clock.sleep(RETRY_S)

    async def page(self, subject: str, exc: Exc | None, least: Callable[[], Place]) -> AnyPage:
        """Return a page that stands at or past `least()`, as it is when the answer comes."""
        while True:
            wanted = least()
            request = PageRequest(exc=exc, min_seq=wanted[1])
            answer = await self._answer(subject, codec.encode(request))
            if isinstance(answer, AnyPage) and (answer.epoch, answer.seq) >= least():
                return answer
            await self._clock.sleep(RETRY_S)

    async def order(self, exc: Exc, cloid: str | None, oid: str | None) -> OrderView | None:
        """Return an order as order-state knows it, open or ended, or None."""
        request = codec.encode(OrderHistoryRequest(exc=exc, cloid=cloid, oid=oid))
        while True:
            answer = await self._answer(subjects.ORDER_HISTORY, request)
            if isinstance(answer, OrderHistory):
                return answer.order
            if isinstance(answer, QueryFailed) and not answer.retryable:
                return None
            await self._clock.sleep(RETRY_S)

    async def _answer(self, subject: str, request: bytes) -> Answer | None:
        """Return an answer, or None when there was none that can be read."""
        try:
            return codec.decode_answer(await self._bus.request(subject, request, REQUEST_TIMEOUT_S))
        except UnavailableError:
            return None
        except MalformedMessageError as error:
            self._log.warning("an answer cannot be read", subject=subject, error=str(error))
            return None
