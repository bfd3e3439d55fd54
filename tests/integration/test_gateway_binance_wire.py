"""The Binance protocol package over real sockets, without the gateway around it."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from services.gateway_binance.protocol.settings import PrivateForm
from services.gateway_binance.protocol.signing import Ed25519Signer, HmacSigner, Signer
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus, OrderType, PriceMatch, RejectReason, TimeInForce
from tandem.gateway.port.channel import BookUpdate, MarkUpdate
from tandem.gateway.port.requests import (
    BalanceQuery,
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PlaceOrder,
    PositionsQuery,
    TimeQuery,
)
from tandem.messages import subjects
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tests.conftest import Eventually
from tests.integration.binance_process import PaperVenue, paper_venue
from tests.integration.binance_wire import Wire, settings, wire

# RFC 8032 test key 1, whose public half the paper exchange knows.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
HMAC = HmacSigner("paper-binance-key", b"paper-binance-secret")
ED25519 = Ed25519Signer("paper-binance-ed25519", Ed25519PrivateKey.from_private_bytes(SEED))


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[PaperVenue]:
    async with paper_venue(tmp_path) as running:
        yield running


@pytest.fixture
async def line(venue: PaperVenue, eventually: Eventually) -> AsyncIterator[Wire]:
    async with wire(settings(venue.address.port), HMAC, eventually) as opened:
        yield opened


def _order(line: Wire, cloid: str, amount: str, price: str | None = None) -> PlaceOrder:
    return PlaceOrder(
        instrument=line.instruments["SOLUSDT"],
        client_order_id=ClientOrderId(cloid),
        amount=Decimal(amount),
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        price=None if price is None else Decimal(price),
        time_in_force=TimeInForce.GTC,
    )


def _statuses(line: Wire, cloid: str) -> list[OrderStatus]:
    return [
        report.order_status for report in line.found(OrderReport) if report.client_order_id == cloid
    ]


@pytest.mark.parametrize("signer", [HMAC, ED25519], ids=["hmac", "ed25519"])
@pytest.mark.parametrize("form", list(PrivateForm))
async def test_order_rests_and_is_cancelled_with_either_key_and_on_any_stream(
    venue: PaperVenue, eventually: Eventually, signer: Signer, form: PrivateForm
) -> None:
    async with wire(settings(venue.address.port, form), signer, eventually) as line:
        order = _order(line, "rest-1", "1", "140")
        placed = await line.send(order)
        await eventually(lambda: OrderStatus.NEW in _statuses(line, "rest-1"))
        cancel = CancelOne(instrument=order.instrument, client_order_id=order.client_order_id)
        cancelled = await line.send(cancel)
        await eventually(lambda: OrderStatus.CANCELLED in _statuses(line, "rest-1"))
        assert (placed.kind, cancelled.kind) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)


@pytest.mark.parametrize("signer", [HMAC, ED25519], ids=["hmac", "ed25519"])
async def test_fallback_over_http_does_the_same(
    venue: PaperVenue, eventually: Eventually, signer: Signer
) -> None:
    async with wire(settings(venue.address.port), signer, eventually) as line:
        order = _order(line, "rest-2", "1", "140")
        placed = await line.send_http(order)
        (report,) = placed.facts
        assert isinstance(report, OrderReport)
        by_oid = CancelOne(instrument=order.instrument, venue_order_id=report.venue_order_id)
        cancelled = await line.send_http(by_oid)
        assert (placed.kind, cancelled.kind) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)


async def test_maker_fills_in_pieces_and_every_source_agrees(
    line: Wire, venue: PaperVenue, eventually: Eventually
) -> None:
    await line.send(_order(line, "maker-1", "-3", "150.00"))
    for piece in ("1", "0.5", "1.5"):
        await venue.trade("buy", "150.00", piece)
    await eventually(lambda: OrderStatus.FILLED in _statuses(line, "maker-1"))
    await eventually(lambda: len(line.found(FillCost)) == 3)
    query = FillsQuery((line.instruments["SOLUSDT"],), 0)
    listed = line.venue.decode_listing(query, await line.ask(query))
    streamed = {_fill_key(fill) for fill in line.found(FillReport)}
    queried = {_fill_key(fact) for fact in listed.facts if isinstance(fact, FillReport)}
    assert len(streamed) == 3
    assert streamed == queried
    assert _costs(line.found(FillCost)) == _costs(listed.facts)


def _fill_key(fill: FillReport) -> tuple[object, ...]:
    subject = subjects.fill_report(fill.exc, fill.ticker, fill.exec_id)
    return (subject, fill.venue_order_id, fill.signed_qty, fill.last_px, fill.ts_event_ns)


def _costs(facts: Iterable[object]) -> set[tuple[str, Decimal, str]]:
    costs = [fact for fact in facts if isinstance(fact, FillCost)]
    return {(cost.exec_id, cost.fee, cost.fee_asset) for cost in costs}


async def test_market_order_eats_levels_and_moves_the_position(
    line: Wire, eventually: Eventually
) -> None:
    outcome = await line.send(_order(line, "market-1", "8"))
    (ack,) = outcome.facts
    assert isinstance(ack, OrderReport)
    await eventually(lambda: OrderStatus.FILLED in _statuses(line, "market-1"))
    await eventually(lambda: len({fill.exec_id for fill in line.found(FillReport)}) == 2)
    await eventually(lambda: any(one.amount == 8 for one in line.found(PositionReport)))
    position = line.found(PositionReport)[-1]
    listed = line.venue.decode_listing(PositionsQuery(), await line.ask(PositionsQuery()))
    (queried,) = listed.facts
    assert isinstance(queried, PositionReport)
    assert (ack.order_status, ack.cum_qty) == (OrderStatus.FILLED, Decimal(8))
    assert {fill.last_qty for fill in line.found(FillReport)} == {Decimal(5), Decimal(3)}
    assert position.amount == Decimal(8)
    # Only the listing says by its own clock that it covers everything of its time.
    told = structs.replace(queried, inclusive=position.inclusive)
    assert subjects.position_report(position) == subjects.position_report(told)


async def test_price_match_is_resolved_by_the_venue(line: Wire) -> None:
    order = replace(_order(line, "queue-1", "-3", "150"), price=None)
    outcome = await line.send(replace(order, price_match=PriceMatch.QUEUE_5))
    (ack,) = outcome.facts
    assert isinstance(ack, OrderReport)
    assert ack.price == Decimal("150.05")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"post_only": True, "price": Decimal(151)}, RejectReason.POST_ONLY),
        ({"time_in_force": TimeInForce.FOK, "price": Decimal(140)}, RejectReason.NO_MATCH),
        ({"price": Decimal("140.001")}, RejectReason.INVALID),
        ({"amount": Decimal("0.001")}, RejectReason.SIZE),
        ({"amount": Decimal("0.01")}, RejectReason.SIZE),
        ({"price": Decimal(300)}, RejectReason.NO_MATCH),
        ({"reduce_only": True}, RejectReason.REDUCE_ONLY),
        ({"amount": Decimal(900_000)}, RejectReason.MARGIN),
        ({"client_order_id": ClientOrderId("not legal")}, RejectReason.INVALID),
    ],
    ids=["gtx", "fok", "tick", "lot", "notional", "band", "reduce", "margin", "cloid"],
)
async def test_refusal_has_its_class(
    line: Wire, changes: dict[str, Any], reason: RejectReason
) -> None:
    outcome = await line.send(replace(_order(line, "refused-1", "1", "140"), **changes))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, reason), outcome.text
    assert outcome.text.startswith("HTTP 400 -")


async def test_client_id_that_is_open_is_looked_up(line: Wire) -> None:
    order = _order(line, "twice-1", "1", "140")
    await line.send(order)
    again = await line.send(order)
    query = OrderQuery(instrument=order.instrument, client_order_id=order.client_order_id)
    found = line.venue.decode_order(query, await line.ask(query))
    assert again.kind is OutcomeKind.UNKNOWN
    assert found is not None


async def test_cancel_of_an_order_that_is_not_open_must_ask(line: Wire) -> None:
    nothing = ClientOrderId("never-sent")
    instrument = line.instruments["SOLUSDT"]
    outcome = await line.send(CancelOne(instrument=instrument, client_order_id=nothing))
    query = OrderQuery(instrument=instrument, client_order_id=nothing)
    assert outcome.must_ask
    assert line.venue.decode_order(query, await line.ask(query)) is None


async def test_request_from_the_past_dies_by_itself(line: Wire) -> None:
    line.shift_ms = -5_000
    outcome = await line.send_http(_order(line, "late-1", "1", "140"))
    line.shift_ms = 0
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_EXECUTED, RejectReason.CLOCK)


async def test_lists_of_the_account_are_read(line: Wire) -> None:
    await line.send(_order(line, "open-1", "1", "140"))
    orders = line.venue.decode_listing(OpenOrdersQuery(), await line.ask(OpenOrdersQuery()))
    balance = line.venue.decode_balance(await line.ask(BalanceQuery()))
    answers = await line.ask(TimeQuery())
    cloids = [fact.client_order_id for fact in orders.facts if isinstance(fact, OrderReport)]
    assert cloids == ["open-1"]
    assert balance.balance == Decimal(1_000_000)
    assert abs(line.venue.decode_time(answers) - line.stamp().venue_ms) < 5_000
    assert {usage.pool for usage in line.venue.usage(answers[0])} >= {"weight"}


async def test_books_and_marks_arrive(
    line: Wire, venue: PaperVenue, eventually: Eventually
) -> None:
    await venue.show([["149.50", "2"], ["149.40", "3"]], [["150.50", "4"], ["150.60", "5"]])
    await eventually(lambda: _best_bid(line) == Decimal("149.5"))
    await eventually(lambda: line.found(MarkUpdate))


def _best_bid(line: Wire) -> Decimal | None:
    books = [book for book in line.found(BookUpdate) if book.ticker == "SOLUSDT"]
    return books[-1].bids[0].price if books and books[-1].bids else None
