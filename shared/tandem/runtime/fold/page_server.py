"""How a fold's pages are asked for: only from a caught-up copy at or past the asked sequence."""

from collections.abc import Callable
from dataclasses import dataclass

from tandem.domain.errors import InvalidInputError, MalformedMessageError
from tandem.messages.codec import Answer, Query, decode_query, encode
from tandem.messages.queries import PageRequest, QueryFailed
from tandem.runtime.clock import Clock

POLL_S = 0.005
TIMEOUT_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Answers:
    """`read_seq` is None while the copy catches up; `answer` asks the fold."""

    clock: Clock
    read_seq: Callable[[], int | None]
    answer: Callable[[str, Query], Answer]

    async def reply(self, subject: str, payload: bytes) -> bytes:
        """Return the encoded answer; what cannot be answered says why."""
        try:
            query = decode_query(payload)
        except MalformedMessageError as error:
            return encode(QueryFailed(text=str(error), retryable=False))
        least = query.min_seq if isinstance(query, PageRequest) else 0
        if not await self._reached(least):
            return encode(QueryFailed(text=f"not at {least} yet, at {self.read_seq()}"))
        try:
            return encode(self.answer(subject, query))
        except InvalidInputError as error:
            return encode(QueryFailed(text=str(error), retryable=False))
        except Exception as error:  # noqa: BLE001 - no question may end whoever answers it
            return encode(QueryFailed(text=f"cannot say: {type(error).__name__}", retryable=False))

    async def _reached(self, least: int) -> bool:
        deadline_ns = self.clock.monotonic_ns() + TIMEOUT_NS
        while not self._is_past(least):
            if self.clock.monotonic_ns() > deadline_ns:
                return False
            await self.clock.sleep(POLL_S)
        return True

    def _is_past(self, least: int) -> bool:
        read = self.read_seq()
        return read is not None and read >= least
