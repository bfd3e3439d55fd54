import pytest

from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.service import AGENT, MASTER
from tests.unit.services.paper_hyperliquid.floor import Floor

STRANGER = "0x" + "ab" * 20
SUB = "0x" + "cd" * 20


def test_an_unknown_address_or_an_agent_has_an_empty_state() -> None:
    floor = Floor()
    floor.take("buy", "1")
    for address in (STRANGER, AGENT):
        state = floor.ask("clearinghouseState", user=address)
        assert (state["withdrawable"], state["assetPositions"]) == ("0.0", [])


def test_addresses_need_no_prefix_and_no_case() -> None:
    floor = Floor()
    user = MASTER.removeprefix("0x").upper()
    assert floor.ask("clearinghouseState", user=user)["withdrawable"] == "1000000.0"


def test_another_dex_holds_nothing() -> None:
    assert Floor().ask_mine("clearinghouseState", dex="xyz")["withdrawable"] == "0.0"


def test_roles() -> None:
    floor = Floor()
    floor.venue.open_account(SUB, floor.venue.settings.maker_fee, MASTER)
    roles = [floor.ask("userRole", user=user) for user in (MASTER, AGENT, SUB, STRANGER)]
    assert roles == [
        {"role": "user"},
        {"role": "agent", "data": {"user": MASTER}},
        {"role": "subAccount", "data": {"master": MASTER}},
        {"role": "missing"},
    ]


def test_sub_accounts_are_listed_or_null() -> None:
    floor = Floor()
    assert floor.ask_mine("subAccounts") is None
    floor.venue.open_account(SUB, floor.venue.settings.maker_fee, MASTER)
    row = floor.ask_mine("subAccounts")[0]
    assert (row["subAccountUser"], row["master"]) == (SUB, MASTER)


def test_named_agents_are_listed() -> None:
    rows = Floor().ask_mine("extraAgents")
    assert [(row["name"], row["address"]) for row in rows] == [("paper", AGENT)]


def test_fees_are_the_base_tier() -> None:
    fees = Floor().ask_mine("userFees")
    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")


def test_what_this_venue_does_not_have_is_empty() -> None:
    floor = Floor()
    assert floor.ask_mine("userFunding", startTime=0) == []
    assert floor.ask_mine("spotClearinghouseState") == {"balances": []}
    assert floor.ask_mine("userAbstraction") == "default"


@pytest.mark.parametrize(("user", "coin"), [(STRANGER, "SOL"), (MASTER, "NONE"), (MASTER, "MATIC")])
def test_trading_room_needs_an_account_and_a_coin(user: str, coin: str) -> None:
    with pytest.raises(InfoError):
        Floor().ask("activeAssetData", user=user, coin=coin)
