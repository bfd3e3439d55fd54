"""Admission: who may act, in which order the checks run, and what a refusal costs."""

import json
from typing import Any

import eth_account
import pytest
from hyperliquid.utils import signing

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.config import Network, Settings
from services.paper_hyperliquid.service import AGENT, MASTER
from tests.unit.services.paper_hyperliquid.floor import (
    AGENT_KEY,
    MASTER_KEY,
    OTHER_KEY,
    STRANGER_KEY,
    Floor,
    address_of,
    limit,
)

NOOP = {"type": "noop"}
OK = {"status": "ok", "response": {"type": "default"}}


def user_signed(
    action: dict[str, Any], sign: Any, key: str = MASTER_KEY, mainnet: bool = False
) -> dict[str, Any]:
    signature = sign(eth_account.Account.from_key(key), action, mainnet)
    return {"action": action, "nonce": action.get("nonce", action.get("time")),
            "signature": signature}  # fmt: skip


def approve(floor: Floor, agent: str, name: str = "gw1", **options: Any) -> Any:
    action = {"type": "approveAgent", "agentAddress": agent, "agentName": name,
              "nonce": floor.now_ms}  # fmt: skip
    body = user_signed(action, signing.sign_agent, **options)
    if not name:
        del action["agentName"]
    return floor.send(body)


def test_the_master_and_its_agent_act_for_the_same_account() -> None:
    floor = Floor()
    assert floor.post(NOOP) == OK
    floor.order(limit("buy", "149", "1"), key=AGENT_KEY)
    assert len(floor.ask("openOrders", user=MASTER)) == 1
    assert floor.ask("openOrders", user=AGENT) == []


def test_a_stranger_is_named_by_the_address_it_recovers_to() -> None:
    answer = Floor().post(NOOP, key=STRANGER_KEY)
    stranger = address_of(STRANGER_KEY)
    assert answer == {"status": "err", "response": f"User or API Wallet {stranger} does not exist."}


def test_an_altered_action_recovers_somebody_else() -> None:
    floor = Floor()
    wallet = eth_account.Account.from_key(MASTER_KEY)
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na"}
    signature = signing.sign_l1_action(wallet, action, None, floor.now_ms, None, False)
    tampered = json.loads(json.dumps(action).replace('"149"', '"148"'))
    answer = floor.send({"action": tampered, "nonce": floor.now_ms, "signature": signature})
    assert answer["response"].startswith("User or API Wallet 0x")
    assert MASTER not in answer["response"]


def test_scalars_that_fit_no_key_cannot_be_recovered() -> None:
    signature = {"r": "0x0", "s": "0x0", "v": 27}
    answer = Floor().send({"action": NOOP, "nonce": 1, "signature": signature})
    assert answer == {"status": "err", "response": "Unable to recover signer."}


@pytest.mark.parametrize(
    ("network", "mainnet", "accepted"),
    [
        (Network.EITHER, True, True),
        (Network.EITHER, False, True),
        (Network.MAINNET, True, True),
        (Network.MAINNET, False, False),
        (Network.TESTNET, True, False),
        (Network.TESTNET, False, True),
    ],
)
def test_the_network_decides_whose_signatures_count(
    network: Network, mainnet: bool, accepted: bool
) -> None:
    answer = Floor(Settings(network=network)).post(NOOP, mainnet=mainnet)
    assert (answer == OK) is accepted


def test_the_same_envelope_twice_is_a_duplicate_nonce_and_opens_nothing() -> None:
    floor = Floor()
    nonce = floor.now_ms
    floor.order(limit("buy", "149", "1"), nonce=nonce)
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na"}
    answer = floor.post(action, nonce=nonce)
    assert answer == {"status": "err", "response": f"Invalid nonce: duplicate nonce {nonce}"}
    assert len(floor.ask_mine("openOrders")) == 1


def test_nonces_are_counted_per_signer() -> None:
    floor = Floor()
    nonce = floor.now_ms
    assert floor.post(NOOP, nonce=nonce) == OK
    assert floor.post(NOOP, key=AGENT_KEY, nonce=nonce) == OK


