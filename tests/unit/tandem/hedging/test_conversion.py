from decimal import Decimal

import pytest

from tandem.hedging import conversion
from tandem.hedging.conversion import Terms
from tandem.messages.intents import LegSpec, RatioKind
from tests.unit.services.hedger.desk import BINANCE, HYPERLIQUID, SOL, SOLUSDT, d, instrument


def terms(kind: RatioKind = RatioKind.BASE, ratio: str = "-1", **more: object) -> Terms:
    return Terms(ratio=d(ratio), kind=kind, **more)  # type: ignore[arg-type]


def test_terms_come_from_both_instruments() -> None:
    maker = instrument(BINANCE, SOLUSDT, multiplier=d(1000))
    hedge = instrument(HYPERLIQUID, SOL, inverse=True, multiplier=d(10))

    found = conversion.terms(LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio=d(2)), maker, hedge, d(1))

    assert found == terms(ratio="2", maker_unit=d(1000), leg_unit=d(10), leg_inverse=True)
    assert conversion.bucket_unit(maker) == 1000
    assert conversion.bucket_unit(hedge) == 1


@pytest.mark.parametrize(
    ("kind", "ratio", "leg_unit"),
    [
        (RatioKind.BASE, "-0.001", "1"),  # a thousand coins are one unit of the old bucket
        (RatioKind.QUOTE_OF_FILL, "-0.001", "1"),
        (RatioKind.VALUE, "-1", "1"),  # contracts by their price, each one unit
    ],
)
def test_c4_a_leg_speaks_the_unit_in_which_its_bucket_was_opened(
    kind: RatioKind, ratio: str, leg_unit: str
) -> None:
    maker, hedge = instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL, multiplier=d(1000))
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio_kind=kind)

    found = conversion.terms(leg, maker, hedge, d(1))

    assert (found.ratio, found.leg_unit) == (d(ratio), d(leg_unit))
    assert conversion.terms(leg, maker, hedge, d(1000)).ratio == -1


def test_base_counts_contracts_of_a_thousand_coins() -> None:
    assert conversion.target_by_quantity(terms(maker_unit=d(1000)), d("-3")) == 3000


@pytest.mark.parametrize(
    ("of", "by_price", "by_mark"),
    [
        (terms(), False, False),
        (terms(maker_inverse=True), True, False),
        (terms(leg_inverse=True), True, True),
        (terms(RatioKind.VALUE), True, True),
        (terms(RatioKind.VALUE, leg_inverse=True), True, False),
        (terms(RatioKind.QUOTE_OF_FILL), True, False),
        (terms(RatioKind.QUOTE_OF_FILL, leg_inverse=True), True, True),
    ],
)
def test_which_kinds_need_which_price(of: Terms, by_price: bool, by_mark: bool) -> None:
    assert conversion.is_by_price(of) is by_price
    assert conversion.needs_mark(of) is by_mark


TEN = Decimal(10)


@pytest.mark.parametrize(
    ("of", "target"),
    [
        (terms(maker_inverse=True, maker_unit=TEN), "-0.4"),  # 2 x 10 quote at 50 is 0.4 base
        (terms(leg_inverse=True, leg_unit=TEN), "-40"),  # 2 base at 200 is 400 quote
        (terms(RatioKind.VALUE), "-0.5"),  # 100 quote at 200
        (terms(RatioKind.VALUE, maker_inverse=True, maker_unit=TEN), "-0.1"),
        (terms(RatioKind.VALUE, leg_inverse=True, leg_unit=TEN), "-10"),
        (terms(RatioKind.VALUE, leg_unit=TEN), "-5"),  # half a contract of 10
        (terms(RatioKind.QUOTE_OF_FILL, "1"), "100"),
        (terms(RatioKind.QUOTE_OF_FILL, "1", leg_inverse=True, leg_unit=TEN), "2000"),
    ],
)
def test_a_fill_of_2_at_50_with_the_legs_mark_at_200(of: Terms, target: str) -> None:
    assert conversion.target_by_price(of, d(2), d(50), d(200)) == d(target)


def test_a_missing_mark_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="mark"):
        conversion.target_by_price(terms(RatioKind.VALUE), d(2), d(50), None)
