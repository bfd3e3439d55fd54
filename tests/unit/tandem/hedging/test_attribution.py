from decimal import Decimal

from tandem.domain.ids import HedgeId
from tandem.hedging import attribution
from tandem.hedging.attribution import NOBODY, Cover, Covered, Lot
from tandem.hedging.exact import average
from tests.unit.services.hedger.desk import d

ONE, TWO = HedgeId("h1"), HedgeId("h2")


def lots(*amounts: str) -> list[Lot]:
    return [Lot(HedgeId(f"h{n}"), d(amount), n) for n, amount in enumerate(amounts, 1)]


def pairs(pieces: list[Lot] | list[Cover]) -> list[tuple[HedgeId, Decimal]]:
    return [(piece.hedge_id, piece.amount) for piece in pieces]


def test_a_taker_fill_covers_the_oldest_lots_first() -> None:
    queue = lots("0.3", "0.5")

    pieces = attribution.cover(queue, d("0.4"), 9)

    assert pairs(pieces) == [(ONE, d("0.3")), (TWO, d("0.1"))]
    assert pairs(queue) == [(TWO, d("0.4"))]


def test_what_a_taker_fills_beyond_the_lots_is_owed_back_by_nobody() -> None:
    queue = lots("-0.3")

    pieces = attribution.cover(queue, d("-0.4"), 9)

    assert pairs(pieces) == [(ONE, d("-0.3")), (NOBODY, d("-0.1"))]
    assert pairs(queue) == [(NOBODY, d("0.1"))]


def test_an_opposite_maker_fill_nets_with_the_oldest() -> None:
    queue = lots("0.3", "0.5")

    netted = attribution.add(queue, Lot(HedgeId("h3"), d("-0.4"), 9))

    assert pairs(netted) == [(ONE, d("0.3")), (TWO, d("0.1"))]
    assert pairs(queue) == [(TWO, d("0.4"))]


def test_an_opposite_maker_fill_larger_than_the_lots_stays_owed() -> None:
    queue = lots("0.3")

    attribution.add(queue, Lot(TWO, d("-0.4"), 9))

    assert pairs(queue) == [(TWO, d("-0.1"))]


def test_a_covered_piece_waits_for_its_price() -> None:
    covered = Covered()
    attribution.count(covered, Lot(ONE, d("-0.5"), 100), 140)

    attribution.price(covered, Cover(ONE, d("-0.5")), d(99), d(100))

    assert (covered.amount, covered.priced, covered.paid) == (d("-0.5"), d("0.5"), d("49.5"))
    assert average(covered.slipped, covered.measured) == 100  # sold 1 % below the mid
    assert average(covered.waited, covered.timed) == 40


def test_slippage_is_measured_only_where_a_mid_was_known() -> None:
    covered = Covered()

    attribution.price(covered, Cover(ONE, d("0.5")), d(101), None)
    attribution.price(covered, Cover(ONE, d("0.5")), d(101), d(100))

    assert covered.measured == d("0.5")
    assert average(covered.slipped, covered.measured) == 100


def test_netting_counts_at_the_reference_price_if_there_is_one() -> None:
    covered = Covered()

    attribution.net(covered, d("0.5"), None)
    attribution.net(covered, d("-0.2"), d(100))

    assert (covered.amount, covered.netted) == (d("0.3"), d("0.7"))
    assert (covered.priced, covered.paid) == (d("0.2"), d(20))


def test_fills_price_the_waiting_pieces_in_turn() -> None:
    waiting = [Cover(ONE, d("0.3")), Cover(TWO, d("0.5"))]

    first = attribution.split_priced(waiting, d("0.4"))
    second = attribution.split_priced(waiting, d("0.9"))

    assert pairs(first) == [(ONE, d("0.3")), (TWO, d("0.1"))]
    assert pairs(second) == [(TWO, d("0.4"))]
    assert waiting == []


def test_pieces_of_a_sale_keep_their_sign() -> None:
    waiting = [Cover(ONE, d("-0.3"))]

    assert pairs(attribution.split_priced(waiting, d("0.1"))) == [(ONE, d("-0.1"))]
    assert pairs(waiting) == [(ONE, d("-0.2"))]
