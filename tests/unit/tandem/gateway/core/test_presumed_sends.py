import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tandem.domain.ids import Exc, Token
from tandem.gateway.core.clocks import TERMS, Stamps
from tandem.gateway.core.pending_order import Taker
from tandem.gateway.core.presumed_sends import LONGEST_PERIOD_NS, Presumed, lead_ms, priority_of
from tandem.gateway.port.requests import CancelOne, PlaceOrder
from tandem.messages.intents import CancelOrder
from tandem.transport.priority import Priority
from tests.unit.tandem.gateway.sending import CLOID, MS, new_order, taker

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


def test_e13_nonces_of_a_burst_may_have_run_ahead() -> None:
    assert lead_ms([]) == 0
    assert lead_ms([0] * 100) == 100 * 2 * TERMS
    assert lead_ms([1_000 * MS] * 100) == 600
    assert lead_ms([60_000 * MS, 10 * MS, 4 * MS]) == 22


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(0, 300))
def test_e13_no_successor_begins_below_what_the_log_asked_for(
    gaps_ms: list[int], later_ms: int
) -> None:
    """Whatever the predecessor made of each intent, once and once again, lies below."""
    former, now_ms, asked_ms = Stamps(1_000, term=3), 1_000, []
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        asked_ms.append(now_ms)
        former.make(now_ms)
        former.make(now_ms)
    now_ms += later_ms
    ages_ns = [(now_ms - one) * MS for one in asked_ms]
    assert now_ms + lead_ms(ages_ns) + TERMS >= former.last_nonce
