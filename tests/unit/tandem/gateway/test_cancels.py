"""A cancel waits for its order's outcome, asks when the venue does not know, and ends once."""

from decimal import Decimal

import pytest
from msgspec import structs

from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker, Token, VenueOrderId
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType
from tandem.gateway.cancels import (
    LOOKED_AT_A_TICK,
    MAX_CANCELS,
    RESOLVED_A_TURN,
    AskOrder,
    CancelEffect,
    Cancels,
    DropUnsent,
    LogFact,
    LogRefusal,
    World,
)
from tandem.gateway.known import Known
from tandem.gateway.known_order import KnownOrder
from tandem.gateway.requests import Outcome, Stamp
from tandem.gateway.sender import Sender
from tandem.gateway.ticket import Now, from_new_order
from tandem.messages.intents import CancelOrder, NewOrder
from tandem.messages.reports import OrderReport

EXC, SOL, A, ONE = Exc("v"), Ticker("SOL"), ClientOrderId("a"), VenueOrderId("1")
MS = 1_000_000
SUBJECT = "oms.intent.v.s.a.cancel.t"
INSTRUMENT = Instrument(
    exc=EXC,
    ticker=SOL,
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.1"),
    min_qty=Decimal("0.1"),
    min_notional=Decimal(5),
)


def at(ms: int) -> Now:
    return Now(ms * MS, ms * MS, ms, 1)


def report(status: OrderStatus, source: ReportSource = ReportSource.ACK) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=SOL,
        order_status=status,
        source=source,
        ts_event_ns=1,
        client_order_id=A,
        venue_order_id=ONE,
    )


def world(*known: OrderReport) -> World:
    fold = Known()
    for one in known:
        fold.take_order(one)
    listed = {SOL: INSTRUMENT}
    sender = Sender(1_000, 800)
    sender.pass_fence(at(0))
    return World(fold, sender, listed.get)


def cancel(
    cloid: ClientOrderId | None = A,
    oid: VenueOrderId | None = None,
    ticker: Ticker | None = None,
) -> CancelOrder:
    return CancelOrder(
        exc=EXC,
        token=Token("t"),
        strategy=Strategy("s"),
        client_order_id=cloid,
        venue_order_id=oid,
        ticker=ticker,
    )


def taken(intent: CancelOrder | None = None) -> Cancels:
    cancels = Cancels(800)
    cancels.take(intent or cancel(), SUBJECT, 0)
    return cancels


def sent(place: World) -> Cancels:
    cancels = taken()
    cancels.resolve(place, at(0))
    waiting = cancels.ready(0)
    assert waiting is not None
    cancels.written(waiting, Stamp(1, 0, 0, 1_000), at(0))
    return cancels


def outcome(kind: OutcomeKind, **more: object) -> Outcome:
    return Outcome(kind=kind, **more)  # type: ignore[arg-type]  # fields by name


def new_order() -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=SOL,
        client_order_id=A,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=Strategy("s"),
        price=Decimal(10),
    )


def refusals(effects: tuple[CancelEffect, ...]) -> list[tuple[str, str]]:
    found = [one.refused for one in effects if isinstance(one, LogRefusal)]
    assert all(one.subject == SUBJECT for one in found)
    return [(one.field_name, one.rule) for one in found]


def asks(effects: tuple[CancelEffect, ...]) -> list[AskOrder]:
    return [one for one in effects if isinstance(one, AskOrder)]


def test_cancel_of_a_live_order_is_ready_with_the_venues_id() -> None:
    cancels = taken()
    assert cancels.resolve(world(report(OrderStatus.NEW)), at(0)) == ()
    waiting = cancels.ready(0)
    assert waiting is not None
    assert (waiting.oid, waiting.cloid, waiting.instrument) == (ONE, A, INSTRUMENT)


def test_cancel_of_an_ended_order_ends_without_a_request() -> None:
    cancels = taken()
    assert cancels.resolve(world(report(OrderStatus.FILLED)), at(0)) == ()
    assert len(cancels) == 0


