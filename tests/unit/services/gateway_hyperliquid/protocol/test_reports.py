"""Venue rows as facts: identities, statuses, and what is not proven."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.gateway_hyperliquid.protocol import errors
from services.gateway_hyperliquid.protocol.reports import (
    Reading,
    exec_id,
    fill_cost,
    fill_report,
    filled_status,
    open_order,
    order_report,
    order_status,
    position_report,
)
from services.gateway_hyperliquid.protocol.wire import (
    AssetPosition,
    ClearinghouseState,
    FilledNow,
    FillRow,
    Frame,
    OrderRow,
    OrderUpdate,
    UserFills,
)
from tandem.domain.execution import Liquidity, ReportSource
from tandem.domain.ids import Exc
from tandem.domain.order import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from tandem.gateway.port.decoding import UnreadableError
from tandem.messages.reports import FillReport, OrderReport

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
ACCOUNT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
EXC = Exc("hyperliquid")
READING = Reading(EXC, ACCOUNT, 5, ReportSource.EVENT)


def updates() -> tuple[OrderUpdate, ...]:
    frame = msgspec.json.decode((DATA / "order_updates.json").read_bytes(), type=Frame)
    return msgspec.json.decode(frame.data, type=tuple[OrderUpdate, ...])


def fill_rows() -> tuple[FillRow, ...]:
    frame = msgspec.json.decode((DATA / "user_fills.json").read_bytes(), type=Frame)
    return msgspec.json.decode(frame.data, type=UserFills).fills


def reported(update: OrderUpdate) -> OrderReport:
    report = order_report(update, READING)
    assert report is not None
    return report


def test_an_order_filled_at_once_is_open_then_filled_without_proof_of_quantity() -> None:
    opened, filled = reported(updates()[0]), reported(updates()[1])

    assert (opened.order_status, filled.order_status) == (OrderStatus.NEW, OrderStatus.FILLED)
    assert (opened.cum_qty, filled.cum_qty) == (None, None)
    assert filled.client_order_id == "0x0000000000000000000000000000beef"
    assert filled.venue_order_id == "556696349186"
    assert (filled.amount, filled.price) == (Decimal("-0.01"), Decimal(82771))
    assert filled.ts_event_ns == 1770118781558_000_000


def test_a_runtime_reject_of_another_market_has_its_reason() -> None:
    rejected = reported(updates()[2])

    assert rejected.order_status is OrderStatus.REJECTED
    assert (rejected.reason, rejected.text) == (RejectReason.MARGIN, "perpMarginRejected")
    assert rejected.ticker == "xyz:SILVER"


@pytest.mark.parametrize(
    ("word", "remaining", "status"),
    [
        ("open", "1", OrderStatus.NEW),
        ("triggered", "1", OrderStatus.NEW),
        ("filled", "0.0", OrderStatus.FILLED),
        ("filled", "0.4", OrderStatus.EXPIRED),
        ("canceled", "1", OrderStatus.CANCELLED),
        ("marginCanceled", "1", OrderStatus.CANCELLED),
        ("scheduledCancel", "1", OrderStatus.CANCELLED),
        ("internalCancel", "1", OrderStatus.CANCELLED),
        ("iocCancelRejected", "1", OrderStatus.REJECTED),
        ("rejected", "1", OrderStatus.REJECTED),
        ("newWordRejected", "1", OrderStatus.REJECTED),
        ("somethingElse", "1", None),
    ],
)
def test_each_status_word(word: str, remaining: str, status: OrderStatus | None) -> None:
    assert order_status(word, Decimal(remaining)) is status


# Hyperliquid docs, order statuses: each word that ends an order, and what it becomes.
C, R = OrderStatus.CANCELLED, OrderStatus.REJECTED
ENDS = [
    ("canceled", C, None, ""),
    ("marginCanceled", C, RejectReason.MARGIN, "marginCanceled"),
    ("vaultWithdrawalCanceled", C, RejectReason.ACCOUNT, "vaultWithdrawalCanceled"),
    ("openInterestCapCanceled", C, RejectReason.MARKET_STATE, "openInterestCapCanceled"),
    ("selfTradeCanceled", C, RejectReason.OTHER, "selfTradeCanceled"),
    ("reduceOnlyCanceled", C, RejectReason.REDUCE_ONLY, "reduceOnlyCanceled"),
    ("siblingFilledCanceled", C, RejectReason.OTHER, "siblingFilledCanceled"),
    ("delistedCanceled", C, RejectReason.MARKET_STATE, "delistedCanceled"),
    ("liquidatedCanceled", C, RejectReason.ACCOUNT, "liquidatedCanceled"),
    ("outcomeSettledCanceled", C, RejectReason.MARKET_STATE, "outcomeSettledCanceled"),
    ("scheduledCancel", C, RejectReason.OTHER, "scheduledCancel"),
    ("internalCancel", C, RejectReason.OTHER, "internalCancel"),
    ("newWordCanceled", C, RejectReason.OTHER, "newWordCanceled"),
    ("filled", OrderStatus.EXPIRED, RejectReason.NO_MATCH, "remainder of an IOC order"),
    ("rejected", R, RejectReason.OTHER, "rejected"),
    ("tickRejected", R, RejectReason.INVALID, "tickRejected"),
    ("minTradeNtlRejected", R, RejectReason.SIZE, "minTradeNtlRejected"),
    ("perpMarginRejected", R, RejectReason.MARGIN, "perpMarginRejected"),
    ("reduceOnlyRejected", R, RejectReason.REDUCE_ONLY, "reduceOnlyRejected"),
    ("badAloPxRejected", R, RejectReason.POST_ONLY, "badAloPxRejected"),
    ("iocCancelRejected", R, RejectReason.NO_MATCH, "iocCancelRejected"),
    ("badTriggerPxRejected", R, RejectReason.INVALID, "badTriggerPxRejected"),
    (
        "marketOrderNoLiquidityRejected",
        R,
        RejectReason.NO_MATCH,
        "marketOrderNoLiquidityRejected",
    ),
    (
        "positionIncreaseAtOpenInterestCapRejected",
        R,
        RejectReason.MARKET_STATE,
        "positionIncreaseAtOpenInterestCapRejected",
    ),
    (
        "positionFlipAtOpenInterestCapRejected",
        R,
        RejectReason.MARKET_STATE,
        "positionFlipAtOpenInterestCapRejected",
    ),
    (
        "tooAggressiveAtOpenInterestCapRejected",
        R,
        RejectReason.MARKET_STATE,
        "tooAggressiveAtOpenInterestCapRejected",
    ),
    ("openInterestIncreaseRejected", R, RejectReason.MARKET_STATE, "openInterestIncreaseRejected"),
    (
        "insufficientSpotBalanceRejected",
        R,
        RejectReason.MARGIN,
        "insufficientSpotBalanceRejected",
    ),
    ("oracleRejected", R, RejectReason.NO_MATCH, "oracleRejected"),
    ("perpMaxPositionRejected", R, RejectReason.MARGIN, "perpMaxPositionRejected"),
    ("tooManyOpenOrdersRejected", R, RejectReason.OTHER, "tooManyOpenOrdersRejected"),
    ("newWordRejected", R, RejectReason.OTHER, "newWordRejected"),
]


@pytest.mark.parametrize(("word", "status", "reason", "text"), ENDS)
def test_c8_every_word_that_ends_an_order_becomes(
    word: str, status: OrderStatus, reason: RejectReason | None, text: str
) -> None:
    report = reported(msgspec.structs.replace(updates()[0], status=word))

    assert (report.order_status, report.reason, report.text) == (status, reason, text)


def test_c8_every_listed_word_is_tested() -> None:
    assert errors.ENDS.keys() <= {word for word, *_ in ENDS}


@pytest.mark.parametrize("word", ["open", "triggered"])
def test_c8_an_order_that_goes_on_has_no_reason(word: str) -> None:
    report = reported(msgspec.structs.replace(updates()[0], status=word))

    assert (report.order_status, report.reason, report.text) == (OrderStatus.NEW, None, "")


def test_d11_nothing_sold_has_no_sign() -> None:
    row = msgspec.structs.replace(updates()[0].order, side="A", orig_sz=Decimal(0), sz=Decimal(0))
    report = reported(msgspec.structs.replace(updates()[0], order=row))

    assert str(report.amount) == "0"


def test_an_unknown_status_gives_no_report() -> None:
    odd = msgspec.structs.replace(updates()[0], status="somethingElse")

    assert order_report(odd, READING) is None


def test_an_open_order_is_reported_as_of_its_placing() -> None:
    row = msgspec.json.decode((DATA / "open_orders.json").read_bytes(), type=tuple[OrderRow, ...])[
        0
    ]

    report = reported(open_order(row))

    assert report.order_status is OrderStatus.NEW
    assert report.time_in_force is TimeInForce.GTC
    assert report.cum_qty is None


def trigger_row(order_type: str, **changes: object) -> OrderRow:
    """A waiting order as frontendOpenOrders lists it."""
    row = {
        "coin": "SOL",
        "side": "A",
        "limitPx": "9.20",
        "sz": "2.0",
        "oid": 556696349189,
        "timestamp": 1770118700002,
        "triggerCondition": "Price below 9.99",
        "isTrigger": True,
        "triggerPx": "9.99",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": True,
        "orderType": order_type,
        "origSz": "2.0",
        "tif": None,
        "cloid": None,
    } | changes
    return msgspec.json.decode(msgspec.json.encode(row), type=OrderRow)


@pytest.mark.parametrize(
    ("order_type", "kind", "price"),
    [
        ("Stop Market", OrderType.MARKET, None),
        ("Take Profit Market", OrderType.MARKET, None),
        ("Stop Limit", OrderType.LIMIT, Decimal("9.2")),
        ("Take Profit Limit", OrderType.LIMIT, Decimal("9.2")),
    ],
)
def test_d8_a_waiting_trigger_order_says_what_it_waits_for(
    order_type: str, kind: OrderType, price: Decimal | None
) -> None:
    report = reported(open_order(trigger_row(order_type)))

    assert (report.order_type, report.price) == (kind, price)
    assert (report.trigger_px, report.time_in_force) == (Decimal("9.99"), None)
    assert (report.order_status, report.amount) == (OrderStatus.NEW, Decimal(-2))


@pytest.mark.parametrize(
    ("status", "trigger_px"),
    [("open", Decimal("9.99")), ("triggered", Decimal(0)), ("canceled", None), ("filled", None)],
)
def test_d8_an_order_that_has_fired_waits_no_more(status: str, trigger_px: Decimal | None) -> None:
    row = trigger_row("Stop Market", sz="0.0" if status == "filled" else "2.0")

    assert reported(OrderUpdate(row, status, 1)).trigger_px == trigger_px


def test_d8_an_ordinary_order_has_no_trigger() -> None:
    row = trigger_row("Limit", isTrigger=False, triggerPx="0.0", tif="Gtc")

    report = reported(open_order(row))

    assert (report.order_type, report.trigger_px) == (OrderType.LIMIT, None)


def test_d8_a_trigger_without_its_price_is_no_order() -> None:
    with pytest.raises(UnreadableError, match="triggerPx"):
        order_report(open_order(trigger_row("Stop Limit", triggerPx="0.0")), READING)


def test_a_fill_is_known_by_time_order_and_trade() -> None:
    assert exec_id(fill_rows()[0]) == "556696349186-1018731004137733"


def test_a_system_fill_is_also_known_by_position_and_size() -> None:
    row = fill_rows()[2]
    spelled = msgspec.structs.replace(row, start_position=Decimal("-1.50"), sz=Decimal("1.5"))

    assert exec_id(row) == "1770118790000-7-0--1.5-1.5"
    assert exec_id(spelled) == exec_id(row)


def test_a_fill_says_who_took() -> None:
    taker, maker = (fill_report(row, READING) for row in fill_rows()[:2])

    assert (taker.liquidity, maker.liquidity) == (Liquidity.TAKER, Liquidity.MAKER)
    assert (taker.side, taker.last_qty) == (Side.SELL, Decimal("0.004"))
    assert taker.start_position == Decimal("0.01")
    assert taker.cum_qty is None


def systems() -> list[FillReport]:
    return [fill_report(row, READING) for row in fill_rows()]


def test_settlements_and_own_liquidations_are_system_fills() -> None:
    assert [report.is_system for report in systems()] == [False, False, True, True, False]


@pytest.mark.parametrize(("cloid", "is_unnamed"), [(None, True), ("0x" + "AB" * 16, False)])
def test_c1_a_fill_without_a_client_id_is_of_an_order_that_has_none(
    cloid: str | None, is_unnamed: bool
) -> None:
    row = msgspec.structs.replace(fill_rows()[0], cloid=cloid)

    assert fill_report(row, READING).is_unnamed is is_unnamed


def test_a_fill_against_somebody_elses_liquidation_is_ours() -> None:
    other = msgspec.json.decode(b'{"liquidatedUser":"0x01","markPx":"1"}')
    row = msgspec.structs.replace(
        fill_rows()[3], liquidation=msgspec.convert(other, type(fill_rows()[3].liquidation))
    )

    assert not fill_report(row, READING).is_system


def test_a_fill_with_our_client_id_is_never_a_system_fill() -> None:
    row = msgspec.structs.replace(fill_rows()[3], cloid="0x0000000000000000000000000000BEEF")

    report = fill_report(row, READING)

    assert not report.is_system
    assert report.client_order_id == "0x0000000000000000000000000000beef"


def test_a_rebate_is_a_negative_fee() -> None:
    cost = fill_cost(fill_rows()[1], EXC)

    assert (cost.fee, cost.fee_asset, cost.realized_pnl) == (Decimal("-0.0021"), "USDC", Decimal(0))
    assert cost.exec_id == exec_id(fill_rows()[1])


def test_a_fill_without_profit_has_none() -> None:
    row = msgspec.structs.replace(fill_rows()[0], closed_pnl=None)

    assert fill_cost(row, EXC).realized_pnl is None


def test_positions_are_signed_and_carry_the_venues_time() -> None:
    raw = (DATA / "clearinghouse_state.json").read_bytes()

    state = msgspec.json.decode(raw, type=ClearinghouseState)
    held = [msgspec.json.decode(row, type=AssetPosition) for row in state.asset_positions]
    rows = [one.position for one in held]
    btc, tsla = [position_report(row, state.time, READING) for row in rows]

    assert (btc.amount, btc.entry) == (Decimal("-0.0006"), Decimal("82771.8"))
    assert btc.ts_event_ns == 1770118781558_000_000
    assert (tsla.ticker, tsla.amount, tsla.entry) == ("xyz:TSLA", Decimal("1.5"), Decimal(0))


@pytest.mark.parametrize(
    ("total", "ends", "status"),
    [
        ("2", True, OrderStatus.FILLED),
        ("1", True, OrderStatus.EXPIRED),
        ("1", False, OrderStatus.PARTIAL),
    ],
)
def test_what_an_ack_proves(total: str, ends: bool, status: OrderStatus) -> None:
    filled = FilledNow(Decimal(total), Decimal(1), 1)

    assert filled_status(filled, Decimal(2), ends) is status
