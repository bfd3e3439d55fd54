from decimal import Decimal

from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import SOL, Floor


def state(floor: Floor) -> dict[str, object]:
    return dict(floor.ask_mine("clearinghouseState"))


def test_a_flat_account_shows_its_wallet() -> None:
    shown = state(Floor())
    assert shown["marginSummary"] == {
        "accountValue": "1000000.0", "totalNtlPos": "0.0", "totalRawUsd": "1000000.0",
        "totalMarginUsed": "0.0",
    }  # fmt: skip
    assert shown["assetPositions"] == []
    assert shown["withdrawable"] == "1000000.0"


def test_value_is_raw_usd_plus_signed_positions() -> None:
    floor = Floor()
    floor.mark("150")
    floor.take("sell", "10")
    floor.mark("160")
    shown = floor.ask_mine("clearinghouseState")["marginSummary"]
    raw, value = Decimal(shown["totalRawUsd"]), Decimal(shown["accountValue"])
    assert value == raw - 1600
    assert value == Decimal(1_000_000) - Decimal("100.1") - Decimal("1499.9") * Decimal("0.00045")


def test_a_short_position_row() -> None:
    floor = Floor()
    floor.mark("150")
    floor.take("sell", "10")
    floor.mark("160")
    row = floor.ask_mine("clearinghouseState")["assetPositions"][0]
    assert row["type"] == "oneWay"
    position = row["position"]
    assert position.pop("liquidationPx") is not None
    assert position == {
        "coin": "SOL", "szi": "-10.0", "leverage": {"type": "cross", "value": 20},
        "entryPx": "149.99", "positionValue": "1600.0", "unrealizedPnl": "-100.1",
        "returnOnEquity": "-1.25125", "marginUsed": "80.0", "maxLeverage": 20,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }  # fmt: skip


def test_maintenance_margin_is_half_the_margin_at_full_leverage() -> None:
    floor = Floor()
    floor.mark("150")
    floor.take("buy", "10")
    assert state(floor)["crossMaintenanceMarginUsed"] == "37.5"


def test_equity_meets_maintenance_at_the_liquidation_price() -> None:
    floor = Floor()
    floor.venue.open_account(MASTER, Decimal(200))
    floor.mark("150")
    floor.take("buy", "10")
    px = Decimal(
        floor.ask_mine("clearinghouseState")["assetPositions"][0]["position"]["liquidationPx"]
    )
    floor.mark(str(px))
    shown = floor.ask_mine("clearinghouseState")
    value = Decimal(shown["marginSummary"]["accountValue"])
    assert abs(value - Decimal(shown["crossMaintenanceMarginUsed"])) < Decimal("0.0001")


def test_a_position_too_small_to_be_liquidated_has_no_such_price() -> None:
    floor = Floor()
    floor.take("buy", "1")
    position = floor.ask_mine("clearinghouseState")["assetPositions"][0]["position"]
    assert position["liquidationPx"] is None


def test_an_isolated_position_is_liquidated_by_its_own_margin() -> None:
    floor = Floor()
    floor.mark("150")
    action = {"type": "updateLeverage", "asset": SOL, "isCross": False, "leverage": 10}
    floor.post(action)
    floor.take("buy", "10")
    shown = floor.ask_mine("clearinghouseState")
    position = shown["assetPositions"][0]["position"]
    assert Decimal(130) < Decimal(position["liquidationPx"]) < Decimal(140)
    assert shown["crossMarginSummary"]["totalNtlPos"] == "0.0"


def test_room_for_trading_counts_the_position_on_the_other_side_twice() -> None:
    floor = Floor()
    floor.venue.open_account(MASTER, Decimal(1_000))
    floor.mark("150")
    before = floor.ask_mine("activeAssetData", coin="SOL")
    assert before["availableToTrade"] == ["20000.0", "20000.0"]
    assert before["maxTradeSzs"] == ["133.33", "133.33"]
    floor.take("sell", "10")
    buy, sell = map(Decimal, floor.ask_mine("activeAssetData", coin="SOL")["availableToTrade"])
    assert buy - sell == 3_000
