"""What a running exchange changes of its listings."""

from decimal import Decimal

import pytest

from services.paper_binance.exchange.listing_changes import change_listing
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.shell.audit import ChangeListing, ControlError, ListingState
from tests.unit.services.paper_binance.pure_venue import LIMIT, send, venue_with_books


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def change(venue: Venue, **what: object) -> ListingState:
    return change_listing(venue, ChangeListing(symbol="SOLUSDT", **what))  # type: ignore[arg-type]


def listed(venue: Venue) -> dict[str, object]:
    _, info = send(venue, "GET", "exchangeInfo")
    (row,) = [one for one in info["symbols"] if one["symbol"] == "SOLUSDT"]
    return dict(row)


def test_c2_a_state_changes_in_the_table_and_for_orders_at_once(venue: Venue) -> None:
    assert change(venue, status="SETTLING").status == "SETTLING"

    assert listed(venue)["status"] == "SETTLING"
    status, refusal = send(venue, "POST", "order", **LIMIT)
    assert (status, refusal["code"]) == (400, -4140)


def test_c7_a_tick_changes_in_the_table_and_for_orders_at_once(venue: Venue) -> None:
    assert send(venue, "POST", "order", **{**LIMIT, "price": "149.01"})[0] == 200

    state = change(venue, tick=Decimal("0.05"), lot=Decimal(1), min_notional=Decimal(10))

    assert (state.tick, state.lot, state.min_notional) == (
        Decimal("0.05"),
        Decimal(1),
        Decimal(10),
    )
    status, refusal = send(venue, "POST", "order", **{**LIMIT, "price": "149.01"})
    assert (status, refusal["code"]) == (400, -4014)
    assert send(venue, "POST", "order", **{**LIMIT, "price": "149.05"})[0] == 200


def test_an_unreadable_row_has_its_name_and_nothing_else(venue: Venue) -> None:
    assert change(venue, is_unreadable=True).is_unreadable
    assert listed(venue) == {"symbol": "SOLUSDT"}
    assert send(venue, "POST", "order", **LIMIT)[0] == 200

    assert not change(venue, is_unreadable=False).is_unreadable
    assert listed(venue)["status"] == "TRADING"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"symbol": "NOPE"}, "symbol=NOPE"),
        ({"symbol": "SOLUSDT", "status": "GONE"}, "status=GONE"),
        ({"symbol": "SOLUSDT", "tick": Decimal(0)}, "tick=0"),
    ],
)
def test_nonsense_is_refused(venue: Venue, what: dict[str, object], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        change_listing(venue, ChangeListing(**what))  # type: ignore[arg-type]
