"""One chaos run on a stack: strategies and crowd at work, blows falling, then quiet and verdict."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec
import redis.exceptions

from examples.chaos import report
from examples.chaos.desk import Desk, open_desk
from examples.chaos.evidence import LogFacts, gather, read_log
from examples.chaos.gauges import ALREADY
from examples.chaos.havoc import GATEWAY
from examples.chaos.options import Options
from examples.chaos.plan import DEATHS, Blow, Kind, Pace, schedule
from examples.chaos.progress import Progress
from examples.chaos.stage import GATEWAYS, Market, names_of
from examples.chaos.stretch import Stretch
from examples.chaos.takeover import sends_again_ms
from examples.chaos.venue_faults import NAMES
from examples.chaos.verdict import Evidence, Finding, judge
from tandem.cli.stack import LocalStack
from tandem.domain.errors import UnavailableError
from tandem.runtime.clock import TaskOwner

MS_PER_S = 1_000
S_PER_MINUTE = 60
MS_PER_MINUTE = 60_000
NS_PER_MS = 1_000_000
LOOK_EVERY_S = 2.0
LEAD_MS = 3_000
MOST_TOLD = 15
UNREACHABLE = (UnavailableError, redis.exceptions.RedisError, aiohttp.ClientError, OSError)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the run came to: the evidence, what speaks against the system, how long quiet took."""

    facts: LogFacts
    evidence: Evidence
    findings: Sequence[Finding]
    recovered_ms: int


async def run(stack: LocalStack, market: Market, options: Options, say: Say) -> dict[str, object]:
    """Play the run and return its last line."""
    async with open_desk(stack, market, options) as desk:
        blows = schedule(options.seed, _pace(desk))
        say(f"seed {options.seed}: {len(blows)} blows in {options.minutes:g} minutes")
        await _play(desk, blows, say)
        outcome = await _until_quiet(desk, say)
        await desk.gauges.sample(stack)
        await _keep(desk, outcome, stack.plan.directory)
        return _line(desk, outcome) | {
            "venue_faults": await desk.havoc.faults.fired(),
            "takeover_ms": await _takeovers(desk),
        }


def _pace(desk: Desk) -> Pace:
    options = desk.options
    return Pace(
        duration_ms=int(options.minutes * MS_PER_MINUTE),
        kills_per_minute=options.kills_per_minute,
        kinds=options.kinds,
        processes=names_of(desk.stack.plan),
        gateways=GATEWAYS,
        venue_faults=NAMES,
    )


async def _play(desk: Desk, blows: Sequence[Blow], say: Say) -> None:
    """Let everybody work while the blows fall; then no more fills, and no more faults."""
    tasks = TaskOwner()
    crowd, clients = desk.crowd, desk.clients
    watch = Progress(desk.stack, desk.gauges, desk.havoc.journal, crowd, clients, desk.clock)
    try:
        if Kind.VENUE in desk.options.kinds:
            await desk.havoc.faults.start()
        desk.havoc.start()
        for strategy in desk.strategies:
            tasks.spawn(strategy.quote(), "strategy")
        tasks.spawn(crowd.trade(desk.options.fills_per_s), "crowd")
        tasks.spawn(watch.tell(say), "progress")
        striking = tasks.spawn(_strike(desk, blows), "striking")
        await asyncio.wait(
            {striking, tasks.failed, desk.havoc.failed}, return_when="FIRST_COMPLETED"
        )
        _raise_what_failed(tasks, desk)
    finally:
        await tasks.close()
    say("no more blows; waiting until everything runs again")
    await desk.havoc.calm()


def _raise_what_failed(tasks: TaskOwner, desk: Desk) -> None:
    for failed in (tasks.failed, desk.havoc.failed):
        if failed.done():
            failed.result()


async def _strike(desk: Desk, blows: Sequence[Blow]) -> None:
    began_ns = desk.clock.monotonic_ns()
    for blow in blows:
        elapsed_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
        await desk.clock.sleep(max(0, blow.at_ms - elapsed_ms) / MS_PER_S)
        desk.havoc.strike(blow)
    elapsed_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
    rest_ms = int(desk.options.minutes * MS_PER_MINUTE) - elapsed_ms
    await desk.clock.sleep(max(0, rest_ms) / MS_PER_S)


