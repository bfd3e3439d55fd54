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
from tandem.domain.order import OrderStatus, OrderType, RejectReason
from tandem.gateway.known import KnownOrder
from tandem.gateway.restraint import Restraint
from tandem.messages.intents import Halt, NewOrder, Resume

EXC, OTHER = Exc("binance"), Exc("hyperliquid")
DESK = Strategy("desk")
PLAIN, MAKER = ClientOrderId("plain"), maker_cloid(HedgeId("h1"))


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


def resting(cloid: ClientOrderId) -> KnownOrder:
    return KnownOrder(Ticker("SOLUSDT"), cloid, None, OrderStatus.NEW, 0)


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
    ],
)
def test_a_halt_is_in_force_until_a_later_resume(
    facts: list[Halt | Resume], is_halted: bool
) -> None:
    restraint = Restraint(EXC)

    for fact in facts:
        restraint.take(fact)

    assert (restraint.refusal(order(PLAIN)) is not None) is is_halted
    assert restraint.must_go(resting(MAKER)) is is_halted


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


@pytest.mark.parametrize("cloid", [PLAIN, taker_cloid("0" * 12, 0, 1, 0)])
def test_only_makers_of_hedges_must_go(cloid: ClientOrderId) -> None:
    restraint = Restraint(EXC)
    restraint.take(halt("a"))

    assert not restraint.must_go(resting(cloid))
