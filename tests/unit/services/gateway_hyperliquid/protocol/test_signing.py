"""Signatures and digests against the official and our own vectors (see tests/data/hyperliquid)."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.signing import (
    AGENT_TYPE_HASH,
    DOMAIN_TYPE_HASH,
    AgentKey,
    Network,
    Seal,
    Signature,
    connection_id,
    domain_separator,
    keccak,
    sign_action,
)
from tandem.domain.errors import InvalidInputError

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
KEYS = {
    "KS": "0x0123456789012345678901234567890123456789012345678901234567890123",
    "K1": "11" * 32,
    "K2": "22" * 32,
}


def vectors() -> list[dict[str, Any]]:
    text = (DATA / "l1_vectors.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def seal_of(vector: dict[str, Any]) -> Seal:
    return Seal(vector["nonce"], vector.get("vaultAddress"), vector.get("expiresAfter"))


def numbers(signature: Signature) -> tuple[int, int, int]:
    return int(signature.r, 16), int(signature.s, 16), signature.v


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["id"])
def test_signs_as_the_vector(vector: dict[str, Any]) -> None:
    key, packed = AgentKey(KEYS[vector["key"]]), msgspec.msgpack.encode(vector["action"])

    for letter in {"a", "b"} & vector.keys():
        r, s, v = vector[letter]
        signed = sign_action(key, packed, seal_of(vector), Network(letter))
        assert numbers(signed) == (int(r, 16), int(s, 16), v)
    if "hash" in vector:
        assert "0x" + connection_id(packed, seal_of(vector)).hex() == vector["hash"]


def test_every_vector_checks_something() -> None:
    assert len(vectors()) == 29
    assert all({"a", "b", "hash"} & vector.keys() for vector in vectors())


def test_the_constants_are_the_documented_ones() -> None:
    assert DOMAIN_TYPE_HASH.hex() == (
        "8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f"
    )
    assert domain_separator("Exchange", 1337).hex() == (
        "d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040"
    )
    assert AGENT_TYPE_HASH.hex() == (
        "26f05c2f7239b6983075e58321292d77b3aa173d19b27257ac96ab362570f508"
    )
    assert keccak(b"a").hex() == "3ac225168df54212a25c1c01fd35bebfea408fdac2e31ddd6f80a4bbf9a5f1cb"


def test_a_key_knows_its_address() -> None:
    assert AgentKey(KEYS["KS"]).address == "0x14791697260e4c9a71f18484c9f997b308e59325"
    assert AgentKey(KEYS["K2"]).address == "0x1563915e194d8cfba1943570603f7606a3115508"


@pytest.mark.parametrize("secret", ["", "zz" * 32, "00" * 32])
def test_a_malformed_key_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        AgentKey(secret)

    assert refused.value.value == "(hidden)"


def test_the_same_request_has_the_same_signature() -> None:
    key, packed = AgentKey(KEYS["K1"]), msgspec.msgpack.encode({"type": "noop"})

    first = sign_action(key, packed, Seal(1), Network.TESTNET)

    assert sign_action(key, packed, Seal(1), Network.TESTNET) == first
    assert sign_action(key, packed, Seal(2), Network.TESTNET) != first
