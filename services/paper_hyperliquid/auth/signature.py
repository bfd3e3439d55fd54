"""Who signed a request: typed-data digests and the public-key recovery behind them.

A wrong signature is not detected as such: it recovers some other address, and the venue then
says that this address does not exist (Hyperliquid docs, Signing).
"""

from enum import StrEnum
from typing import Final

import sha3
from coincurve import PublicKey

from services.paper_hyperliquid.wire.schemas import Signature


class Source(StrEnum):
    """The first member of the signed Agent: which network the signer meant."""

    MAINNET = "a"
    TESTNET = "b"


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 digest (not SHA3-256)."""
    return bytes(sha3.keccak_256(data).digest())


_DOMAIN_TYPE: Final = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_AGENT_TYPE: Final = keccak(b"Agent(string source,bytes32 connectionId)")


def domain_separator(name: str, chain_id: int) -> bytes:
    """Return the separator of a version "1" domain with the zero contract."""
    return keccak(
        _DOMAIN_TYPE
        + keccak(name.encode())
        + keccak(b"1")
        + chain_id.to_bytes(32, "big")
        + bytes(32)
    )


_L1_PREFIX: Final = b"\x19\x01" + domain_separator("Exchange", 1337)
_SOURCE_HASH: Final = {source: keccak(source.value.encode()) for source in Source}


def l1_digest(preimage: bytes, source: Source) -> bytes:
    """Return what a signer signs for an L1 action with this canonical preimage."""
    return keccak(_L1_PREFIX + keccak(_AGENT_TYPE + _SOURCE_HASH[source] + keccak(preimage)))


def typed_data_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """Return what a signer signs for a struct under a domain."""
    return keccak(b"\x19\x01" + separator + struct_hash)


def recover_address(digest: bytes, signature: Signature) -> str | None:
    """Return the lower-case address that signed, or None where no key fits r, s and v."""
    recovery_id = signature.v - 27
    if recovery_id not in (0, 1):
        return None
    compact = _scalar(signature.r) + _scalar(signature.s) + bytes((recovery_id,))
    try:
        key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError:
        return None
    return _address(key)


def _scalar(hex_quantity: str) -> bytes:
    return int(hex_quantity, 16).to_bytes(32, "big")


def _address(key: PublicKey) -> str:
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()
