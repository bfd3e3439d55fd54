"""Golden vectors: the venue finds the right signer of each, and another for each altered one."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.paper_hyperliquid.auth.canonical import action_preimage
from services.paper_hyperliquid.auth.signature import (
    Source,
    domain_separator,
    keccak,
    l1_digest,
    recover_address,
)
from services.paper_hyperliquid.auth.user_signed import user_signed_digest
from services.paper_hyperliquid.wire.schemas import (
    Envelope,
    Signature,
    UserSignedAction,
    decode_envelope,
)

DATA = Path(__file__).parents[4] / "data" / "paper_hyperliquid" / "signing_vectors.jsonl"
ADDRESSES = {
    "K1": "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a",
    "K2": "0x1563915e194d8cfba1943570603f7606a3115508",
}
SDK_ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"
VAULT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
VECTORS = [json.loads(line) for line in DATA.read_text().splitlines()]
L1_VECTORS = [v for v in VECTORS if "hash" in v]
USER_VECTORS = [v for v in VECTORS if "sig" in v]
L1_CASES = [(v, source) for v in L1_VECTORS for source in Source]
L1_IDS = [f"{v['id']}-{source.name.lower()}" for v, source in L1_CASES]
USER_IDS = [f"{v['id']}-{v['net']}" for v in USER_VECTORS]

ORDER = {"a": 1, "b": True, "p": "100", "s": "100", "r": False, "t": {"limit": {"tif": "Gtc"}}}
CLOID = {"c": "0x00000000000000000000000000000001"}
STOP = {"t": {"trigger": {"isMarket": True, "triggerPx": "103", "tpsl": "sl"}}}


class Dummy(msgspec.Struct, tag_field="type", tag="dummy"):
    num: int


def order_action(**changes: object) -> dict[str, object]:
    return {"type": "order", "orders": [ORDER | changes], "grouping": "na"}


# The official SDK's own vectors: action or struct, vault, source, r, s, v; nonce 0.
SDK_VECTORS = [
    ("dummy", Dummy(100000000000), None, "a", 27,
     "0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298",
     "0x755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8"),
    ("dummy testnet", Dummy(100000000000), None, "b", 28,
     "0x542af61ef1f429707e3c76c5293c80d01f74ef853e34b76efffcb57e574f9510",
     "0x17b8b32f086e8cdede991f1e2c529f5dd5297cbe8128500e00cbaf766204a613"),
    ("dummy vault", Dummy(100000000000), VAULT, "a", 28,
     "0x3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239",
     "0x4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c"),
    ("order", order_action(), None, "a", 28,
     "0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e",
     "0x2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e"),
    ("order testnet", order_action(), None, "b", 27,
     "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
     "0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5"),
    ("order cloid", order_action(**CLOID), None, "a", 27,
     "0x41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3",
     "0x3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da"),
    ("stop", order_action(**STOP), None, "a", 27,
     "0x98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9",
     "0x6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb405"),
    ("scheduleCancel", {"type": "scheduleCancel"}, None, "a", 27,
     "0x6cdfb286702f5917e76cd9b3b8bf678fcc49aec194c02a73e6d4f16891195df9",
     "0x6557ac307fa05d25b8d61f21fb8a938e703b3d9bf575f6717ba21ec61261b2a0"),
    ("scheduleCancel time", {"type": "scheduleCancel", "time": 123456789}, None, "a", 28,
     "0x609cb20c737945d070716dcc696ba030e9976fcf5edad87afa7d877493109d55",
     "0x16c685d63b5c7a04512d73f183b3d7a00da5406ff1f8aad33f8ae2163bab758b"),
]  # fmt: skip


def envelope_of(vector: dict[str, Any], r: str, s: str, v: int) -> Envelope:
    body = {
        "action": vector["action"],
        "nonce": vector.get("nonce", 0),
        "signature": {"r": r, "s": s, "v": v},
        "vaultAddress": vector.get("vaultAddress"),
        "expiresAfter": vector.get("expiresAfter"),
    }
    return decode_envelope(json.dumps(body).encode())


def preimage(envelope: Envelope) -> bytes:
    return action_preimage(
        envelope.action, envelope.nonce, envelope.vault_address, envelope.expires_after
    )


def signed_digest(envelope: Envelope) -> bytes:
    assert isinstance(envelope.action, UserSignedAction)
    return user_signed_digest(envelope.action)


def flipped(hex_quantity: str, bit: int) -> str:
    return hex(int(hex_quantity, 16) ^ (1 << bit))


def typed(action: object) -> msgspec.Struct:
    if isinstance(action, msgspec.Struct):
        return action
    vector = {"action": action}
    return envelope_of(vector, "0x1", "0x1", 27).action


def test_constants_are_the_published_ones() -> None:
    assert domain_separator("Exchange", 1337).hex() == (
        "d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040"
    )
    assert domain_separator("HyperliquidSignTransaction", 0x66EEE).hex() == (
        "feb1393ca4412a4ca577bd51d04f0a77033514c602f4d0a11490fb95f7428df6"
    )


@pytest.mark.parametrize(("vector", "source"), L1_CASES, ids=L1_IDS)
def test_l1_vector_recovers_its_signer(vector: dict[str, Any], source: Source) -> None:
    envelope = envelope_of(vector, *vector[source.value])
    data = preimage(envelope)
    assert "0x" + keccak(data).hex() == vector["hash"]
    found = recover_address(l1_digest(data, source), envelope.signature)
    assert found == ADDRESSES[vector["key"]]


@pytest.mark.parametrize(("vector", "source"), L1_CASES, ids=L1_IDS)
def test_l1_vector_altered_by_a_bit_names_another_signer(
    vector: dict[str, Any], source: Source
) -> None:
    r, s, v = vector[source.value]
    data = preimage(envelope_of(vector, r, s, v))
    good = l1_digest(data, source)
    spoilt = [
        (good, Signature(flipped(r, 0), s, v)),
        (good, Signature(r, flipped(s, 7), v)),
        (good, Signature(r, s, 55 - v)),
        (l1_digest(data[:-1] + bytes((data[-1] ^ 1,)), source), Signature(r, s, v)),
        (l1_digest(bytes((data[0] ^ 1,)) + data[1:], source), Signature(r, s, v)),
        (l1_digest(data, Source.MAINNET if source is Source.TESTNET else Source.TESTNET),
         Signature(r, s, v)),
    ]  # fmt: skip
    assert ADDRESSES[vector["key"]] not in [recover_address(*case) for case in spoilt]


@pytest.mark.parametrize("vector", USER_VECTORS, ids=USER_IDS)
def test_user_signed_vector_recovers_its_signer(vector: dict[str, Any]) -> None:
    envelope = envelope_of(vector, *vector["sig"])
    digest = signed_digest(envelope)
    assert recover_address(digest, envelope.signature) == ADDRESSES[vector["key"]]


@pytest.mark.parametrize("vector", USER_VECTORS, ids=USER_IDS)
def test_user_signed_vector_altered_by_a_bit_names_another_signer(vector: dict[str, Any]) -> None:
    r, s, v = vector["sig"]
    digest = signed_digest(envelope_of(vector, r, s, v))
    spoilt = [
        (digest, Signature(flipped(r, 1), s, v)),
        (digest, Signature(r, flipped(s, 1), v)),
        (bytes((digest[0] ^ 1,)) + digest[1:], Signature(r, s, v)),
    ]
    assert ADDRESSES[vector["key"]] not in [recover_address(*case) for case in spoilt]


def test_an_agent_without_a_name_was_signed_with_the_empty_one() -> None:
    vector = next(v for v in USER_VECTORS if v["id"] == "approveAgent unnamed")
    action = {k: v for k, v in vector["action"].items() if k != "agentName"}
    envelope = envelope_of({"action": action}, *vector["sig"])
    digest = signed_digest(envelope)
    assert recover_address(digest, envelope.signature) == ADDRESSES["K1"]


def test_sdk_usd_send_vector_recovers_its_signer() -> None:
    action = {
        "type": "usdSend", "destination": "0x5e9ee1089755c3435139848e47e6635505d5a13a",
        "amount": "1", "time": 1687816341423,
        "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet",
    }  # fmt: skip
    envelope = envelope_of(
        {"action": action},
        "0x637b37dd731507cdd24f46532ca8ba6eec616952c56218baeff04144e4a77073",
        "0x11a6a24900e6e314136d2592e2f8d502cd89b7c15b198e1bee043c9589f9fad7",
        27,
    )
    found = recover_address(signed_digest(envelope), envelope.signature)
    assert found == SDK_ADDRESS


@pytest.mark.parametrize("case", SDK_VECTORS, ids=[case[0] for case in SDK_VECTORS])
def test_sdk_vector_recovers_its_signer_and_no_other_when_altered(case: tuple[Any, ...]) -> None:
    _, action, vault, source, v, r, s = case
    digest = l1_digest(action_preimage(typed(action), 0, vault, None), Source(source))
    assert recover_address(digest, Signature(r, s, v)) == SDK_ADDRESS
    assert recover_address(digest, Signature(flipped(r, 3), s, v)) != SDK_ADDRESS
    assert recover_address(digest, Signature(r, flipped(s, 3), v)) != SDK_ADDRESS


def test_sdk_connection_id_of_an_order() -> None:
    order = {"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False,
             "t": {"limit": {"tif": "Ioc"}}}  # fmt: skip
    action = typed({"type": "order", "orders": [order], "grouping": "na"})
    digest = keccak(action_preimage(action, 1677777606040, None, None))
    assert digest.hex() == "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"


@pytest.mark.parametrize(
    "signature",
    [Signature("0x0", "0x1", 27), Signature("0x1", "0x0", 28), Signature("0x1", "0x1", 26),
     Signature("0x" + "f" * 64, "0x1", 27)],
)  # fmt: skip
def test_scalars_that_no_key_fits_recover_nobody(signature: Signature) -> None:
    assert recover_address(bytes(32), signature) is None
