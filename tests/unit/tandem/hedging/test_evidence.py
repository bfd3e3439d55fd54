from decimal import Decimal

import pytest

from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, RejectReason, Side
from tandem.hedging import evidence
from tandem.hedging.evidence import Evidence
from tandem.messages.reports import FillReport, OrderReport

EXC, TICKER = Exc("venue"), Ticker("SOL")


def report(status: OrderStatus, cum: str | None = None, **more: object) -> OrderReport:
    values: dict[str, object] = {
        "source": ReportSource.EVENT,
        "venue_order_id": VenueOrderId("1"),
        **more,
    }
    return OrderReport(
        exc=EXC,
        ticker=TICKER,
        order_status=status,
        ts_event_ns=1,
        cum_qty=None if cum is None else Decimal(cum),
        **values,  # type: ignore[arg-type]
    )


def fill(exec_id: str, qty: str, cum: str | None = None, oid: str = "1") -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=TICKER,
        exec_id=ExecId(exec_id),
        venue_order_id=VenueOrderId(oid),
        side=Side.BUY,
        last_qty=Decimal(qty),
        last_px=Decimal(100),
        source=ReportSource.EVENT,
        ts_event_ns=1,
        cum_qty=None if cum is None else Decimal(cum),
    )


def order(quantity: str = "2", *, immediate: bool = False) -> Evidence:
    return Evidence(quantity=Decimal(quantity), immediate=immediate)


def test_nothing_is_proven_of_an_order_that_no_fact_is_about() -> None:
    one = order()

    assert evidence.proven(one) == 0
    assert evidence.status(one) is OrderStatus.PENDING
    assert not evidence.is_ended(one)


def test_fills_and_cumulative_are_not_added_up() -> None:
    one = order()

    evidence.absorb_fill(one, fill("a", "0.4"))
    evidence.absorb_report(one, report(OrderStatus.PARTIAL, "0.4"))
    evidence.absorb_fill(one, fill("b", "0.6", cum="1"))

    assert evidence.proven(one) == 1
    assert evidence.fills_sum(one) == 1


def test_a_known_fill_counts_once() -> None:
    one = order()

    counted = [evidence.absorb_fill(one, fill("a", "0.4")) for _ in range(2)]

    assert counted == [True, False]
    assert evidence.proven(one) == Decimal("0.4")


def test_the_proven_quantity_never_falls() -> None:
    one = order()
    evidence.absorb_report(one, report(OrderStatus.PARTIAL, "1"))

    evidence.absorb_report(one, report(OrderStatus.NEW, "0", source=ReportSource.QUERY))

    assert evidence.proven(one) == 1
    assert evidence.status(one) is OrderStatus.PARTIAL


@pytest.mark.parametrize("status", [OrderStatus.FILLED, OrderStatus.CANCELLED])
def test_a_terminal_word_without_a_quantity_proves_no_end(status: OrderStatus) -> None:
    one = order(immediate=True)

    evidence.absorb_report(one, report(status))

    assert not evidence.is_ended(one)
    assert evidence.status(one) is status


def test_a_terminal_report_with_its_quantity_is_the_end() -> None:
    one = order()

    evidence.absorb_report(one, report(OrderStatus.CANCELLED, "0.5"))

    assert evidence.is_ended(one)
    assert not evidence.is_complete(one)


def test_a_refusal_is_the_end_and_tells_why() -> None:
    one = order()

    evidence.absorb_report(
        one,
        report(OrderStatus.REJECTED, reason=RejectReason.MARGIN, text="no", venue_order_id=None),
    )

    assert evidence.is_ended(one)
    assert (one.reason, one.text) == (RejectReason.MARGIN, "no")


@pytest.mark.parametrize(("immediate", "ends"), [(True, True), (False, False)])
def test_the_answer_to_an_immediate_order_names_its_final_quantity(
    immediate: bool, ends: bool
) -> None:
    one = order(immediate=immediate)

    evidence.absorb_report(one, report(OrderStatus.PARTIAL, "0.6", source=ReportSource.ACK))

    assert evidence.is_ended(one) is ends


def test_an_answer_that_names_nothing_filled_is_no_end() -> None:
    one = order(immediate=True)

    evidence.absorb_report(one, report(OrderStatus.NEW, "0", source=ReportSource.ACK))

    assert not evidence.is_ended(one)


def test_the_whole_quantity_is_the_end_without_any_report() -> None:
    one = order("1")

    evidence.absorb_fill(one, fill("a", "1"))

    assert evidence.is_ended(one)
    assert evidence.is_complete(one)


def test_a_doubt_ends_nothing_and_the_next_report_clears_it() -> None:
    one = order()
    evidence.absorb_report(one, report(OrderStatus.REJECTED, in_doubt=True, venue_order_id=None))
    assert one.in_doubt
    assert not evidence.is_ended(one)

    evidence.absorb_report(one, report(OrderStatus.NEW))

    assert not one.in_doubt


def test_facts_before_the_venue_number_belong_to_the_order() -> None:
    one = order()

    evidence.absorb_report(one, report(OrderStatus.NEW, "0.2", venue_order_id=None))
    evidence.absorb_report(one, report(OrderStatus.PARTIAL, "0.3"))
    evidence.absorb_report(one, report(OrderStatus.PARTIAL, "0.4", venue_order_id=None))

    assert list(one.venue_orders) == ["1"]
    assert evidence.proven(one) == Decimal("0.4")


def test_the_venue_orders_of_one_client_id_add_up() -> None:
    one = order()

    evidence.absorb_fill(one, fill("a", "0.4", oid="1"))
    evidence.absorb_fill(one, fill("b", "0.5", oid="2"))
    evidence.absorb_report(one, report(OrderStatus.CANCELLED, "0.4"))

    assert evidence.proven(one) == Decimal("0.9")
    assert not evidence.is_ended(one)  # the cancel is of the old number only
    assert evidence.status(one) is OrderStatus.PENDING


@pytest.mark.parametrize(("immediate", "quantity"), [(True, "0.7"), (False, "2")])
def test_a_taker_that_the_venue_shrinks_has_the_venues_quantity(
    immediate: bool, quantity: str
) -> None:
    one = order("2", immediate=immediate)

    evidence.absorb_report(one, report(OrderStatus.NEW, amount=Decimal("-0.7")))

    assert one.quantity == Decimal(quantity)
