"""However many cancels wait, a turn looks at some, and each has its turn."""

from msgspec import structs

from tandem.domain.ids import ClientOrderId, Strategy, Token, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.gateway.account.account_state import Known
from tandem.gateway.core.cancels import LOOKED_AT_A_TICK, RESOLVED_A_TURN, Cancels, World
from tandem.gateway.core.sender import Sender
from tandem.gateway.port.requests import Stamp
from tandem.messages.intents import CancelOrder
from tests.unit.tandem.gateway.core.test_cancels import (
    EXC,
    INSTRUMENT,
    MS,
    SOL,
    SUBJECT,
    A,
    at,
    report,
)

MANY = 5_000


def many_unknown(cancels: Cancels) -> None:
    for number in range(MANY):
        cloid = ClientOrderId(f"lost-{number}")
        intent = CancelOrder(
            exc=EXC, token=Token(f"t{number}"), strategy=Strategy("s"), ticker=SOL,
            client_order_id=cloid, valid_for_ms=60_000, ts_sent_ns=0,
        )  # fmt: skip
        cancels.take(intent, f"{SUBJECT}{number}", 0)


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
