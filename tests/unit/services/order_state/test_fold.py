"""Log events in, order and fill deltas out."""

from decimal import Decimal as D

import pytest
from msgspec.structs import replace

from services.order_state.fold import OrderFold
from services.order_state.registry import Registry
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
    taker_cloid,
)
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.deltas import FillDelta, OrderDelta, OrderView
from tandem.messages.hedges import Alarm, Decision, TakerOrder
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.queries import (
    AskKind,
    FillsPage,
    OrderHistory,
    OrderHistoryRequest,
    OrdersPage,
    PageRequest,
    QueryFailed,
    VenueAsk,
)
from tandem.messages.reports import (
    FillCost,
    FillReport,
    IntentRefused,
    OrderReport,
    SpecsReport,
)
from tandem.runtime.fold.port import Append, Effect, Head, LogEvent, Publish, SetRow

EXC, TICKER = Exc("hyperliquid"), Ticker("SOL")
STRATEGY = Strategy("s")
CLOID, OID = ClientOrderId("0x" + "0a" * 16), VenueOrderId("77")
HEAD = Head(0, 9, 9)


class World:
    """A fold with its state, and the events it was given so far."""

    def __init__(self) -> None:
        self.fold, self.state, self.seq = OrderFold(), Registry(), 0

    def read(
        self, fact: Fact | MalformedMessageError, subject: str = "oms.venue.x"
    ) -> list[Effect]:
        self.seq += 1
        event = LogEvent(self.seq, self.seq * 1_000_000, subject, fact)
        return list(self.fold.apply(self.state, event))

    def place(self, cloid: ClientOrderId = CLOID) -> list[Effect]:
        order = NewOrder(
            exc=EXC,
            ticker=TICKER,
            client_order_id=cloid,
            amount=D(-5),
            order_type=OrderType.LIMIT,
            price=D(150),
            strategy=STRATEGY,
        )
        return self.read(order, subjects.new_order(EXC, STRATEGY, cloid))

    def page(self) -> tuple[OrderView, ...]:
        answer = self.fold.answer(self.state, HEAD, subjects.ORDERS_PAGE, PageRequest(exc=EXC))
        assert isinstance(answer, OrdersPage)
        return answer.orders


def _report(status: OrderStatus, cum: int | None = 0, **more: object) -> OrderReport:
    fields: dict[str, object] = {
        "exc": EXC,
        "ticker": TICKER,
        "order_status": status,
        "source": ReportSource.ACK,
        "ts_event_ns": 10,
        "venue_order_id": OID,
        "client_order_id": CLOID,
        "cum_qty": None if cum is None else D(cum),
    }
    return OrderReport(**(fields | more))  # type: ignore[arg-type]  # fields by name, checked at run time


def _fill(exec_id: str, qty: int, cloid: ClientOrderId | None = CLOID) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=TICKER,
        exec_id=ExecId(exec_id),
        venue_order_id=OID,
        client_order_id=cloid,
        side=Side.SELL,
        last_qty=D(qty),
        last_px=D(150),
        source=ReportSource.EVENT,
        ts_event_ns=20,
    )


def _statuses(effects: list[Effect]) -> list[str]:
    deltas = [effect.delta for effect in effects if isinstance(effect, Publish)]
    return [delta.order.order_status.value for delta in deltas if isinstance(delta, OrderDelta)]


def test_an_order_goes_from_pending_to_new_to_cancelled() -> None:
    world = World()
    assert _statuses(world.place()) == ["PENDING"]
    assert world.page()[0].venue_order_id is None
    assert _statuses(world.read(_report(OrderStatus.NEW))) == ["NEW"]
    assert world.page()[0].venue_order_id == OID
    effects = world.read(_report(OrderStatus.CANCELLED, ts_event_ns=11))
    assert _statuses(effects) == ["CANCELLED"]
    assert world.page() == ()
    assert SetRow(f"orders:{EXC}", CLOID, None) in effects


def test_a_fill_told_before_the_acceptance_passes_through_new() -> None:
    world = World()
    world.place()
    assert _statuses(world.read(_fill("1", 5))) == ["NEW", "FILLED"]


