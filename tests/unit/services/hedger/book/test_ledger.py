"""Cites I1 to I6 of services/hedger/book/ledger.py; the model of I1 and I5 is in tests/property."""

from decimal import Decimal

import pytest

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket, Taker
from tandem.domain.ids import ClientOrderId, Exc, Pool, Ticker, VenueOrderId
from tandem.hedging import evidence
from tandem.hedging.evidence import Evidence, VenueOrder
from tests.unit.services.hedger.desk import d


def bucket(target: str = "0", unit: str = "1") -> Bucket:
    one = Bucket(exc=Exc("venue"), ticker=Ticker("SOL"), pool=Pool("pool"), unit=d(unit))
    ledger.owe(one, d(target))
    return one


def taker(amount: str, name: str = "t1") -> Taker:
    order = Evidence(quantity=abs(d(amount)), immediate=True)
    return Taker(ClientOrderId(name), d(amount), 1, order)


def fills(one: Bucket, order: Taker, cum: str, *, ended: bool = False) -> Decimal:
    before = evidence.proven(order.order)
    order.order.venue_orders[VenueOrderId("1")] = VenueOrder(claimed=d(cum), ended=ended)
    return ledger.prove(one, order, before)


def test_what_is_owed_stays_naked_until_it_is_filled() -> None:
    one = bucket("1")

    assert ledger.naked(one) == ledger.certain_need(one) == 1
    assert one.key == ("venue", "SOL", "pool")


@pytest.mark.parametrize(
    ("target", "takers", "lo", "hi", "need"),
    [
        ("1", (), "1", "1", "1"),
        ("1", ("0.4",), "0.6", "1", "0.6"),
        ("1", ("1",), "0", "1", "0"),
        ("1", ("0.5", "0.5"), "0", "1", "0"),
        ("1", ("2",), "-1", "1", "0"),
        ("-0.4", ("1",), "-1.4", "-0.4", "-0.4"),
        ("-1", ("-0.3",), "-1", "-0.7", "-0.7"),
        ("0", ("1", "-1"), "-1", "1", "0"),
    ],
)
def test_i1_the_certain_need_is_what_every_outcome_needs(
    target: str, takers: tuple[str, ...], lo: str, hi: str, need: str
) -> None:
    one = bucket(target)
    for index, amount in enumerate(takers):
        ledger.enter(one, taker(amount, f"t{index}"))

    assert ledger.interval(one) == (d(lo), d(hi))
    assert ledger.certain_need(one) == d(need)


def test_i2_a_taker_counts_from_the_moment_it_enters() -> None:
    one = bucket("1")

    assert ledger.enter(one, taker("0.4"))

    assert ledger.in_flight(one) == d("0.4")
    assert ledger.remainder(one) == d("0.6")


def test_i3_a_taker_lands_only_on_proof() -> None:
    one, order = bucket("1"), taker("0.4")
    ledger.enter(one, order)
    fills(one, order, "0.1")
    assert not ledger.land(one, order, 5)

    fills(one, order, "0.1", ended=True)

    assert ledger.land(one, order, 6)
    assert not ledger.land(one, order, 7)
    assert (ledger.certain_need(one), order.ended_ns) == (d("0.9"), 6)
    assert ledger.find(one, order.cloid) is order


def test_i4_a_client_id_enters_once() -> None:
    one, order = bucket("1"), taker("0.4")
    ledger.enter(one, order)

    assert not ledger.enter(one, taker("0.4"))
    fills(one, order, "0.4", ended=True)
    ledger.land(one, order, 1)
    assert not ledger.enter(one, taker("0.4"))


@pytest.mark.parametrize("unit", ["1", "1000"])
def test_i6_naked_less_in_flight_is_the_remainder(unit: str) -> None:
    one, order = bucket("-3000", unit), taker("-2")
    ledger.enter(one, order)

    signed = fills(one, order, "0.5")

    assert signed == d("-0.5") * d(unit)
    assert one.target - one.done == ledger.naked(one)
    assert ledger.naked(one) - ledger.in_flight(one) == ledger.remainder(one)
    assert ledger.in_flight(one) == d("-1.5") * d(unit)


def test_more_than_the_order_leaves_nothing_in_flight() -> None:
    one, order = bucket("1"), taker("0.4")
    ledger.enter(one, order)

    fills(one, order, "0.5")

    assert ledger.in_flight(one) == 0
    assert ledger.naked(one) == d("0.5")
