"""When the sum of fills proves what an ended order filled."""

import itertools
from decimal import Decimal

import pytest

from services.gateway_hyperliquid.protocol import fill_proofs as proofs_module
from services.gateway_hyperliquid.protocol.fill_proofs import Proofs
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.messages.reports import FillReport, OrderReport

EXC, BTC, OID = Exc("hyperliquid"), Ticker("BTC"), VenueOrderId("7")
PLACED_NS = 1_000_000_000
S = 1_000_000_000


def fill(
    name: str, qty: str, oid: VenueOrderId = OID, source: ReportSource = ReportSource.EVENT
) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=BTC,
        exec_id=ExecId(name),
        venue_order_id=oid,
        side=Side.BUY,
        last_qty=Decimal(qty),
        last_px=Decimal(1),
        source=source,
        ts_event_ns=1,
    )


def row(name: str, qty: str) -> FillReport:
    """Return a fill as a list tells it."""
    return fill(name, qty, source=ReportSource.QUERY)


def end(oid: VenueOrderId | None = OID) -> OrderReport:
    return OrderReport(
        exc=EXC,
        ticker=BTC,
        order_status=OrderStatus.CANCELLED,
        source=ReportSource.EVENT,
        ts_event_ns=2 * S,
        ts_recv_ns=2 * S,
        venue_order_id=oid,
    )


def test_fills_before_the_end_prove_it() -> None:
    proofs = Proofs()
    proofs.fill(fill("a", "0.1"))
    proofs.fill(fill("b", "0.2"))

    assert proofs.end(end(), Decimal("0.3"), PLACED_NS).cum_qty == Decimal("0.3")


def test_an_end_before_its_fills_waits_for_them() -> None:
    proofs = Proofs()

    told = proofs.end(end(), Decimal("0.3"), PLACED_NS)
    early = proofs.fill(fill("a", "0.1"))
    proven = proofs.fill(fill("b", "0.2"))

    assert (told.cum_qty, early) == (None, None)
    assert proven is not None
    assert (proven.cum_qty, proven.order_status) == (Decimal("0.3"), OrderStatus.CANCELLED)


def told(proofs: Proofs, fact: FillReport | OrderReport) -> OrderReport | None:
    if isinstance(fact, FillReport):
        return proofs.fill(fact)
    return proofs.end(fact, Decimal("0.3"), PLACED_NS)


def test_any_order_with_repeats_proves_the_same() -> None:
    facts: tuple[FillReport | OrderReport, ...] = (
        fill("a", "0.1"),
        fill("b", "0.2"),
        fill("a", "0.1"),
        end(),
    )

    for order in itertools.permutations(facts):
        proofs = Proofs()
        reports = [told(proofs, fact) for fact in order]
        proven = {one.cum_qty for one in reports if one is not None and one.cum_qty is not None}
        assert proven == {Decimal("0.3")}


def test_a_repeated_fill_counts_once() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal("0.2"), PLACED_NS)

    proofs.fill(fill("a", "0.1"))

    assert proofs.fill(fill("a", "0.1")) is None


def test_a_proof_is_told_again_with_its_fills() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal("0.1"), PLACED_NS)

    first = proofs.fill(fill("a", "0.1"))

    assert first is not None
    assert proofs.fill(fill("a", "0.1")) == first
    assert proofs.listed(0, 100 * S) == ()


def test_a_complete_list_proves_less_than_was_claimed() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal("0.3"), PLACED_NS)
    proofs.fill(row("a", "0.1"))

    (proven,) = proofs.listed(PLACED_NS, 7 * S)

    assert proven.cum_qty == Decimal("0.1")
    assert proofs.listed(6 * S, 8 * S) == (proven,)


def test_a_list_that_begins_later_or_was_read_too_soon_proves_nothing() -> None:
    late, soon = Proofs(), Proofs()
    for proofs in (late, soon):
        proofs.end(end(), Decimal("0.3"), PLACED_NS)

    assert late.listed(PLACED_NS + 1, 100 * S) == ()
    assert soon.listed(0, 7 * S - 1) == ()