def test_a_refusal_does_not_pass_through_new() -> None:
    world = World()
    world.place()
    refused = _report(OrderStatus.REJECTED, None, reason=RejectReason.SIZE, text="lot")
    assert _statuses(world.read(refused)) == ["REJECTED"]


def test_each_delta_names_the_one_before() -> None:
    world = World()
    effects = world.place() + world.read(_report(OrderStatus.NEW)) + world.read(_fill("1", 2))
    deltas = [effect.delta for effect in effects if isinstance(effect, Publish)]
    orders = [delta for delta in deltas if isinstance(delta, OrderDelta)]
    assert [delta.prev for delta in orders] == [None, *[delta.delta_id for delta in orders[:-1]]]


def test_the_same_report_again_says_nothing() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.NEW))
    assert world.read(_report(OrderStatus.NEW, source=ReportSource.EVENT)) == []


def test_a_fill_after_cancel_is_counted() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.CANCELLED))
    world.read(_fill("1", 2))
    answer = world.fold.answer(
        world.state, HEAD, subjects.ORDER_HISTORY, OrderHistoryRequest(exc=EXC, cloid=CLOID)
    )
    assert isinstance(answer, OrderHistory)
    assert answer.order is not None
    assert (answer.order.cum_qty, answer.order.order_status) == (D(2), OrderStatus.CANCELLED)
    assert [step.ord_status for step in answer.transitions] == ["PENDING", "CANCELLED", "CANCELLED"]


def test_an_order_can_be_asked_for_by_oid() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.NEW))
    request = OrderHistoryRequest(exc=EXC, oid=OID)
    answer = world.fold.answer(world.state, HEAD, subjects.ORDER_HISTORY, request)
    assert isinstance(answer, OrderHistory)
    assert answer.order is not None
    unknown = OrderHistoryRequest(exc=EXC, oid="1")
    assert world.fold.answer(world.state, HEAD, subjects.ORDER_HISTORY, unknown) == OrderHistory(
        order=None
    )


def test_a_word_alone_fills_nothing() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.FILLED, None))
    record = world.fold.answer(
        world.state, HEAD, subjects.ORDER_HISTORY, OrderHistoryRequest(exc=EXC, cloid=CLOID)
    )
    assert isinstance(record, OrderHistory)
    assert record.order is not None
    assert record.order.cum_qty == 0


def test_orders_that_are_not_ours_are_marked_external() -> None:
    world = World()
    world.read(_report(OrderStatus.NEW, client_order_id=None, amount=D(3)))
    assert world.page()[0].external
    world.read(_fill("9", 1, cloid=None))
    assert (world.page()[0].cum_qty, world.page()[0].client_order_id) == (D(1), None)


@pytest.mark.parametrize("cloid", [None, ClientOrderId("web_1")])
def test_case_24_an_order_that_nobody_asked_for_here_is_alarmed_as_external(
    cloid: ClientOrderId | None,
) -> None:
    effects = World().read(_report(OrderStatus.NEW, client_order_id=cloid, amount=D(3)))

    [alarm] = [one.fact for one in effects if isinstance(one, Append)]

    assert isinstance(alarm, Alarm)
    assert alarm.text.startswith("EXTERNAL order 77 on hyperliquid SOL")


def test_an_order_that_was_asked_for_is_not_external() -> None:
    world = World()
    world.place()

    effects = world.read(_report(OrderStatus.NEW))

    assert not any(isinstance(one, Append) for one in effects)


def test_an_order_of_a_hedge_is_ours_even_where_its_decision_was_lost() -> None:
    cloid = taker_cloid("0" * 12, 0, 1, 0)

    effects = World().read(_report(OrderStatus.NEW, client_order_id=cloid, amount=D(3)))

    assert not any(isinstance(one, Append) for one in effects)


