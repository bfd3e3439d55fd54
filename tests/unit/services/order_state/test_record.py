"""What is known of one order follows from its facts, not from their order."""

from decimal import Decimal as D
from itertools import permutations
from typing import Any

import pytest

from services.order_state import record as records
from services.order_state.record import Record
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from tandem.messages.intents import NewOrder
from tandem.messages.reports import FillReport, OrderReport

EXC, SOL = Exc("venue"), Ticker("SOL")
CLOID, OID = ClientOrderId("c"), VenueOrderId("7")
NEW, REJECTED = OrderStatus.NEW, OrderStatus.REJECTED


def record(**changed: Any) -> Record:
    return Record(**{"exc": EXC, "ticker": SOL, "key": "k", "cloid": CLOID} | changed)


def asked(**changed: Any) -> Record:
    order = NewOrder(
        exc=EXC,
        ticker=SOL,
        client_order_id=CLOID,
        amount=D(-5),
        order_type=OrderType.LIMIT,
        price=D(150),
        strategy=Strategy("s"),
    )
    return record(asked=records.asked_by_intent(order), **changed)


def report(status: OrderStatus = NEW, ts: int = 1, **changed: Any) -> OrderReport:
    fields: dict[str, Any] = {
        "exc": EXC,
        "ticker": SOL,
        "order_status": status,
        "source": ReportSource.EVENT,
        "ts_event_ns": ts,
        "venue_order_id": OID,
    }
    return OrderReport(**fields | changed)


def fill(exec_id: str, qty: str, px: str, ts: int = 1, cum: str | None = None) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId(exec_id),
        venue_order_id=OID,
        side=Side.SELL,
        last_qty=D(qty),
        last_px=D(px),
        source=ReportSource.EVENT,
        ts_event_ns=ts,
        cum_qty=None if cum is None else D(cum),
    )


def joined(*reports: OrderReport) -> Record:
    made = asked()
    for one in reports:
        records.join_report(made, one)
    return made


def test_view_of_what_was_asked_only() -> None:
    shown = records.view(asked(asked_ts_ns=5_000_000))
    assert (shown.amount, shown.price, shown.order_status) == (D(-5), D(150), OrderStatus.PENDING)
    assert (shown.strategy, shown.external, shown.timestamp) == ("s", False, 5)
    assert shown.time_in_force is TimeInForce.GTC


def test_view_of_an_order_that_is_not_ours() -> None:
    shown = records.view(record())
    assert (shown.amount, shown.order_type, shown.time_in_force) == (D(0), OrderType.LIMIT, None)
    assert (shown.external, shown.reduce_only, shown.price) == (True, False, None)


def test_terms_are_the_latest_in_venue_time_whatever_comes_first() -> None:
    early = report(ts=1, price=D(100), amount=D(-4), time_in_force=TimeInForce.IOC)
    late = report(ts=2, price=D(101), reduce_only=True, order_type=OrderType.MARKET)
    one, other = records.view(joined(early, late)), records.view(joined(late, early))
    assert one == other
    assert (one.price, one.amount, one.time_in_force) == (D(101), D(-4), TimeInForce.IOC)
    assert one.reduce_only
    assert records.view(record(terms=joined(late).terms)).order_type is OrderType.MARKET


def test_a_price_that_the_gateway_chose_is_flagged_whatever_comes_first() -> None:
    said, later = report(emulated=True), report(ts=2, price=D(101))
    assert records.view(joined(said, later)).emulated
    assert records.view(joined(later, said)).emulated
    assert not records.view(joined(later)).emulated
    both = joined(later)
    records.merge(both, joined(said))
    assert records.view(both).emulated


def test_doubt_changes_no_status_and_ends_with_it() -> None:
    doubted = joined(report(REJECTED, in_doubt=True))
    assert records.view(doubted).in_doubt
    assert doubted.order_status is OrderStatus.PENDING
    records.join_report(doubted, report())
    assert not records.view(doubted).in_doubt


def test_report_without_a_venue_id_gives_none() -> None:
    refused = joined(report(REJECTED, venue_order_id=None))
    assert records.view(refused).venue_order_id is None


