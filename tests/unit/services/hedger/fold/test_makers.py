from tandem.domain.execution import ReportSource
from tandem.domain.ids import VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.messages.deltas import HedgeState
from tandem.messages.intents import LegSpec, RatioKind
from tandem.messages.reports import FillReport
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, SOLUSDT, d, two_venues


def test_a_report_that_says_nothing_new_publishes_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.5")

    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.4")

    assert desk.effects == ()


def test_cumulative_and_fill_in_either_order_owe_once() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.5")
    desk.maker_fill(hedge, "0.5")
    desk.maker_fill(hedge, "0.3")
    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.8")

    assert desk.naked() == d("0.8")


def test_a_fill_without_client_id_is_found_by_its_venue_number() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.NEW, "0")

    desk.maker_fill(hedge, "0.4", client_order_id=None)

    assert desk.naked() == d("0.4")


def test_fills_before_their_order_is_known_are_taken_up_with_it() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_fill(hedge, "0.4", client_order_id=None)
    desk.maker_fill(hedge, "0.2", client_order_id=None)
    assert desk.naked() == 0

    desk.maker_report(hedge, OrderStatus.PARTIAL)

    assert desk.naked() == d("0.6")
    assert not desk.state.orphans


def test_a_maker_that_buys_is_hedged_by_selling() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "1")

    desk.maker_fill(hedge, "0.4")

    assert desk.hedge_all() == [d("-0.4")]


def test_coalescing_collects_until_its_time_and_a_later_fill_does_not_delay_it() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1", coalesce_ms=50)
    desk.maker_fill(hedge, "0.2")
    assert desk.amounts() == []
    desk.wait(30)
    desk.maker_fill(hedge, "0.3")
    assert desk.amounts() == []

    desk.wait(20)

    assert desk.amounts() == [d("0.5")]


def test_a_makers_end_flushes_at_once() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1", coalesce_ms=50)
    desk.maker_fill(hedge, "0.2")

    desk.maker_report(hedge, OrderStatus.CANCELLED, "0.2")

    assert desk.amounts() == [d("0.2")]


def test_a_fill_that_must_not_wait_flushes_what_was_collected() -> None:
    desk = two_venues()
    patient, urgent = desk.hedge("h1", "-1", coalesce_ms=50), desk.hedge("h2", "-1")
    desk.maker_fill(patient, "0.2")

    desk.maker_fill(urgent, "0.1")

    assert desk.amounts() == [d("0.3")]


def test_a_proof_after_the_word_finishes_the_hedge() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.CANCELLED)

    desk.maker_report(hedge, OrderStatus.CANCELLED, "0", source=ReportSource.QUERY)

    assert desk.view(hedge).state is HedgeState.DONE


def test_a_maker_that_ends_by_its_fills_flushes_and_is_done_with_dust() -> None:
    desk = two_venues(lot="0.3")
    hedge = desk.hedge("h1", "-1", coalesce_ms=50)
    desk.maker_fill(hedge, "1")
    (decision,) = desk.decide()
    assert desk.view(hedge).state is HedgeState.HEDGING

    desk.fill_takers([decision])

    assert desk.naked() == d("0.1")
    assert desk.view(hedge).state is HedgeState.DONE


def test_an_end_without_a_proven_quantity_counts_as_settled_after_a_while() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.CANCELLED)
    assert desk.view(hedge).state is HedgeState.HEDGING
    assert "has not proven" in desk.view(hedge).text

    desk.wait(2_000)

    assert desk.view(hedge).state is HedgeState.DONE
    desk.maker_fill(hedge, "0.2")
    assert desk.hedge_all() == [d("0.2")]


def test_value_waits_for_the_mark_of_its_own_minute() -> None:
    desk = two_venues()
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio_kind=RatioKind.VALUE)
    hedge = desk.hedge("h1", "-1", leg)
    desk.maker_fill(hedge, "0.4", "100")
    assert desk.bucket().unpriced == d("0.4")
    assert desk.decide() == []

    desk.mark(HYPERLIQUID, SOL, "80")

    assert desk.hedge_all() == [d("0.5")]
    desk.maker_fill(hedge, "0.4", "100")
    assert desk.hedge_all() == [d("0.5")]


def test_a_reversal_while_in_flight_is_traded_back() -> None:
    desk = two_venues()
    short, long = desk.hedge("h1", "-1"), desk.hedge("h2", "1")
    desk.maker_fill(short, "1")
    (decision,) = desk.decide()
    desk.maker_fill(long, "1")
    desk.fill_takers([decision])
    assert desk.naked() == -1
    (back,) = desk.decide()

    desk.fill_takers([back])

    assert desk.naked() == 0


def test_a_maker_fill_takes_up_what_nobody_owns() -> None:
    desk = two_venues()
    short, long = desk.hedge("h1", "-1"), desk.hedge("h2", "2")
    desk.maker_fill(long, "1")
    desk.hedge_all()
    desk.maker_fill(short, "1")
    (decision,) = desk.decide()
    desk.maker_fill(long, "1")
    desk.fill_takers([decision])  # now one too many was bought

    third = desk.hedge("h3", "-1")
    desk.maker_fill(third, "1")

    assert desk.naked() == 0
    assert desk.view(third).legs[0].owed == 0


def test_a_fill_of_another_account_is_not_the_makers() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    link = desk.link(hedge)

    desk.fill(
        FillReport(
            exc=HYPERLIQUID,
            ticker=SOLUSDT,
            exec_id=desk.next_exec(),
            venue_order_id=VenueOrderId("9"),
            client_order_id=link.cloid,
            side=Side.SELL,
            last_qty=d(1),
            last_px=d(1),
            source=ReportSource.EVENT,
            ts_event_ns=1,
        )
    )

    assert desk.naked() == 0
