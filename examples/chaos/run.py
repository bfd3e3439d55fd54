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

from examples.chaos.blows.exchanges import FORCED_NAMES
from examples.chaos.blows.plan import Blow, Kind, Pace, schedule
from examples.chaos.blows.processes import GATEWAY
from examples.chaos.blows.servers import server_of_kept
from examples.chaos.blows.venue_faults import EXCHANGES, NAMES
from examples.chaos.desk import Desk, open_desk
from examples.chaos.evidence import LogFacts, gather, read_cut_logs, read_log
from examples.chaos.figures import report
from examples.chaos.figures.gauges import ALREADY
from examples.chaos.figures.recovery import Recovery, recoveries
from examples.chaos.figures.stretch import Stretch
from examples.chaos.figures.takeover import sends_again_ms
from examples.chaos.figures.timeline import Note, between, logged, phases
from examples.chaos.options import Options
from examples.chaos.progress import Progress
from examples.chaos.stage import GATEWAYS, MORTAL, STRATEGIES, Market, names_of
from examples.chaos.strategy import PREFIX
from examples.chaos.verdict import Evidence, Finding, judge
from tandem.cli.stack import SERVICES, LocalStack
from tandem.domain.errors import UnavailableError
from tandem.domain.units import MS_PER_MINUTE, MS_PER_S, NS_PER_MS
from tandem.runtime.clock import TaskOwner

LOOK_EVERY_S = 2.0
CALM_FILLS = 60
CALM_POLL_S = 0.1
MOST_CALM_S = 90.0
LEAD_MS = 3_000
MOST_TOLD = 15
MOST_EXPLAINED = 8
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
        say("the strategies are gone; whatever they have left is stopped")
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
        services=SERVICES,
        gateways=GATEWAYS,
        strategies=tuple(f"{PREFIX}{name}" for name in STRATEGIES),
        mortals=(f"{PREFIX}{MORTAL}",),
        exchanges=EXCHANGES,
        venue_faults=NAMES,
        forced=FORCED_NAMES,
    )


async def _play(desk: Desk, blows: Sequence[Blow], say: Say) -> None:
    """Let everybody work while the blows fall, and a little longer; then no more fills.

    After the last blow hedges run undisturbed: the last recovery goes to its end, and is counted.
    """
    tasks = TaskOwner()
    crowd, clients = desk.crowd, desk.clients
    watch = Progress(desk.stack, desk.gauges, desk.havoc.journal, crowd, clients, desk.clock)
    try:
        if Kind.VENUE in desk.options.kinds:
            await desk.havoc.faults.start()
        desk.havoc.start()
        for child in desk.quoting:
            child.spawn()
        tasks.spawn(crowd.trade(desk.options.fills_per_s), "crowd")
        tasks.spawn(watch.tell(say), "progress")
        striking = tasks.spawn(_strike(desk, blows, say), "striking")
        await asyncio.wait(
            {striking, tasks.failed, desk.havoc.failed}, return_when="FIRST_COMPLETED"
        )
        _raise_what_failed(tasks, desk)
    finally:
        await tasks.close()
    await desk.havoc.processes.end(desk.quoting)


def _raise_what_failed(tasks: TaskOwner, desk: Desk) -> None:
    for failed in (tasks.failed, desk.havoc.failed):
        if failed.done():
            failed.result()


async def _strike(desk: Desk, blows: Sequence[Blow], say: Say) -> None:
    began_ns = desk.clock.monotonic_ns()
    for blow in blows:
        elapsed_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
        await desk.clock.sleep(max(0, blow.at_ms - elapsed_ms) / MS_PER_S)
        desk.havoc.strike(blow)
    elapsed_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
    rest_ms = int(desk.options.minutes * MS_PER_MINUTE) - elapsed_ms
    await desk.clock.sleep(max(0, rest_ms) / MS_PER_S)
    say("no more blows; waiting until everything runs again")
    await desk.havoc.calm()
    await _see_fills(desk)


async def _see_fills(desk: Desk) -> None:
    """Wait until makers were filled on a desk that nothing disturbs any more."""
    wanted = desk.crowd.fills + CALM_FILLS
    for _ in range(int(MOST_CALM_S / CALM_POLL_S)):
        if desk.crowd.fills >= wanted:
            return
        await desk.clock.sleep(CALM_POLL_S)


