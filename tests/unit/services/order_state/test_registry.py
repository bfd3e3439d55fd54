"""An order has one record, whichever of its names a report gives."""

from decimal import Decimal as D

import pytest

from services.order_state import registry as book
from services.order_state.record import Record, view
from services.order_state.record import shown as digest
from services.order_state.registry import Registry
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus, Side
from tandem.domain.units import NS_PER_MINUTE
from tandem.messages.deltas import FillView

EXC, OTHER = Exc("venue"), Exc("other")
SOL, ETH = Ticker("SOL"), Ticker("ETH")
CLOID, OID = ClientOrderId("c"), VenueOrderId("7")


def opened(
    registry: Registry, cloid: ClientOrderId | None = None, oid: VenueOrderId | None = None
) -> Record:
    record = book.open_record(registry, EXC, SOL, (cloid, oid))
    record.is_told = True
    return record


def test_both_names_find_one_record() -> None:
    registry = Registry()
    record = opened(registry, CLOID, OID)
    assert opened(registry, CLOID) is opened(registry, None, OID) is record
    assert book.find(registry, EXC, CLOID, None) is record
    assert book.find(registry, EXC, None, OID) is record


def test_venue_ids_are_scoped_by_account_and_ticker() -> None:
    registry = Registry()
    record = opened(registry, None, OID)
    other = book.open_record(registry, EXC, ETH, (None, OID))
    assert other is not record
    assert book.find(registry, OTHER, None, OID) is None
    assert book.find(registry, EXC, None, VenueOrderId("8")) is None
    assert book.find(registry, EXC, ClientOrderId("d"), None) is None


def test_record_known_by_venue_id_takes_its_client_id_as_key() -> None:
    registry = Registry()
    record = opened(registry, None, OID)
    assert opened(registry, CLOID, OID) is record
    assert list(registry.live) == [book.cloid_key(EXC, CLOID)]
    assert opened(registry, None, OID) is record


def test_two_records_of_one_order_become_one() -> None:
    registry = Registry()
    ours, theirs = opened(registry, CLOID), opened(registry, None, OID)
    theirs.reported_cum = D(2)
    assert opened(registry, CLOID, OID) is ours
    assert ours.filled == 2
    assert list(registry.live.values()) == [ours]
    assert opened(registry, None, OID) is ours


def test_client_id_used_again_by_somebody_else_names_the_first_order_only() -> None:
    """Found by simulation seed 951: two orders by hand became one, and a row stayed open."""
    registry = Registry()
    first = opened(registry, CLOID, OID)
    second = opened(registry, None, VenueOrderId("8"))
    assert opened(registry, CLOID, VenueOrderId("8")) is second
    assert (second.cloid, second.oid) == (None, "8")
    assert book.open_record(registry, EXC, ETH, (CLOID, OID)) is not first
    assert opened(registry, CLOID, OID) is opened(registry, CLOID) is first
    assert len(registry.live) == 3


def test_client_id_of_our_form_names_one_order_whatever_the_venue_calls_it() -> None:
    registry, ours = Registry(), ClientOrderId("0x" + "ab" * 16)
    record = opened(registry, ours, OID)
    assert opened(registry, ours, VenueOrderId("8")) is record


def test_ended_record_is_packed_and_comes_back_when_named() -> None:
    registry = Registry()
    record = opened(registry, CLOID, OID)
    book.settle(registry, record, 1)
    assert list(registry.live.values()) == [record]
    record.status = OrderStatus.CANCELLED
    book.settle(registry, record, 1)
    book.settle(registry, record, 1)
    assert registry.live == {}
    found = book.find(registry, EXC, CLOID, None)
    assert found is not None
    assert found.status is OrderStatus.CANCELLED
    assert registry.live == {}
    assert opened(registry, None, OID).status is OrderStatus.CANCELLED
    assert len(registry.ended) == 0


def test_ticker_is_learnt_late() -> None:
    registry = Registry()
    record = book.open_record(registry, EXC, Ticker(""), (CLOID, OID))
    assert registry.by_oid == {}
    assert opened(registry, CLOID, OID) is record
    assert record.ticker == SOL


