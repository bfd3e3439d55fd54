"""Rows from either source become facts with the quantities that both together prove."""

from decimal import Decimal
from pathlib import Path

import msgspec

from services.gateway_hyperliquid.protocol.fill_ledger import Witness
from services.gateway_hyperliquid.protocol.reports import Reading
from services.gateway_hyperliquid.protocol.wire import Frame, OrderUpdate, UserFills
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc
from tandem.messages.reports import OrderReport

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
STREAM = Reading(Exc("hyperliquid"), "0x1", 5, ReportSource.EVENT)
ANSWER = Reading(Exc("hyperliquid"), "0x1", 10**15, ReportSource.QUERY)


def updates() -> tuple[OrderUpdate, ...]:
    frame = msgspec.json.decode((DATA / "order_updates.json").read_bytes(), type=Frame)
    return msgspec.json.decode(frame.data, type=tuple[OrderUpdate, ...])


def fills() -> UserFills:
    frame = msgspec.json.decode((DATA / "user_fills.json").read_bytes(), type=Frame)
    return msgspec.json.decode(frame.data, type=UserFills)


def test_an_open_order_needs_no_proof() -> None:
    report = Witness().order(updates()[0], STREAM)

    assert report is not None
    assert report.cum_qty is None


def test_an_unknown_word_gives_nothing() -> None:
    assert Witness().order(msgspec.structs.replace(updates()[0], status="odd"), STREAM) is None


def test_fills_of_an_answer_prove_an_end_of_the_stream() -> None:
    witness = Witness()
    witness.order(updates()[1], STREAM)

    facts = [fact for row in fills().fills for fact in witness.fill(row, ANSWER)]

    (end,) = [fact for fact in facts if isinstance(fact, OrderReport)]
    assert (end.cum_qty, end.source) == (Decimal("0.01"), ReportSource.EVENT)


def test_a_complete_list_closes_what_the_venue_overstated() -> None:
    witness = Witness()
    witness.order(updates()[1], STREAM)
    witness.fill(fills().fills[0], ANSWER)

    (end,) = witness.listed(1770118781558, ANSWER.recv_ns)

    assert end.cum_qty == Decimal("0.004")


def test_a_rejected_order_filled_nothing() -> None:
    report = Witness().order(updates()[2], STREAM)

    assert report is not None
    assert report.cum_qty == 0
