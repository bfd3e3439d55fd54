"""The signed bytes come from the venue's own serialisation, whatever JSON arrived."""

import json
from typing import Any

import pytest

from services.paper_hyperliquid.auth.canonical import action_preimage
from services.paper_hyperliquid.wire.schemas import decode_envelope

SIGNATURE = {"r": "0x1", "s": "0x1", "v": 27}
ORDER = {"a": 0, "b": True, "p": "50000", "s": "0.001", "r": False,
         "t": {"limit": {"tif": "Alo"}}, "c": "0x0000000000000000000000000000beef"}  # fmt: skip


def preimage(action: dict[str, Any]) -> bytes:
    body = json.dumps({"action": action, "nonce": 7, "signature": SIGNATURE})
    return action_preimage(decode_envelope(body).action, 7, None, None)


def order(**changes: object) -> dict[str, Any]:
    return {"type": "order", "orders": [ORDER | changes], "grouping": "na"}


@pytest.mark.parametrize(
    ("action", "packed"),
    [
        ({"type": "noop"}, "81a474797065a46e6f6f70"),
        ({"type": "scheduleCancel", "time": 1790000060000},
         "82a474797065ae7363686564756c6543616e63656ca474696d65cf000001a0c4515660"),
        ({"type": "cancel", "cancels": [{"a": 0, "o": 556696349186}], "f": True},
         "83a474797065a663616e63656ca763616e63656c739182a16100a16fcf000000819db02a02a166c3"),
    ],
)  # fmt: skip
def test_packs_as_the_venue_does(action: dict[str, Any], packed: str) -> None:
    assert preimage(action) == bytes.fromhex(packed) + (7).to_bytes(8, "big") + b"\x00"


@pytest.mark.parametrize(
    "spelling",
    [
        {"p": "50000.0"},
        {"p": "50000.000000000"},
        {"p": "050000"},
        {"s": "0.00100000"},
        {"c": "0x0000000000000000000000000000BEEF"},
        {"cloid": "ignored"},
    ],
)
def test_spelling_does_not_change_the_signed_bytes(spelling: dict[str, Any]) -> None:
    assert preimage(order(**spelling)) == preimage(order())


def test_key_order_does_not_change_the_signed_bytes() -> None:
    shuffled = {"grouping": "na", "orders": [dict(reversed(ORDER.items()))], "type": "order"}
    assert preimage(shuffled) == preimage(order())


def test_null_cloid_is_absent() -> None:
    without = {k: v for k, v in ORDER.items() if k != "c"}
    bare = {"type": "order", "orders": [without], "grouping": "na"}
    assert preimage(order(c=None)) == preimage(bare)


def test_vault_and_expiry_follow_the_nonce() -> None:
    body = json.dumps({"action": {"type": "noop"}, "nonce": 7, "signature": SIGNATURE})
    action = decode_envelope(body).action
    tail = action_preimage(action, 7, "0x" + "ab" * 20, 9)[len(preimage({"type": "noop"})) - 1 :]
    assert tail == b"\x01" + b"\xab" * 20 + b"\x00" + (9).to_bytes(8, "big")
