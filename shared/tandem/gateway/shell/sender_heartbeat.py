"""Says many times a second that this copy sends for its account, while it does.

Hedgers decide nothing for an account of which they do not hear this: what they decide while nobody
sends can only be looked up by whoever sends next.
"""

import asyncio

from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.state import Core
from tandem.messages import subjects

PERIOD_S = 0.05


class Sending:
    """Tells whoever listens that takers decided from now on go out."""

    def __init__(self, core: Core, dispatcher: Dispatcher) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._wake = asyncio.Event()

    def at_once(self) -> None:
        """Say it now if it is so: the right to send was just won, or the account backfilled."""
        self._wake.set()

    async def run(self) -> None:
        """Say it again and again until cancelled."""
        core, said = self._core, self._core.context.run.encode()
        subject = subjects.sending(core.exc)
        while True:
            if self._sends():
                await core.context.bus.announce(subject, said)
            try:
                async with asyncio.timeout(PERIOD_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    def _sends(self) -> bool:
        """Tell whether a taker would go out: the log was read, the lease held, all backfilled."""
        core = self._core
        is_ours = core.lease.holds(core.context.clock.monotonic_ns())
        is_backfilled = core.sender.backfilled_seq is not None
        return self._dispatcher.is_open and is_ours and is_backfilled and core.context.bus.connected