def test_reason_of_the_highest_status_stays() -> None:
    refused = report(REJECTED, reason=RejectReason.SIZE, text="too small")
    other = report(REJECTED, reason=RejectReason.MARGIN, text="no margin")
    shown = records.view(joined(refused, other))
    assert shown == records.view(joined(other, refused))
    assert (shown.reason, shown.text) == (RejectReason.SIZE, "too small")
    ended = report(OrderStatus.CANCELLED, reason=RejectReason.OTHER, text="by the venue")
    assert records.view(joined(ended, refused)).text == "by the venue"
    assert records.view(joined(refused, ended)).text == "by the venue"


SAID = [
    report(REJECTED, reason=RejectReason.MARGIN, text="Insufficient margin. asset=5"),
    report(REJECTED, reason=RejectReason.MARGIN, text="perpMarginRejected"),
    report(REJECTED, reason=RejectReason.OTHER, text="a long text that names no class of refusal"),
    report(OrderStatus.CANCELLED),
    report(NEW, text="triggered"),
]


@pytest.mark.parametrize("told", list(permutations(SAID)))
def test_c3_the_words_that_say_most_stay_in_any_order(told: tuple[OrderReport, ...]) -> None:
    shown = records.view(joined(*told))

    assert shown.order_status is OrderStatus.CANCELLED
    assert (shown.reason, shown.text) == (RejectReason.MARGIN, "Insufficient margin. asset=5")


def test_c8_words_without_a_class_reach_the_row() -> None:
    ended = joined(report(OrderStatus.CANCELLED, text="cancelled before it was sent"))

    shown = records.view(ended)

    assert (shown.reason, shown.text) == (None, "cancelled before it was sent")


def test_c8_an_order_that_filled_whole_or_goes_on_has_nothing_to_explain() -> None:
    ended = joined(report(OrderStatus.CANCELLED, reason=RejectReason.MARGIN, text="margin"))
    records.join_report(ended, report(OrderStatus.FILLED, cum_qty=D(5)))

    assert (records.view(ended).reason, records.view(ended).text) == (None, "")
    assert records.view(joined(report(NEW, text="triggered"))).text == ""


def test_c3_a_doubt_has_its_words_in_the_row_until_it_ends() -> None:
    said = "unknown: HTTP 503 -1000 Unknown error"
    doubted = joined(report(OrderStatus.PENDING, in_doubt=True, text=said))
    assert (records.view(doubted).in_doubt, records.view(doubted).text) == (True, said)

    records.join_report(doubted, report())

    assert records.view(doubted).text == ""


def test_fill_counts_once_and_the_venues_cumulative_counts_too() -> None:
    made = asked()
    for one in (fill("a", "1", "100", 2), fill("b", "2", "103", 1), fill("a", "1", "100", 2)):
        records.join_fill(made, one)
    shown = records.view(made)
    assert (shown.cum_qty, shown.avg_px, shown.last_qty) == (D(3), D(102), D(1))
    assert shown.order_status is OrderStatus.PARTIAL
    records.join_fill(made, fill("c", "1", "100", 3, cum="5"))
    assert records.view(made).order_status is OrderStatus.FILLED


def test_average_is_the_venues_while_fills_are_missing() -> None:
    made = joined(report(cum_qty=D(4), avg_px=D("101.5")))
    records.join_fill(made, fill("a", "1", "100"))
    assert records.view(made).avg_px == D("101.5")


def test_order_known_by_its_fills_only_has_their_amount() -> None:
    made = record()
    records.join_fill(made, fill("a", "2", "100"))
    assert records.view(made).amount == -2


def test_amended_amount_may_be_filled_already() -> None:
    made = joined(report(OrderStatus.PARTIAL, cum_qty=D(2)), report(ts=3, amount=D(-2)))
    assert made.order_status is OrderStatus.FILLED


