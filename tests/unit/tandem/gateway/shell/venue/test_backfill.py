"""What a run of the backfill says of fills that the venue no longer lists."""

from types import SimpleNamespace

import structlog

from tandem.domain.ids import Exc
from tandem.gateway.account.old_fills import NS_PER_H, OldFills
from tandem.gateway.port.requests import FillsQuery, Listing, Query
from tandem.gateway.shell.venue.backfill import Backfill
from tandem.messages.hedges import Alarm
from tandem.runtime.clock import SystemClock
from tandem.runtime.metrics import Metrics

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000


class Lists:
    """A venue that lists nothing, and of whose fills some are kept no more."""

    def __init__(self, lost_until_ms: int | None) -> None:
        self.lost_until_ms = lost_until_ms
        self.since: list[int] = []

    async def listing(self, query: Query, *_: object) -> Listing:
        if not isinstance(query, FillsQuery):
            return Listing(())
        self.since.append(query.since_ms)
        return Listing((), lost_until_ms=self.lost_until_ms)

    async def recent(self, *_: object) -> None:
        return None


def backfill(lists: Lists, logged: list[object], since_ms: int) -> Backfill:
    context = SimpleNamespace(
        clock=SystemClock(), metrics=Metrics(), log=structlog.get_logger(), run="r"
    )
    known = SimpleNamespace(
        live={},
        dealt=set(),
        fills_since_ms=lambda _now, _margin: since_ms,
        maybe_open=frozenset,
        live_orders=lambda: (),
        unproven_orders=lambda: (),
        has_oid=lambda *_: False,
    )
    journal = SimpleNamespace(append=logged.append, forget_lasting=lambda _facts: None)
    core = SimpleNamespace(
        exc=Exc("binance"),
        context=context,
        known=known,
        journal=journal,
        instruments={},
        watched={},
        now=lambda: SimpleNamespace(venue_ms=NOW_MS),
    )
    core.old_fills = OldFills(Exc("binance"), 47 * NS_PER_H)
    return Backfill(core, lists)  # type: ignore[arg-type]  # the parts that it uses


def texts(logged: list[object]) -> list[str]:
    return [fact.text for fact in logged if isinstance(fact, Alarm)]


async def test_d7_fills_that_the_venue_keeps_no_more_are_one_alarm() -> None:
    logged: list[object] = []
    lists = Lists(NOW_MS - 90 * DAY_MS)
    here = backfill(lists, logged, NOW_MS - 100 * DAY_MS)

    await here._run_once()
    lists.lost_until_ms = None
    await here._run_once()

    assert texts(logged) == [
        "fills from 2026-06-13T14:13:20+00:00 to 2026-06-23T14:13:20+00:00 may be missing: "
        "binance no longer lists them"
    ]
    assert lists.since[0] == NOW_MS - 100 * DAY_MS
    assert lists.since[-1] > NOW_MS - DAY_MS


async def test_d7_a_stretch_that_is_asked_for_again_is_told_once() -> None:
    logged: list[object] = []
    here = backfill(Lists(NOW_MS - 90 * DAY_MS), logged, NOW_MS - 100 * DAY_MS)

    for _ in range(3):
        here.look_back(NOW_MS - 100 * DAY_MS)
        await here._run_once()

    assert len(texts(logged)) == 1


async def test_fills_that_are_all_kept_are_no_alarm() -> None:
    logged: list[object] = []

    await backfill(Lists(None), logged, NOW_MS - DAY_MS)._run_once()

    assert texts(logged) == []


async def test_fills_that_are_too_old_for_the_log_are_one_alarm() -> None:
    logged: list[object] = []
    here = backfill(Lists(None), logged, NOW_MS - 3 * DAY_MS)
    here._core.old_fills.take(SimpleNamespace(ts_event_ns=NOW_MS * 1_000_000))  # type: ignore[arg-type]

    for _ in range(3):
        await here._run_once()

    assert len(texts(logged)) == 1