def test_cancel_waits_while_its_order_is_on_the_wire() -> None:
    cancels, place = taken(), world()
    place.sender.take(from_new_order(new_order(), 0, 1))
    ticket = place.sender.ready(urgent=False, mono_ns=0)
    assert ticket is not None
    place.sender.written(ticket, Stamp(9, 0, 0, 1_000), at(0))
    cancels.resolve(place, at(1))
    assert cancels.ready(0) is None
    place.sender.reported(A)
    cancels.resolve(place, at(2))
    assert cancels.ready(0) is not None


def test_cancel_of_an_unsent_order_drops_it() -> None:
    cancels, place = taken(), world()
    place.sender.take(from_new_order(new_order(), 0, 1))
    assert cancels.resolve(place, at(0)) == (DropUnsent(A),)
    assert len(cancels) == 0


def test_cancel_right_after_an_order_ended_knows_its_ticker() -> None:
    cancels, place = taken(), world()
    place.sender.take(from_new_order(new_order(), 0, 1))
    place.sender.reported(A)
    cancels.resolve(place, at(0))
    assert cancels.ready(0) is not None


@pytest.mark.parametrize(
    ("intent", "name"), [(cancel(), "cloid"), (cancel(cloid=None, oid=ONE), "oid")]
)
def test_unknown_order_without_a_ticker_is_refused(intent: CancelOrder, name: str) -> None:
    refused = refusals(taken(intent).resolve(world(), at(0)))
    assert refused == [(name, "no such order is known: name its ticker as well")]


def test_unknown_order_with_its_ticker_is_tried() -> None:
    cancels = taken(cancel(ticker=SOL))
    cancels.resolve(world(), at(0))
    assert cancels.ready(0) is not None


def test_unlisted_ticker_is_refused() -> None:
    cancels = taken(cancel(ticker=Ticker("ETH")))
    assert refusals(cancels.resolve(world(), at(0))) == [("ticker", "ETH is not listed on v")]


def test_cancel_past_its_validity_is_refused() -> None:
    cancels = taken()
    refused = refusals(cancels.resolve(world(report(OrderStatus.NEW)), at(5_001)))
    assert refused == [("valid_for_ms", "passed before the cancel could be sent")]


def test_cancel_refused_in_the_log_already_is_dropped() -> None:
    cancels = taken()
    cancels.settled(SUBJECT)
    cancels.settled("another")
    assert len(cancels) == 0


def test_terminal_answer_ends_the_cancel() -> None:
    cancels = sent(world(report(OrderStatus.NEW)))
    gone = report(OrderStatus.CANCELLED)
    effects = cancels.answered(1, outcome(OutcomeKind.ACCEPTED, facts=(gone,)), at(5))
    assert effects == (LogFact(gone),)
    assert len(cancels) == 0


def test_bare_acceptance_waits_for_the_event_then_asks() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    cancels.answered(1, outcome(OutcomeKind.ACCEPTED), at(5))
    assert cancels.tick(place, at(100)) == ()
    assert len(asks(cancels.tick(place, at(255)))) == 1
    place.known.take_order(report(OrderStatus.CANCELLED))
    cancels.tick(place, at(300))
    assert len(cancels) == 0


def test_unknown_order_is_asked_for_and_never_concluded() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    effects = cancels.answered(1, outcome(OutcomeKind.REJECTED, must_ask=True), at(5))
    assert effects == ()
    [ask] = asks(cancels.tick(place, at(5)))
    filled = report(OrderStatus.FILLED, ReportSource.QUERY)
    assert cancels.asked(ask.key, (filled,), at(9)) == (LogFact(filled),)
    assert len(cancels) == 0


