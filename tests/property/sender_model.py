"""A venue, a log and processes that come, go and freeze around the pure sender, by one seed.

The venue judges each request by its own clock, shows orders late, and its answers and events may
be lost. Two processes follow the log; one holds the lease and sends. After `ACTIVE_MS` nothing
fails any more, and `run` returns the world in which every order must have ended.

Taken for granted, as the sender does: what a query shows is at most `LAG_MS` old, the venue's
clock is set at most once and by less than a second, an error bound is true.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import assert_never

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Strategy
from tandem.domain.order import OrderStatus, OrderType, RejectReason
from tandem.gateway.core.effects import Alarm, Kill, LogReport, LookUp, SenderEffect
from tandem.gateway.core.pending_order import Now, Ticket, from_new_order
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import Outcome, Report, Stamp
from tandem.messages.intents import NewOrder
from tandem.messages.reports import OrderReport
from tests.property.sender_venue import EXC, TICKER, Placed

MS = 1_000_000
STEP_MS = 25
ACTIVE_MS = 9_000
QUIET_MS = 25_000
WINDOW_MS = 2_000
TIMEOUT_MS = 400
LEASE_MS = 500
LAG_MS = 900
STEP_MAX_MS = 900
ORDERS = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """How processes behave; each ablation leaves one rule out."""

    sender: type[Sender] = Sender
    is_stamped_before_the_freeze: bool = True
    is_held_when_lost: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What a question brought, None: no usable answer; and the time that the venue showed."""

    found: tuple[OrderReport, ...] | None
    venue_ms: int


@dataclass(slots=True)
class Process:
    """One process: its sender, how far it read the log, what it believes of the venue's clock."""

    sender: Sender
    ahead_ms: int
    error_ms: int
    read: int = 0
    frozen_until_ms: int = 0
    cut_off_until_ms: int = 0
    is_dead: bool = False


@dataclass(slots=True)
class World:
    """Everything at one moment of true time; `count` says how often each thing happened."""

    rng: random.Random
    rules: Rules
    now_ms: int = 0
    log: list[NewOrder | Report] = field(default_factory=list)
    asked_ms: list[int] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    holder: Process | None = None
    confirmed_ms: int = 0
    skew_ms: int = 0
    calls: int = 0
    alarms: int = 0
    count: dict[str, int] = field(default_factory=dict)
    agenda: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    events: int = 0

    @property
    def venue_ms(self) -> int:
        return self.now_ms + self.skew_ms

    @property
    def is_quiet(self) -> bool:
        return self.now_ms >= ACTIVE_MS

    def happens(self, what: str, likely: float) -> bool:
        """Draw whether something goes wrong; nothing does in quiet time."""
        if self.is_quiet or self.rng.random() >= likely:
            return False
        self.count[what] = self.count.get(what, 0) + 1
        return True

    def later(self, delay_ms: int, do: Callable[[], None]) -> None:
        self.events += 1
        heapq.heappush(self.agenda, (self.now_ms + delay_ms, self.events, do))

    def now(self, process: Process) -> Now:
        """Return this moment as a process knows it."""
        believed = self.now_ms + process.ahead_ms
        return Now(self.now_ms * MS, self.now_ms * MS, believed, process.error_ms)

    def measure(self, process: Process) -> None:
        process.error_ms = self.rng.randint(1, 100)
        process.ahead_ms = self.skew_ms + self.rng.randint(-process.error_ms, process.error_ms)


def run(seed: int, rules: Rules | None = None) -> World:
    """Play one seed to its end."""
    world = World(random.Random(seed), rules or Rules())
    for _ in range(2):
        start(world)
    for number in range(ORDERS):
        world.later(world.rng.randrange(5_000), partial(ask, world, number))
    world.later(world.rng.randrange(ACTIVE_MS), lambda: set_clock(world))
    while world.now_ms < ACTIVE_MS + QUIET_MS and not is_settled(world):
        step(world)
        world.now_ms += STEP_MS
    return world