async def _until_quiet(desk: Desk, say: Say) -> Outcome:
    """Look until the verdict finds nothing, or time is up; the last look counts."""
    clock = desk.clock
    began_ns = clock.monotonic_ns()
    while True:
        outcome = await _look(desk, began_ns)
        waited_ms = (clock.monotonic_ns() - began_ns) // NS_PER_MS
        if outcome is not None and not outcome.findings:
            return outcome
        if waited_ms > desk.options.quiet_s * MS_PER_S:
            if outcome is None:
                raise UnavailableError("the system does not answer the oracle")
            return outcome
        if outcome is not None:
            first = outcome.findings[0]
            say(f"{waited_ms / MS_PER_S:.0f} s of quiet, not yet: {len(outcome.findings)}, {first}")
        await clock.sleep(LOOK_EVERY_S)


async def _look(desk: Desk, began_ns: int) -> Outcome | None:
    """Judge once; None while somebody whom the oracle asks does not answer."""
    with suppress(*UNREACHABLE):
        for strategy in desk.strategies:
            await strategy.stop()
        facts = await read_log(desk.witnesses.bus, desk.clock)
        evidence = await gather(desk.witnesses, facts)
        waited_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
        return Outcome(facts, evidence, judge(evidence), waited_ms)
    return None


async def _keep(desk: Desk, outcome: Outcome, directory: Path) -> None:
    """Leave beside the logs what is needed to find out why."""
    kept: dict[str, object] = {
        "journal": desk.havoc.journal.events,
        "takeovers": desk.havoc.takeovers.seen,
        "trades": outcome.evidence.trades,
        "orders": outcome.evidence.orders,
        "findings": outcome.findings,
    }
    for exc, venue in desk.witnesses.venues.items():
        kept[f"requests-{exc}"] = await venue.requests()
    for name, value in kept.items():
        (directory / f"{name}.json").write_bytes(msgspec.json.encode(value))


async def _takeovers(desk: Desk) -> dict[str, object]:
    """Return, by kind of blow, how long after it another copy held the lease, and sent."""
    requests = {exc: await venue.requests() for exc, venue in desk.witnesses.venues.items()}
    leases, sends = defaultdict(list), defaultdict(list)
    for seen in desk.havoc.takeovers.seen:
        alone = "" if seen.has_standby else " without a standby"
        leases[f"{seen.struck.kind}{alone}"].append(seen.lease_ms)
        ms = sends_again_ms(seen, requests[seen.struck.service.removeprefix(GATEWAY)])
        if ms is not None:
            sends[f"{seen.struck.kind}{alone}"].append(ms)
    return {
        kind: {"n": len(found), "lease": report.spread(found), "sends": report.spread(sends[kind])}
        for kind, found in leases.items()
    }


def _line(desk: Desk, outcome: Outcome) -> dict[str, object]:
    kinds = desk.havoc.journal.count()
    waits = report.unhedged(outcome.evidence)
    worst = waits.worst
    return {
        "chaos": "tandem",
        "seed": desk.options.seed,
        "minutes": desk.options.minutes,
        **report.judged(outcome.findings),
        **report.counts(outcome.evidence),
        "fills_per_s": round(desk.crowd.fills / (desk.options.minutes * S_PER_MINUTE), 1),
        "kills": sum(kinds[kind] for kind in DEATHS),
        "blows": dict(sorted(kinds.items())),
        "ended_themselves": dict(desk.havoc.ended_themselves),
        "unhedged_ms": waits.spread,
        "unhedged_max_at": None if worst is None else _utc(worst.from_ms),
        "unhedged_max_during": _going_on(desk, worst),
        "in_doubt_orders": len(outcome.facts.in_doubt),
        "duplicates_refused": desk.gauges.total(ALREADY),
        "log_messages": outcome.facts.messages,
        "makers_quoted": sum(one.quoted for one in desk.strategies),
        "makers_cancelled": sum(one.cancelled for one in desk.strategies),
        "recovered_ms": outcome.recovered_ms,
    }


def _going_on(desk: Desk, worst: Stretch | None) -> list[str]:
    if worst is None:
        return []
    return desk.havoc.journal.during(worst.from_ms, worst.until_ms, LEAD_MS)[:MOST_TOLD]


def _utc(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / MS_PER_S, UTC).isoformat(timespec="milliseconds")
