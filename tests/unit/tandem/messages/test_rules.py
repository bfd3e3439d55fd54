"""Intents that make no sense are refused by field, before any venue is asked."""

from decimal import Decimal as D

import msgspec
import pytest

from tandem.domain.errors import InvalidInputError, MalformedMessageError
from tandem.domain.ids import (
    ClientOrderId,
    Exc,
    ExecId,
    HedgeId,
    Strategy,
    Ticker,
    Token,
    VenueOrderId,
)
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.messages.intents import CancelOrder, HedgeOrder, LegSpec, MakerSpec, NewOrder
from tandem.messages.reports import FillCost, SpecsReport
from tandem.messages.rules import (
    MAX_AHEAD_NS,
    check_cancel,
    check_hedge,
    check_new_order,
    unsound_number,
    untimely,
)

LIMIT = NewOrder(
    exc=Exc("b"),
    ticker=Ticker("T"),
    client_order_id=ClientOrderId("0x1"),
    amount=D(1),
    order_type=OrderType.LIMIT,
    price=D(10),
    strategy=Strategy("s"),
)
MARKET = msgspec.structs.replace(LIMIT, order_type=OrderType.MARKET, price=None)
CANCEL = CancelOrder(exc=Exc("b"), token=Token("t"), strategy=Strategy("s"))
LEG = LegSpec(exc=Exc("h"), ticker=Ticker("T"))
HEDGE = HedgeOrder(
    hedge_id=HedgeId("h"),
    strategy=Strategy("s"),
    maker=MakerSpec(exc=Exc("b"), ticker=Ticker("T"), amount=D(-3), price=D(10)),
    legs=(LEG,),
)


def test_sound_intents_pass() -> None:
    check_new_order(LIMIT)
    check_new_order(MARKET)
    check_cancel(CANCEL)
    check_hedge(HEDGE)


@pytest.mark.parametrize(
    ("order", "changes", "field"),
    [
        (LIMIT, {"amount": D(0)}, "amount"),
        (LIMIT, {"amount": D("NaN")}, "amount"),
        (LIMIT, {"amount": D("Infinity")}, "amount"),
        (LIMIT, {"amount": D("1E+20")}, "amount"),
        (LIMIT, {"amount": D("1E-30")}, "amount"),
        (LIMIT, {"price": D(-1)}, "price"),
        (LIMIT, {"price": D("sNaN")}, "price"),
        (LIMIT, {"price": None}, "price"),
        (LIMIT, {"price_match": PriceMatch.QUEUE}, "price_match"),
        (LIMIT, {"post_only": True, "time_in_force": TimeInForce.IOC}, "tif"),
        (LIMIT, {"valid_for_ms": 0}, "valid_for_ms"),
        (LIMIT, {"valid_for_ms": 10**9}, "valid_for_ms"),
        (LIMIT, {"take_profit": D(1)}, "tp"),
        (LIMIT, {"stop_loss": D(1)}, "sl"),
        (LIMIT, {"exc": ""}, "exc"),
        (LIMIT, {"ticker": "\n"}, "ticker"),
        (LIMIT, {"client_order_id": "x" * 200}, "cloid"),
        (LIMIT, {"strategy": ""}, "strategy"),
        (MARKET, {"price": D(1)}, "price"),
        (MARKET, {"price_match": PriceMatch.QUEUE}, "price_match"),
        (MARKET, {"post_only": True}, "post_only"),
        (MARKET, {"max_slippage_bp": D(0)}, "max_slippage_bp"),
        (MARKET, {"max_slippage_bp": D("NaN")}, "max_slippage_bp"),
    ],
)
def test_a_bad_order_is_refused_by_field(
    order: NewOrder, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_new_order(msgspec.structs.replace(order, **changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"token": ""}, "token"),
        ({"ticker": ""}, "ticker"),
        ({"venue_order_id": VenueOrderId("1"), "client_order_id": ClientOrderId("2")}, "oid"),
        ({"valid_for_ms": -1}, "valid_for_ms"),
    ],
)
def test_a_bad_cancel_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_cancel(msgspec.structs.replace(CANCEL, **changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hedge_id": ""}, "hedge_id"),
        ({"legs": ()}, "legs"),
        ({"legs": (LEG, LEG)}, "legs"),
        ({"legs": (msgspec.structs.replace(LEG, ratio=D(0)),)}, "legs[0].ratio"),
        ({"legs": (LEG, msgspec.structs.replace(LEG, exc=""))}, "legs[1].exc"),
        ({"coalesce_ms": -1}, "coalesce_ms"),
        ({"pool": ""}, "pool"),
        ({"maker": msgspec.structs.replace(HEDGE.maker, amount=D(0))}, "maker.amount"),
        ({"maker": msgspec.structs.replace(HEDGE.maker, price=None)}, "maker.price"),
    ],
)
def test_a_bad_hedge_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_hedge(msgspec.structs.replace(HEDGE, **changes))
    assert caught.value.field == field


