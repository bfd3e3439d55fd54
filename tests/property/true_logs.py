"""Logs as a desk writes them: hedges, their venues' reports, decisions, timers, positions, tables.

The hedger itself decides, so that decisions, cancels and alarms are what a desk would log; two
venues answer as the seed says: in part, twice, late, with doubts and refusals.
"""

import random
from decimal import Decimal
from functools import cache

from services.hedger.fold.router import HedgerFold
from tandem.bus.port import Entry
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side
from tandem.messages import facts, subjects
from tandem.messages.codec import Fact
from tandem.messages.hedges import Decision, Epoch, TimerFired
from tandem.messages.intents import (
    CancelOrder,
    HedgeOrder,
    LegSpec,
    MakerSpec,
    NewOrder,
    RatioKind,
    StopHedge,
)
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IntentRefused,
    LinkReport,
    LinkState,
    MarkReport,
    OrderReport,
    PositionReport,
    SpecsReport,
)
from tandem.runtime.fold.port import Append, ArmTimer, Proposal
from tandem.runtime.fold.state import FoldCopy

BINANCE, HYPERLIQUID = Exc("binance"), Exc("hyperliquid")
TICKERS = {BINANCE: Ticker("SOLUSDT"), HYPERLIQUID: Ticker("SOL")}
STRATEGIES = (Strategy("alpha"), Strategy("beta"))
START_NS = 1_790_000_000_000_000_000
STEP_NS = 20_000_000
LOT = Decimal("0.01")
END = OrderStatus.EXPIRED


