"""What `tandem status` says of exposure: what is naked, for how long, and what alarms."""

import asyncio

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.client.exposure_calls import ask_exposure
from tandem.domain.errors import MalformedMessageError, UnavailableError
from tandem.messages.queries import ExposureCause, ExposurePage, PageRequest
from tandem.runtime.clock import SystemClock

TIMEOUT_S = 5.0


def lines(nats: NatsOptions) -> tuple[str, ...]:
    """Ask position-state; what cannot be asked is told as such."""
    try:
        return shown(asyncio.run(_ask(nats)))
    except (UnavailableError, MalformedMessageError, TimeoutError) as error:
        return (f"exposure: not known: {str(error) or 'no answer in time'}",)


async def _ask(nats: NatsOptions) -> ExposurePage:
    async with asyncio.timeout(TIMEOUT_S):
        bus = await NatsBus.connect(nats, SystemClock())
        try:
            return await ask_exposure(bus, PageRequest())
        finally:
            await bus.close()


def shown(page: ExposurePage) -> tuple[str, ...]:
    """Return the page as a person reads it, the naked buckets and what alarms."""
    hedger = "stands at the head of the log" if page.hedger_at_head else "NONE at the head"
    naked = [row for row in page.buckets if row.cause is not ExposureCause.NONE]
    total = f"{len(naked)} of {len(page.buckets)} buckets naked"
    return (
        f"hedger: {hedger}",
        f"exposure: {total}, as of {page.epoch}.{page.seq}",
        *(
            f"  {row.naked:f} {row.ticker} on {row.exc} in {row.pool}"
            + (f", worth {row.notional:f}" if row.notional is not None else "")
            + f", for {row.age_ms / 1_000:g} s: {row.cause.value}"
            for row in naked
        ),
        *(f"ALARM {text}" for text in page.alarms),
        *([f"partial: {page.partial}"] if page.partial else []),
    )