def test_fills_known_by_oid_join_the_order_once_its_name_is_told() -> None:
    world = World()
    world.place()
    world.read(_fill("1", 2, cloid=None))
    world.read(_report(OrderStatus.NEW))
    assert [(row.client_order_id, row.cum_qty) for row in world.page()] == [(CLOID, D(2))]


def test_doubt_is_a_flag_until_something_is_proven() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.PENDING, None, in_doubt=True, venue_order_id=None))
    assert world.page()[0].in_doubt
    world.read(_report(OrderStatus.NEW))
    assert not world.page()[0].in_doubt


def test_a_cancel_is_pending_until_the_order_ends_or_it_is_refused() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.NEW))
    token = Token("t")
    cancel = CancelOrder(exc=EXC, token=token, strategy=STRATEGY, client_order_id=CLOID)
    subject = subjects.cancel_order(EXC, STRATEGY, CLOID, token)
    world.read(cancel, subject)
    assert world.page()[0].cancel_pending
    world.read(IntentRefused(exc=EXC, subject=subject, field_name="cloid", rule="x"))
    assert not world.page()[0].cancel_pending


def test_a_cancel_of_everything_marks_every_open_order() -> None:
    world = World()
    other = ClientOrderId("0x" + "0b" * 16)
    world.place()
    world.place(other)
    world.read(CancelOrder(exc=EXC, token=Token("t"), strategy=STRATEGY, ticker=TICKER))
    assert [row.cancel_pending for row in world.page()] == [True, True]


def test_a_decision_makes_its_takers_known() -> None:
    world = World()
    takers = tuple(
        TakerOrder(
            client_order_id=ClientOrderId(f"0x{index:032x}"),
            amount=D(1),
            band_bp=D(5),
            hard_cap_bp=D(50),
        )
        for index in (1, 2)
    )
    decision = Decision(
        exc=EXC,
        ticker=TICKER,
        pool=Pool("s"),
        epoch=0,
        ordinal=1,
        as_of=1,
        need=D(2),
        attempt=0,
        rules="r",
        takers=takers,
        hedge_ids=(HedgeId("h"),),
    )
    effects = world.read(decision)
    assert _statuses(effects) == ["PENDING", "PENDING"]
    assert {row.hedge_id for row in world.page()} == {"h"}
    subjects_used = [effect.subject for effect in effects if isinstance(effect, Publish)]
    assert len(set(subjects_used)) == 2


def test_costs_complete_a_fill() -> None:
    world = World()
    world.place()
    world.read(_fill("1", 2))
    cost = FillCost(
        exc=EXC, ticker=TICKER, exec_id=ExecId("1"), fee=D("0.1"), fee_asset="USDC", ts_event_ns=1
    )
    (effect,) = world.read(cost)
    assert isinstance(effect, Publish)
    assert isinstance(effect.delta, FillDelta)
    assert (effect.delta.fill.fee, effect.delta.fill.last_qty) == (D("0.1"), D(2))
    answer = world.fold.answer(world.state, HEAD, subjects.FILLS_PAGE, PageRequest(exc=EXC))
    assert isinstance(answer, FillsPage)
    assert answer.fills == (effect.delta.fill,)


def test_costs_of_an_unknown_fill_wait_for_nobody() -> None:
    cost = FillCost(
        exc=EXC, ticker=TICKER, exec_id=ExecId("1"), fee=D(1), fee_asset="USDC", ts_event_ns=1
    )
    assert World().read(cost) == []


@pytest.mark.parametrize(
    ("subject", "known", "alarms"),
    [
        ("oms.intent.hyperliquid.s.0xab.new", True, 0),
        ("oms.intent.hyperliquid.s.0xab.new", False, 1),
        ("oms.intent.hedge.s.h", False, 0),
        ("oms.intent.x", True, 1),
        ("oms.venue.hyperliquid.order.x", True, 1),
    ],
)
def test_a_malformed_message_is_alarmed_unless_somebody_refuses_it(
    subject: str, known: bool, alarms: int
) -> None:
    world = World()
    if known:
        world.read(SpecsReport(exc=EXC, instruments=()))
    effects = world.read(MalformedMessageError("amount", "Expected `str`"), subject)
    found = [effect.fact for effect in effects if isinstance(effect, Append)]
    assert len(found) == alarms
    assert all(isinstance(fact, Alarm) for fact in found)