async def _until_quiet(desk: Desk, say: Say) -> Outcome:
    """Look until the verdict finds nothing, or time is up; the last look counts."""
    clock = desk.clock
    began_ns = clock.monotonic_ns()
    cut_logs = [server_of_kept(kept, desk.stack.nats) for kept in desk.havoc.servers.cut_logs]
    cut = asyncio.ensure_future(read_cut_logs(cut_logs, clock))
    while True:
        outcome = await _look(desk, began_ns, await cut)
        waited_ms = (clock.monotonic_ns() - began_ns) // NS_PER_MS
        if outcome is not None and not outcome.findings:
            return outcome
        if waited_ms > desk.options.quiet_s * MS_PER_S:
            if outcome is None:
                raise UnavailableError("the system does not answer the oracle")
            return outcome
        if outcome is not None:
            await _keep(desk, outcome, desk.stack.plan.directory)
            first = outcome.findings[0]
            say(f"{waited_ms / MS_PER_S:.0f} s of quiet, not yet: {len(outcome.findings)}, {first}")
        await clock.sleep(LOOK_EVERY_S)


async def _look(desk: Desk, began_ns: int, cut: LogFacts) -> Outcome | None:
    """Judge once; None while somebody whom the oracle asks does not answer.

    `cut` is what the logs said that were taken away.
    """
    with suppress(*UNREACHABLE):
        for strategy in desk.strategies:
            await strategy.stop()
        facts = (await read_log(desk.witnesses.bus, desk.clock)).also(cut)
        evidence = await gather(desk.witnesses, facts, desk.havoc.servers.wiped_ms)
        waited_ms = (desk.clock.monotonic_ns() - began_ns) // NS_PER_MS
        return Outcome(facts, evidence, judge(evidence), waited_ms)
    return None


async def _keep(desk: Desk, outcome: Outcome, directory: Path) -> None:
    """Leave beside the logs what is needed to find out why."""
    kept: dict[str, object] = {
        "journal": desk.havoc.journal.events,
        "uptime": desk.havoc.uptime.all(),
        "notes": outcome.facts.notes,
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
    found = recoveries(desk.havoc.uptime.all(), waits.stretches)
    return {
        "chaos": "tandem",
        "seed": desk.options.seed,
        "minutes": desk.options.minutes,
        **report.judged(outcome.findings),
        **report.counts(outcome.evidence),
        "fills_per_s": round(desk.crowd.fills / max(1.0, desk.crowd.traded_s), 1),
        "kills": desk.havoc.killed,
        "blows": dict(sorted(kinds.items())),
        "ended_themselves": dict(desk.havoc.ended_themselves),
        "unhedged_ms": waits.spread,
        **report.orphaned(outcome.evidence, outcome.facts.owners, desk.havoc.processes.died_ms),
        **report.recovered(found),
        "recovered_worst": _explained(desk, outcome, found),
        "unhedged_max_at": None if worst is None else _utc(worst.from_ms),
        "unhedged_max_during": _going_on(desk, worst),
        "in_doubt_orders": len(outcome.facts.in_doubt),
        "duplicates_refused": desk.gauges.total(ALREADY),
        "log_messages": outcome.facts.messages,
        "makers_quoted": len(outcome.facts.makers),
        "makers_cancelled": len(outcome.facts.cancels),
        "recovered_ms": outcome.recovered_ms,
    }


def _going_on(desk: Desk, worst: Stretch | None) -> list[str]:
    if worst is None:
        return []
    return desk.havoc.journal.during(worst.from_ms, worst.until_ms, LEAD_MS)[:MOST_TOLD]


def _explained(desk: Desk, outcome: Outcome, found: Sequence[Recovery]) -> list[dict[str, object]]:
    """Return the slowest recoveries with what was going on, and what each process said."""
    worst = sorted(found, key=lambda one: one.ms, reverse=True)[:MOST_EXPLAINED]
    notes = [*logged(desk.stack.plan.directory / "logs"), *outcome.facts.notes]
    return [_explanation(desk, one, notes) for one in worst]


def _explanation(desk: Desk, one: Recovery, notes: Sequence[Note]) -> dict[str, object]:
    during = between(notes, one.at_ms, one.covered_ms)
    return {
        "ms": one.ms,
        "at": _utc(one.at_ms),
        "owed_from": one.from_ms - one.at_ms,
        "interrupted": one.is_interrupted,
        "phases": phases(during, one.at_ms),
        "during": desk.havoc.journal.during(one.at_ms, one.covered_ms, LEAD_MS)[:MOST_TOLD],
    }


def _utc(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / MS_PER_S, UTC).isoformat(timespec="milliseconds")
