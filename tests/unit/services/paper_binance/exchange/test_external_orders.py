from decimal import Decimal

import pytest

from services.paper_binance.exchange.external_orders import act
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.engine.orders import EndReason
from services.paper_exchange.shell.audit import (
    AccountAction,
    CancelByHand,
    ControlError,
    Deleverage,
    EndByVenue,
    Liquidate,
    PlaceByHand,
    Settle,
)
from tandem.domain.units import NS_PER_MS
from tests.unit.services.paper_binance.pure_venue import (
    MARKET,
    NOW_MS,
    Listener,
    send,
    venue_with_books,
)

NOW_NS = NOW_MS * NS_PER_MS
BY_HAND = {"account": "paper", "symbol": "SOLUSDT", "side": "buy", "qty": Decimal(1)}


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


@pytest.fixture
def listener(venue: Venue) -> Listener:
    listener = Listener(venue)
    venue.subscribe(listener)
    return listener


def by_hand(**changes: object) -> PlaceByHand:
    return PlaceByHand(**(BY_HAND | changes))  # type: ignore[arg-type]


def test_an_order_by_hand_rests_under_an_id_of_the_web_interface(
    venue: Venue, listener: Listener
) -> None:
    outcome = act(venue, by_hand(price=Decimal(149)), NOW_NS)

    (order,) = venue.engine.open_orders(venue.engine.accounts()[0].account_id)
    assert (outcome.order_id, outcome.fills_count) == (str(order.order_id), 0)
    assert order.client_id.startswith("web_")
    assert [event["o"]["x"] for event in listener.events] == ["NEW"]


def test_a_trade_by_hand_moves_the_position(venue: Venue, listener: Listener) -> None:
    outcome = act(venue, by_hand(), NOW_NS)

    assert outcome.fills_count == 1
    (row,) = send(venue, "GET", "../v3/positionRisk")[1]
    assert row["positionAmt"] == "1.00"
    assert listener.events[-1]["o"]["X"] == "FILLED"


def test_a_cancel_by_hand_takes_an_order_off(venue: Venue) -> None:
    placed = act(venue, by_hand(price=Decimal(149)), NOW_NS)

    act(venue, CancelByHand(account="paper", order_id=placed.order_id), NOW_NS)

    assert [order.is_open for order in venue.engine.orders()] == [False]


@pytest.mark.parametrize(
    ("forced", "prefix", "order_type"),
    [
        (Liquidate(account="paper", symbol="SOLUSDT"), "autoclose-", "LIQUIDATION"),
        (Deleverage(account="paper", symbol="SOLUSDT"), "adl_autoclose", "MARKET"),
        (Settle(account="paper", symbol="SOLUSDT"), "settlement_autoclose-", "MARKET"),
    ],
)
def test_a_forced_close_is_told_as_calculated_and_moves_the_position(
    venue: Venue, listener: Listener, forced: AccountAction, prefix: str, order_type: str
) -> None:
    send(venue, "POST", "order", **MARKET)
    listener.events.clear()

    outcome = act(venue, forced, NOW_NS)

    account, update = listener.events
    assert outcome.fills_count == 1
    assert account["a"]["P"][0]["pa"] == "0.00"
    assert update["o"]["c"].startswith(prefix)
    assert [update["o"][name] for name in ("x", "X", "o", "l")] == [
        "CALCULATED", "FILLED", order_type, "1.00",
    ]  # fmt: skip
    rows = send(venue, "GET", "userTrades", symbol="SOLUSDT")[1]
    assert [row["side"] for row in rows] == ["BUY", "SELL"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (by_hand(account="nobody"), "nobody"),
        (by_hand(symbol="NOPE"), "symbol=NOPE"),
        (by_hand(qty=Decimal("0.001")), "qty=0.001"),
        (CancelByHand(account="paper", order_id="x"), "order_id=x"),
        (CancelByHand(account="paper", order_id="1"), "order_id=1"),
        (Liquidate(account="paper", symbol="SOLUSDT"), "at most the position of 0"),
    ],
)
def test_nonsense_is_refused_by_field_value_and_rule(
    venue: Venue, action: AccountAction, words: str
) -> None:
    with pytest.raises(ControlError, match=words):
        act(venue, action, NOW_NS)

    assert venue.engine.orders() == []


@pytest.mark.parametrize(
    ("reason", "status", "word"),
    [
        (EndReason.SELF_TRADE, "EXPIRED_IN_MATCH", "1"),
        (EndReason.REDUCE_ONLY, "EXPIRED", "4"),
        (EndReason.LIQUIDATED, "EXPIRED", "5"),
        (EndReason.DELISTED, "EXPIRED", "7"),
    ],
)
def test_c8_the_venue_ends_an_order_for_a_reason_of_its_own(
    venue: Venue, listener: Listener, reason: EndReason, status: str, word: str
) -> None:
    rested = act(venue, by_hand(price=Decimal(149)), NOW_NS)

    act(venue, EndByVenue(account="paper", order_id=rested.order_id, reason=reason), NOW_NS)

    told = listener.events[-1]["o"]
    assert (told["X"], told["er"]) == (status, word)


def test_c8_an_end_that_the_venue_has_no_word_for_is_refused(venue: Venue) -> None:
    rested = act(venue, by_hand(price=Decimal(149)), NOW_NS)
    end = EndByVenue(account="paper", order_id=rested.order_id, reason=EndReason.INTERNAL)

    with pytest.raises(ControlError, match="reason=INTERNAL: must be one of SELF_TRADE"):
        act(venue, end, NOW_NS)