def test_order_that_the_venue_does_not_know_is_refused_after_four_answers() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    cancels.answered(1, outcome(OutcomeKind.REJECTED, must_ask=True), at(5))
    refused: list[tuple[str, str]] = []
    for ms in range(5, 20_000, 2_500):
        for ask in asks(cancels.tick(place, at(ms))):
            refused += refusals(cancels.asked(ask.key, None, at(ms)))
    assert refused == [("cancel", "the venue knows no such order")]


def test_failed_question_is_asked_again() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    cancels.lost(1, at(1))
    [ask] = asks(cancels.tick(place, at(1)))
    cancels.ask_failed(ask.key, at(1))
    assert cancels.tick(place, at(2)) == ()
    assert len(asks(cancels.tick(place, at(2_000)))) == 1


def test_unanswered_cancel_is_sent_again_once_the_order_is_seen_open() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    [ask] = asks(cancels.tick(place, at(800)))
    still = report(OrderStatus.NEW, ReportSource.QUERY)
    assert cancels.asked(ask.key, (still,), at(850)) == (LogFact(still),)
    assert cancels.ready(850 * MS) is not None


def test_order_still_open_after_validity_is_a_refusal() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    [ask] = asks(cancels.tick(place, at(800)))
    still = report(OrderStatus.NEW, ReportSource.QUERY)
    rule = "the order is still open at the venue after valid_for_ms"
    assert refusals(cancels.asked(ask.key, (still,), at(5_001))) == [("valid_for_ms", rule)]


def test_accepted_cancel_of_an_order_still_listed_is_asked_again_not_sent() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    cancels.answered(1, outcome(OutcomeKind.ACCEPTED), at(5))
    [ask] = asks(cancels.tick(place, at(300)))
    cancels.asked(ask.key, (report(OrderStatus.NEW, ReportSource.QUERY),), at(310))
    assert cancels.ready(10**12) is None
    assert len(asks(cancels.tick(place, at(3_000)))) == 1


def test_throttled_cancel_goes_again_after_the_pause() -> None:
    cancels = sent(world(report(OrderStatus.NEW)))
    cancels.answered(1, outcome(OutcomeKind.NOT_EXECUTED, retry_after_ms=200), at(10))
    assert cancels.ready(209 * MS) is None
    assert cancels.ready(210 * MS) is not None


def test_throttled_cancel_past_validity_is_refused() -> None:
    cancels = sent(world(report(OrderStatus.NEW)))
    throttled = outcome(OutcomeKind.NOT_EXECUTED, text="too many")
    assert refusals(cancels.answered(1, throttled, at(5_001))) == [("cancel", "too many")]


def test_refusal_of_the_venue_is_the_intents_refusal() -> None:
    cancels = sent(world(report(OrderStatus.NEW)))
    assert refusals(cancels.answered(1, outcome(OutcomeKind.REJECTED), at(5))) == [
        ("cancel", "refused by the venue")
    ]


def test_nothing_written_is_ready_again() -> None:
    cancels = sent(world(report(OrderStatus.NEW)))
    cancels.unwritten(1)
    assert cancels.ready(0) is not None


def test_answer_that_nobody_waits_for_still_tells_its_facts() -> None:
    gone = report(OrderStatus.CANCELLED)
    cancels = Cancels(800)
    effects = cancels.answered(5, outcome(OutcomeKind.ACCEPTED, facts=(gone,)), at(0))
    assert effects == (LogFact(gone),)
    assert cancels.asked("gone", (gone,), at(0)) == (LogFact(gone),)


def test_sweep_cancels_each_order_once() -> None:
    cancels = Cancels(800)
    orders = [
        KnownOrder(SOL, A, ONE, OrderStatus.NEW, 1),
        KnownOrder(SOL, A, ONE, OrderStatus.NEW, 1),
        KnownOrder(SOL, None, VenueOrderId("2"), OrderStatus.NEW, 1),
    ]
    cancels.sweep(cancel(cloid=None), SUBJECT, 0, iter(orders))
    assert len(cancels) == 2