def test_an_expired_action_burns_its_nonce() -> None:
    floor = Floor()
    nonce = floor.now_ms
    answer = floor.post(NOOP, nonce=nonce, expiresAfter=floor.now_ms - 1)
    assert answer == {"status": "err", "response": "Action already expired"}
    assert "duplicate nonce" in floor.post(NOOP, nonce=nonce)["response"]


def test_an_action_before_its_expiry_is_carried_out() -> None:
    floor = Floor()
    assert floor.post(NOOP, expiresAfter=floor.now_ms + 1_000) == OK


def test_an_expired_action_costs_five_requests() -> None:
    floor = Floor()
    floor.post(NOOP, expiresAfter=floor.now_ms - 1)
    assert floor.ask_mine("userRateLimit")["nRequestsUsed"] == 5


def test_a_noop_uses_up_the_nonce_of_an_order_in_flight() -> None:
    floor = Floor()
    nonce = floor.now_ms + 50
    assert floor.post(NOOP, nonce=nonce) == OK
    action = {"type": "order", "orders": [limit("buy", "149", "1")], "grouping": "na"}
    assert "duplicate nonce" in floor.post(action, nonce=nonce)["response"]


def test_a_refused_order_burns_its_nonce() -> None:
    floor = Floor()
    nonce = floor.now_ms
    floor.order(limit("buy", "149.999", "1"), nonce=nonce)
    assert "duplicate nonce" in floor.post(NOOP, nonce=nonce)["response"]


def test_an_unknown_signer_burns_no_nonce() -> None:
    floor = Floor()
    nonce = floor.now_ms
    floor.post(NOOP, key=OTHER_KEY, nonce=nonce)
    floor.venue.signers.add_account(address_of(OTHER_KEY))
    assert floor.post(NOOP, key=OTHER_KEY, nonce=nonce) == OK


def test_a_master_acts_for_its_sub_account_and_for_no_other() -> None:
    floor = Floor()
    sub, foreign = "0x" + "ab" * 20, "0x" + "cd" * 20
    floor.venue.open_account(
        sub, floor.venue.engine.account(AccountId(MASTER)).wallet_balance, MASTER
    )
    floor.order(limit("buy", "149", "1"), vaultAddress=sub)
    assert len(floor.ask("openOrders", user=sub)) == 1
    answer = floor.post(NOOP, vaultAddress=foreign)
    assert answer == {"status": "err", "response": f"Vault not registered: {foreign}"}


def test_an_approved_agent_may_trade() -> None:
    floor = Floor()
    assert approve(floor, address_of(STRANGER_KEY)) == OK
    assert floor.post(NOOP, key=STRANGER_KEY) == OK


def test_an_unnamed_agent_is_signed_with_the_empty_name_and_sent_without() -> None:
    floor = Floor()
    assert approve(floor, address_of(STRANGER_KEY), "") == OK
    assert floor.post(NOOP, key=STRANGER_KEY) == OK


def test_an_agent_cannot_sign_for_its_master_as_a_user() -> None:
    answer = approve(Floor(), address_of(STRANGER_KEY), key=AGENT_KEY)
    text = f"Must deposit before performing actions. User: {AGENT}"
    assert answer == {"status": "err", "response": text}


def test_the_inner_nonce_must_be_the_outer_one() -> None:
    floor = Floor()
    action = {"type": "approveAgent", "agentAddress": AGENT, "agentName": "x",
              "nonce": floor.now_ms}  # fmt: skip
    body = user_signed(action, signing.sign_agent) | {"nonce": floor.now_ms + 1}
    assert floor.send(body) == {"status": "err", "response": "Nonce mismatch."}


def test_another_networks_user_signature_is_refused() -> None:
    floor = Floor(Settings(network=Network.TESTNET))
    answer = approve(floor, address_of(STRANGER_KEY), mainnet=True)
    assert answer["response"] == "Mainnet and testnet require different signature."


def test_user_signed_scalars_that_fit_no_key_cannot_be_recovered() -> None:
    floor = Floor()
    action = {"type": "approveAgent", "agentAddress": AGENT, "agentName": "x",
              "nonce": floor.now_ms}  # fmt: skip
    body = user_signed(action, signing.sign_agent)
    body["signature"] = {"r": "0x0", "s": "0x1", "v": 27}
    assert floor.send(body)["response"] == "Unable to recover signer."