def test_lists_that_overlap_are_one() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal("0.3"), PLACED_NS)

    assert proofs.listed(0, 3 * S) == ()
    assert len(proofs.listed(3 * S, 7 * S)) == 1


def test_lists_with_a_gap_between_them_are_not() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal("0.3"), PLACED_NS)
    proofs.listed(0, 3 * S)

    assert proofs.listed(3 * S + 1, 7 * S) == ()


def test_a_list_proves_nothing_of_an_order_that_has_not_ended() -> None:
    proofs = Proofs()
    proofs.fill(fill("a", "0.1"))

    assert proofs.listed(0, 100 * S) == ()


def test_a_late_fill_raises_what_a_list_proves() -> None:
    proofs = Proofs()
    proofs.end(end(), Decimal(0), PLACED_NS)
    proofs.fill(row("late", "0.1"))

    (proven,) = proofs.listed(0, 100 * S)

    assert proven.cum_qty == Decimal("0.1")


@pytest.mark.parametrize("said", ["40", "0.01"], ids=["refused at the door", "taken there"])
def test_e4_a_size_that_only_the_stream_told_is_not_what_a_list_proves(said: str) -> None:
    """The fill that is true must not be shut out of the proof by one that was not."""
    proofs = Proofs()
    proofs.fill(fill("a", said))
    assert proofs.fill(row("a", "0.1")) is None
    assert proofs.end(end(), Decimal("0.1"), PLACED_NS).cum_qty is None

    (proven,) = proofs.listed(0, 100 * S)

    assert proven.cum_qty == Decimal("0.1")


def test_an_end_without_an_order_id_is_left_as_it_is() -> None:
    assert Proofs().end(end(None), Decimal(0), PLACED_NS) == end(None)


def test_the_oldest_orders_are_forgotten() -> None:
    proofs = Proofs(orders_max=1)
    proofs.fill(fill("a", "0.1"))
    proofs.fill(fill("b", "0.1", VenueOrderId("8")))

    assert proofs.end(end(), Decimal("0.1"), PLACED_NS).cum_qty is None


def test_a_forgotten_order_is_no_longer_disputed() -> None:
    proofs = Proofs(orders_max=1)
    proofs.end(end(), Decimal("0.3"), PLACED_NS)
    proofs.fill(fill("b", "0.1", VenueOrderId("8")))

    assert proofs.listed(0, 100 * S) == ()


def settle(proofs: Proofs, number: int) -> OrderReport:
    oid = VenueOrderId(str(number))
    proofs.fill(fill(f"f{number}", "1", oid))
    return proofs.end(end(oid), Decimal(1), PLACED_NS)


def test_e7_settled_orders_are_bounded_and_push_no_other_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proofs_module, "SETTLED_MAX", 8)
    monkeypatch.setattr(proofs_module, "PACKED_MAX", 256)
    proofs, live = Proofs(orders_max=16), VenueOrderId("live")
    proofs.fill(fill("first", "0.4", live))
    for number in range(2_000):
        settle(proofs, number)

    assert len(proofs._orders) == 9
    assert len(proofs._packed) <= 512
    proofs.fill(fill("last", "0.6", live))
    assert proofs.end(end(live), Decimal(1), PLACED_NS).cum_qty == Decimal(1)


def test_e7_a_packed_order_is_proven_again_when_its_fills_are_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proofs_module, "SETTLED_MAX", 8)
    proofs = Proofs()
    first = settle(proofs, 0)
    for number in range(1, 300):
        settle(proofs, number)

    assert proofs.fill(fill("f0", "1", VenueOrderId("0"))) == first
    assert first.cum_qty == Decimal(1)


def test_e7_what_lists_repeat_of_packed_orders_moves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proofs_module, "SETTLED_MAX", 8)
    proofs = Proofs()
    ends = [settle(proofs, number) for number in range(600)]
    before = dict(proofs._packed.blocks)

    for number, proven in enumerate(ends[:256]):
        oid = VenueOrderId(str(number))
        assert proofs.fill(fill(f"f{number}", "1", oid)) == proven
        assert proofs.end(end(oid), Decimal(1), PLACED_NS) == proven

    assert proofs._packed.blocks == before
    assert all(proofs._packed.blocks[name] is block for name, block in before.items())