class Author:
    """Writes one log; `entries` is what it holds so far."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.entries: list[Entry] = []
        self._copy = FoldCopy(HedgerFold(), 1, frozenset())
        self._taken: set[str] = set()
        self._now_ns = START_NS
        self._waiting: list[Fact] = []
        self._timers: list[ArmTimer] = []
        self._execs = 0

    def write(self, moves: int) -> tuple[Entry, ...]:
        """Write the tables, then so many moves and what follows from each."""
        for exc, ticker in TICKERS.items():
            self._table(exc, ticker)
            self._link(exc)
        for move in range(moves):
            self._move(move)
            self._follow()
        return tuple(self.entries)

    def log(self, fact: Fact) -> None:
        """Store a fact once; what follows from it waits for its turn."""
        subject, payload = facts.written(fact)
        if subject in self._taken:
            return
        self._taken.add(subject)
        self._now_ns += self.random.randrange(STEP_NS)
        seq = len(self.entries) + 1
        entry = Entry(seq, self._now_ns, subject, payload)
        self.entries.append(entry)
        for effect in self._copy.read(entry).effects:
            if isinstance(effect, Append):
                self._waiting.append(effect.fact)
            elif isinstance(effect, ArmTimer):
                self._timers.append(effect)

    def _follow(self) -> None:
        """Log what the hedger asks for and decides, and what the venues make of it."""
        for _ in range(6):
            waiting, self._waiting = self._waiting, []
            for fact in waiting:
                self.log(fact)
                self._answer(fact)
            for proposal in self._proposals():
                self.log(proposal.fact)
                self._answer(proposal.fact)
            if not self._waiting:
                break
        due = [timer for timer in self._timers if timer.due_ns <= self._now_ns]
        self._timers = [timer for timer in self._timers if timer.due_ns > self._now_ns]
        for timer in due:
            fired = TimerFired(key=timer.key, attempt=timer.attempt, due_ns=timer.due_ns)
            self.log(fired)

    def _proposals(self) -> tuple[Proposal, ...]:
        return HedgerFold().propose(self._copy.state, self._copy.head)

    def _move(self, move: int) -> None:
        pick = self.random.choice(
            (self._hedge, self._hedge, self._hedge, self._order, self._position, self._mark)
            if move
            else (self._hedge,)
        )
        pick(move)
        if self.random.random() < 0.1:
            self._link(self.random.choice(tuple(TICKERS)))
        if self.random.random() < 0.03:
            epoch = Epoch(epoch=self._copy.standing.epoch + 1, text="cut")
            self.log(epoch)
            for exc in TICKERS:
                self._link(exc, LinkState.RESYNCED)

    def _hedge(self, move: int) -> None:
        chance = self.random
        exc = chance.choice(tuple(TICKERS))
        other = HYPERLIQUID if exc == BINANCE else BINANCE
        amount = chance.choice((-1, 1)) * chance.randrange(1, 500) * LOT
        hedge = HedgeOrder(
            hedge_id=HedgeId(f"h{move}"),
            strategy=chance.choice(STRATEGIES),
            maker=MakerSpec(exc=exc, ticker=TICKERS[exc], amount=amount, price=Decimal(100)),
            legs=(
                LegSpec(
                    exc=other,
                    ticker=TICKERS[other],
                    ratio_kind=chance.choice((RatioKind.BASE, RatioKind.BASE, RatioKind.VALUE)),
                ),
            ),
        )
        self.log(hedge)
        if chance.random() < 0.2:
            stop = StopHedge(
                hedge_id=hedge.hedge_id, token=Token(f"s{move}"), strategy=hedge.strategy
            )
            self.log(stop)

    def _order(self, move: int) -> None:
        exc, strategy = self.random.choice(tuple(TICKERS)), self.random.choice(STRATEGIES)
        order = NewOrder(
            exc=exc,
            ticker=TICKERS[exc],
            client_order_id=ClientOrderId(f"0x7a4f{move:028x}"),
            amount=Decimal(self.random.randrange(1, 200)) * LOT,
            order_type=OrderType.LIMIT,
            strategy=strategy,
            price=Decimal(99),
        )
        self.log(order)
        self._answer(order)
        if self.random.random() < 0.3:
            cancel = CancelOrder(
                exc=exc,
                token=Token(f"c{move}"),
                strategy=strategy,
                client_order_id=order.client_order_id,
            )
            subject = subjects.cancel_order(exc, strategy, order.client_order_id, cancel.token)
            self.log(cancel)
            refused = IntentRefused(exc=exc, subject=subject, field_name="cloid", rule="ended")
            self.log(refused)

    def _answer(self, fact: Fact) -> None:
        if isinstance(fact, NewOrder):
            self._trade(fact.exc, fact.ticker, fact.client_order_id, fact.amount)
        elif isinstance(fact, Decision):
            for taker in fact.takers:
                self._trade(fact.exc, fact.ticker, taker.client_order_id, taker.amount)

    def _trade(self, exc: Exc, ticker: Ticker, cloid: ClientOrderId, amount: Decimal) -> None:
        """Let the venue tell of an order: refused, in doubt, or accepted and filled in pieces."""
        chance = self.random
        told = {"exc": exc, "ticker": ticker, "client_order_id": cloid, "amount": amount}
        if chance.random() < 0.1:
            self._report(told, OrderStatus.REJECTED, reason=RejectReason.NO_MATCH, text="no")
            return
        if chance.random() < 0.1:
            self._report(told, OrderStatus.PENDING, in_doubt=True)
        oid = VenueOrderId(str(1_000 + len(self.entries)))
        told["venue_order_id"] = oid
        self._report(told, OrderStatus.NEW, cum_qty=Decimal(0))
        lots, filled = int(abs(amount) / LOT), 0
        while filled < lots and chance.random() < 0.8:
            piece = chance.randrange(1, lots - filled + 1)
            filled += piece
            self._fill(told, piece * LOT, filled * LOT)
            if chance.random() < 0.5:
                self._report(told, OrderStatus.PARTIAL, cum_qty=filled * LOT)
        status = OrderStatus.FILLED if filled == lots else END
        self._report(told, status, cum_qty=filled * LOT)

    def _report(self, told: dict[str, object], status: OrderStatus, **more: object) -> None:
        report = OrderReport(
            order_status=status,
            source=ReportSource.EVENT,
            ts_event_ns=self._now_ns,
            **told,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )
        self.log(report)

    def _fill(self, told: dict[str, object], qty: Decimal, cum: Decimal) -> None:
        self._execs += 1
        names = {name: value for name, value in told.items() if name != "amount"}
        fill = FillReport(
            exec_id=ExecId(str(self._execs)),
            side=Side.BUY if told["amount"] > 0 else Side.SELL,  # type: ignore[operator]
            last_qty=qty,
            last_px=Decimal(100) + self.random.randrange(-50, 50) * LOT,
            source=ReportSource.EVENT,
            ts_event_ns=self._now_ns,
            cum_qty=cum if self.random.random() < 0.5 else None,
            **names,  # type: ignore[arg-type]
        )
        self.log(fill)
        cost = FillCost(
            exc=fill.exc,
            ticker=fill.ticker,
            exec_id=fill.exec_id,
            fee=LOT,
            fee_asset="USDT",
            ts_event_ns=self._now_ns,
        )
        self.log(cost)

    def _position(self, _move: int) -> None:
        exc = self.random.choice(tuple(TICKERS))
        report = PositionReport(
            exc=exc,
            ticker=TICKERS[exc],
            amount=Decimal(self.random.randrange(-300, 300)) * LOT,
            entry=Decimal(100),
            source=ReportSource.QUERY,
            ts_event_ns=self._now_ns,
            inclusive=self.random.random() < 0.5,
        )
        self.log(report)

    def _mark(self, _move: int) -> None:
        exc = self.random.choice(tuple(TICKERS))
        mark = MarkReport(exc=exc, ticker=TICKERS[exc], mid=Decimal(100), ts_event_ns=self._now_ns)
        self.log(mark)

    def _link(self, exc: Exc, state: LinkState | None = None) -> None:
        n = len(self.entries)
        link = LinkReport(
            exc=exc,
            run=self.random.choice("ab"),
            n=n,
            state=state or self.random.choice(tuple(LinkState)),
            epoch=self._copy.standing.epoch,
        )
        self.log(link)

    def _table(self, exc: Exc, ticker: Ticker) -> None:
        listed = Instrument(
            exc=exc,
            ticker=ticker,
            symbol=str(ticker),
            base_asset="SOL",
            quote_asset="USD",
            tick=LOT,
            lot=LOT,
            min_qty=LOT,
            min_notional=Decimal(self.random.choice((0, 10))),
            max_qty=Decimal(2),
        )
        specs = SpecsReport(exc=exc, instruments=(listed,))
        self.log(specs)


@cache
def true_log(seed: int, moves: int = 12) -> tuple[Entry, ...]:
    """Return the log that the seed stands for."""
    return Author(seed).write(moves)
