from decimal import Decimal

import pytest

from services.paper_binance.exchange.contracts import SOLUSDT
from services.paper_binance.exchange.refusals import CODES, amend_error, order_error
from services.paper_binance.wire.errors import TEXTS, Code
from services.paper_exchange.engine.orders import OrderRefused, Refusal, Side


def refused(refusal: Refusal) -> OrderRefused:
    return OrderRefused(refusal, "field", Decimal(3), "157.5")


@pytest.mark.parametrize("refusal", Refusal)
def test_every_engine_refusal_has_a_code(refusal: Refusal) -> None:
    assert order_error(refused(refusal), SOLUSDT, Side.BUY).code in Code


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_text(code: Code) -> None:
    assert TEXTS[code]


def test_codes_are_not_shared_by_accident() -> None:
    assert len(set(CODES.values())) == len(CODES)


def test_band_is_named_by_side() -> None:
    codes = [order_error(refused(Refusal.PRICE_BAND), SOLUSDT, side).code for side in Side]

    assert codes == [Code.PRICE_ABOVE_CAP, Code.PRICE_BELOW_FLOOR]


def test_amendments_have_their_own_codes() -> None:
    codes = [
        amend_error(refused(refusal), SOLUSDT, Side.BUY).code
        for refusal in (Refusal.MIN_NOTIONAL, Refusal.UNKNOWN_ORDER, Refusal.TICK)
    ]

    assert codes == [Code.AMEND_MIN_NOTIONAL, Code.NO_SUCH_ORDER, Code.PRICE_NOT_ON_TICK]
