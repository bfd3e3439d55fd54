"""One hedger copy at the head of a log of its own, and the facts that venues would log.

After each fact the desk checks what always holds (ledger.py I6, attribution.py 1), so that every
test of the hedger is also a test of conservation. Position-state reads the same log: what it tells
of exposure must be what the hedger's own ledger says, after each fact of every test.
"""

from contextvars import ContextVar
from decimal import Decimal

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket
from services.hedger.fold.router import HedgerFold
from services.hedger.fold.state import Link, State
from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules
from services.position_state.exposure import fold as exposure_fold
from services.position_state.exposure.state import Exposure
from tandem.domain.errors import MalformedMessageError
from tandem.domain.execution import ReportSource
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Pool,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
    bucket_hash,
    maker_cloid,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, RejectReason, Side
from tandem.domain.units import NS_PER_MS
from tandem.messages import codec, facts, subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import BucketDelta, BucketView, HedgeDelta, HedgeView
from tandem.messages.hedges import Alarm, Decision, HedgeRefused, TimerFired
from tandem.messages.intents import CancelOrder, HedgeOrder, LegSpec, MakerSpec, StopHedge
from tandem.messages.queries import HedgesPage, PageRequest
from tandem.messages.reports import (
    FillReport,
    LinkReport,
    LinkState,
    MarkReport,
    MidAt,
    OrderReport,
    SpecsReport,
)
from tandem.runtime.fold.port import Append, ArmTimer, Effect, Head, LogEvent, Publish

BINANCE, HYPERLIQUID = Exc("binance"), Exc("hyperliquid")
SOLUSDT, SOL = Ticker("SOLUSDT"), Ticker("SOL")
STRATEGY = Strategy("basis")
START_NS = 1_700_000_000_000_000_000


def d(text: str | int) -> Decimal:
    return Decimal(text)


def instrument(exc: Exc, ticker: Ticker, lot: str = "0.01", **changes: object) -> Instrument:
    values: dict[str, object] = {
        "exc": exc,
        "ticker": ticker,
        "symbol": str(ticker),
        "base_asset": str(ticker).removesuffix("USDT"),
        "quote_asset": "USD",
        "tick": d("0.01"),
        "lot": d(lot),
        "min_qty": d(lot),
        "min_notional": d(0),
    }
    return Instrument(**{**values, **changes})  # type: ignore[arg-type]


MADE: ContextVar[list["Desk"] | None] = ContextVar("MADE", default=None)


def at_the_door(subject: str, fact: Fact | MalformedMessageError) -> Fact | MalformedMessageError:
    """Return what a reader of the log gets of a fact that stands under a subject."""
    if isinstance(fact, MalformedMessageError) or facts.subject_of(fact) == subject:
        return fact
    try:
        return facts.read_fact(subject, codec.encode(fact))
    except MalformedMessageError as error:
        return error