def test_rows_refill_the_pages() -> None:
    world = World()
    world.place()
    (row,) = world.fold.rows(world.state)
    assert (row.page, row.row) == (f"orders:{EXC}", CLOID)
    assert world.fold.propose(world.state, HEAD) == ()


def test_the_page_of_an_account_is_known_without_an_order_on_it() -> None:
    """Or rows of orders that ended while no copy ran would stay in Redis."""
    world = World()
    world.read(SpecsReport(exc=EXC, instruments=()))
    assert world.fold.rows(world.state) == (SetRow(f"orders:{EXC}", "", None),)


def test_questions_for_others_are_refused() -> None:
    world = World()
    ask = VenueAsk(kind=AskKind.ORDERS)
    answer = world.fold.answer(world.state, HEAD, subjects.ORDERS_PAGE, ask)
    assert isinstance(answer, QueryFailed)


def test_row_under_a_former_name_goes() -> None:
    world = World()
    world.read(_report(OrderStatus.NEW, client_order_id=None, amount=D(-5)))
    world.read(_fill("1", 2, None))
    world.place()
    effects = world.read(_report(OrderStatus.NEW))
    rows = {effect.row: effect.value for effect in effects if isinstance(effect, SetRow)}
    assert rows[f"oid:{OID}"] is None
    assert rows[CLOID] is not None
    assert [row.client_order_id for row in world.page()] == [CLOID]


def test_refused_cancel_by_venue_id_clears_its_order() -> None:
    world = World()
    world.place()
    world.read(_report(OrderStatus.NEW))
    world.read(CancelOrder(exc=EXC, token=Token("t"), strategy=STRATEGY, venue_order_id=OID))
    assert world.page()[0].cancel_pending
    subject = subjects.cancel_by_oid(EXC, STRATEGY, OID, Token("t"))
    world.read(IntentRefused(exc=EXC, subject=subject, field_name="oid", rule="no"))
    assert not world.page()[0].cancel_pending


@pytest.mark.parametrize("subject", ["oms.intent.hyperliquid.s.0xother.cancel.t", "oms"])
def test_refusal_of_something_else_changes_nothing(subject: str) -> None:
    world = World()
    world.place()
    refused = IntentRefused(exc=EXC, subject=subject, field_name="oid", rule="no")
    assert world.read(refused) == []


def test_report_that_names_no_order_is_alarmed() -> None:
    report = OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=OrderStatus.NEW,
        source=ReportSource.EVENT,
        ts_event_ns=1,
    )
    (alarm,) = World().read(report)
    assert isinstance(alarm, Append)
    assert isinstance(alarm.fact, Alarm)


def test_number_that_cannot_be_counted_is_alarmed() -> None:
    world = World()
    (alarm,) = world.read(replace(_fill("1", 2), last_qty=D("NaN")))
    assert isinstance(alarm, Append)
    assert isinstance(alarm.fact, Alarm)
    assert "last_qty" in alarm.fact.text
    assert world.page() == ()


def test_snapshot_brings_the_same_state_back() -> None:
    world = World()
    world.read(SpecsReport(exc=EXC, instruments=()))
    world.read(SpecsReport(exc=EXC, instruments=()))
    world.place()
    world.read(_fill("1", 2))
    assert world.state.accounts == [EXC]
    assert world.fold.load(world.fold.dump(world.state)) == world.state
    assert world.fold.initial() == Registry()


def test_e10_a_fill_that_comes_twice_is_told_once_and_its_cumulative_still_counts() -> None:
    world = World()
    world.place()
    world.read(_fill("1", 2))
    again = replace(_fill("1", 2), cum_qty=D(3))
    deltas = [effect.delta for effect in world.read(again) if isinstance(effect, Publish)]
    assert [type(delta) for delta in deltas] == [OrderDelta]
    assert world.page()[0].cum_qty == 3
