"""Whose orders go when a strategy is gone: only silence that could have been broken counts."""

from decimal import Decimal

from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.order import OrderType, RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.listening import MOST_STEP_NS
from tandem.gateway.core.dead_strategies import Tethers
from tandem.messages.intents import NewOrder

ALPHA, BETA = Strategy("alpha"), Strategy("beta")
ONE, TWO, KEPT = ClientOrderId("one"), ClientOrderId("two"), ClientOrderId("kept")
STEP_MS = 50


def order(
    cloid: ClientOrderId, after_ms: int | None = 5_000, strategy: Strategy = ALPHA
) -> NewOrder:
    return NewOrder(
        exc=Exc("binance"),
        ticker=Ticker("SOLUSDT"),
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=strategy,
        price=Decimal(100),
        disconnect_after_ms=after_ms,
    )


class Listening:
    """A process that listens, tick by tick."""

    def __init__(self) -> None:
        self.tethers = Tethers()
        self.now_ms = 1_000_000
        self.tethers.listen(self.now_ms * NS_PER_MS, is_hearing=True)

    def goes_on(self, ms: int, *, is_hearing: bool = True) -> None:
        for _ in range(ms // STEP_MS):
            self.now_ms += STEP_MS
            self.tethers.listen(self.now_ms * NS_PER_MS, is_hearing=is_hearing)

    def jumps(self, ms: int) -> None:
        self.now_ms += ms
        self.tethers.listen(self.now_ms * NS_PER_MS, is_hearing=True)


def test_order_goes_once_its_strategy_was_silent_for_as_long_as_it_says() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.goes_on(4_950)
    assert world.tethers.why(ONE) == ""
    assert world.tethers.is_quiet

    world.goes_on(50)

    assert world.tethers.why(ONE) == "no client of strategy alpha was heard for 5000 ms"
    assert not world.tethers.is_quiet


def test_any_client_of_the_name_speaks_for_all_its_orders_and_for_no_others() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.tethers.take(order(TWO, strategy=BETA))
    for _ in range(20):
        world.goes_on(500)
        world.tethers.hear(ALPHA)

    assert world.tethers.why(ONE) == ""
    assert world.tethers.why(TWO)


def test_each_order_has_its_own_patience() -> None:
    world = Listening()
    world.tethers.take(order(ONE, 1_000))
    world.tethers.take(order(TWO, 3_000))
    world.goes_on(2_000)
    assert world.tethers.why(ONE)
    assert not world.tethers.why(TWO)


def test_order_without_the_wish_stays_whoever_is_gone() -> None:
    world = Listening()
    world.tethers.take(order(KEPT, None))
    world.goes_on(3_600_000)
    assert world.tethers.why(KEPT) == ""
    assert world.tethers.is_quiet
    assert world.tethers.why(None) == ""
    assert world.tethers.refusal(order(KEPT, None)) is None


def test_silence_before_the_first_order_of_a_strategy_does_not_count() -> None:
    world = Listening()
    world.goes_on(60_000)
    world.tethers.hear(ALPHA)
    world.tethers.take(order(ONE))
    assert world.tethers.why(ONE) == ""


def test_reading_an_old_log_cancels_nothing_before_the_strategy_had_time_to_be_heard() -> None:
    tethers = Tethers()
    tethers.take(order(ONE))
    for ms in range(0, 3_600_000, 60_000):
        tethers.listen(ms * NS_PER_MS, is_hearing=False)
    assert tethers.why(ONE) == ""


def test_process_that_was_frozen_has_heard_nobody_die() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.jumps(600_000)
    world.goes_on(4_500)
    assert world.tethers.why(ONE) == ""


def test_clock_that_goes_back_counts_for_nothing() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.goes_on(4_000)
    world.jumps(-600_000)
    assert world.tethers.why(ONE) == ""
    world.goes_on(1_000)
    assert world.tethers.why(ONE)


def test_longest_step_that_counts_is_one_in_which_a_process_may_be_busy() -> None:
    world = Listening()
    world.tethers.take(order(ONE, 1_000))
    world.jumps(MOST_STEP_NS // NS_PER_MS)
    world.jumps(MOST_STEP_NS // NS_PER_MS)
    assert world.tethers.why(ONE)


def test_bus_that_is_away_is_no_death_and_no_pardon() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.goes_on(3_000)
    world.goes_on(3_600_000, is_hearing=False)
    assert world.tethers.why(ONE) == ""

    world.goes_on(1_950)
    assert world.tethers.why(ONE) == ""
    world.goes_on(100)
    assert world.tethers.why(ONE)


def test_bus_that_comes_and_goes_keeps_no_order_for_ever() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    for _ in range(6):
        world.goes_on(1_000)
        world.goes_on(10_000, is_hearing=False)
    assert world.tethers.why(ONE)


def test_order_is_not_let_out_once_its_strategy_is_gone() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    assert world.tethers.refusal(order(ONE)) is None
    world.goes_on(5_000)
    refused = world.tethers.refusal(order(ONE))
    assert refused is not None
    assert refused.reason is RejectReason.HALTED
    assert refused.text == "no client of strategy alpha was heard for 5000 ms"


def test_strategy_that_comes_back_keeps_what_was_not_told_to_go() -> None:
    world = Listening()
    world.tethers.take(order(ONE))
    world.tethers.take(order(TWO))
    world.goes_on(5_000)
    world.tethers.told_to_go(ONE, "gone")
    world.tethers.told_to_go(ONE, "told by another copy as well")
    world.tethers.hear(ALPHA)
    assert dict(world.tethers.going) == {ONE: "gone"}
    assert world.tethers.why(TWO) == ""
    assert not world.tethers.is_quiet


def test_what_has_ended_is_forgotten() -> None:
    world = Listening()
    for cloid in (ONE, TWO):
        world.tethers.take(order(cloid))
    world.tethers.take(order(ONE, 1_000))
    world.goes_on(5_000)
    world.tethers.told_to_go(ONE, "gone")
    world.tethers.ended(ONE)
    assert not world.tethers.is_quiet
    world.tethers.ended(TWO)
    world.tethers.ended(TWO)
    assert world.tethers.is_quiet
    assert world.tethers.why(ONE) == world.tethers.why(TWO) == ""
