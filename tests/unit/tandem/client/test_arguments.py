"""What a strategy passes in becomes an intent, or is refused by name."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from tandem.client import arguments
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import ClientOrderId, HedgeId, Strategy, Token
from tandem.domain.order import OrderType, PriceMatch, TimeInForce
from tandem.domain.order_rules import Draft
from tandem.messages.intents import LegSpec, MakerSpec, NewOrder, RatioKind
from tests.unit.tandem.client.rows import EXC, SOL, instrument

CLOID = "0x" + "0a" * 16
MAKER = {"exc": EXC, "ticker": SOL, "amount": -1, "price": 100}
LEG = {"exc": EXC, "ticker": SOL}


def build(amount: object = 1, kind: OrderType = OrderType.LIMIT, **options: Any) -> NewOrder:
    given = {"price": 100, "cloid": CLOID} | options
    listed = instrument(max_sig_figs=options.pop("max_sig_figs", None))
    given.pop("max_sig_figs", None)
    return arguments.new_order(listed, amount, kind, Strategy("s"), given)


@pytest.mark.parametrize(
    ("given", "meant"),
    [(1, D(1)), (0.1, D("0.1")), ("1.50", D("1.5")), (D(-2), D(-2)), (1e-7, D("1e-7"))],
)
def test_numbers_mean_their_shortest_form(given: object, meant: D) -> None:
    assert arguments.number("x", given) == meant


@pytest.mark.parametrize(
    "given", [True, None, "one", "", [], float("nan"), "inf", D("sNaN"), 10**16, "1e-19"]
)
def test_what_is_no_plain_number_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        arguments.number("amount", given)
    assert caught.value.field == "amount"


def test_order_takes_every_option() -> None:
    made = build(
        "-2",
        price="100.5",
        tif="gtx",
        reduce_only=True,
        valid_for_ms=7,
    )
    assert (made.amount, made.price, made.client_order_id) == (D(-2), D("100.5"), CLOID)
    assert (made.time_in_force, made.post_only) == (TimeInForce.GTC, True)
    assert (made.reduce_only, made.valid_for_ms, made.strategy) == (True, 7, "s")
    matched = build(price=None, price_match="queue_5", tif=TimeInForce.IOC)
    assert (matched.price_match, matched.time_in_force) == (PriceMatch.QUEUE_5, TimeInForce.IOC)
    assert build(post_only=True).post_only
    taken = build(kind=OrderType.MARKET, price=None, max_slippage_bp=5)
    assert taken.max_slippage_bp == 5


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("leverage", {"leverage": 3}),
        ("tif", {"tif": "DAY"}),
        ("price_match", {"price": None, "price_match": "QUEUE_3"}),
        ("reduce_only", {"reduce_only": 1}),
        ("valid_for_ms", {"valid_for_ms": 1.5}),
        ("valid_for_ms", {"valid_for_ms": True}),
        ("tp", {"tp": 5}),
        ("amount", {"amount": "0.25"}),
        ("amount", {"amount": "0.1", "price": 1}),
        ("price", {"price": "100.001"}),
        ("price", {"price": "100.12", "max_sig_figs": 4}),
    ],
)
def test_bad_option_is_refused_by_name(field: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build(**options)
    assert caught.value.field == field


def test_reduce_only_may_be_below_the_minimum_notional() -> None:
    assert build("0.1", price=1, reduce_only=True).amount == D("0.1")


def test_instrument_may_be_halted_or_have_a_larger_minimum() -> None:
    with pytest.raises(InvalidInputError, match="not trading"):
        arguments.check_tradable(instrument(is_tradable=False))
    listed = instrument(min_qty=D(5))
    with pytest.raises(InvalidInputError, match="below the minimum quantity 5"):
        arguments.check_against(listed, Draft(D(1), None, None))
    arguments.check_against(listed, Draft(D(5), None, None))


@pytest.mark.parametrize(
    "given", [None, 5, "", "a b", "x" * 37, "0x" + "AB" * 16, "0x7a4e" + "0" * 28]
)
def test_bad_client_id_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match="cloid"):
        arguments.client_id(given)


def test_client_ids_that_a_venue_takes_pass() -> None:
    assert arguments.client_id("my:order/1.a_B-2") == "my:order/1.a_B-2"
    assert arguments.client_id(CLOID) == CLOID


def test_maker_and_legs_are_parsed() -> None:
    maker = arguments.maker_spec(MAKER | {"tif": "ALO", "reduce_only": True})
    assert maker == MakerSpec(
        exc=EXC, ticker=SOL, amount=D(-1), price=D(100), post_only=True, reduce_only=True
    )
    matched = arguments.maker_spec(MAKER | {"price": None, "price_match": "QUEUE"})
    assert matched.price_match is PriceMatch.QUEUE
    one = LegSpec(exc=EXC, ticker=SOL)
    other = arguments.leg_specs([LEG | {"ratio": "0.5", "ratio_kind": "VALUE"}])
    assert arguments.leg_specs(LEG) == (one,)
    assert other == (LegSpec(exc=EXC, ticker=SOL, ratio=D("0.5"), ratio_kind=RatioKind.VALUE),)


@pytest.mark.parametrize(
    ("field", "parse"),
    [
        ("maker_order", lambda: arguments.maker_spec(None)),
        ("size", lambda: arguments.maker_spec(MAKER | {"size": 1})),
        ("maker_order.exc", lambda: arguments.maker_spec({"ticker": SOL})),
        ("maker_order.ticker", lambda: arguments.maker_spec({"exc": EXC, "ticker": ""})),
        ("hedge_order", lambda: arguments.leg_specs("SOL")),
        ("hedge_order", lambda: arguments.leg_specs(5)),
        ("hedge_order", lambda: arguments.leg_specs([5])),
        ("ratio_kind", lambda: arguments.leg_specs(LEG | {"ratio_kind": "beta"})),
        ("legs", lambda: hedge(())),
        ("trigger_after_ms", lambda: hedge(arguments.leg_specs(LEG), "soon")),
    ],
)
def test_bad_hedge_is_refused_by_name(field: str, parse: Callable[[], object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse()
    assert caught.value.field == field


def hedge(legs: tuple[LegSpec, ...], delay: object = 5) -> object:
    orders = arguments.maker_spec(MAKER), legs
    return arguments.hedge(HedgeId("h"), Strategy("s"), orders, delay)


def test_hedge_shares_remainders_with_the_pool_that_it_names() -> None:
    orders = arguments.maker_spec(MAKER), arguments.leg_specs(LEG)
    made = arguments.hedge(HedgeId("h"), Strategy("s"), orders, 0, "desk")
    assert made.pool == "desk"
    with pytest.raises(InvalidInputError, match="pool"):
        arguments.hedge(HedgeId("h"), Strategy("s"), orders, 0, "")


def test_hedge_carries_its_delay() -> None:
    made = hedge(arguments.leg_specs(LEG))
    assert getattr(made, "coalesce_ms", None) == 5


def test_cancel_names_at_most_one_order() -> None:
    made = arguments.cancel(EXC, Strategy("s"), Token("t"), (SOL, None, "c"))
    assert (made.ticker, made.client_order_id) == (SOL, ClientOrderId("c"))
    every = arguments.cancel(EXC, Strategy("s"), Token("t"), (None, None, None))
    assert (every.ticker, every.venue_order_id, every.client_order_id) == (None, None, None)
    with pytest.raises(InvalidInputError, match="not together"):
        arguments.cancel(EXC, Strategy("s"), Token("t"), (None, "5", "c"))
