"""What a backfill does after a failure: it waits, and asks for the table if that may be why.

It does not wait for the rest of its pause once the venue is heard (E6).
"""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import structlog

from tandem.gateway.port.requests import UnansweredError, VenueQueryError
from tandem.gateway.shell.venue.backfill import Backfill
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.metrics import Metrics
from tests.conftest import Eventually

# With the pauses that the failures call for these would take more than two minutes.
RUNS = 60


@dataclass(slots=True)
class AwayQueries:
    """A venue that lists nothing."""

    asked: int = 0
    error: VenueQueryError = field(default_factory=lambda: UnansweredError("away"))

    async def listing(self, *_: object, **__: object) -> object:
        self.asked += 1
        raise self.error


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


@pytest.mark.parametrize(
    ("error", "is_doubted"),
    [
        (VenueQueryError("-1121 Invalid symbol."), True),
        (UnansweredError("no answer within 5 s"), False),
        (VenueQueryError("HTTP 429 null", retry_after_ms=1), False),
    ],
)
async def test_e11_the_table_is_doubted_only_when_the_venue_refuses_what_was_asked(
    error: VenueQueryError, is_doubted: bool, eventually: Eventually
) -> None:
    doubts: list[None] = []
    queries, tasks = AwayQueries(error=error), TaskOwner()
    backfill = Backfill(core(), queries)  # type: ignore[arg-type]  # the parts that it uses
    backfill.on_failed = lambda: doubts.append(None)
    tasks.spawn(backfill.run(), "backfill")

    backfill.want()
    await eventually(lambda: queries.asked == 1)
    backfill.want()
    await eventually(lambda: queries.asked == 2)

    assert bool(doubts) is is_doubted
    await tasks.close()