def test_too_many_cancels_are_refused_not_forgotten() -> None:
    cancels = many()
    cancels.pass_fence()
    assert refusals(cancels.take(cancel(), SUBJECT, 0))[0][0] == "cancel"


def many() -> Cancels:
    cancels = Cancels(800)
    for number in range(MAX_CANCELS):
        cancels.take(cancel(), f"{SUBJECT}{number}", 0)
    return cancels


def test_cancels_read_while_catching_up_are_never_too_many() -> None:
    """They may be carried out and told in what is not read yet, or be another copy's to do."""
    assert many().take(cancel(), SUBJECT, 0) == ()


def test_cancel_without_the_right_to_send_begins_anew_past_the_next_fence() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    cancels.hold()
    refused = outcome(OutcomeKind.REJECTED, text="no")
    assert cancels.answered(1, refused, at(5)) == ()
    assert cancels.tick(place, at(5_000)) == ()
    cancels.pass_fence()
    cancels.resolve(place, at(100))
    assert cancels.ready(100 * MS) is not None


def test_refusal_that_the_log_has_not_told_back_begins_anew_with_the_right_to_send() -> None:
    """Another sender's word may have come before it: the log takes none of a former one."""
    place = world(report(OrderStatus.NEW))
    told, untold = sent(place), sent(place)
    for cancels in (told, untold):
        assert refusals(cancels.answered(1, outcome(OutcomeKind.REJECTED), at(5)))
    told.settled(SUBJECT)

    for cancels in (told, untold):
        cancels.hold()
        cancels.pass_fence()
        cancels.resolve(place, at(100))

    assert told.ready(100 * MS) is None
    assert untold.ready(100 * MS) is not None


def test_sweep_that_was_refused_in_the_log_is_refused_for_its_other_orders_too() -> None:
    place, cancels = world(report(OrderStatus.NEW)), Cancels(800)
    cancels.pass_fence()
    two = [
        KnownOrder(SOL, A, ONE, OrderStatus.NEW, 1),
        KnownOrder(SOL, None, VenueOrderId("2"), OrderStatus.NEW, 1),
    ]
    cancels.sweep(cancel(cloid=None), SUBJECT, 0, iter(two))
    assert refusals(cancels.resolve(place, at(9_000)))
    cancels.hold()
    assert len(cancels) == 2

    cancels.settled(SUBJECT)

    assert len(cancels) == 0


def test_question_answered_after_the_right_to_send_was_lost_concludes_nothing() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    [ask] = asks(cancels.tick(place, at(800)))
    cancels.hold()
    assert cancels.asked(ask.key, None, at(900)) == ()
    still_open = (report(OrderStatus.NEW, ReportSource.QUERY),)
    assert len(cancels.asked(ask.key, still_open, at(60_000))) == 1
    cancels.ask_failed(ask.key, at(60_000))
    assert cancels.ready(60_000 * MS) is None
    assert len(cancels) == 1


def test_end_that_is_found_after_the_right_to_send_was_lost_ends_the_cancel() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    [ask] = asks(cancels.tick(place, at(800)))
    cancels.hold()
    cancels.asked(ask.key, (report(OrderStatus.FILLED, ReportSource.QUERY),), at(900))
    assert len(cancels) == 0


def test_news_about_cancels_that_are_not_here_change_nothing() -> None:
    cancels, place = taken(), world(report(OrderStatus.NEW))
    cancels.unwritten(99)
    cancels.lost(99, at(0))
    cancels.ask_failed("another", at(0))
    assert cancels.tick(place, at(0)) == ()
    assert len(cancels) == 1


def test_second_request_of_a_cancel_forgets_the_first() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    [ask] = asks(cancels.tick(place, at(800)))
    cancels.asked(ask.key, (report(OrderStatus.NEW, ReportSource.QUERY),), at(850))
    again = cancels.ready(850 * MS)
    assert again is not None
    cancels.written(again, Stamp(2, 850, 850, 1_000), at(850))
    gone = outcome(OutcomeKind.ACCEPTED, facts=(report(OrderStatus.CANCELLED),))
    cancels.answered(1, gone, at(860))
    assert len(cancels) == 1
    cancels.answered(2, gone, at(870))
    assert len(cancels) == 0


