"""What a halt lets out, what it holds back, and when it ends."""

from decimal import Decimal

import pytest

from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    HedgeId,
    Strategy,
    Ticker,
    Token,
    maker_cloid,
    taker_cloid,
)
from tandem.domain.order import OrderType, RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.core.halts import MOST_LIFTED, Restraint, is_maker
from tandem.messages.intents import Halt, NewOrder, Resume

EXC, OTHER = Exc("binance"), Exc("hyperliquid")
DESK = Strategy("desk")
NOW_NS = 10**12
STEP_MS = 50
PLAIN, MAKER = ClientOrderId("plain"), maker_cloid(HedgeId("h1"))


class Listening:
    """A gateway's restraint that has heard a hedger, and lets time pass tick by tick."""

    def __init__(self, silence_ms: int = 1_000) -> None:
        self.restraint, self._now_ns = Restraint(EXC, silence_ms), NOW_NS
        self.jumps(0)
        self.restraint.hear()

    def goes_on(self, ms: int) -> None:
        for left in range(ms, 0, -STEP_MS):
            self.jumps(min(left, STEP_MS))

    def jumps(self, ms: int, *, is_hearing: bool = True) -> None:
        self._now_ns += ms * NS_PER_MS
        self.restraint.listen(self._now_ns, is_hearing=is_hearing)


def halt(name: str, exc: Exc | None = None, text: str = "") -> Halt:
    return Halt(token=Token(name), strategy=DESK, exc=exc, text=text)


def resume(halt: str | None = None) -> Resume:
    return Resume(token=Token("r"), strategy=DESK, halt=None if halt is None else Token(halt))


def order(cloid: ClientOrderId, *, reduce_only: bool = False) -> NewOrder:
    return NewOrder(
        exc=EXC,
        ticker=Ticker("SOLUSDT"),
        client_order_id=cloid,
        amount=Decimal(1),
        order_type=OrderType.LIMIT,
        strategy=DESK,
        price=Decimal(100),
        reduce_only=reduce_only,
    )


@pytest.mark.parametrize(
    ("facts", "is_halted"),
    [
        ([], False),
        ([halt("a")], True),
        ([halt("a", EXC)], True),
        ([halt("a", OTHER)], False),
        ([halt("a"), resume("a")], False),
        ([halt("a"), resume("b")], True),
        ([halt("a"), halt("b"), resume("a")], True),
        ([halt("a"), halt("b"), resume()], False),
        ([resume(), halt("a")], True),
        ([resume("a"), halt("a")], False),
        ([resume("a"), halt("b")], True),
    ],
)
def test_a_halt_is_in_force_until_a_later_resume(
    facts: list[Halt | Resume], is_halted: bool
) -> None:
    restraint = Restraint(EXC)

    for fact in facts:
        restraint.take(fact)

    assert (restraint.refusal(order(PLAIN)) is not None) is is_halted
    assert bool(restraint.clears()) is is_halted


def test_of_the_halts_that_were_lifted_by_name_the_oldest_are_forgotten() -> None:
    restraint = Restraint(EXC)
    for name in ("a", *map(str, range(MOST_LIFTED))):
        restraint.take(resume(name))

    restraint.take(halt("0"))
    assert restraint.clears() == ""
    restraint.take(halt("a"))
    assert restraint.clears()


def test_a_refusal_names_the_halt() -> None:
    restraint = Restraint(EXC)
    restraint.take(halt("a1", text="the fund is closing"))

    refusal = restraint.refusal(order(PLAIN))

    assert refusal is not None
    assert refusal.reason is RejectReason.HALTED
    assert refusal.text == "halt a1 by desk is in force: the fund is closing"


@pytest.mark.parametrize(("cloid", "goes"), [(PLAIN, True), (MAKER, False)])
def test_a_reduce_only_order_goes_unless_it_is_a_hedges_maker(
    cloid: ClientOrderId, goes: bool
) -> None:
    restraint = Restraint(EXC)
    restraint.take(halt("a"))

    assert (restraint.refusal(order(cloid, reduce_only=True)) is None) is goes


@pytest.mark.parametrize(
    ("cloid", "makes"), [(MAKER, True), (PLAIN, False), (taker_cloid("0" * 12, 0, 1, 0), False)]
)
def test_only_makers_of_hedges_are_makers(cloid: ClientOrderId, makes: bool) -> None:
    assert is_maker(cloid) is makes


def test_an_order_without_client_id_is_nobodys_maker() -> None:
    assert not is_maker(None)


@pytest.mark.parametrize(
    ("silence_ms", "silent_ms", "is_held"),
    [(1_000, 1_000, False), (1_000, 1_001, True), (0, 60_000, False)],
)
def test_without_a_hedger_at_the_head_makers_are_held_back(
    silence_ms: int, silent_ms: int, is_held: bool
) -> None:
    world = Listening(silence_ms)
    world.goes_on(silent_ms)
    restraint = world.restraint

    refusal = restraint.refusal(order(MAKER))

    assert (refusal is not None) is bool(restraint.clears()) is is_held
    assert restraint.refusal(order(PLAIN)) is None


def test_a_hedger_that_was_heard_ends_the_silence() -> None:
    world = Listening()
    world.goes_on(60_000)
    assert world.restraint.refusal(order(MAKER)) is not None

    world.restraint.hear()

    assert world.restraint.refusal(order(MAKER)) is None


def test_gateway_that_was_frozen_clears_no_maker_before_it_could_read_what_was_said() -> None:
    world = Listening()
    world.goes_on(300)

    world.jumps(8_000)

    assert world.restraint.clears() == world.restraint.silence() == ""
    assert world.restraint.refusal(order(MAKER)) is None
    world.goes_on(1_000)
    assert world.restraint.clears()


def test_bus_that_is_away_is_no_hedgers_silence() -> None:
    world = Listening()
    for _ in range(100):
        world.jumps(50, is_hearing=False)
    world.goes_on(1_000)
    assert world.restraint.clears() == ""
    world.goes_on(100)
    assert world.restraint.clears()
