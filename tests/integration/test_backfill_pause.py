"""After a failure the backfill waits, and not for the rest of that once the venue is heard (E6)."""

from dataclasses import dataclass
from types import SimpleNamespace

import structlog

from tandem.gateway.backfill import Backfill
from tandem.gateway.requests import VenueQueryError
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.metrics import Metrics
from tests.conftest import Eventually

# With the pauses that the failures call for these would take more than two minutes.
RUNS = 60


@dataclass(slots=True)
class AwayQueries:
    """A venue that does not answer."""

    asked: int = 0

    async def listing(self, *_: object, **__: object) -> object:
        self.asked += 1
        raise VenueQueryError("away")


def core() -> SimpleNamespace:
    context = SimpleNamespace(
        clock=SystemClock(), metrics=Metrics(), log=structlog.get_logger(), run="r"
    )
    known = SimpleNamespace(
        live={}, fills_since_ms=lambda started_ms, _margin: started_ms, maybe_open=lambda: ()
    )
    settings = SimpleNamespace(backfill_s=3_600, backfill_live_s=3_600)
    now = SimpleNamespace(venue_ms=1_000)
    return SimpleNamespace(
        exc="venue", context=context, known=known, settings=settings, now=lambda: now
    )


async def test_e6_a_session_that_comes_up_ends_the_pause_of_a_failed_backfill(
    eventually: Eventually,
) -> None:
    queries, tasks = AwayQueries(), TaskOwner()
    backfill = Backfill(core(), queries)  # type: ignore[arg-type]  # the parts that it uses
    tasks.spawn(backfill.run(), "backfill")

    for run in range(1, RUNS + 1):
        backfill.want()
        await eventually(lambda run=run: queries.asked >= run)

    await tasks.close()