def is_settled(world: World) -> bool:
    """Tell whether nothing can happen any more."""
    return (
        world.is_quiet
        and not world.agenda
        and not any(process.sender.orders() for process in world.processes)
    )


def set_clock(world: World) -> None:
    """The venue sets its clock, once."""
    world.skew_ms += world.rng.randint(-STEP_MAX_MS, STEP_MAX_MS)


def ask(world: World, number: int) -> None:
    """Somebody logs an intent."""
    order = NewOrder(
        exc=EXC,
        ticker=TICKER,
        client_order_id=ClientOrderId(f"0x{number}"),
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(150),
        valid_for_ms=world.rng.choice((300, 5_000, 60_000, 60_000)),
    )
    append(world, order)


def append(world: World, fact: NewOrder | Report) -> None:
    """Log it; a fact's identity keeps it from being there twice."""
    if fact not in world.log:
        world.log.append(fact)
        world.asked_ms.append(world.now_ms)


def start(world: World) -> None:
    """Start a process; it knows nothing but what it reads."""
    process = Process(world.rules.sender(WINDOW_MS, TIMEOUT_MS), 0, 1)
    world.measure(process)
    world.processes.append(process)


def step(world: World) -> None:
    """Let a moment pass for the wire, the lease and each process."""
    while world.agenda and world.agenda[0][0] <= world.now_ms:
        heapq.heappop(world.agenda)[2]()
    for process in tuple(world.processes):
        if process.frozen_until_ms <= world.now_ms:
            live(world, process)
    if len(world.processes) < 2:
        start(world)


def live(world: World, process: Process) -> None:
    """One turn of a process."""
    if world.happens("crash", 0.003):
        crash(world, process)
        return
    if world.happens("measured", 0.02) or world.is_quiet:
        world.measure(process)
    follow(world, process)
    reign(world, process)
    if world.holder is process and world.happens("cancel", 0.002):
        cloid = ClientOrderId(f"0x{world.rng.randrange(ORDERS)}")
        carry_out(world, process, process.sender.cancel_unsent(cloid))
    carry_out(world, process, process.sender.tick(world.now(process)))
    if world.holder is process:
        send(world, process)


def crash(world: World, process: Process) -> None:
    process.is_dead = True
    world.processes.remove(process)


def follow(world: World, process: Process) -> None:
    """Read what is new in the log, or lag behind."""
    if world.holder is not process and world.happens("lag", 0.3):
        return
    while process.read < len(world.log):
        fact, ts_ms = world.log[process.read], world.asked_ms[process.read]
        process.read += 1
        if isinstance(fact, NewOrder):
            known = any(
                isinstance(one, OrderReport)
                and one.client_order_id == fact.client_order_id
                and not one.in_doubt
                for one in world.log[: process.read]
            )
            if not known:
                process.sender.take(from_new_order(fact, ts_ms * MS, process.read))
        else:
            process.sender.take_fact(fact)
    if world.happens("redelivery", 0.02) and world.log:
        again = world.rng.randrange(len(world.log))
        fact = world.log[again]
        if isinstance(fact, NewOrder) and not is_reported(world, fact.client_order_id):
            process.sender.take(from_new_order(fact, world.asked_ms[again] * MS, again))


def is_reported(world: World, cloid: ClientOrderId) -> bool:
    return any(
        isinstance(one, OrderReport) and one.client_order_id == cloid and not one.in_doubt
        for one in world.log
    )


def reign(world: World, process: Process) -> None:
    """Keep, lose or gain the lease."""
    is_over = world.now_ms - world.confirmed_ms >= LEASE_MS
    if world.holder is process and not is_over:
        if world.happens("cut off", 0.005):
            process.cut_off_until_ms = world.now_ms + world.rng.randrange(1_500)
        if process.cut_off_until_ms <= world.now_ms:
            world.confirmed_ms = world.now_ms
    elif world.holder is process:
        world.holder = None
        if world.rules.is_held_when_lost:
            process.sender.hold()
    elif process.sender.is_open and world.rules.is_held_when_lost:
        process.sender.hold()
    elif is_over and process.read == len(world.log):
        world.count["takeover"] = world.count.get("takeover", 0) + 1
        world.holder, world.confirmed_ms = process, world.now_ms
        world.measure(process)
        process.sender.pass_fence(world.now(process))