class Desk:
    """`now_ns` is the log's clock; `effects` are those of the last fact read, `history` all."""

    def __init__(self, rules: HedgeRules = DEFAULT_RULES) -> None:
        made = MADE.get()
        if made is not None:
            made.append(self)
        self.fold = HedgerFold(rules)
        self.history: list[tuple[Effect, ...]] = []
        self.state: State = self.fold.initial()
        self.exposure = Exposure()
        self.now_ns = START_NS
        self.seq = 0
        self.effects: tuple[Effect, ...] = ()
        self.appended: dict[str, Fact] = {}
        self.armed: list[ArmTimer] = []
        self.hedge_views: dict[HedgeId, HedgeView] = {}
        self.bucket_views: list[BucketView] = []
        self.log: list[LogEvent] = []
        self._execs = 0
        self._words = 0
        self.decide()

    def read(self, fact: Fact | MalformedMessageError, subject: str) -> tuple[Effect, ...]:
        self.seq += 1
        event = LogEvent(self.seq, self.now_ns, subject, at_the_door(subject, fact))
        self.log.append(event)
        self.effects = self.fold.apply(self.state, event)
        self.history.append(self.effects)
        for effect in self.effects:
            self._note(effect)
        exposure_fold.apply(self.exposure, event)
        for bucket in self.state.buckets.values():
            check_conservation(bucket)
            check_exposure(self.exposure, bucket)
        return self.effects

    def _note(self, effect: Effect) -> None:
        if isinstance(effect, Append):
            self.appended.setdefault(effect.subject, effect.fact)
        elif isinstance(effect, ArmTimer):
            self.armed.append(effect)
        elif isinstance(effect, Publish) and isinstance(effect.delta, HedgeDelta):
            self.hedge_views[effect.delta.hedge.hedge_id] = effect.delta.hedge
        elif isinstance(effect, Publish) and isinstance(effect.delta, BucketDelta):
            self.bucket_views.append(effect.delta.bucket)

    @property
    def head(self) -> Head:
        return Head(0, self.seq, self.now_ns)

    def decide(self) -> list[Decision]:
        """Log what the copy proposes, and return the decisions."""
        proposals = self.fold.propose(self.state, self.head)
        for proposal in proposals:
            self.read(proposal.fact, proposal.subject)
        return [one.fact for one in proposals if isinstance(one.fact, Decision)]

    def amounts(self) -> list[Decimal]:
        """Decide, and return the amounts of the takers that went out."""
        return [taker.amount for one in self.decide() for taker in one.takers]

    def wait(self, ms: int) -> None:
        """Let the log's clock move, and each timer fire that comes due."""
        self.now_ns += ms * NS_PER_MS
        due = [timer for timer in self.armed if timer.due_ns <= self.now_ns]
        self.armed = [timer for timer in self.armed if timer.due_ns > self.now_ns]
        for timer in due:
            fired = TimerFired(key=timer.key, attempt=timer.attempt, due_ns=timer.due_ns)
            self.read(fired, subjects.timer(timer.key, timer.attempt))

    def specs(self, *instruments: Instrument) -> None:
        for exc in dict.fromkeys(one.exc for one in instruments):
            table = tuple(one for one in instruments if one.exc == exc)
            report = SpecsReport(exc=exc, instruments=table)
            self.read(report, subjects.specs_report(exc, repr(table).encode()))

    def mark(self, exc: Exc, ticker: Ticker, px: str) -> None:
        report = MarkReport(exc=exc, ticker=ticker, mid=d(px), ts_event_ns=self.now_ns)
        self.read(report, subjects.mark_report(exc, ticker, self.now_ns // 60_000_000_000))

    def hedge(self, name: str, amount: str, *legs: LegSpec, **changes: object) -> HedgeId:
        """Log a hedge order for `amount` of SOLUSDT on Binance, by default on SOL."""
        hedge_id = HedgeId(name)
        maker = MakerSpec(exc=BINANCE, ticker=SOLUSDT, amount=d(amount), price=d(100))
        values: dict[str, object] = {"maker": maker, "strategy": STRATEGY, **changes}
        order = HedgeOrder(
            hedge_id=hedge_id,
            legs=legs or (LegSpec(exc=HYPERLIQUID, ticker=SOL),),
            **values,  # type: ignore[arg-type]
        )
        self.read(order, subjects.hedge_intent(order.strategy, hedge_id))
        return hedge_id

    def stop(self, hedge_id: HedgeId, call: str = "stop1", strategy: Strategy = STRATEGY) -> None:
        stop = StopHedge(hedge_id=hedge_id, token=Token(call), strategy=strategy)
        self.read(stop, subjects.stop_hedge(stop.strategy, stop.token))

    def refusal(self, hedge_id: str) -> HedgeRefused | None:
        found = self.appended.get(subjects.hedge_refused(HedgeId(hedge_id)))
        return found if isinstance(found, HedgeRefused) else None

    def link(self, hedge_id: HedgeId) -> Link:
        return self.state.links[hedge_id]

    def view(self, hedge_id: HedgeId) -> HedgeView:
        return self.hedge_views[hedge_id]

    def bucket(self, exc: Exc = HYPERLIQUID, ticker: Ticker = SOL, pool: str = STRATEGY) -> Bucket:
        return self.state.buckets[exc, ticker, Pool(pool)]

    def page(self) -> HedgesPage:
        page = self.fold.answer(self.state, self.head, subjects.HEDGES_PAGE, PageRequest())
        assert isinstance(page, HedgesPage)
        return page

    def naked(self, exc: Exc = HYPERLIQUID, ticker: Ticker = SOL) -> Decimal:
        return ledger.naked(self.bucket(exc, ticker))

    def next_exec(self) -> ExecId:
        self._execs += 1
        return ExecId(f"x{self._execs}")

    def report(self, report: OrderReport) -> None:
        self.read(report, subjects.order_report(report))

    def fill(self, fill: FillReport) -> None:
        self.read(fill, subjects.fill_report(fill.exc, fill.ticker, fill.exec_id))

    def foreign_fill(
        self, exc: Exc, ticker: Ticker, amount: str, cloid: str | None = None, **more: object
    ) -> None:
        """Log a fill of an order that is nobody's here."""
        self.fill(
            FillReport(
                exc=exc,
                ticker=ticker,
                exec_id=self.next_exec(),
                venue_order_id=VenueOrderId(f"theirs-{self._execs}"),
                client_order_id=None if cloid is None else ClientOrderId(cloid),
                side=Side.BUY if d(amount) > 0 else Side.SELL,
                last_qty=abs(d(amount)),
                last_px=d(100),
                source=ReportSource.EVENT,
                ts_event_ns=self.now_ns,
                **more,  # type: ignore[arg-type]
            )
        )

    def session(self, exc: Exc, state: LinkState, run: str = "run1", text: str = "") -> None:
        """Log what a gateway process says of its session with the venue."""
        self._words += 1
        report = LinkReport(exc=exc, run=run, n=self._words, state=state, text=text)
        self.read(report, subjects.link_report(exc, run, self._words))

    def doubt(self, cloid: ClientOrderId) -> None:
        """Log that a taker's request has no outcome."""
        local = ReportSource.LOCAL
        self.taker_report(cloid, OrderStatus.PENDING, in_doubt=True, source=local)

    def cancels(self) -> list[str]:
        """Return the client ids that the hedger has asked to cancel, in order."""
        asked = [one for one in self.appended.values() if isinstance(one, CancelOrder)]
        return [str(one.client_order_id) for one in asked]

    def alarms(self) -> list[str]:
        return [one.text for one in self.appended.values() if isinstance(one, Alarm)]

    def maker_fill(
        self, hedge_id: HedgeId, qty: str, px: str = "100", **more: object
    ) -> FillReport:
        link = self.link(hedge_id)
        values: dict[str, object] = {
            "exec_id": self.next_exec(),
            "client_order_id": link.cloid,
            "venue_order_id": VenueOrderId(f"o-{hedge_id}"),
            **more,
        }
        fill = FillReport(
            exc=link.maker.exc,
            ticker=link.maker.ticker,
            side=Side.BUY if link.maker.amount > 0 else Side.SELL,
            last_qty=d(qty),
            last_px=d(px),
            source=ReportSource.EVENT,
            ts_event_ns=self.now_ns,
            **values,  # type: ignore[arg-type]
        )
        self.fill(fill)
        return fill

    def maker_report(
        self, hedge_id: HedgeId, status: OrderStatus, cum: str | None = None, **more: object
    ) -> None:
        values: dict[str, object] = {
            "source": ReportSource.EVENT,
            "venue_order_id": VenueOrderId(f"o-{hedge_id}"),
            **more,
        }
        self.report(
            OrderReport(
                exc=self.link(hedge_id).maker.exc if hedge_id in self.state.links else BINANCE,
                ticker=SOLUSDT,
                order_status=status,
                ts_event_ns=self.now_ns,
                client_order_id=maker_cloid(hedge_id),
                cum_qty=None if cum is None else d(cum),
                **values,  # type: ignore[arg-type]
            )
        )

    def taker_fill(
        self,
        cloid: ClientOrderId,
        qty: str | Decimal,
        px: str = "100",
        mids: tuple[MidAt, ...] = (),
    ) -> FillReport:
        bucket = self._home(cloid)
        taker = ledger.find(bucket, cloid)
        assert taker is not None
        fill = FillReport(
            exc=bucket.exc,
            ticker=bucket.ticker,
            exec_id=self.next_exec(),
            venue_order_id=VenueOrderId(f"o-{cloid}"),
            client_order_id=cloid,
            side=Side.BUY if taker.amount > 0 else Side.SELL,
            last_qty=d(str(qty)),
            last_px=d(px),
            source=ReportSource.EVENT,
            ts_event_ns=self.now_ns,
            mids=mids,
        )
        self.fill(fill)
        return fill

    def taker_report(
        self,
        cloid: ClientOrderId,
        status: OrderStatus,
        cum: str | Decimal | None = None,
        **more: object,
    ) -> None:
        bucket = self._home(cloid)
        values: dict[str, object] = {
            "source": ReportSource.EVENT,
            "ticker": bucket.ticker,
            **more,
        }
        self.report(
            OrderReport(
                exc=bucket.exc,
                order_status=status,
                ts_event_ns=self.now_ns,
                venue_order_id=VenueOrderId(f"o-{cloid}"),
                client_order_id=cloid,
                cum_qty=None if cum is None else d(str(cum)),
                **values,  # type: ignore[arg-type]
            )
        )

    def reject(self, cloid: ClientOrderId, reason: RejectReason, text: str = "") -> None:
        bucket = self._home(cloid)
        self.report(
            OrderReport(
                exc=bucket.exc,
                ticker=bucket.ticker,
                order_status=OrderStatus.REJECTED,
                source=ReportSource.ACK,
                ts_event_ns=self.now_ns,
                client_order_id=cloid,
                reason=reason,
                text=text,
            )
        )

    def fill_takers(self, decisions: list[Decision], px: str = "100") -> None:
        """Fill every taker of the decisions whole."""
        for decision in decisions:
            for taker in decision.takers:
                self.taker_fill(taker.client_order_id, abs(taker.amount), px)
                status, cum = OrderStatus.FILLED, abs(taker.amount)
                self.taker_report(taker.client_order_id, status, cum)

    def hedge_all(self) -> list[Decimal]:
        """Decide and fill until nothing more goes out; return what went."""
        sent: list[Decimal] = []
        while decisions := self.decide():
            sent += [taker.amount for one in decisions for taker in one.takers]
            self.fill_takers(decisions)
        return sent

    def _home(self, cloid: ClientOrderId) -> Bucket:
        return self.state.buckets[self.state.hashes[cloid[6:18]]]


def check_exposure(exposure: Exposure, bucket: Bucket) -> None:
    """Another reader of the log says the same of what is naked, since when, and in flight."""
    told = exposure.buckets[bucket_hash(*bucket.key)]
    assert sum(lot.amount for lot in told.lots) == ledger.naked(bucket)
    assert [lot.since_ns for lot in told.lots] == [lot.since_ns for lot in bucket.lots]
    assert set(told.takers) == set(bucket.flying)


def check_conservation(bucket: Bucket) -> None:
    """I6, and that the lots add up to what is naked, all of one sign."""
    naked = ledger.naked(bucket)
    assert bucket.target - bucket.done == naked
    assert naked - ledger.in_flight(bucket) == ledger.remainder(bucket)
    lo, hi = ledger.interval(bucket)
    assert lo <= naked <= hi
    assert sum((lot.amount for lot in bucket.lots), d(0)) == naked
    assert all((lot.amount > 0) == (naked > 0) for lot in bucket.lots)


def two_venues(rules: HedgeRules = DEFAULT_RULES, lot: str = "0.01", **hedge: object) -> Desk:
    """Return a desk that knows SOLUSDT on Binance and SOL on Hyperliquid (lot as given)."""
    desk = Desk(rules)
    desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL, lot, **hedge))
    return desk
