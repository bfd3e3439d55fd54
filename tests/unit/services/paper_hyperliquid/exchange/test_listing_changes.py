"""What a running exchange changes of its listings."""

from decimal import Decimal
from typing import Any

import pytest

from services.paper_exchange.shell.audit import ChangeListing, ControlError, ListingState
from services.paper_hyperliquid.exchange.listing_changes import change_listing
from tests.unit.services.paper_hyperliquid.floor import Floor


def change(floor: Floor, **what: object) -> ListingState:
    named = ChangeListing(symbol="SOL", **what)  # type: ignore[arg-type]
    return change_listing(floor.venue, named, floor.now_ns)


def row(floor: Floor) -> dict[str, Any]:
    (found,) = [one for one in floor.ask("meta")["universe"] if one["name"] == "SOL"]
    return dict(found)


def test_c2_a_delisted_coin_is_marked_refused_and_its_orders_are_cancelled() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    assert "isDelisted" not in row(floor)

    assert change(floor, status="isDelisted").status == "isDelisted"

    assert row(floor)["isDelisted"] is True
    assert floor.status_of(oid) == "delistedCanceled"
    change(floor, status="")
    assert "isDelisted" not in row(floor)


def test_an_unreadable_row_has_its_name_and_nothing_else() -> None:
    floor = Floor()

    assert change(floor, is_unreadable=True).is_unreadable
    assert row(floor) == {"name": "SOL"}

    assert not change(floor, is_unreadable=False).is_unreadable
    assert row(floor)["szDecimals"] == 2


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"symbol": "NOPE"}, "symbol=NOPE"),
        ({"symbol": "MATIC"}, "symbol=MATIC"),
        ({"symbol": "SOL", "status": "SETTLING"}, "status=SETTLING"),
        ({"symbol": "SOL", "tick": Decimal(1)}, "tick: follows from szDecimals"),
    ],
)
def test_nonsense_is_refused(what: dict[str, object], words: str) -> None:
    floor = Floor()
    with pytest.raises(ControlError, match=words):
        change_listing(floor.venue, ChangeListing(**what), floor.now_ns)  # type: ignore[arg-type]