def send(world: World, process: Process) -> None:
    """Write what is ready; the process may freeze between its check and the write."""
    checked = world.now(process)
    ticket = process.sender.ready(urgent=False, mono_ns=checked.mono_ns)
    if ticket is None:
        return
    refusal = process.sender.stale(ticket, checked)
    if refusal is not None:
        carry_out(world, process, process.sender.refuse(ticket, refusal))
        return
    frozen_ms = world.rng.randrange(50, 6_000) if world.happens("freeze", 0.15) else 0
    process.frozen_until_ms = world.now_ms + frozen_ms
    stamped_ms = checked.venue_ms
    if not world.rules.is_stamped_before_the_freeze:
        stamped_ms += frozen_ms
    world.calls += 1
    world.count["sent"] = world.count.get("sent", 0) + 1
    stamp = Stamp(world.calls, stamped_ms, stamped_ms, WINDOW_MS)
    process.sender.written(ticket, stamp, checked)
    travel(world, process, ticket, stamp, frozen_ms)


def travel(world: World, process: Process, ticket: Ticket, stamp: Stamp, frozen_ms: int) -> None:
    """The request is on its way, and arrives now, late or never."""
    if world.happens("lost request", 0.15):
        lose(world, process, stamp)
        return
    slow_ms = world.rng.randrange(2_500) if world.happens("slow request", 0.5) else 5
    if world.happens("request in the last moment", 0.2):
        slow_ms = WINDOW_MS - world.rng.randrange(150)
    arrive = frozen_ms + slow_ms
    world.later(arrive, lambda: judge(world, process, ticket.cloid, stamp))


def lose(world: World, process: Process, stamp: Stamp) -> None:
    """No answer will come; the process may or may not see its connection end."""
    if world.happens("cut", 0.5):
        world.later(20, lambda: lost(world, process, stamp))


def lost(world: World, process: Process, stamp: Stamp) -> None:
    if not process.is_dead:
        carry_out(world, process, process.sender.lost(stamp.call, world.now(process)))


def judge(world: World, process: Process, cloid: ClientOrderId, stamp: Stamp) -> None:
    """The venue takes, refuses or finds expired what arrived."""
    if world.venue_ms > stamp.venue_ms + stamp.window_ms:
        expired = Outcome(kind=OutcomeKind.NOT_EXECUTED, reason=RejectReason.CLOCK)
        answer(world, process, stamp, expired)
    elif world.happens("throttled", 0.1):
        kind, reason = OutcomeKind.NOT_EXECUTED, RejectReason.RATE_LIMIT
        outcome = Outcome(kind=kind, reason=reason, retry_after_ms=world.rng.randrange(400))
        answer(world, process, stamp, outcome)
    elif world.happens("refused", 0.15):
        answer(world, process, stamp, Outcome(kind=OutcomeKind.REJECTED, text="no"))
    else:
        accept(world, process, cloid, stamp)


def accept(world: World, process: Process, cloid: ClientOrderId, stamp: Stamp) -> None:
    shown_ms = world.now_ms + (world.rng.randrange(LAG_MS) if world.happens("lagging", 0.8) else 0)
    placed = Placed(cloid, len(world.placed) + 1, shown_ms)
    world.placed.append(placed)
    tell(world, placed)
    facts = (placed.report(ReportSource.ACK),)
    answer(world, process, stamp, Outcome(kind=OutcomeKind.ACCEPTED, facts=facts))


def tell(world: World, placed: Placed) -> None:
    """The user stream tells all who listen, or loses the event, or tells of a fill only."""
    if world.happens("mute", 0.85):
        return
    is_fill = world.happens("fill first", 0.5)
    fact: Report = placed.fill() if is_fill else placed.report(ReportSource.EVENT)
    world.later(world.rng.randrange(600), lambda: hear(world, fact))


