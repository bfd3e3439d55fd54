"""Actions are packed and spelled as the venue hashes them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.actions import (
    Action,
    CancelByCloid,
    CancelByOid,
    CloidRef,
    Limit,
    LimitKind,
    Noop,
    OidRef,
    OrderWire,
    PlaceOrders,
    packed,
    post_frame,
    sealed,
    wire_decimal,
)
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network, Seal
from tandem.domain.errors import InvalidInputError

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
CLOID = "0x0000000000000000000000000000beef"
ALO = OrderWire(0, True, "50000", "0.001", False, LimitKind(Limit("Alo")), CLOID)
IOC = OrderWire(1, False, "1670.1", "0.0147", True, LimitKind(Limit("Ioc")))
ACTIONS: list[tuple[str, Action]] = [
    ("order_alo_cloid", PlaceOrders((ALO,), "na")),
    ("order_ioc_reduceonly", PlaceOrders((IOC,), "na")),
    ("cancel", CancelByOid((OidRef(0, 77738308),))),
    ("cancelByCloid", CancelByCloid((CloidRef(0, CLOID),))),
    ("noop", Noop()),
]


def vector(name: str) -> dict[str, Any]:
    lines = (DATA / "l1_vectors.jsonl").read_text().splitlines()
    return next(one for one in map(json.loads, lines) if one["id"] == name)


@pytest.mark.parametrize(("name", "action"), ACTIONS, ids=[name for name, _ in ACTIONS])
def test_packs_in_the_canonical_order(name: str, action: Action) -> None:
    assert packed(action) == msgspec.msgpack.encode(vector(name)["action"])


def test_large_order_ids_are_packed_as_64_bits() -> None:
    assert packed(CancelByOid((OidRef(0, 556696349186),))).endswith(
        bytes.fromhex("a16fcf000000819db02a02")
    )


def test_a_noop_is_the_documented_bytes() -> None:
    assert packed(Noop()).hex() == "81a474797065a46e6f6f70"


def test_the_body_holds_what_was_signed() -> None:
    body = json.loads(sealed(Noop(), Seal(5, None, 9), AgentKey("11" * 32), Network.MAINNET))

    assert body["action"] == {"type": "noop"}
    assert (body["nonce"], body["expiresAfter"]) == (5, 9)
    assert body["signature"]["v"] in {27, 28}
    assert "vaultAddress" not in body


def test_a_vault_is_named_in_the_body() -> None:
    vault = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"

    body = json.loads(sealed(Noop(), Seal(5, vault), AgentKey("11" * 32), Network.MAINNET))

    assert body["vaultAddress"] == vault
    assert "expiresAfter" not in body


def test_a_post_frame_carries_the_body_unchanged() -> None:
    frame = post_frame(256, b'{"nonce":1}')

    assert frame == (
        b'{"method":"post","id":256,"request":{"type":"action","payload":{"nonce":1}}}'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100", "100"),
        ("100.0", "100"),
        ("0.00010", "0.0001"),
        ("1E+3", "1000"),
        ("0.00000001", "0.00000001"),
        ("1.100000000", "1.1"),
    ],
)
def test_numbers_are_plain_without_trailing_zeros(value: str, text: str) -> None:
    assert wire_decimal("amount", Decimal(value)) == text


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity", "0.000000001"])
def test_numbers_that_cannot_be_sent_are_refused(value: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        wire_decimal("amount", Decimal(value))

    assert refused.value.field == "amount"
