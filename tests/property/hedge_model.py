"""A desk in miniature around the real fold: venues that lose answers, copies that lag and crash.

One episode: one to three makers of either side fill in random pieces; two hedger copies with
cursors of their own, and often rules of their own, read the log late, freeze, crash, and offer
what they decided some time ago, while an operator puts the rules of one or the other in force;
a gateway sends each logged taker once, and the venue fills it, fills a part, refuses it, or its
answer is lost and only later proven. What the venues say reaches the log permuted, repeated and
stale. After the trouble everything is delivered, and then must hold:

- no regret (I1): each decision was certain at its `as_of`, judged by an oracle that reads the
  raw facts and shares no code with the fold, and was not too much for what really happened;
- one order a cause (I4): no client id was sent twice, one decision an ordinal;
- conservation (I6): at each step of each copy;
- nothing is left but dust, by the venues' own books, and both copies agree on everything (I5).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from services.hedger.book import ledger
from services.hedger.fold.router import HedgerFold
from services.hedger.fold.state import State
from services.hedger.policy.rules import HedgeRules, to_fact
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    VenueOrderId,
    maker_cloid,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, RejectReason, Side
from tandem.domain.units import NS_PER_MS
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.hedges import Decision, TimerFired
from tandem.messages.intents import HedgeOrder, LegSpec, MakerSpec
from tandem.messages.reports import FillReport, OrderReport, SpecsReport
from tandem.runtime.fold.port import Append, ArmTimer, Effect, Head, LogEvent, Proposal
from tests.property.hedge_facts import TAKER_EXC, TICKER, BrokenError, Order, doubt, refusal

MAKER_EXC = Exc("makers")
POOL = Pool("pool")
STALE_AFTER = 40
PX = Decimal(100)
QUIET_ROUNDS = 2
MAX_ROUNDS = 200
LONGEST_LOG = 300
REFUSALS = (
    RejectReason.NO_MATCH,
    RejectReason.NO_REFERENCE,
    RejectReason.RATE_LIMIT,
    RejectReason.MARGIN,
    RejectReason.OTHER,
    RejectReason.CLOCK,
)


@dataclass(frozen=True)
class Ablation:
    """One rule of the semantics left out, in the world around the fold."""

    timeout_rejects: bool = False
    fills_repeat: bool = False


NONE_LEFT_OUT = Ablation()


@dataclass
class Copy:
    """One hedger process: its fold, how far it has read, what it has not offered yet."""

    fold: HedgerFold
    state: State
    cursor: int = 0
    frozen: bool = False
    snapshot: tuple[bytes, int] | None = None
    offers: dict[str, Proposal] = field(default_factory=dict)
    appends: list[Append] = field(default_factory=list)


class World:
    """One episode; `rng` decides everything."""

    def __init__(self, rng: random.Random, ablation: Ablation = NONE_LEFT_OUT) -> None:
        self.rng = rng
        self.ablation = ablation
        self.now_ns = 1_000 * NS_PER_MS
        self.log: list[LogEvent] = []
        self.taken: set[str] = set()
        self.timers: dict[tuple[str, int], ArmTimer] = {}
        self.mail: list[tuple[str, Fact]] = []
        self.slow: list[tuple[str, Fact]] = []
        self.makers: dict[HedgeId, Order] = {}
        self.takers: dict[ClientOrderId, Order] = {}
        self.decisions: list[tuple[int, Decision]] = []
        self.effects: dict[int, tuple[Effect, ...]] = {}
        self.gateway_cursor = 0
        self.execs = 0
        self.tells_cum = rng.random() < 0.6  # Binance does in each report, Hyperliquid rarely
        self.lot = Decimal(rng.choice(("0.1", "0.25", "0.5")))
        self.min_qty = self.lot * rng.choice((1, 1, 2))
        self.min_notional = Decimal(rng.choice((0, 0, 40)))
        clip = rng.choice((None, None, Decimal(150)))
        rules = HedgeRules(clip_notional=clip)
        other = rules if rng.random() < 0.7 else HedgeRules(clip_notional=Decimal(70))
        self.copies = [self._copy(rules), self._copy(other)]
        self.builds = [rules, other]
        self.activations = 1
        self._open()

    def _copy(self, rules: HedgeRules) -> Copy:
        fold = HedgerFold(rules)
        return Copy(fold, fold.initial())

    def _open(self) -> None:
        """Log the instruments and one to three hedge orders, and let their makers rest."""
        self.append("oms.venue.makers.specs.1", self._specs(MAKER_EXC, Decimal("0.05")))
        self.append("oms.venue.takers.specs.1", self._specs(TAKER_EXC, self.lot))
        for index in range(self.rng.choice((1, 1, 2, 3))):
            sign = self.rng.choice((-1, -1, 1)) if index else -1
            amount = sign * Decimal("0.05") * self.rng.randint(4, 40)
            hedge_id = HedgeId(f"h{index}")
            self.makers[hedge_id] = Order(maker_cloid(hedge_id), amount)
            maker = MakerSpec(exc=MAKER_EXC, ticker=TICKER, amount=amount, price=PX)
            hedge = HedgeOrder(
                hedge_id=hedge_id,
                strategy=Strategy("s"),
                maker=maker,
                legs=(LegSpec(exc=TAKER_EXC, ticker=TICKER),),
                pool=POOL,
                coalesce_ms=self.rng.choice((0, 0, 20)),
            )
            self.append(subjects.hedge_intent(hedge.strategy, hedge_id), hedge)

    def _specs(self, exc: Exc, lot: Decimal) -> SpecsReport:
        is_taker = exc == TAKER_EXC
        one = Instrument(
            exc=exc,
            ticker=TICKER,
            symbol="COIN",
            base_asset="COIN",
            quote_asset="USD",
            tick=Decimal("0.01"),
            lot=lot,
            min_qty=self.min_qty if is_taker else lot,
            min_notional=self.min_notional if is_taker else Decimal(0),
        )
        return SpecsReport(exc=exc, instruments=(one,))

    # The log.

    def append(self, subject: str, fact: Fact, repeat: bool = False) -> bool:
        """Store a fact once a subject, as the stream does."""
        if subject in self.taken and not repeat:
            return False
        self.taken.add(subject)
        if len(self.log) > LONGEST_LOG:
            raise BrokenError(f"still restless after {LONGEST_LOG} facts")
        self.now_ns += NS_PER_MS
        self.log.append(LogEvent(len(self.log) + 1, self.now_ns, subject, fact))
        if isinstance(fact, Decision):
            self.decisions.append((len(self.log), fact))
        return True

    def deliver_one(self) -> None:
        if self.mail:
            index = self.rng.randrange(len(self.mail))
            self.mail[index], self.mail[-1] = self.mail[-1], self.mail[index]
            subject, fact = self.mail.pop()
            self.append(subject, fact, self.ablation.fills_repeat)

    def deliver_slow(self) -> None:
        """Now and then, what became of a lost answer comes to light."""
        if self.slow and self.rng.random() < 0.3:
            self.mail.append(self.slow.pop(0))

    def post(self, *facts: OrderReport | FillReport) -> None:
        """Put facts in the mail, some of them twice."""
        for fact in facts:
            subject = (
                subjects.fill_report(fact.exc, fact.ticker, fact.exec_id)
                if isinstance(fact, FillReport)
                else subjects.order_report(fact)
            )
            self.mail.append((subject, fact))
            if self.rng.random() < 0.15:
                self.mail.append((subject, fact))

    # The copies.

    def read(self, copy: Copy, most: int) -> None:
        for event in self.log[copy.cursor : copy.cursor + most]:
            copy.cursor = event.seq
            effects = copy.fold.apply(copy.state, event)
            if self.effects.setdefault(event.seq, effects) != effects:
                raise BrokenError(f"I5: another copy made other effects of {event.seq}")
            for effect in effects:
                if isinstance(effect, Append):
                    copy.appends.append(effect)
                elif isinstance(effect, ArmTimer):
                    self.timers.setdefault((effect.key, effect.attempt), effect)
            if copy.offers:
                copy.offers = {k: v for k, v in copy.offers.items() if v.subject != event.subject}
            conserve(copy.state)

    def think(self, copy: Copy) -> None:
        """Decide at the copy's own idea of the head: what it offers may be old by then."""
        for proposal in copy.fold.propose(copy.state, Head(0, copy.cursor, copy.state.clock_ns)):
            copy.offers.setdefault(proposal.bucket, proposal)

    def offer(self, copy: Copy) -> None:
        for name in list(copy.offers):
            self.append(copy.offers[name].subject, copy.offers[name].fact)
        for append in copy.appends:
            self.append(append.subject, append.fact)
        copy.appends.clear()

    def crash(self, copy: Copy) -> None:
        """Start again from the last snapshot or from nothing; unsent offers may be lost."""
        if self.rng.random() < 0.5:
            self.offer(copy)
        copy.offers.clear()
        copy.appends.clear()
        if copy.snapshot is not None and self.rng.random() < 0.7:
            copy.state, copy.cursor = copy.fold.load(copy.snapshot[0]), copy.snapshot[1]
        else:
            copy.state, copy.cursor = copy.fold.initial(), 0

    def step_copy(self) -> None:
        copy = self.rng.choice(self.copies)
        roll = self.rng.random()
        if roll < 0.04:
            copy.frozen = not copy.frozen
        if copy.frozen:
            return
        if roll < 0.07:
            self.crash(copy)
        elif roll < 0.10:
            copy.snapshot = (copy.fold.dump(copy.state), copy.cursor)
        elif roll < 0.60:
            self.read(copy, self.rng.choice((1, 3, 10, 50)))
            self.think(copy)
        else:
            self.offer(copy)

    def step_operator(self) -> None:
        """Now and then put the rules of one copy or the other in force: A, B, A again."""
        differ = self.builds[0] != self.builds[1]
        if differ and subjects.rules(1) in self.taken and self.rng.random() < 0.4:
            self.activations += 1
            fact = to_fact(self.rng.choice(self.builds), self.activations)
            self.append(subjects.rules(self.activations), fact)

    # The venues.

    def step_maker(self) -> None:
        """Fill a piece of a resting maker, or cancel it; tell it in any order."""
        open_makers = [name for name, order in self.makers.items() if order.is_open]
        if not open_makers:
            return
        name = self.rng.choice(open_makers)
        order = self.makers[name]
        step = Decimal("0.05")
        left = abs(order.amount) - order.filled
        if self.rng.random() < 0.08:
            order.is_open = False
            self.post(self._report(MAKER_EXC, order, OrderStatus.CANCELLED))
            return
        piece = min(left, step * self.rng.randint(1, 8))
        order.filled += piece
        order.is_open = order.filled < abs(order.amount)
        status = OrderStatus.PARTIAL if order.is_open else OrderStatus.FILLED
        self.post(self._fill(MAKER_EXC, order, piece), self._report(MAKER_EXC, order, status))
        if self.rng.random() < 0.1:
            self.post(self._report(MAKER_EXC, order, OrderStatus.NEW, stale=True))

    def step_gateway(self) -> None:
        """Send the next logged decision's takers, each once."""
        while self.gateway_cursor < len(self.log):
            event = self.log[self.gateway_cursor]
            self.gateway_cursor += 1
            if isinstance(event.fact, Decision):
                for taker in event.fact.takers:
                    order = Order(taker.client_order_id, taker.amount)
                    if order.cloid in self.takers:
                        raise BrokenError(f"I4: {order.cloid} was sent twice")
                    self.takers[order.cloid] = order
                    stale = len(self.log) - event.fact.as_of > STALE_AFTER
                    self._send(order, stale)
                return

    def _send(self, order: Order, stale: bool) -> None:
        quantity, roll = abs(order.amount), self.rng.random()
        order.is_open = False
        if stale:
            self.post(refusal(order.cloid, self.now_ns, RejectReason.STALE))
        elif quantity % self.lot or quantity < self.min_qty or quantity * PX < self.min_notional:
            raise BrokenError(f"an order of {quantity} that the venue cannot take")
        elif roll < 0.50:
            self._execute(order, quantity)
        elif roll < 0.70:
            self._execute(order, self.lot * self.rng.randint(0, int(quantity // self.lot)))
        elif roll < 0.85:
            self.post(refusal(order.cloid, self.now_ns, self.rng.choice(REFUSALS)))
        else:
            self._lose_answer(order)

    def _execute(self, order: Order, filled: Decimal, lost: bool = False) -> None:
        order.filled = filled
        whole = filled == abs(order.amount)
        status = OrderStatus.FILLED if whole else OrderStatus.EXPIRED
        first = self.lot if filled > self.lot and self.rng.random() < 0.4 else filled
        pieces = (first, filled - first)
        self.post(*(self._fill(TAKER_EXC, order, piece) for piece in pieces if piece > 0))
        self.post(self._report(TAKER_EXC, order, status))
        if self.rng.random() < 0.2:
            self.post(self._report(TAKER_EXC, order, OrderStatus.NEW, stale=True))
        if not self.tells_cum:  # the proof is in the ack, or in a later query
            source = ReportSource.QUERY if lost else ReportSource.ACK
            self.post(self._report(TAKER_EXC, order, status, source=source))

    def _lose_answer(self, order: Order) -> None:
        """No answer: in doubt until the venue is asked; it executed the order or never saw it."""
        executed = self.rng.random() < 0.6
        answer = refusal(order.cloid, self.now_ns, RejectReason.OTHER)
        if not self.ablation.timeout_rejects:
            answer = doubt(order.cloid, self.now_ns)
        self.append(subjects.order_report(answer), answer)
        sent, self.mail = self.mail, []
        if executed:
            quantity = abs(order.amount)
            part = self.lot * self.rng.randint(0, int(quantity // self.lot))
            self._execute(order, self.rng.choice((quantity, part)), lost=True)
        else:
            self.post(refusal(order.cloid, self.now_ns, RejectReason.NOT_SENT))
        self.slow, self.mail = [*self.slow, *self.mail], sent

    def _report(
        self,
        exc: Exc,
        order: Order,
        status: OrderStatus,
        *,
        stale: bool = False,
        source: ReportSource = ReportSource.EVENT,
    ) -> OrderReport:
        proof = self.tells_cum or source is not ReportSource.EVENT
        cum = order.filled if proof else None
        return OrderReport(
            exc=exc,
            ticker=TICKER,
            order_status=status,
            source=ReportSource.QUERY if stale else source,
            ts_event_ns=self.now_ns,
            venue_order_id=VenueOrderId(f"o{order.cloid}"),
            client_order_id=order.cloid,
            cum_qty=Decimal(0) if stale else cum,
        )

    def _fill(self, exc: Exc, order: Order, piece: Decimal) -> FillReport:
        self.execs += 1
        return FillReport(
            exc=exc,
            ticker=TICKER,
            exec_id=ExecId(f"{self.execs}"),
            venue_order_id=VenueOrderId(f"o{order.cloid}"),
            client_order_id=order.cloid if self.rng.random() < 0.8 else None,
            side=Side.BUY if order.amount > 0 else Side.SELL,
            last_qty=piece,
            last_px=PX,
            source=ReportSource.EVENT,
            ts_event_ns=self.now_ns,
        )

    # Time and the course of an episode.

    def fire_timers(self) -> None:
        """Fire what is due; now and then something that is not."""
        for name, timer in list(self.timers.items()):
            if timer.due_ns <= self.now_ns or self.rng.random() < 0.02:
                del self.timers[name]
                fact = TimerFired(key=timer.key, attempt=timer.attempt, due_ns=timer.due_ns)
                self.append(subjects.timer(timer.key, timer.attempt), fact)

    def trouble(self, steps: int) -> None:
        actions: tuple[Callable[[], None], ...] = (
            self.step_copy,
            self.step_copy,
            self.step_copy,
            self.step_copy,
            self.step_maker,
            self.step_maker,
            self.step_gateway,
            self.step_gateway,
            self.deliver_one,
            self.deliver_one,
            self.deliver_one,
            self.deliver_slow,
            self.fire_timers,
            self.step_operator,
        )
        for _ in range(steps):
            self.rng.choice(actions)()

    def calm_down(self) -> None:
        """Deliver everything, to copies that work, until nothing moves any more."""
        for order in self.makers.values():
            if order.is_open:
                order.is_open = False
                self.post(self._report(MAKER_EXC, order, OrderStatus.CANCELLED))
        quiet = 0
        for _ in range(MAX_ROUNDS):
            before = len(self.log)
            self._round()
            moved = len(self.log) > before or self.timers or self.mail
            quiet = 0 if moved else quiet + 1
            if quiet == QUIET_ROUNDS:
                return
        raise BrokenError(f"still restless after {MAX_ROUNDS} rounds")

    def _round(self) -> None:
        self.mail += self.slow
        self.slow.clear()
        while self.mail:
            self.deliver_one()
        self.step_gateway()
        self.now_ns += 10_000 * NS_PER_MS
        self.fire_timers()
        for copy in self.copies:
            copy.frozen = False
            self.read(copy, len(self.log))
            self.think(copy)
            self.offer(copy)


def conserve(state: State) -> None:
    """I6 and the lots, at one log position."""
    for bucket in state.buckets.values():
        naked = ledger.naked(bucket)
        lots = sum((lot.amount for lot in bucket.lots), Decimal(0))
        if lots != naked or naked - ledger.in_flight(bucket) != ledger.remainder(bucket):
            raise BrokenError(f"I6: lots {lots}, naked {naked}")