def hear(world: World, fact: Report) -> None:
    for process in world.processes:
        if process.frozen_until_ms <= world.now_ms:
            append(world, fact)
            process.sender.take_fact(fact)


def answer(world: World, process: Process, stamp: Stamp, outcome: Outcome) -> None:
    if world.happens("lost answer", 0.5):
        lose(world, process, stamp)
        return
    if world.happens("unclear answer", 0.2):
        outcome = Outcome(kind=OutcomeKind.UNKNOWN, text="5xx")
    slow_ms = world.rng.randrange(6_000) if world.happens("slow answer", 0.5) else 5
    world.later(slow_ms, lambda: answered(world, process, stamp, outcome))


def answered(world: World, process: Process, stamp: Stamp, outcome: Outcome) -> None:
    if process.is_dead:
        return
    if process.frozen_until_ms > world.now_ms:
        wait_ms = process.frozen_until_ms - world.now_ms + STEP_MS
        world.later(wait_ms, lambda: answered(world, process, stamp, outcome))
        return
    effects = process.sender.answered(stamp.call, outcome, world.now(process))
    carry_out(world, process, effects)


def carry_out(world: World, process: Process, effects: tuple[SenderEffect, ...]) -> None:
    """Log and ask; a process may die with a fact in its hand."""
    for effect in effects:
        match effect:
            case LogReport():
                if world.happens("crash with a fact", 0.03):
                    if not process.is_dead:
                        crash(world, process)
                    return
                append(world, effect.fact)
            case LookUp():
                begin_ms = 20 if effect.is_thorough else 0
                world.later(begin_ms, partial(look, world, process, effect))
            case Alarm():
                world.alarms += 1
            case Kill():
                raise AssertionError("this venue has no nonces")
            case _:
                assert_never(effect)


def look(world: World, process: Process, effect: LookUp) -> None:
    """A question shows the venue as it was when asked; its answer takes a while, or fails."""
    shown_ms = world.venue_ms
    seen = [
        one for one in world.placed if one.cloid == effect.cloid and one.shown_ms <= world.now_ms
    ]
    delay_ms = world.rng.randrange(1_500) if world.happens("slow lookup", 0.3) else 5
    failed = world.happens("failed lookup", 0.2)
    found = None if failed else tuple(one.report(ReportSource.QUERY) for one in seen)
    world.later(delay_ms, lambda: looked(world, process, effect, Seen(found, shown_ms)))


def looked(world: World, process: Process, effect: LookUp, seen: Seen) -> None:
    """Tell the sender what its question brought."""
    if process.is_dead:
        return
    sender, now = process.sender, world.now(process)
    if seen.found:
        carry_out(world, process, sender.found(effect.cloid, seen.found, now))
    elif seen.found is None or not effect.is_thorough:
        sender.lookup_failed(effect.cloid, now)
    else:
        carry_out(world, process, sender.absent(effect.cloid, seen.venue_ms, now))


class BrokenError(Exception):
    """An order was doubled, lost, or told falsely."""


def check(world: World) -> None:
    """Compare what the log says of each order with the venue's own books.

    Raises:
        BrokenError: they differ.
    """
    for number in range(ORDERS):
        cloid = ClientOrderId(f"0x{number}")
        accepted = [one for one in world.placed if one.cloid == cloid]
        told = {
            one.order_status
            for one in world.log
            if isinstance(one, OrderReport) and one.client_order_id == cloid and not one.in_doubt
        }
        if len(accepted) > 1:
            raise BrokenError(f"{cloid}: accepted {len(accepted)} times")
        if accepted and told != {OrderStatus.NEW}:
            raise BrokenError(f"{cloid}: accepted, and told as {sorted(told)}")
        if not accepted and (len(told) != 1 or OrderStatus.NEW in told):
            raise BrokenError(f"{cloid}: never accepted, and told as {sorted(told)}")
    if world.alarms:
        raise BrokenError("an alarm without a cause")
