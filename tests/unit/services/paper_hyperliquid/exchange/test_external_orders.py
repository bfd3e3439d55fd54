from decimal import Decimal
from typing import Any, cast

import pytest

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
from services.paper_hyperliquid.exchange.external_orders import act
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import Floor
from tests.unit.services.paper_hyperliquid.sockets import Hall

BY_HAND = {"account": MASTER, "symbol": "SOL", "side": "buy", "qty": Decimal(1)}


def by_hand(**changes: object) -> PlaceByHand:
    return PlaceByHand(**(BY_HAND | changes))  # type: ignore[arg-type]


def test_an_order_by_hand_rests_without_a_cloid() -> None:
    floor = Floor()

    outcome = act(floor.venue, by_hand(price=Decimal(149), post_only=True), floor.now_ns)

    (row,) = floor.ask_mine("frontendOpenOrders")
    assert (str(row["oid"]), row["cloid"], row["tif"]) == (outcome.order_id, None, "Alo")


@pytest.mark.parametrize(("side", "position"), [("buy", "1.0"), ("sell", "-1.0")])
def test_a_trade_by_hand_moves_the_position(side: str, position: str) -> None:
    floor = Floor()

    outcome = act(floor.venue, by_hand(side=side), floor.now_ns)

    assert (outcome.fills_count, floor.position()) == (1, position)


def test_a_cancel_by_hand_takes_an_order_off() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")

    act(floor.venue, CancelByHand(account=MASTER, order_id=str(oid)), floor.now_ns)

    assert floor.status_of(oid) == "canceled"


def test_a_liquidation_is_told_with_its_fill_its_order_and_its_event() -> None:
    hall = Hall()
    sink = hall.listener("userFills", "orderUpdates", "userEvents")
    hall.floor.take("buy", "2")
    hall.publisher.publish()
    sink.frames()

    act(hall.floor.venue, Liquidate(account=MASTER, symbol="SOL"), hall.floor.now_ns)
    hall.publisher.publish()

    fills, events, updates, liquidation = (frame["data"] for frame in sink.frames())
    (fill,) = fills["fills"]
    assert events == {"fills": [fill]}
    assert fill["liquidation"] == {
        "liquidatedUser": MASTER, "markPx": fill["px"], "method": "market",
    }  # fmt: skip
    assert fill["dir"] == "Liquidated Cross Long"
    assert [row["status"] for row in updates] == ["open", "filled"]
    assert liquidation["liquidation"]["liquidated_user"] == MASTER
    assert hall.floor.position() == "0.0"
    order = hall.floor.ask_mine("orderStatus", oid=fill["oid"])["order"]["order"]
    assert (order["tif"], order["orderType"]) == ("LiquidationMarket", "Market")


def closed(action: type[Deleverage] | type[Settle]) -> dict[str, Any]:
    """Return the one frame by which a short position's partial close by the venue is told."""
    hall = Hall()
    sink = hall.listener("userFills", "orderUpdates")
    hall.floor.take("sell", "2")
    hall.publisher.publish()
    sink.frames()

    asked = action(account=MASTER, symbol="SOL", qty=Decimal("0.5"))
    outcome = act(hall.floor.venue, asked, hall.floor.now_ns)
    hall.publisher.publish()

    assert (outcome.fills_count, hall.floor.position()) == (1, "-1.5")
    (frame,) = sink.frames()  # no order update
    (fill,) = frame["data"]["fills"]
    return cast("dict[str, Any]", fill)


def test_c1_deleveraging_is_an_ordinary_trade_of_an_order_that_nobody_told_of() -> None:
    fill = closed(Deleverage)

    assert fill["tid"] > 0
    assert fill["hash"] != "0x" + "0" * 64
    assert fill["dir"] == "Auto-Deleveraging"
    assert not {"cloid", "liquidation"} & fill.keys()


def test_a_settlement_is_a_system_fill_without_a_trade() -> None:
    fill = closed(Settle)

    assert (fill["tid"], fill["hash"], fill["dir"]) == (0, "0x" + "0" * 64, "Settlement")


def test_c1_a_liquidation_may_say_so_in_its_display_text_only() -> None:
    hall = Hall()
    sink = hall.listener("userFills")
    hall.floor.take("buy", "2")
    hall.publisher.publish()
    sink.frames()

    silent = Liquidate(account=MASTER, symbol="SOL", is_noted=False)
    act(hall.floor.venue, silent, hall.floor.now_ns)
    hall.publisher.publish()

    (frame,) = sink.frames()
    (fill,) = frame["data"]["fills"]
    assert fill["dir"] == "Liquidated Cross Long"
    assert not {"cloid", "liquidation"} & fill.keys()


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (by_hand(account="0x1"), "account=0x1"),
        (by_hand(symbol="NOPE"), "symbol=NOPE"),
        (by_hand(symbol="MATIC"), "symbol=MATIC"),
        (by_hand(qty=Decimal("0.001")), "invalid size"),
        (by_hand(price=Decimal(1)), "95%"),
        (CancelByHand(account=MASTER, order_id="x"), "order_id=x"),
        (Liquidate(account=MASTER, symbol="SOL"), "at most the position of 0"),
    ],
)
def test_nonsense_is_refused(action: AccountAction, words: str) -> None:
    floor = Floor()

    with pytest.raises(ControlError, match=words):
        act(floor.venue, action, floor.now_ns)

    assert floor.ask_mine("openOrders") == []


# Hyperliquid docs, order statuses: the words by which it ends an order that nobody cancelled.
WORDS = [
    (EndReason.SCHEDULED, "scheduledCancel"),
    (EndReason.SELF_TRADE, "selfTradeCanceled"),
    (EndReason.REDUCE_ONLY, "reduceOnlyCanceled"),
    (EndReason.MARGIN, "marginCanceled"),
    (EndReason.LIQUIDATED, "liquidatedCanceled"),
    (EndReason.DELISTED, "delistedCanceled"),
    (EndReason.OPEN_INTEREST_CAP, "openInterestCapCanceled"),
    (EndReason.VAULT_WITHDRAWAL, "vaultWithdrawalCanceled"),
    (EndReason.SIBLING_FILLED, "siblingFilledCanceled"),
    (EndReason.SETTLED, "outcomeSettledCanceled"),
    (EndReason.INTERNAL, "internalCancel"),
]


@pytest.mark.parametrize(("reason", "word"), WORDS)
def test_c8_the_venue_ends_an_order_in_each_of_its_words(reason: EndReason, word: str) -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")

    act(floor.venue, EndByVenue(account=MASTER, order_id=str(oid), reason=reason), floor.now_ns)

    assert floor.status_of(oid) == word


def test_c8_an_end_that_the_venue_has_no_word_for_is_refused() -> None:
    floor = Floor()
    end = EndByVenue(
        account=MASTER, order_id=str(floor.rest("buy", "149", "1")), reason=EndReason.USER
    )

    with pytest.raises(ControlError, match="reason=USER: must be one of SCHEDULED"):
        act(floor.venue, end, floor.now_ns)
