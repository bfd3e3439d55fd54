"""Every /info answer has the members and JSON types that are documented, and no others."""

from typing import Any, get_args

import pytest

from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.service import AGENT, MASTER
from services.paper_hyperliquid.wire.info_requests import InfoRequest
from tests.unit.services.paper_hyperliquid.busy_floor import OTHER, busy_floor, send_usd
from tests.unit.services.paper_hyperliquid.floor import CLOID, Floor
from tests.unit.services.shapes import differences, load_shapes

SHAPES = load_shapes("paper_hyperliquid")
MEMBERS: dict[str, dict[str, Any]] = {
    "l2Book": {"coin": "SOL", "nSigFigs": 4},
    "recentTrades": {"coin": "SOL"},
    "candleSnapshot": {"req": {"coin": "SOL", "interval": "1M", "startTime": 0}},
    "fundingHistory": {"coin": "SOL", "startTime": 0},
    "orderStatus": {"oid": CLOID},
    "userFillsByTime": {"startTime": 0},
    "maxBuilderFee": {"builder": OTHER},
    "activeAssetData": {"coin": "SOL"},
}


def kinds() -> set[str]:
    return {str(question.__struct_config__.tag) for question in get_args(InfoRequest)}


def told(kind: str, body: object) -> list[str]:
    return differences(SHAPES["info"][kind], body, SHAPES["named"])


def test_d5_the_table_has_every_question() -> None:
    assert set(SHAPES["info"]) == kinds()


@pytest.mark.parametrize("kind", sorted(SHAPES["info"]))
def test_d5_answers_have_the_documented_shape(kind: str) -> None:
    floor = busy_floor()

    assert told(kind, floor.ask_mine(kind, **MEMBERS.get(kind, {}))) == []


@pytest.mark.parametrize(
    ("kind", "user"), [("userRole", AGENT), ("userRole", OTHER), ("userFees", "0x" + "77" * 20)]
)
def test_d5_other_addresses_are_answered_in_shape(kind: str, user: str) -> None:
    assert told(kind, busy_floor().ask(kind, user=user)) == []


def test_d5_isolated_leverage_says_its_raw_dollars() -> None:
    floor = Floor()
    floor.mark("150")
    isolated = {"type": "updateLeverage", "asset": 5, "isCross": False, "leverage": 5}
    floor.post(isolated)

    flat = floor.ask_mine("activeAssetData", coin="SOL")
    floor.take("buy", "10")
    held = floor.ask_mine("activeAssetData", coin="SOL")

    assert flat["leverage"] == {"type": "isolated", "value": 5, "rawUsd": "0.0"}
    assert (held["leverage"]["value"], held["leverage"]["rawUsd"]) == (5, "-1200.1")


def test_d5_daily_volumes_are_the_accounts_own_and_everybodys() -> None:
    days = busy_floor().ask_mine("userFees")["dailyUserVlm"]

    assert (len(days), days[-1]["date"]) == (15, "2026-09-21")
    assert (days[-1]["userCross"], days[-1]["userAdd"]) == ("150.01", "0.0")
    assert days[-1]["exchange"] == "300.0"
    assert {day["exchange"] for day in days[:-1]} == {"0.0"}


def test_d6_transfers_are_in_both_ledgers() -> None:
    floor = Floor()
    floor.venue.open_account(OTHER, floor.venue.settings.maker_fee)
    send_usd(floor, OTHER, "12.5")

    (mine,) = floor.ask_mine("userNonFundingLedgerUpdates")

    assert mine["delta"] == {
        "type": "internalTransfer", "usdc": "12.5", "user": MASTER, "destination": OTHER,
        "fee": "0.0",
    }  # fmt: skip
    assert floor.ask("userNonFundingLedgerUpdates", user=OTHER) == [mine]
    assert floor.ask_mine("userNonFundingLedgerUpdates", startTime=mine["time"] + 1) == []
    assert floor.ask_mine("userNonFundingLedgerUpdates", endTime=mine["time"]) == [mine]


def test_d6_no_funding_is_predicted_since_none_is_charged() -> None:
    floor = Floor()

    rows = dict(floor.ask("predictedFundings"))

    assert rows["SOL"] == [
        ["HlPerp", {
            "fundingRate": "0.0", "nextFundingTime": 1_790_002_800_000, "fundingIntervalHours": 1,
        }]
    ]  # fmt: skip
    assert "MATIC" not in rows


@pytest.mark.parametrize(
    ("figures", "mantissa"), [(1, None), (6, None), (None, 2), (4, 2), (5, 3), (0, None)]
)
def test_d6_an_odd_rounding_is_an_error_of_the_venue(
    figures: int | None, mantissa: int | None
) -> None:
    with pytest.raises(InfoError):
        Floor().ask("l2Book", coin="SOL", nSigFigs=figures, mantissa=mantissa)
