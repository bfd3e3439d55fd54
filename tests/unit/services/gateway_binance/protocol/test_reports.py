from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from services.gateway_binance.protocol import reports, stream_wire, vocabulary, wire
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import Exc
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from tandem.gateway.port.decoding import UnreadableError
from tandem.gateway.port.requests import Report
from tandem.messages import subjects
from tandem.messages.facts import subject_of
from tandem.messages.reports import FillCost, FillReport, OrderReport

Payload = Callable[[str], bytes]

EVENT = reports.Received(Exc("binance"), ReportSource.EVENT, 5)
QUERY = reports.Received(Exc("binance"), ReportSource.QUERY, 6)
ACK = reports.Received(Exc("binance"), ReportSource.ACK, 7)


def _update(payload: bytes) -> tuple[Report, ...]:
    event = stream_wire.decode_user_frame(payload)
    assert isinstance(event, stream_wire.OrderTradeUpdate)
    return reports.order_update_reports(event, EVENT)


def _positions(payload: bytes) -> list[wire.PositionRow]:
    return [wire.position_row.decode(one) for one in wire.raw_rows.decode(payload)]


def _trades(payload: bytes) -> tuple[wire.TradeRow, ...]:
    return tuple(wire.trade_row.decode(one) for one in wire.raw_rows.decode(payload))


def test_accepted_order_is_new_with_its_terms(payload: Payload) -> None:
    (report,) = _update(payload("order_trade_update_new"))
    assert isinstance(report, OrderReport)
    assert report.order_status is OrderStatus.NEW
    assert (report.amount, report.price) == (Decimal("0.01"), Decimal(64000))
    assert report.order_type is OrderType.LIMIT
    assert report.time_in_force is TimeInForce.GTC
    assert report.venue_order_id == "9000000000000000123"
    assert report.client_order_id == "oms-01J9Z-7"
    assert (report.cum_qty, report.avg_px) == (Decimal(0), None)
    assert report.ts_event_ns == 1790000000100_000000


def test_c1_events_name_their_client_id_and_trade_lists_name_none(payload: Payload) -> None:
    lite = stream_wire.decode_user_frame(payload("trade_lite"))
    assert isinstance(lite, stream_wire.TradeLite)
    told = (
        _update(payload("order_trade_update_partial"))[0],
        reports.trade_lite_report(lite, EVENT),
    )
    nameless = reports.trade_lite_report(msgspec.structs.replace(lite, client_order_id=""), EVENT)
    listed = reports.trade_row_reports(_trades(payload("user_trades"))[0], QUERY)[0]

    fills = [one for one in (*told, nameless, listed) if isinstance(one, FillReport)]
    assert [one.is_unnamed for one in fills] == [False, False, True, False]


def test_trade_is_a_fill_an_order_state_and_a_cost(payload: Payload) -> None:
    fill, order, cost = _update(payload("order_trade_update_partial"))
    assert isinstance(fill, FillReport)
    assert isinstance(order, OrderReport)
    assert isinstance(cost, FillCost)
    assert (fill.exec_id, fill.last_qty, fill.last_px) == (
        "700000123",
        Decimal("0.004"),
        Decimal("63999.5"),
    )
    assert (fill.side, fill.liquidity, fill.is_system) == (Side.BUY, Liquidity.MAKER, False)
    assert (order.order_status, order.cum_qty) == (OrderStatus.PARTIAL, Decimal("0.004"))
    assert (cost.fee, cost.fee_asset, cost.realized_pnl) == (
        Decimal("0.0511996"),
        "USDT",
        Decimal(0),
    )


