"""The ledger's invariants (services/hedger/book/ledger.py) over any course of its five moves."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.hedger.book import ledger
from services.hedger.book.ledger import Bucket, Taker
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Pool, Ticker, VenueOrderId
from tandem.hedging import evidence, sizes
from tandem.hedging.attribution import Lot, add, consume, cover
from tandem.hedging.evidence import Evidence, VenueOrder

OID = VenueOrderId("1")
lots = st.integers(-40, 40).map(lambda n: Decimal(n) / 20)
positive = st.integers(1, 40).map(lambda n: Decimal(n) / 20)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("owe"), lots),
        st.tuples(st.just("send"), lots),
        st.tuples(st.just("fill"), positive),
        st.tuples(st.just("end"), positive),
    ),
    max_size=30,
)


def bucket() -> Bucket:
    return Bucket(exc=Exc("e"), ticker=Ticker("t"), pool=Pool("p"), unit=Decimal(10))


def send(one: Bucket, amount: Decimal, number: int) -> None:
    if amount:
        order = Evidence(quantity=abs(amount), immediate=True)
        ledger.enter(one, Taker(ClientOrderId(f"t{number}"), amount, number, order))


def fill(one: Bucket, taker: Taker, quantity: Decimal, *, ended: bool) -> None:
    before = evidence.proven(taker.order)
    venue_order = taker.order.venue_orders.setdefault(OID, VenueOrder())
    venue_order.filled = min(taker.order.quantity, venue_order.filled + quantity)
    venue_order.ended = ended
    ledger.prove(one, taker, before)
    ledger.land(one, taker, 1)


def play(course: list[tuple[str, Decimal]]) -> list[Bucket]:
    """Apply the moves to one bucket; return it after each."""
    one = bucket()
    for number, (move, value) in enumerate(course):
        flying = list(one.flying.values())
        if move == "owe":
            ledger.owe(one, value)
        elif move == "send":
            send(one, value, number)
        elif flying:
            fill(one, flying[number % len(flying)], value, ended=move == "end")
        check(one)
    return [one]


def check(one: Bucket) -> None:
    lo, hi = ledger.interval(one)
    need = ledger.certain_need(one)
    naked = ledger.naked(one)
    assert one.target - one.done == naked
    assert naked - ledger.in_flight(one) == ledger.remainder(one)
    assert lo <= naked <= hi
    assert lo <= ledger.remainder(one) <= hi
    assert need == 0 or (need > 0 and need == lo) or (need < 0 and need == hi)


@given(moves)
def test_i6_conservation_holds_after_every_move(course: list[tuple[str, Decimal]]) -> None:
    play(course)


@given(moves, st.data())
def test_i1_no_outcome_of_what_flies_makes_the_certain_need_too_much(
    course: list[tuple[str, Decimal]], data: st.DataObject
) -> None:
    (one,) = play(course)
    need = ledger.certain_need(one)

    for taker in list(one.flying.values()):
        most = int((taker.order.quantity - evidence.proven(taker.order)) * 20)
        outcome = Decimal(data.draw(st.integers(0, most))) / 20
        fill(one, taker, outcome, ended=True)

    final = ledger.naked(one)
    assert not one.flying
    assert need == 0 or (need > 0 and final >= need) or (need < 0 and final <= need)


@given(moves)
def test_i3_only_a_proof_takes_a_taker_out_of_flight(course: list[tuple[str, Decimal]]) -> None:
    (one,) = play(course)

    assert all(not evidence.is_ended(taker.order) for taker in one.flying.values())
    assert all(evidence.is_ended(taker.order) for taker in one.ended.values())


@given(lots, positive, positive)
def test_i1_cutting_to_the_lot_never_adds(need: Decimal, unit: Decimal, lot: Decimal) -> None:
    cut = sizes.cut_to_lot(need, unit, lot) * unit

    assert abs(cut) <= abs(need)
    assert cut == 0 or (cut > 0) == (need > 0)
    assert abs(need) - abs(cut) < unit * lot


@settings(max_examples=300)
@given(st.lists(st.tuples(st.booleans(), lots), max_size=30))
def test_lots_always_add_up_to_what_is_naked(course: list[tuple[bool, Decimal]]) -> None:
    queue: list[Lot] = []
    naked = Decimal(0)
    for number, (is_maker, amount) in enumerate(course):
        if is_maker:
            add(queue, Lot(HedgeId(f"h{number}"), amount, number))
            naked += amount
        else:
            pieces = cover(queue, amount, number)
            naked -= amount
            assert sum((piece.amount for piece in pieces), Decimal(0)) == amount
        assert sum((lot.amount for lot in queue), Decimal(0)) == naked
        assert all((lot.amount > 0) == (naked > 0) for lot in queue)


@given(st.lists(positive, max_size=8), positive)
def test_consuming_takes_the_oldest_and_loses_nothing(
    sizes: list[Decimal], amount: Decimal
) -> None:
    queue = [Lot(HedgeId(f"h{n}"), size, n) for n, size in enumerate(sizes)]

    pieces, left = consume(queue, amount)

    assert sum((piece.amount for piece in pieces), left) == amount
    assert [piece.since_ns for piece in pieces] == list(range(len(pieces)))
    assert left == 0 or not queue
