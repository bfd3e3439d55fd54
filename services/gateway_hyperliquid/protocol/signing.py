"""Which 65 bytes prove that an agent wants an action (Hyperliquid docs, Signing).

1. The venue hashes its own canonical serialisation of the action, so `packed` must be it: keys in
   canonical order, optional members omitted, integers of minimal width.
2. The signature is deterministic (RFC 6979, low s): the same request has the same bytes, which is
   what makes a re-post of one provable.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sha3
from coincurve import PrivateKey
from msgspec import Struct

from tandem.domain.errors import InvalidInputError


class Network(StrEnum):
    """Which chain an action is meant for; the letter is the signed `source`."""

    MAINNET = "a"
    TESTNET = "b"


class Signature(Struct, frozen=True):
    """As the envelope carries it: hex quantities and 27 or 28."""

    r: str
    s: str
    v: int


@dataclass(frozen=True, slots=True)
class Seal:
    """What is signed beside the action: one nonce, whose account, and when it dies."""

    nonce: int
    vault: str | None = None
    expires_after_ms: int | None = None


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 digest (not SHA3-256)."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


DOMAIN_TYPE_HASH: Final = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
AGENT_TYPE_HASH: Final = keccak(b"Agent(string source,bytes32 connectionId)")


def domain_separator(name: str, chain_id: int) -> bytes:
    """Return the separator of a version "1" domain whose verifying contract is zero."""
    fields = keccak(name.encode()) + keccak(b"1") + chain_id.to_bytes(32, "big") + bytes(32)
    return keccak(DOMAIN_TYPE_HASH + fields)


_EXCHANGE: Final = b"\x19\x01" + domain_separator("Exchange", 1337)
_AGENT_OF: Final = {
    network: AGENT_TYPE_HASH + keccak(network.value.encode()) for network in Network
}


class AgentKey:
    """A secp256k1 key that signs; its secret never leaves it.

    Raises:
        InvalidInputError: the text is not 32 bytes of hex, or no key of the curve.
    """

    def __init__(self, secret_hex: str) -> None:
        try:
            self._key = PrivateKey(bytes.fromhex(secret_hex.strip().removeprefix("0x")))
        except ValueError as error:
            raise InvalidInputError("agent_key", "(hidden)", "32 bytes of hex") from error
        self.address = "0x" + keccak(self._key.public_key.format(compressed=False)[1:])[12:].hex()

    def sign(self, digest: bytes) -> Signature:
        raw = self._key.sign_recoverable(digest, hasher=None)
        return Signature(f"0x{raw[:32].hex()}", f"0x{raw[32:64].hex()}", 27 + raw[64])


def connection_id(packed: bytes, seal: Seal) -> bytes:
    """Return the hash of an action with its nonce, vault and expiry."""
    parts = [packed, seal.nonce.to_bytes(8, "big"), _vault_part(seal.vault)]
    if seal.expires_after_ms is not None:
        parts.append(b"\x00" + seal.expires_after_ms.to_bytes(8, "big"))
    return keccak(b"".join(parts))


def _vault_part(vault: str | None) -> bytes:
    return b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))


def action_digest(packed: bytes, seal: Seal, network: Network) -> bytes:
    """Return what an agent signs for an action in canonical msgpack."""
    agent = keccak(_AGENT_OF[network] + connection_id(packed, seal))
    return keccak(_EXCHANGE + agent)


def sign_action(key: AgentKey, packed: bytes, seal: Seal, network: Network) -> Signature:
    return key.sign(action_digest(packed, seal, network))