def test_fill_has_one_identity_in_all_three_sources(payload: Payload) -> None:
    lite = stream_wire.decode_user_frame(payload("trade_lite"))
    assert isinstance(lite, stream_wire.TradeLite)
    early = reports.trade_lite_report(lite, EVENT)
    streamed = _update(payload("order_trade_update_partial"))[0]
    listed = reports.trade_row_reports(_trades(payload("user_trades"))[0], QUERY)[0]
    seen = set()
    for fill in (early, streamed, listed):
        assert isinstance(fill, FillReport)
        seen.add(
            (
                subjects.fill_report(fill.exc, fill.ticker, fill.exec_id),
                fill.venue_order_id,
                fill.signed_qty,
                fill.last_px,
                fill.ts_event_ns,
                fill.liquidity,
            )
        )
    assert len(seen) == 1


def test_cost_has_one_identity_in_both_sources(payload: Payload) -> None:
    streamed = _update(payload("order_trade_update_partial"))[2]
    listed = reports.trade_row_reports(_trades(payload("user_trades"))[0], QUERY)[1]
    assert subject_of(streamed) == subject_of(listed)


def test_early_hint_of_a_fill_names_our_order_and_no_total(payload: Payload) -> None:
    lite = stream_wire.decode_user_frame(payload("trade_lite"))
    assert isinstance(lite, stream_wire.TradeLite)
    fill = reports.trade_lite_report(lite, EVENT)
    assert (fill.client_order_id, fill.cum_qty) == ("oms-01J9Z-7", None)


def test_cancelled_order_keeps_what_it_filled(payload: Payload) -> None:
    (report,) = _update(payload("order_trade_update_canceled"))
    assert isinstance(report, OrderReport)
    assert (report.order_status, report.cum_qty) == (OrderStatus.CANCELLED, Decimal("0.004"))


def test_ioc_remainder_expires_with_its_reason(payload: Payload) -> None:
    (report,) = _update(payload("order_trade_update_ioc_expired"))
    assert isinstance(report, OrderReport)
    assert (report.order_status, report.reason) == (OrderStatus.EXPIRED, RejectReason.NO_MATCH)
    assert report.text == "remainder of an IOC order"


def test_self_trade_prevention_reads_as_expired(payload: Payload) -> None:
    (report,) = _update(payload("order_trade_update_expired_in_match"))
    assert isinstance(report, OrderReport)
    assert (report.order_status, report.reason) == (OrderStatus.EXPIRED, RejectReason.OTHER)


def test_amendment_tells_the_new_terms(payload: Payload) -> None:
    (report,) = _update(payload("order_trade_update_amendment"))
    assert isinstance(report, OrderReport)
    assert (report.amount, report.price) == (Decimal("0.012"), Decimal(63990))
    assert report.order_status is OrderStatus.PARTIAL


def test_liquidation_is_a_system_fill_without_cost(payload: Payload) -> None:
    fill, order = _update(payload("order_trade_update_autoclose"))
    assert isinstance(fill, FillReport)
    assert isinstance(order, OrderReport)
    assert fill.is_system
    assert fill.signed_qty == Decimal("-0.01")
    assert order.order_type is None
    assert order.amount == Decimal("-0.01")


def test_fill_without_a_trade_id_is_no_fill_report(payload: Payload) -> None:
    event = stream_wire.decode_user_frame(payload("order_trade_update_adl_no_trade_id"))
    assert isinstance(event, stream_wire.OrderTradeUpdate)
    (order,) = reports.order_update_reports(event, EVENT)
    assert isinstance(order, OrderReport)
    assert reports.lacks_trade_id(event.order)


def test_account_update_gives_the_position_as_of_the_engines_time(payload: Payload) -> None:
    event = stream_wire.decode_user_frame(payload("account_update_order"))
    assert isinstance(event, stream_wire.AccountUpdate)
    (position,) = reports.account_update_reports(event, EVENT)
    assert (position.amount, position.entry) == (Decimal("0.004"), Decimal("63999.5"))
    assert position.ts_event_ns == 1790000000125_000000
    assert position.unrealized_pnl == Decimal("0.012")