def test_resolved_cancels_are_not_resolved_again() -> None:
    place = world(report(OrderStatus.NEW))
    cancels = sent(place)
    assert cancels.resolve(place, at(1)) == ()
    assert cancels.ready(10**12) is None


def test_cancel_that_waited_for_its_order_is_still_valid_afterwards() -> None:
    cancels, place = taken(), world()
    place.sender.hold()
    place.sender.take(from_new_order(new_order(), 0, 1))
    cancels.resolve(place, at(60_000))
    place.sender.reported(A)
    place.known.take_order(report(OrderStatus.NEW))
    assert cancels.resolve(place, at(60_050)) == ()
    assert cancels.ready(60_050 * MS) is not None


MANY = 5_000


def many_unknown(cancels: Cancels) -> None:
    for number in range(MANY):
        cloid = ClientOrderId(f"lost-{number}")
        intent = CancelOrder(
            exc=EXC, token=Token(f"t{number}"), strategy=Strategy("s"), ticker=SOL,
            client_order_id=cloid, valid_for_ms=60_000, ts_sent_ns=0,
        )  # fmt: skip
        cancels.take(intent, f"oms.intent.v.s.{cloid}.cancel.t{number}", 0)


def of_ended_orders(cancels: Cancels) -> World:
    """Take thousands of cancels of orders whose ends are told afterwards."""
    known, ended = Known(), report(OrderStatus.CANCELLED)
    many_unknown(cancels)
    for number in range(MANY):
        name = ClientOrderId(f"lost-{number}")
        oid = VenueOrderId(str(number))
        known.take_order(structs.replace(ended, client_order_id=name, venue_order_id=oid))
    return World(known, Sender(1_000, 800), lambda _: INSTRUMENT)


def test_a_turn_looks_at_some_where_thousands_wait() -> None:
    cancels = Cancels(answer_timeout_ms=500)
    world = of_ended_orders(cancels)
    cancels.tick(world, at(1))
    assert len(cancels) == MANY - LOOKED_AT_A_TICK
    cancels.hold()
    cancels.pass_fence()
    cancels.resolve(world, at(2))
    assert len(cancels) == MANY - LOOKED_AT_A_TICK - RESOLVED_A_TURN


def test_each_of_thousands_has_its_turn() -> None:
    cancels = Cancels(answer_timeout_ms=500)
    world = of_ended_orders(cancels)
    for _ in range(MANY // LOOKED_AT_A_TICK + 1):
        cancels.tick(world, at(1))
    assert len(cancels) == 0


def test_what_has_just_come_is_resolved_at_once_whatever_else_waits() -> None:
    cancels = Cancels(answer_timeout_ms=500)
    world = of_ended_orders(cancels)
    cancels.hold()
    cancels.pass_fence()
    cancels.take(
        CancelOrder(
            exc=EXC, token=Token("t"), strategy=Strategy("s"), ticker=SOL, client_order_id=A
        ),
        SUBJECT,
        0,
    )
    cancels.resolve(world, at(1))
    ready = cancels.ready(MS)
    assert ready is not None
    assert ready.subject == SUBJECT


def test_cancels_that_are_ready_go_in_the_order_in_which_they_were_asked_for() -> None:
    cancels = Cancels(answer_timeout_ms=500)
    world = World(Known(), Sender(1_000, 800), lambda _: INSTRUMENT)
    cancels.pass_fence()
    many_unknown(cancels)
    cancels.resolve(world, at(1))
    for number in range(RESOLVED_A_TURN * 2):
        ready = cancels.ready(MS)
        assert ready is not None
        assert ready.cloid == f"lost-{number}"
        cancels.written(ready, Stamp(number + 1, 1, 1, 1_000), at(1))
