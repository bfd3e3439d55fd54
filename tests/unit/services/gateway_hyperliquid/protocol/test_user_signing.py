"""Digests of owner-signed actions against the official and our own vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.gateway_hyperliquid.protocol.signing import AgentKey
from services.gateway_hyperliquid.protocol.user_signing import STRUCTS, user_digest

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
KEYS = {
    "KS": "0x0123456789012345678901234567890123456789012345678901234567890123",
    "K1": "11" * 32,
}


def vectors() -> list[dict[str, Any]]:
    text = (DATA / "user_vectors.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def signed(vector: dict[str, Any], action: dict[str, Any]) -> tuple[int, int, int]:
    digest = user_digest(action["type"], action, int(action["signatureChainId"], 16))
    signature = AgentKey(KEYS[vector["key"]]).sign(digest)
    return int(signature.r, 16), int(signature.s, 16), signature.v


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector['id']} {vector['net']}")
def test_signs_as_the_vector(vector: dict[str, Any]) -> None:
    r, s, v = vector["sig"]

    assert signed(vector, vector["action"]) == (int(r, 16), int(s, 16), v)


def test_an_absent_agent_name_is_the_empty_one() -> None:
    vector = next(one for one in vectors() if one["id"] == "approveAgent unnamed")
    posted = {name: value for name, value in vector["action"].items() if name != "agentName"}

    assert signed(vector, posted) == signed(vector, vector["action"])


def test_every_struct_begins_with_the_chain() -> None:
    assert all("(string hyperliquidChain," in struct for struct in STRUCTS.values())