def test_positions_of_hedge_mode_are_left_out(payload: Payload) -> None:
    event = stream_wire.decode_user_frame(payload("account_update_hedge_mode"))
    assert isinstance(event, stream_wire.AccountUpdate)
    assert reports.account_update_reports(event, EVENT) == ()


def test_slim_acknowledgement_has_no_average_price(payload: Payload) -> None:
    report = reports.order_row_report(wire.order_row.decode(payload("order_ack_slim")), ACK)
    assert (report.order_status, report.source) == (OrderStatus.NEW, ReportSource.ACK)
    assert (report.avg_px, report.cum_qty) == (None, Decimal(0))
    assert report.ts_event_ns == 1790000000123_000000


def test_full_acknowledgement_has_one(payload: Payload) -> None:
    report = reports.order_row_report(wire.order_row.decode(payload("order_ack_full")), ACK)
    assert (report.order_status, report.avg_px) == (OrderStatus.FILLED, Decimal("63999.8"))


def test_market_order_shows_no_price_and_sells_negative(payload: Payload) -> None:
    report = reports.order_row_report(wire.order_row.decode(payload("order_ack_market")), ACK)
    assert (report.order_type, report.price) == (OrderType.MARKET, None)
    assert (report.amount, report.reduce_only) == (Decimal("-0.01"), True)


def test_acknowledgement_without_terms_says_only_what_it_proves() -> None:
    row = wire.OrderRow(order_id=1, symbol="BTCUSDT", status="NEW", update_time=2)
    report = reports.order_row_report(row, ACK)
    assert (report.amount, report.cum_qty, report.client_order_id) == (None, None, None)


def test_post_only_order_is_good_till_cancelled(payload: Payload) -> None:
    listed = [wire.order_row.decode(one) for one in wire.raw_rows.decode(payload("open_orders"))]
    report = reports.order_row_report(listed[1], QUERY)
    assert report.time_in_force is TimeInForce.GTC
    assert report.venue_order_id == "8389765739703625592"


def test_query_and_event_of_one_state_differ_only_in_their_source(payload: Payload) -> None:
    queried = reports.order_row_report(wire.order_row.decode(payload("order_query")), QUERY)
    streamed = _update(payload("order_trade_update_partial"))[1]
    assert isinstance(streamed, OrderReport)
    assert subjects.order_report(queried).removesuffix(".query") == subjects.order_report(
        streamed
    ).removesuffix(".event")


def test_listed_trade_brings_its_cost_and_a_rebate_is_negative(payload: Payload) -> None:
    _, cost = reports.trade_row_reports(_trades(payload("user_trades"))[1], QUERY)
    assert isinstance(cost, FillCost)
    assert cost.fee == Decimal("-0.0768")


def test_listed_trade_without_commission_is_a_fill_alone(payload: Payload) -> None:
    row = wire.TradeRow(
        id=1,
        order_id=2,
        symbol="BTCUSDT",
        side="SELL",
        price=Decimal(1),
        qty=Decimal(2),
        time=3,
    )
    (fill,) = reports.trade_row_reports(row, QUERY)
    assert isinstance(fill, FillReport)
    assert fill.liquidity is Liquidity.TAKER


def test_listed_position_is_as_of_its_last_change(payload: Payload) -> None:
    listed = _positions(payload("position_risk_v3"))
    report = reports.position_row_report(listed[0], QUERY, 1790000009999)
    assert (report.amount, report.ts_event_ns) == (Decimal("-0.01"), 1790000000225_000000)


@pytest.mark.parametrize(("listed_ms", "is_past"), [(1790000000225, False), (1790000000226, True)])
def test_position_covers_its_last_change_once_the_clock_was_past_it(
    payload: Payload, listed_ms: int, is_past: bool
) -> None:
    changed, never = _positions(payload("position_risk_v3"))[:2]
    assert reports.position_row_report(changed, QUERY, listed_ms).inclusive is is_past
    assert not reports.position_row_report(never, QUERY, listed_ms).inclusive


