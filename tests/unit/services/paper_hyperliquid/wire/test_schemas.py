"""Bodies that the venue's own parser refuses never reach the signature check."""

import json
from typing import Any

import msgspec
import pytest

from services.paper_hyperliquid.wire.schemas import OrderAction, canonical_decimal, decode_envelope

SIGNATURE = {"r": "0x1", "s": "0x1", "v": 27}
ORDER = {"a": 0, "b": True, "p": "50000", "s": "0.001", "r": False, "t": {"limit": {"tif": "Alo"}}}
CLOID = "0x0000000000000000000000000000beef"


def body(action: dict[str, Any], **changes: object) -> str:
    return json.dumps({"action": action, "nonce": 1, "signature": SIGNATURE} | changes)


def order(**changes: object) -> dict[str, Any]:
    return {"type": "order", "orders": [ORDER | changes], "grouping": "na"}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("100.0", "100"), ("0.10", "0.1"), ("007", "7"), ("0", "0"), ("0.0", "0"), ("100", "100"),
     ("00.5", "0.5"), ("10.00000000000", "10")],
)  # fmt: skip
def test_canonical_decimal(text: str, canonical: str) -> None:
    assert canonical_decimal(text) == canonical


@pytest.mark.parametrize(
    "action",
    [
        order(p="1e3"),
        order(p="-1"),
        order(p="NaN"),
        order(p=""),
        order(p=50000),
        order(s="0.123456789"),
        order(t={"limit": {"tif": "Fok"}}),
        order(t={}),
        order(t={"limit": {"tif": "Gtc"},
                 "trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "tp"}}),
        order(t={"trigger": {"isMarket": True, "triggerPx": "x", "tpsl": "tp"}}),
        order(c="0x1"),
        order(a=-1),
        order(b="true"),
        {"type": "order", "orders": [ORDER], "grouping": "other"},
        {"type": "order", "orders": [{"a": 0}], "grouping": "na"},
        {"type": "cancel", "cancels": [{"a": 0, "o": "1"}]},
        {"type": "cancel", "cancels": [{"a": 0, "o": 1}], "f": False},
        {"type": "batchModify", "modifies": [], "a": False},
        {"type": "modify", "oid": 1, "order": ORDER, "a": False},
        {"type": "modify", "oid": "beef", "order": ORDER},
        {"type": "scheduleCancel", "time": "soon"},
        {"type": "selfDestruct"},
        {},
    ],
)  # fmt: skip
def test_bad_action_fails_validation(action: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_envelope(body(action))


@pytest.mark.parametrize(
    "changes",
    [{"nonce": "1"}, {"nonce": -1}, {"signature": {"r": "1", "s": "0x1", "v": 27}},
     {"signature": {"r": "0x" + "1" * 65, "s": "0x1", "v": 27}}, {"vaultAddress": "0x12"},
     {"expiresAfter": "later"}],
)  # fmt: skip
def test_bad_envelope_fails_validation(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_envelope(body({"type": "noop"}, **changes))


def test_bad_json_is_no_validation_error() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        decode_envelope(b'{"action":')
    assert not isinstance(caught.value, msgspec.ValidationError)


def test_null_and_absent_members_are_the_same() -> None:
    explicit = decode_envelope(body({"type": "noop"}, vaultAddress=None, expiresAfter=None))
    assert explicit == decode_envelope(body({"type": "noop"}))


def test_priority_grouping_and_builder_are_accepted() -> None:
    builder = {"b": "0x" + "AB" * 20, "f": 10}
    action = decode_envelope(body(order() | {"grouping": {"p": 9}, "builder": builder})).action
    assert isinstance(action, OrderAction)
    assert action.builder is not None
    assert action.builder.b == "0x" + "ab" * 20


def test_modify_by_cloid_is_lower_cased() -> None:
    for action in (
        {"type": "modify", "oid": CLOID.upper().replace("0X", "0x"), "order": ORDER},
        {"type": "modify", "oid": CLOID, "order": ORDER},
    ):
        assert decode_envelope(body(action)).action.oid == CLOID  # type: ignore[union-attr]
