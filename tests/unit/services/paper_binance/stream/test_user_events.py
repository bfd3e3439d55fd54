from decimal import Decimal
from typing import Any

import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.engine.fees import FeeSchedule
from services.paper_exchange.engine.orders import Side
from services.paper_exchange.market.events import Trade
from tandem.domain.units import NS_PER_MS, ZERO
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    MARKET,
    NOW_MS,
    Listener,
    send,
    venue_with_books,
)

# Binance docs, user data streams: the fields of each event.
ORDER_FIELDS = [
    "s", "c", "S", "o", "f", "q", "p", "ap", "sp", "x", "X", "i", "l", "z", "L", "T", "t", "b", "a",
    "m", "R", "wt", "ot", "ps", "cp", "rp", "pP", "si", "ss", "V", "pm", "gtd", "er",
]  # fmt: skip
LITE_FIELDS = ["e", "E", "T", "s", "q", "p", "m", "c", "S", "L", "l", "t", "i"]


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


@pytest.fixture
def heard(venue: Venue) -> list[Any]:
    listener = Listener(venue)
    venue.subscribe(listener)
    return listener.events


def trade(venue: Venue, px: str, qty: str, side: Side) -> None:
    now_ns = NOW_MS * NS_PER_MS
    event = Trade("SOLUSDT", now_ns, Decimal(px), Decimal(qty), side)
    venue.publish(venue.engine.apply_market(event, now_ns), now_ns)


def words(heard: list[Any]) -> list[tuple[str, str]]:
    return [(event["o"]["x"], event["o"]["X"]) for event in heard if "o" in event]


def test_each_fill_is_told_lite_then_account_then_order(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **{**MARKET, "quantity": "7"})

    fill = ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    assert [event["e"] for event in heard] == ["ORDER_TRADE_UPDATE", *fill, *fill]
    assert words(heard) == [("NEW", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("TRADE", "FILLED")]


def test_events_have_the_documented_fields(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **MARKET)

    new, lite, account, trade_update = heard
    assert list(new["o"]) == ORDER_FIELDS
    assert set(trade_update["o"]) == {*ORDER_FIELDS, "n", "N"}
    assert list(lite) == LITE_FIELDS
    assert set(account["a"]) == {"m", "B", "P"}
    assert set(account["a"]["P"][0]) == {"s", "pa", "ep", "bep", "cr", "up", "mt", "iw", "ps"}


def test_maker_fill_says_what_it_cost_and_earned(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **{**MARKET, "quantity": "2"})
    send(venue, "POST", "order", **{**LIMIT, "side": "SELL", "price": "150.05", "quantity": "3"})
    heard.clear()

    trade(venue, "151", "1.5", Side.BUY)

    lite, account, update = heard
    order = update["o"]
    assert (lite["t"], lite["l"], lite["L"], lite["m"]) == (order["t"], "1.50", "150.0500", True)
    assert [order[name] for name in ("l", "z", "L", "n", "N", "m", "rp", "a")] == [
        "1.50", "1.50", "150.0500", "0.04501500", "USDT", True, "0.06000000", "225.075",
    ]  # fmt: skip
    assert [account["a"]["P"][0][name] for name in ("pa", "ep", "cr")] == [
        "0.50", "150.01", "0.06000000",
    ]  # fmt: skip
    assert account["a"]["B"][0]["wb"] == "999999.86497500"


def test_cancel_amendment_and_expiry_have_their_words(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **LIMIT, newClientOrderId="a")
    terms = {"symbol": "SOLUSDT", "side": "BUY", "quantity": "2", "price": "149"}
    send(venue, "PUT", "order", **terms, origClientOrderId="a", modifyId="m-1")
    send(venue, "DELETE", "order", symbol="SOLUSDT", origClientOrderId="a")
    send(venue, "POST", "order", **{**LIMIT, "timeInForce": "IOC", "price": "149"})

    assert words(heard) == [
        ("NEW", "NEW"), ("AMENDMENT", "NEW"), ("CANCELED", "CANCELED"),
        ("NEW", "NEW"), ("EXPIRED", "EXPIRED"),
    ]  # fmt: skip
    assert [event["o"].get("M") for event in heard] == [None, "m-1", None, None, None]
    assert [event["o"]["er"] for event in heard] == ["0", "0", "0", "0", "2"]


def test_self_trade_expires_the_maker_in_match(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **{**LIMIT, "side": "SELL", "price": "150.005"[:6]})
    heard.clear()

    send(venue, "POST", "order", **{**LIMIT, "price": "150.01"})

    assert ("EXPIRED", "EXPIRED_IN_MATCH") in words(heard)


def test_market_remainder_expires_for_its_reason(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **{**MARKET, "quantity": "36"})

    assert heard[-1]["o"]["er"] == "9"


def test_refused_order_is_not_told(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "order", **{**LIMIT, "timeInForce": "GTX", "price": "150.01"})
    send(venue, "POST", "order", **{**LIMIT, "timeInForce": "FOK"})

    assert heard == []


def test_free_fills_leave_the_wallet_as_it_was(venue: Venue, heard: list[Any]) -> None:
    venue.engine.open_account(PAPER_ACCOUNT, Decimal(1_000), FeeSchedule(ZERO, ZERO))
    send(venue, "POST", "order", **{**MARKET, "quantity": "7"})

    wallets = [event["a"]["B"][0]["wb"] for event in heard if event["e"] == "ACCOUNT_UPDATE"]
    assert wallets == ["1000.00000000", "1000.00000000"]


def test_free_fill_before_a_paying_one_tells_the_wallet_between(
    venue: Venue, heard: list[Any]
) -> None:
    venue.engine.open_account(PAPER_ACCOUNT, Decimal(1_000), FeeSchedule(ZERO, ZERO))
    send(venue, "POST", "order", **{**MARKET, "quantity": "2"})
    heard.clear()
    sell = {**MARKET, "side": "SELL", "quantity": "7"}
    send(venue, "POST", "order", **sell)

    wallets = [event["a"]["B"][0]["wb"] for event in heard if event["e"] == "ACCOUNT_UPDATE"]
    assert wallets == ["999.96000000", "999.96000000"]


def test_leverage_change_is_told(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "leverage", symbol="SOLUSDT", leverage="9")

    assert [(event["e"], event["ac"]) for event in heard] == [
        ("ACCOUNT_CONFIG_UPDATE", {"s": "SOLUSDT", "l": 9})
    ]


def test_expired_keys_are_told(venue: Venue, heard: list[Any]) -> None:
    venue.listen_keys.open(PAPER_ACCOUNT, NOW_MS)

    venue.run_timers((NOW_MS + 3_600_000) * NS_PER_MS)

    assert heard == [{"e": "ended"}]


def test_isolated_positions_say_so(venue: Venue, heard: list[Any]) -> None:
    send(venue, "POST", "marginType", symbol="SOLUSDT", marginType="ISOLATED")
    send(venue, "POST", "order", **MARKET)

    assert heard[2]["a"]["P"][0]["mt"] == "isolated"
