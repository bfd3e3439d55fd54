import pytest

from services.paper_binance.exchange.venue import Venue
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    refused,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": ""}, -1102),
        ({"symbol": "DOGEUSDT"}, -1121),
        ({"side": ""}, -1102),
        ({"side": "LONG"}, -1117),
        ({"type": "ICEBERG"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"timeInForce": ""}, -1102),
        ({"timeInForce": "DAY"}, -1115),
        ({"quantity": ""}, -1102),
        ({"quantity": "many"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "-1"}, -4003),
        ({"quantity": "1.001"}, -1111),
        ({"quantity": "2000000"}, -4005),
        ({"price": ""}, -1102),
        ({"price": "-1"}, -4001),
        ({"price": "149.123456"}, -1111),
        ({"price": "149.5050"}, -4014),
        ({"price": "0.41"}, -4013),
        ({"price": "9999"}, -4002),
        ({"price": "158"}, -4016),
        ({"side": "SELL", "price": "142"}, -4024),
        ({"quantity": "0.01"}, -4164),
        ({"newClientOrderId": "semi;colon"}, -4015),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"positionSide": "UP"}, -4060),
        ({"positionSide": "LONG"}, -4061),
        ({"reduceOnly": "perhaps"}, -4062),
        ({"reduceOnly": "true"}, -2022),
        ({"selfTradePreventionMode": "SOME"}, -5039),
        ({"priceMatch": "QUEUE"}, -1106),
        ({"price": "", "priceMatch": "BEST"}, -5037),
        ({"price": "", "priceMatch": "OPPONENT_10"}, -5037),
        ({"price": "", "priceMatch": "QUEUE_20"}, -5041),
        ({"timeInForce": "GTX", "price": "150.01"}, -5022),
        ({"timeInForce": "FOK"}, -5021),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(NOW_MS + 599_000)}, -5040),
        ({"goodTillDate": str(NOW_MS + 900_000)}, -1106),
        ({"stopPrice": "140"}, -1106),
        ({"newOrderRespType": "FULL"}, -1130),
        ({"recvWindow": "-1"}, -1130),
        ({"quantity": "900000"}, -2019),
    ],
)
def test_bad_limit_order_is_refused_with_its_code(
    venue: Venue, changes: dict[str, str], code: int
) -> None:
    assert refused(venue, **{**LIMIT, **changes}) == code
    assert venue.engine.orders() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"timeInForce": "GTC"}, -1106),
        ({"price": "150"}, -1106),
        ({"priceMatch": "QUEUE"}, -5038),
        ({"quantity": "80001"}, -4005),
        ({"quantity": "0.03"}, -4164),
    ],
)
def test_bad_market_order_is_refused_with_its_code(
    venue: Venue, changes: dict[str, str], code: int
) -> None:
    assert refused(venue, **{**MARKET, **changes}) == code