def test_renamed_record_without_venue_id_has_no_alias() -> None:
    registry = Registry()
    record = opened(registry, None, None)
    assert record.key == book.oid_key(EXC, SOL, VenueOrderId(""))
    book._name(registry, record, CLOID, None)
    assert registry.by_oid == {}
    assert list(registry.live) == [book.cloid_key(EXC, CLOID)]


def test_live_orders_are_narrowed_by_account_and_ticker() -> None:
    registry = Registry()
    first = opened(registry, CLOID)
    second = book.open_record(registry, OTHER, ETH, (CLOID, None))
    assert list(book.live_orders(registry, None)) == [first, second]
    assert list(book.live_orders(registry, EXC)) == [first]
    assert list(book.live_orders(registry, OTHER, SOL)) == []


def test_only_the_newest_fills_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MAX_RECENT_FILLS", 2)
    registry = Registry()
    for number in (1, 2, 2, 3):
        fill = FillView(
            exc=EXC,
            ticker=SOL,
            exec_id=ExecId(f"e{number}"),
            venue_order_id=OID,
            client_order_id=None,
            side=Side.BUY,
            last_qty=D(1),
            last_px=D(1),
            timestamp=1,
        )
        book.keep_fill(registry, fill)
    assert [known.view.exec_id for known in registry.fills[EXC].values()] == ["e2", "e3"]


def test_ended_orders_are_forgotten_with_the_log() -> None:
    registry = Registry()
    for number in (1, 2):
        record = opened(registry, ClientOrderId(f"c{number}"), VenueOrderId(f"{number}"))
        record.asked_ts_ns = number * NS_PER_MINUTE
        record.status = OrderStatus.REJECTED
        book.settle(registry, record, number * NS_PER_MINUTE)
    live = opened(registry, CLOID, OID)
    book.sweep(registry, book.WATCHED_NS + 2 * NS_PER_MINUTE)
    assert book.find(registry, EXC, ClientOrderId("c1"), None) is None
    assert book.find(registry, EXC, None, VenueOrderId("1")) is None
    assert book.find(registry, EXC, ClientOrderId("c2"), VenueOrderId("2")) is not None
    assert book.find(registry, EXC, None, OID) is live


def ended_orders(registry: Registry, count: int) -> None:
    for number in range(count):
        cloid, oid = ClientOrderId(f"0x{number:032x}"), VenueOrderId(str(10**9 + number))
        record = opened(registry, cloid, oid)
        record.status = OrderStatus.REJECTED
        record.asked_ts_ns = number
        book.settle(registry, record, number)


def test_e7_ended_orders_leave_only_what_is_packed_small() -> None:
    for count in (1_000, 4_000):
        registry = Registry()
        ended_orders(registry, count)

        assert (len(registry.live), len(registry.by_oid)) == (0, 0)
        assert len(registry.ended) == count
        assert len(registry.ended.fresh) < 300
        assert registry.ended.size / count < 80


def test_e7_an_order_that_was_packed_long_ago_comes_back_under_each_name() -> None:
    registry = Registry()
    first = opened(registry, ClientOrderId("0x" + "ab" * 16), OID)
    opened(registry, ClientOrderId("0x" + "ab" * 16), VenueOrderId("8"))
    first.status = OrderStatus.REJECTED
    shown = first.shown = digest(first, view(first))
    book.settle(registry, first, 0)
    ended_orders(registry, 1_000)

    assert book.find(registry, EXC, None, VenueOrderId("9")) is None
    found = book.find(registry, EXC, None, OID) or Record(EXC, SOL, "")
    assert (found.cloid, found.shown) == (first.cloid, shown)
    assert opened(registry, None, OID).key == first.key
    assert opened(registry, None, VenueOrderId("8")) is opened(registry, None, OID)
    assert len(registry.live) == 1


def test_an_order_that_ends_leaves_the_names_that_another_has_taken() -> None:
    registry = Registry()
    first, second = opened(registry, CLOID), opened(registry, ClientOrderId("d"), OID)
    first.aliases = list(second.aliases)
    for record, ns in ((first, 1), (second, 2)):
        record.status = OrderStatus.REJECTED
        assert registry.by_oid == {book.oid_key(EXC, SOL, OID): second.key}
        book.settle(registry, record, ns)

    assert registry.by_oid == {}
    assert (book.find(registry, EXC, CLOID, None) or second).cloid == CLOID