def test_position_without_a_time_is_as_of_the_listing(payload: Payload) -> None:
    listed = _positions(payload("position_risk_v3"))
    report = reports.position_row_report(listed[1], QUERY, 1790000009999)
    assert report.ts_event_ns == 1790000009999_000000


def test_refused_order_has_a_reason() -> None:
    row = wire.OrderRow(order_id=1, symbol="BTCUSDT", status="REJECTED", update_time=2)
    assert reports.order_row_report(row, QUERY).reason is RejectReason.OTHER


@pytest.mark.parametrize(("field", "value"), [("status", "PAUSED"), ("side", "SHORT")])
def test_word_that_drives_state_and_is_not_listed_raises(field: str, value: str) -> None:
    row = wire.OrderRow(
        order_id=1,
        symbol="BTCUSDT",
        status=value if field == "status" else "NEW",
        side=value if field == "side" else "BUY",
        orig_qty=Decimal(1),
        update_time=2,
    )
    with pytest.raises(UnreadableError, match=f"{field}={value}"):
        reports.order_row_report(row, QUERY)


def test_d11_nothing_sold_has_no_sign() -> None:
    row = wire.OrderRow(
        order_id=1, symbol="SOLUSDT", status="NEW", side="SELL", orig_qty=Decimal(0), update_time=2
    )

    assert str(reports.order_row_report(row, QUERY).amount) == "0"


def test_c8_an_order_expired_in_match_says_so_from_every_source() -> None:
    row = wire.OrderRow(order_id=1, symbol="SOLUSDT", status="EXPIRED_IN_MATCH", update_time=2)

    report = reports.order_row_report(row, QUERY)

    assert (report.reason, report.text) == (RejectReason.OTHER, "self-trade prevention")


# Binance docs, ORDER_TRADE_UPDATE: each status, and whether an expiry reason belongs to it.
WORDS = (
    ("NEW", OrderStatus.NEW, False),
    ("NEW_INSURANCE", OrderStatus.NEW, False),
    ("NEW_ADL", OrderStatus.NEW, False),
    ("PARTIALLY_FILLED", OrderStatus.PARTIAL, False),
    ("FILLED", OrderStatus.FILLED, False),
    ("CANCELED", OrderStatus.CANCELLED, True),
    ("REJECTED", OrderStatus.REJECTED, True),
    ("EXPIRED", OrderStatus.EXPIRED, True),
    ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED, True),
)
# Expiry reasons: 1 to 9 are listed, 10 is none that we know.
WHY: dict[str, RejectReason] = {
    "1": RejectReason.OTHER,
    "2": RejectReason.NO_MATCH,
    "3": RejectReason.NO_MATCH,
    "4": RejectReason.REDUCE_ONLY,
    "5": RejectReason.ACCOUNT,
    "6": RejectReason.OTHER,
    "7": RejectReason.MARKET_STATE,
    "8": RejectReason.OTHER,
    "9": RejectReason.NO_MATCH,
    "10": RejectReason.OTHER,
}


@pytest.mark.parametrize(("word", "status", "has_ended"), WORDS)
@pytest.mark.parametrize("expiry", WHY)
def test_c8_every_status_with_every_expiry_reason_becomes(
    word: str, status: OrderStatus, has_ended: bool, expiry: str, payload: Payload
) -> None:
    event = stream_wire.decode_user_frame(payload("order_trade_update_new"))
    assert isinstance(event, stream_wire.OrderTradeUpdate)
    order = msgspec.structs.replace(event.order, status=word, expiry_reason=expiry)

    report = reports.order_update_reports(msgspec.structs.replace(event, order=order), EVENT)[-1]

    assert isinstance(report, OrderReport)
    assert (report.order_status, report.reason) == (status, WHY[expiry] if has_ended else None)
    assert bool(report.text) is has_ended


def test_c8_every_status_that_is_read_is_tested() -> None:
    assert {word: status for word, status, _ in WORDS} == vocabulary.STATUSES
