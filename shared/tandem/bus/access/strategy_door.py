"""The connection over which one strategy is heard and answered: nobody else waits behind it.

1. Calls are taken at a pace; a strategy that asks faster is held back by the server, where its own
   connection stalls, and by nothing that another strategy or the log depends on.
2. An answer goes to the inbox of the strategy whose name the subject bears, or nowhere.
"""

from collections.abc import Callable, Sequence

import nats.errors
import structlog
from nats.aio.msg import Msg

from tandem.bus.clock import Timing
from tandem.bus.nats.client import DirectClient, Pace
from tandem.bus.nats.options import NatsOptions, connect_options
from tandem.bus.permissions import is_inbox_of
from tandem.bus.spells import Spell
from tandem.bus.tasks import report
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import Strategy

OnCall = Callable[[str, bytes], None]

_log = structlog.get_logger(component="bus.door")


class StrategyDoor:
    """Hears one strategy's calls."""

    def __init__(self, strategy: Strategy, timing: Timing, pace: Pace) -> None:
        self._strategy, self._timing = strategy, timing
        self._pace = pace
        self._client: DirectClient | None = None
        self._failing = Spell()

    async def open(
        self,
        options: NatsOptions,
        places: Sequence[tuple[str, str]],
        on_call: OnCall,
        on_misdirected: Callable[[], None],
    ) -> None:
        """Listen on each (subject, queue): `on_call` is given where to answer, and the call."""

        def heard(_subject: str, reply: str, payload: bytes) -> None:
            if is_inbox_of(self._strategy, reply):
                on_call(reply, payload)
            else:
                on_misdirected()

        async def heard_with_status(message: Msg) -> None:
            heard(message.subject, message.reply, message.data)

        client = DirectClient(self._timing, self._pace, encrypted=options.encrypted)
        await client.connect(
            **connect_options(options),
            error_cb=self._failed,
            closed_cb=self._closed,
        )
        self._client = client
        for subject, queue in places:
            await client.subscribe_direct(subject, heard, heard_with_status, queue)

    async def answer(self, reply: str, payload: bytes) -> None:
        """Tell the strategy; what cannot be told now it will ask again."""
        if self._client is None:
            return
        try:
            await self._client.publish(reply, payload)
        except nats.errors.Error as error:
            self._tell("not answered", error)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _failed(self, error: Exception) -> None:
        self._tell("door", error)

    def _tell(self, what: str, error: Exception) -> None:
        """Log the first of many, and then ever more rarely: a flood fails as often as it asks."""
        count = self._failing.failed(self._timing.monotonic_ns())
        if count:
            text = str(error) or type(error).__name__
            _log.warning(what, strategy=self._strategy, error=text, failures=count)

    async def _closed(self) -> None:
        if self._client is not None:
            report("door", UnavailableError(f"the connection for {self._strategy} was given up"))
