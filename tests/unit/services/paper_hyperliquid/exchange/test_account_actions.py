import eth_account
import pytest
from hyperliquid.utils import signing

from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import MASTER_KEY, SOL, Floor, limit

OK = {"status": "ok", "response": {"type": "default"}}
OTHER = "0x" + "ab" * 20
BUILDER = "0x" + "cd" * 20


def leverage(floor: Floor, value: int, is_cross: bool = True, asset: int = SOL) -> str:
    action = {"type": "updateLeverage", "asset": asset, "isCross": is_cross, "leverage": value}
    answer = floor.post(action)
    return "ok" if answer == OK else str(answer["response"])


def margin(floor: Floor, micro_usd: int) -> str:
    action = {"type": "updateIsolatedMargin", "asset": SOL, "isBuy": True, "ntli": micro_usd}
    answer = floor.post(action)
    return "ok" if answer == OK else str(answer["response"])


def test_leverage_changes_the_margin_of_a_position() -> None:
    floor = Floor()
    floor.mark("150")
    assert leverage(floor, 5) == "ok"
    floor.take("buy", "10")
    row = floor.ask_mine("clearinghouseState")["assetPositions"][0]["position"]
    assert row["leverage"] == {"type": "cross", "value": 5}
    assert row["marginUsed"] == "300.0"


@pytest.mark.parametrize("value", [0, 21])
def test_leverage_has_bounds(value: int) -> None:
    assert leverage(Floor(), value) == "Invalid leverage value"


def test_leverage_of_an_unlisted_asset_is_refused() -> None:
    assert leverage(Floor(), 5, asset=3) == "Order has invalid asset."


def test_the_margin_mode_is_fixed_while_a_position_is_open() -> None:
    floor = Floor()
    floor.take("buy", "1")
    assert leverage(floor, 5, is_cross=False) == ("Cannot switch leverage type with open position.")


def test_isolated_margin_can_be_added_and_shown() -> None:
    floor = Floor()
    floor.mark("150")
    leverage(floor, 5, is_cross=False)
    floor.take("buy", "10")
    assert margin(floor, 50_000_000) == "ok"
    row = floor.ask_mine("clearinghouseState")["assetPositions"][0]["position"]
    assert row["marginUsed"] == "350.0"
    assert row["leverage"]["type"] == "isolated"
    assert row["leverage"]["rawUsd"] == "-1150.1"


def test_cross_positions_have_no_isolated_margin() -> None:
    floor = Floor()
    floor.take("buy", "10")
    assert margin(floor, 50_000_000) == "Position does not use isolated margin."


def send_usd(floor: Floor, amount: str, destination: str = OTHER) -> str:
    action = {"type": "usdSend", "destination": destination, "amount": amount,
              "time": floor.now_ms}  # fmt: skip
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_usd_transfer_action(wallet, action, False)
    answer = floor.send({"action": action, "nonce": action["time"], "signature": signature})
    return "ok" if answer == OK else str(answer["response"])


def test_dollars_move_between_accounts() -> None:
    floor = Floor()
    floor.venue.open_account(OTHER, floor.venue.settings.maker_fee * 0)
    assert send_usd(floor, "250.5") == "ok"
    assert floor.ask("clearinghouseState", user=OTHER)["withdrawable"] == "250.5"
    assert floor.ask("clearinghouseState", user=MASTER)["withdrawable"] == "999749.5"


def test_dollars_need_a_known_destination_and_cover() -> None:
    floor = Floor()
    assert send_usd(floor, "1").startswith("Must deposit before performing actions.")
    floor.venue.open_account(OTHER, floor.venue.settings.maker_fee * 0)
    floor.pass_ms(1)
    assert send_usd(floor, "2000000") == "Insufficient balance for withdrawal."


def approve_builder(floor: Floor, rate: str) -> str:
    action = {"type": "approveBuilderFee", "maxFeeRate": rate, "builder": BUILDER,
              "nonce": floor.now_ms}  # fmt: skip
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_approve_builder_fee(wallet, action, False)
    answer = floor.send({"action": action, "nonce": action["nonce"], "signature": signature})
    return "ok" if answer == OK else str(answer["response"])


def order_with_builder(floor: Floor, fee: int) -> str:
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na",
              "builder": {"b": BUILDER, "f": fee}}  # fmt: skip
    return str(floor.post(action)["status"])


def test_an_approved_builder_may_charge_up_to_its_rate() -> None:
    floor = Floor()
    assert approve_builder(floor, "0.01%") == "ok"
    assert floor.ask_mine("maxBuilderFee", builder=BUILDER) == 10
    assert order_with_builder(floor, 10) == "ok"
    assert order_with_builder(floor, 11) == "err"


def test_a_rate_that_is_no_percentage_is_refused() -> None:
    assert approve_builder(Floor(), "much") == "Invalid max fee rate much."


@pytest.mark.parametrize("action", [{"type": "setReferrer", "code": "CCXT1"}, {"type": "noop"}])
def test_actions_without_effect_are_accepted(action: dict[str, object]) -> None:
    assert Floor().post(action) == OK


def test_a_class_transfer_is_accepted_because_there_is_only_the_perp_side() -> None:
    floor = Floor()
    action = {"type": "usdClassTransfer", "amount": "12.5", "toPerp": True, "nonce": floor.now_ms}
    wallet = eth_account.Account.from_key(MASTER_KEY)
    signature = signing.sign_usd_class_transfer_action(wallet, action, False)
    body = {"action": action, "nonce": action["nonce"], "signature": signature}
    assert floor.send(body) == OK
