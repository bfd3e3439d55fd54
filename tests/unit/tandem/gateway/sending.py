"""A sender of orders, the orders it is given and what is read from its effects."""

from decimal import Decimal

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Pool, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, OrderType, Side
from tandem.gateway.core.effects import LogReport, LookUp, SenderEffect
from tandem.gateway.core.pending_order import Now, Ticket, from_decision, from_new_order
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import Outcome, Stamp
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.intents import NewOrder
from tandem.messages.reports import FillReport, OrderReport

EXC, TICKER, CLOID = Exc("v"), Ticker("SOL"), ClientOrderId("0x01")
MS = 1_000_000
WINDOW_MS = 1_000
TIMEOUT_MS = 800
LONG_MS = 60_000
HORIZON_MS = WINDOW_MS + 10  # of what `sent` wrote at 0, with an error bound of 5 ms


def at(ms: int, *, venue_ms: int | None = None, error_ms: int = 5) -> Now:
    """All clocks in step unless the venue's is given."""
    return Now(ms * MS, ms * MS, venue_ms if venue_ms is not None else ms, error_ms)


def new_order(cloid: str = CLOID, valid_for_ms: int = 5_000) -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=TICKER,
        client_order_id=ClientOrderId(cloid),
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(150),
        valid_for_ms=valid_for_ms,
    )


def ticket_of(cloid: str = CLOID, valid_for_ms: int = 5_000, ts_ms: int = 0) -> Ticket:
    return from_new_order(new_order(cloid, valid_for_ms), ts_ms * MS, 7)


def taker(as_of: int = 1, seq: int = 2) -> Ticket:
    decision = Decision(
        exc=EXC,
        ticker=TICKER,
        pool=Pool("p"),
        epoch=0,
        ordinal=1,
        as_of=as_of,
        need=Decimal(1),
        attempt=0,
        rules="r",
        takers=(
            TakerOrder(
                client_order_id=CLOID,
                amount=Decimal(1),
                band_bp=Decimal(5),
                hard_cap_bp=Decimal(50),
            ),
        ),
    )
    return from_decision(decision, 0, seq)[0]


def closed() -> Sender:
    """A sender that has not passed its fence; its account was backfilled."""
    sender = Sender(WINDOW_MS, TIMEOUT_MS)
    sender.backfilled_seq = 0
    return sender


def fresh() -> Sender:
    """A sender past its fence, which found nothing in the log."""
    sender = closed()
    sender.pass_fence(at(0))
    return sender


def sent(call: int = 1, ms: int = 0) -> Sender:
    """A sender with one order on the wire since `ms`."""
    sender = fresh()
    sender.take(ticket_of())
    write(sender, call, ms)
    return sender


def write(sender: Sender, call: int, ms: int) -> None:
    ticket = sender.ready(urgent=False, mono_ns=ms * MS) or sender.ready(urgent=True, mono_ns=ms)
    assert ticket is not None
    sender.written(ticket, Stamp(call, ms, ms, WINDOW_MS), at(ms))


def outcome(kind: OutcomeKind, **more: object) -> Outcome:
    return Outcome(kind=kind, **more)  # type: ignore[arg-type]  # fields by name


def reports(effects: tuple[SenderEffect, ...]) -> list[OrderReport]:
    facts = [effect.fact for effect in effects if isinstance(effect, LogReport)]
    return [fact for fact in facts if isinstance(fact, OrderReport)]


def lookups(effects: tuple[SenderEffect, ...]) -> list[LookUp]:
    return [effect for effect in effects if isinstance(effect, LookUp)]


def accepted_report() -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=OrderStatus.NEW,
        source=ReportSource.ACK,
        ts_event_ns=1,
        client_order_id=CLOID,
    )


def fill_report(cloid: ClientOrderId = CLOID) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=TICKER,
        exec_id=ExecId("1"),
        venue_order_id=VenueOrderId("1"),
        client_order_id=cloid,
        side=Side.BUY,
        last_qty=Decimal(1),
        last_px=Decimal(150),
        ts_event_ns=1,
        source=ReportSource.EVENT,
    )


def restarted(at_ms: int = 1_000) -> Sender:
    """A new process that read the intent, but no report of it, before its fence at `at_ms`."""
    sender = closed()
    sender.take(ticket_of(valid_for_ms=LONG_MS))
    sender.pass_fence(at(at_ms))
    return sender


def prove_absent(sender: Sender, from_ms: int) -> None:
    """Two rounds, a second apart, that find nothing."""
    for ms in (from_ms, from_ms + 1_000):
        assert lookups(sender.tick(at(ms)))
        sender.absent(CLOID, ms, at(ms))


def doubtful(valid_for_ms: int = LONG_MS) -> Sender:
    """One order written at 0, its answer lost at once; the first lookup found nothing."""
    sender = fresh()
    sender.take(ticket_of(valid_for_ms=valid_for_ms))
    write(sender, 1, 0)
    sender.lost(1, at(0))
    sender.lookup_failed(CLOID, at(0))
    return sender
