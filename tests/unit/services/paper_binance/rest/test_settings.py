import pytest

from services.paper_binance.exchange.venue import Venue
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    refused,
    send,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def test_hedge_mode_needs_a_side_and_no_reduce_only(venue: Venue) -> None:
    send(venue, "POST", "positionSide/dual", dualSidePosition="true")

    assert refused(venue, **LIMIT) == -4061
    assert refused(venue, **LIMIT, positionSide="LONG", reduceOnly="false") == -1106
    assert send(venue, "POST", "order", **LIMIT, positionSide="LONG")[0] == 200


def test_position_mode_is_fixed_by_orders_and_positions(venue: Venue) -> None:
    dual = {"path": "positionSide/dual", "dualSidePosition": "true"}
    assert refused(venue, path="positionSide/dual", dualSidePosition="false") == -4059
    send(venue, "POST", "order", **LIMIT)
    assert refused(venue, **dual) == -4067
    send(venue, "DELETE", "allOpenOrders", symbol="SOLUSDT")
    send(venue, "POST", "order", **MARKET)
    assert refused(venue, **dual) == -4068


def test_margin_type_and_leverage_say_what_forbids_them(venue: Venue) -> None:
    symbol = {"symbol": "SOLUSDT"}
    assert refused(venue, path="leverage", **symbol, leverage="126") == -4028
    assert refused(venue, path="marginType", **symbol, marginType="CROSSED") == -4046
    send(venue, "POST", "order", **LIMIT)
    assert refused(venue, path="marginType", **symbol, marginType="ISOLATED") == -4047


def test_listen_key_is_one_per_account_and_ends_when_deleted(venue: Venue) -> None:
    _, first = send(venue, "POST", "listenKey")
    _, again = send(venue, "POST", "listenKey")
    send(venue, "DELETE", "listenKey")
    gone = refused(venue, "PUT", "listenKey")
    _, new = send(venue, "POST", "listenKey")

    assert first == again
    assert gone == -1125
    assert new != first


def test_modes_are_switched_there_and_back(venue: Venue) -> None:
    for wanted in ("true", "false"):
        send(venue, "POST", "positionSide/dual", dualSidePosition=wanted)
        send(venue, "POST", "multiAssetsMargin", multiAssetsMargin=wanted)
        modes = [send(venue, "GET", path)[1] for path in ("positionSide/dual", "multiAssetsMargin")]
        truth = wanted == "true"
        assert modes == [{"dualSidePosition": truth}, {"multiAssetsMargin": truth}]

    assert refused(venue, path="multiAssetsMargin", multiAssetsMargin="false") == -4171


def test_margin_type_is_fixed_by_a_position(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)

    isolate = {"symbol": "SOLUSDT", "marginType": "ISOLATED"}

    assert refused(venue, path="marginType", **isolate) == -4048


def test_key_is_extended(venue: Venue) -> None:
    _, first = send(venue, "POST", "listenKey")
    _, extended = send(venue, "PUT", "listenKey")

    assert first == extended