def test_merged_records_know_what_either_knew() -> None:
    ours, theirs = asked(last_delta=None), record(cloid=None, oid=OID, row_names=["oid:7"])
    theirs.cancel_pending, theirs.last_delta = True, "0.4.0"
    records.join_report(theirs, report(REJECTED, cum_qty=D(1), reason=RejectReason.SIZE, text="x"))
    records.join_fill(theirs, fill("a", "1", "100"))
    records.merge(ours, theirs)
    shown = records.view(ours)
    assert (shown.amount, shown.cum_qty, shown.venue_order_id) == (D(-5), D(1), OID)
    assert (shown.reason, shown.text) == (RejectReason.SIZE, "x")
    assert (ours.cancel_pending, ours.last_delta, ours.row_names) == (True, "0.4.0", ["oid:7"])


def test_merge_keeps_its_own_reason_and_the_later_fill() -> None:
    ours, theirs = joined(report(REJECTED, reason=RejectReason.SIZE, text="own")), record()
    records.join_report(theirs, report(REJECTED, reason=RejectReason.OTHER, text="other"))
    records.join_fill(ours, fill("b", "2", "100", ts=9))
    records.join_fill(theirs, fill("a", "1", "100", ts=3))
    records.merge(ours, theirs)
    shown = records.view(ours)
    assert (shown.text, shown.last_qty, shown.cum_qty) == ("own", D(2), D(3))


def test_transitions_are_noted_once_each_and_the_oldest_let_go() -> None:
    made = asked()
    records.note_transition(made, 1, 1)
    records.note_transition(made, 2, 2)
    assert [(one.ord_status, one.seq) for one in made.transitions] == [("PENDING", 1)]
    for seq in range(3, 3 + records.MAX_TRANSITIONS):
        records.join_fill(made, fill(f"e{seq}", "0.01", "100"))
        records.note_transition(made, seq, seq)
    assert len(made.transitions) == records.MAX_TRANSITIONS
    assert made.transitions[0].seq == 3


def test_e10_an_order_that_has_filled_more_than_it_was_for_is_told_once() -> None:
    made = asked()
    records.join_fill(made, fill("1", "4", "150"))
    assert not records.exceeds(made)
    records.join_fill(made, fill("2", "4", "150"))

    assert records.exceeds(made)
    assert not records.exceeds(made)
    assert records.view(made).cum_qty == D(8)


def test_e10_what_an_order_was_once_for_is_no_excess_and_neither_is_a_modified_one() -> None:
    shrunk = joined(report(ts=1, amount=D(-5)), report(ts=2, amount=D(-1)))
    records.join_fill(shrunk, fill("1", "4", "150"))
    assert not records.exceeds(shrunk)

    modified = joined(report(replaces_oid=VenueOrderId("6"), amount=D(-5)))
    records.join_fill(modified, fill("1", "9", "150"))
    assert not records.exceeds(modified)

    unknown = record()
    records.join_fill(unknown, fill("1", "9", "150"))
    assert not records.exceeds(unknown)


def test_e10_merged_records_tell_of_an_excess_once() -> None:
    one, other = asked(), joined(report(amount=D(-5)))
    records.join_fill(one, fill("1", "9", "150"))
    assert records.exceeds(one)

    records.merge(other, one)

    assert not records.exceeds(other)


def test_d8_a_conditional_order_waits_until_it_fires_in_any_order_of_reports() -> None:
    waits = report(NEW, trigger_px=D("9.99"), ts=5)
    fired = report(NEW, trigger_px=D(0), ts=7)
    plain = report(NEW, ts=6)

    assert records.view(joined(waits, plain)).trigger_px == D("9.99")
    assert records.view(joined(waits, fired)).trigger_px is None
    assert records.view(joined(fired, waits)).trigger_px is None
    ended = report(OrderStatus.CANCELLED, ts=8)
    assert records.view(joined(waits, ended)).trigger_px is None


def test_d8_merged_records_wait_until_either_has_fired() -> None:
    waits, fired = report(NEW, trigger_px=D("9.99"), ts=5), report(NEW, trigger_px=D(0), ts=7)

    for told, later in ((waits, fired), (fired, waits)):
        merged = joined(told)
        records.merge(merged, joined(later))
        assert records.view(merged).trigger_px is None
    merged = joined()
    records.merge(merged, joined(waits))
    assert records.view(merged).trigger_px == D("9.99")
