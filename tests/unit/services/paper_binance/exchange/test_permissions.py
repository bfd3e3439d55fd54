import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.permissions import Permissions, Restriction, SymbolStatus
from services.paper_binance.exchange.venue import Venue
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    refused,
    send,
    venue_with_books,
)

CLOSING = {**LIMIT, "side": "SELL", "price": "151", "reduceOnly": "true"}


@pytest.fixture
def venue() -> Venue:
    """A venue whose paper account holds a position and an open order."""
    venue = venue_with_books()
    send(venue, "POST", "order", **MARKET)
    send(venue, "POST", "order", **LIMIT, newClientOrderId="open")
    return venue


@pytest.mark.parametrize(
    ("restriction", "opening", "closing"),
    [
        (Restriction.REDUCE_ONLY, -4087, None),
        (Restriction.NO_PERMISSION, -4088, -4088),
        (Restriction.INACTIVE, -4109, -4109),
    ],
)
def test_restricted_account_is_told_what_it_may_not(
    venue: Venue, restriction: Restriction, opening: int, closing: int | None
) -> None:
    venue.permissions = Permissions(accounts={PAPER_ACCOUNT: restriction})

    assert refused(venue, **LIMIT) == opening
    assert send(venue, "POST", "order", **CLOSING)[1].get("code") == closing


@pytest.mark.parametrize(
    ("status", "opening", "closing"),
    [
        (SymbolStatus.TRADING_CANCEL_ONLY, -4140, None),
        (SymbolStatus.SETTLING, -4140, None),
        (SymbolStatus.CLOSE, -4141, -4141),
    ],
)
def test_symbol_that_is_not_trading_takes_no_new_position(
    venue: Venue, status: SymbolStatus, opening: int, closing: int | None
) -> None:
    venue.permissions = Permissions(symbols={"SOLUSDT": status})

    assert refused(venue, **LIMIT) == opening
    assert send(venue, "POST", "order", **CLOSING)[1].get("code") == closing


def test_order_on_a_halted_symbol_is_not_amended_but_cancelled(venue: Venue) -> None:
    venue.permissions = Permissions(symbols={"SOLUSDT": SymbolStatus.TRADING_HALT})
    which = {"symbol": "SOLUSDT", "origClientOrderId": "open"}
    terms = {**which, "side": "BUY", "quantity": "2", "price": "149"}

    assert refused(venue, "PUT", "order", **terms) == -5024
    assert send(venue, "DELETE", "order", **which)[0] == 200


def test_status_is_announced(venue: Venue) -> None:
    venue.permissions = Permissions(symbols={"SOLUSDT": SymbolStatus.TRADING_HALT})

    _, info = send(venue, "GET", "exchangeInfo")

    assert [row["status"] for row in info["symbols"]] == ["TRADING", "TRADING", "TRADING_HALT"]