def test_slippage_is_of_market_orders_only() -> None:
    check_new_order(msgspec.structs.replace(MARKET, max_slippage_bp=D(5)))
    with pytest.raises(InvalidInputError) as caught:
        check_new_order(msgspec.structs.replace(LIMIT, max_slippage_bp=D(5)))
    assert caught.value.field == "max_slippage_bp"


@pytest.mark.parametrize("number", ["NaN", "sNaN", "-Infinity", "1e15", "1e-61"])
def test_number_that_no_fold_can_count_with_is_named(number: str) -> None:
    order = msgspec.structs.replace(LIMIT, amount=D(number))
    assert unsound_number(order) == f"amount={D(number)}: a finite decimal below 10^15"


def test_unsound_number_is_found_wherever_it_stands() -> None:
    maker = msgspec.structs.replace(HEDGE.maker, price=D("NaN"))
    assert unsound_number(msgspec.structs.replace(HEDGE, maker=maker)).startswith("maker.price=")
    legs = (LEG, msgspec.structs.replace(LEG, ratio=D("Infinity")))
    assert unsound_number(msgspec.structs.replace(HEDGE, legs=legs)).startswith("legs[1].ratio=")
    listed = Instrument(
        exc=Exc("b"),
        ticker=Ticker("T"),
        symbol="T",
        base_asset="T",
        quote_asset="U",
        tick=D(1),
        lot=D("NaN"),
        min_qty=D(1),
        min_notional=D(1),
    )
    specs = SpecsReport(exc=Exc("b"), instruments=(listed,))
    assert unsound_number(specs).startswith("instruments[0].lot=")


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_e10_an_integer_that_no_snapshot_can_hold_is_named(number: int) -> None:
    order = msgspec.structs.replace(LIMIT, ts_sent_ns=number)
    assert unsound_number(order) == f"ts_sent_ns={number}: an integer of 64 bits"
    assert unsound_number(msgspec.structs.replace(LIMIT, ts_sent_ns=2**63 - 1)) == ""
    with pytest.raises(InvalidInputError) as caught:
        check_hedge(msgspec.structs.replace(HEDGE, ts_sent_ns=number))
    assert caught.value.field == "ts_sent"


@pytest.mark.parametrize("ts_ns", [-1, 1_790_000_000_000_000_000_000, 10**18 + MAX_AHEAD_NS + 1])
def test_e10_a_venue_time_that_cannot_be_one_is_named(ts_ns: int) -> None:
    cost = FillCost(
        exc=Exc("b"),
        ticker=Ticker("T"),
        exec_id=ExecId("1"),
        fee=D(1),
        fee_asset="U",
        ts_event_ns=ts_ns,
    )
    assert untimely(cost, 10**18).startswith(f"ts_venue={ts_ns}: ")


def test_what_was_so_long_ago_or_has_no_time_is_timely() -> None:
    assert untimely(LIMIT, 5) == ""
    specs = SpecsReport(exc=Exc("b"), instruments=())
    assert untimely(specs, 5) == ""
    cost = FillCost(
        exc=Exc("b"),
        ticker=Ticker("T"),
        exec_id=ExecId("1"),
        fee=D(1),
        fee_asset="U",
        ts_event_ns=1,
    )
    assert untimely(cost, 10**18) == ""


def test_sound_messages_and_what_is_no_message_pass() -> None:
    average = D(1) / D(3)
    assert unsound_number(msgspec.structs.replace(LIMIT, price=average)) == ""
    assert unsound_number(HEDGE) == ""
    assert unsound_number(CANCEL) == ""
    assert unsound_number(MalformedMessageError("amount", "required")) == ""
