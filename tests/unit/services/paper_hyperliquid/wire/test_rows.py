from decimal import Decimal

import pytest

from services.paper_hyperliquid.wire.rows import direction, hash_of, tid_of
from tests.unit.services.paper_hyperliquid.floor import CLOID, Floor, limit, trigger


@pytest.mark.parametrize(
    ("start", "change", "text"),
    [
        ("0", "1", "Open Long"),
        ("1", "1", "Open Long"),
        ("0", "-1", "Open Short"),
        ("-1", "-1", "Open Short"),
        ("2", "-1", "Close Long"),
        ("2", "-2", "Close Long"),
        ("-2", "2", "Close Short"),
        ("2", "-3", "Long > Short"),
        ("-2", "3", "Short > Long"),
    ],
)
def test_direction(start: str, change: str, text: str) -> None:
    assert direction(Decimal(start), Decimal(change)) == text


def test_tids_have_fifty_bits_and_tell_matches_and_orders_apart() -> None:
    tids = {tid_of(match_id, oid) for match_id in range(50) for oid in range(50)}
    assert len(tids) == 2_500
    assert max(tids) < 1 << 50


def test_a_hash_has_sixty_four_digits() -> None:
    assert hash_of(255) == "0x" + "ff".zfill(64)


def test_the_short_shape_leaves_out_what_says_nothing() -> None:
    floor = Floor()
    floor.rest("buy", "149", "1")
    plain = floor.ask_mine("openOrders")[0]
    assert set(plain) == {"coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz"}
    floor.take("buy", "1")
    floor.order(limit("sell", "160", "1", c=CLOID, r=True))
    full = floor.ask_mine("openOrders")[1]
    assert (full["cloid"], full["reduceOnly"], full["side"]) == (CLOID, True, "A")


def test_the_long_shape_of_a_plain_order() -> None:
    floor = Floor()
    floor.rest("buy", "149", "1", tif="Alo")
    order = floor.ask_mine("frontendOpenOrders")[0]
    order.pop("oid")
    order.pop("timestamp")
    assert order == {
        "coin": "SOL", "side": "B", "limitPx": "149.0", "sz": "1.0", "triggerCondition": "N/A",
        "isTrigger": False, "triggerPx": "0.0", "children": [], "isPositionTpsl": False,
        "reduceOnly": False, "orderType": "Limit", "origSz": "1.0", "tif": "Alo", "cloid": None,
    }  # fmt: skip


def test_the_long_shape_of_a_trigger() -> None:
    floor = Floor()
    floor.order(trigger("sell", "tp", "160.5", "1"))
    order = floor.ask_mine("frontendOpenOrders")[0]
    assert (order["isTrigger"], order["triggerPx"], order["tif"]) == (True, "160.5", None)
    assert order["triggerCondition"] == "Price above 160.5"
    assert order["orderType"] == "Take Profit Market"


def test_a_fill_without_a_cloid_has_no_such_member() -> None:
    floor = Floor()
    floor.take("buy", "1")
    fill = floor.ask_mine("userFills")[0]
    assert "cloid" not in fill
    assert "builderFee" not in fill
    assert (fill["twapId"], fill["feeToken"], fill["crossed"]) == (None, "USDC", True)
