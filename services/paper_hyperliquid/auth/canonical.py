"""Which bytes a signer must have signed for an action: the venue's own re-serialisation of it.

The JSON that arrived plays no part; key order, trailing zeros and letter case of the client do
not matter (Hyperliquid docs, Signing). Map keys go in the structs' declared order.
"""

from msgspec import Struct
from msgspec.msgpack import Encoder

_MSGPACK = Encoder()


def action_preimage(
    action: Struct, nonce: int, vault_address: str | None, expires_after: int | None
) -> bytes:
    """Return msgpack(action) ++ nonce ++ vault marker ++ optional expiry."""
    parts = [_MSGPACK.encode(action), nonce.to_bytes(8, "big"), _vault_marker(vault_address)]
    if expires_after is not None:
        parts.append(b"\x00" + expires_after.to_bytes(8, "big"))
    return b"".join(parts)


def _vault_marker(vault_address: str | None) -> bytes:
    if vault_address is None:
        return b"\x00"
    return b"\x01" + bytes.fromhex(vault_address[2:])
