"""What is remembered of orders; numbers refer to the module's invariants."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.exchange import records
from services.paper_hyperliquid.exchange.records import Record, Records
from services.paper_hyperliquid.wire.vocabulary import OrderType, Status

ALICE, BOB = AccountId("0xa"), AccountId("0xb")


def record(oid: int, status: Status = Status.OPEN, cloid: str | None = "c") -> Record:
    return Record(
        account=ALICE, oid=oid, coin="SOL", asset=5, is_buy=True, limit_px=Decimal(1),
        orig_sz=Decimal(1), sz=Decimal(1), reduce_only=False, tif="Gtc",
        order_type=OrderType.LIMIT, cloid=cloid, timestamp_ms=0, status=status, status_ms=0,
    )  # fmt: skip


def test_a_cloid_names_the_latest_order() -> None:
    kept = Records()
    kept.put(record(1, Status.CANCELED))
    kept.put(record(2))
    kept.put(replace(record(1), status=Status.FILLED))
    found = kept.find(ALICE, "c")
    assert found is not None
    assert found.oid == 2


def test_an_order_belongs_to_its_account_alone() -> None:
    kept = Records()
    kept.put(record(1))
    assert kept.find(BOB, 1) is None
    assert kept.find(BOB, "c") is None


def test_live_orders_are_those_open_or_triggered() -> None:
    kept = Records()
    for oid, status in ((1, Status.OPEN), (2, Status.TRIGGERED), (3, Status.FILLED)):
        kept.put(record(oid, status))
    kept.put(record(1, Status.CANCELED))
    assert [r.oid for r in kept.live(ALICE)] == [2]


def test_history_has_a_row_for_each_status_newest_first() -> None:
    kept = Records()
    kept.put(record(1))
    kept.put(replace(record(1), sz=Decimal("0.5")))
    kept.put(record(1, Status.FILLED))
    assert [r.status for r in kept.history(ALICE)] == [Status.FILLED, Status.OPEN]


def test_only_so_many_ended_orders_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "ENDED_MAX", 1)
    kept = Records()
    kept.put(record(1, Status.FILLED, "first"))
    kept.put(record(2, Status.FILLED, None))
    assert kept.find(ALICE, 1) is None
    assert kept.find(ALICE, "first") is None
    assert kept.find(ALICE, 2) is not None


def test_clearing_keeps_the_live_orders() -> None:
    kept = Records()
    kept.put(record(1, Status.FILLED))
    kept.put(record(2))
    kept.clear_ended()
    assert [r.oid for r in kept.all()] == [2]
    assert kept.history(ALICE) == ()
    found = kept.find(ALICE, "c")
    assert found is not None
    assert found.oid == 2
