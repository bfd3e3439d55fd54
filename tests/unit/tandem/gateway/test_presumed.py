import msgspec

from tandem.domain.ids import Exc, Token
from tandem.gateway.presumed import LONGEST_PERIOD_NS, Presumed, priority_of
from tandem.gateway.requests import CancelOne, PlaceOrder
from tandem.gateway.ticket import Taker
from tandem.messages.intents import CancelOrder
from tandem.transport.priority import Priority
from tests.unit.tandem.gateway.sending import CLOID, new_order, taker

CANCEL = CancelOrder(
    exc=Exc("v"), token=Token("t"), strategy=new_order().strategy, client_order_id=CLOID
)


def test_hedges_outrank_quotes() -> None:
    hedge = taker().ask
    assert isinstance(hedge, Taker)
    assert [priority_of(ask) for ask in (hedge, new_order(), None)] == [
        Priority.HEDGE,
        Priority.QUOTE,
        Priority.QUOTE,
    ]


def test_e11_what_the_log_asked_for_is_presumed_sent_with_its_age() -> None:
    presumed, hedge = Presumed(), taker().ask
    assert isinstance(hedge, Taker)
    presumed.take(hedge.decision, 10)
    presumed.take(new_order(), 20)
    presumed.take(CANCEL, 30)
    assert presumed.settle(35) == (
        (25, PlaceOrder, Priority.HEDGE),
        (15, PlaceOrder, Priority.QUOTE),
        (5, CancelOne, Priority.CANCEL),
    )
    assert presumed.settle(36) == ()


def test_each_taker_of_a_decision_is_a_request() -> None:
    presumed, hedge = Presumed(), taker().ask
    assert isinstance(hedge, Taker)
    twice = msgspec.structs.replace(hedge.decision, takers=(hedge.order, hedge.order))
    presumed.take(twice, 10)
    assert len(presumed.settle(10)) == 2


def test_what_is_older_than_the_longest_period_is_forgotten() -> None:
    presumed = Presumed()
    presumed.take(new_order(), 0)
    presumed.take(new_order(), 1)
    presumed.take(CANCEL, LONGEST_PERIOD_NS)
    assert len(presumed.settle(LONGEST_PERIOD_NS)) == 2
    presumed.take(new_order(), 0)
    assert presumed.settle(LONGEST_PERIOD_NS) == ()


def test_clock_that_lags_makes_nothing_younger_than_now() -> None:
    presumed = Presumed()
    presumed.take(new_order(), 50)
    assert presumed.settle(40) == ((0, PlaceOrder, Priority.QUOTE),)
