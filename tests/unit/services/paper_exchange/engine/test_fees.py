from decimal import Decimal

from services.paper_exchange.engine.fees import FeeSchedule

FEES = FeeSchedule(maker=Decimal("-0.0001"), taker=Decimal("0.0005"))


def test_makers_and_takers_pay_their_own_rate() -> None:
    assert FEES.fee(Decimal(1000), is_maker=False, decimals=8) == Decimal("0.5")
    assert FEES.fee(Decimal(1000), is_maker=True, decimals=8) == Decimal("-0.1")


def test_fees_are_rounded_to_the_venues_decimals() -> None:
    assert FEES.fee(Decimal("1.234567"), is_maker=False, decimals=4) == Decimal("0.0006")
