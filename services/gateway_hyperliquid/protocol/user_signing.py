"""Which bytes an account's owner signs to approve an agent or move funds.

Hyperliquid docs, Signing: typed data under a domain of its own.

An agent cannot sign these: the venue would act for the agent's own, empty account. The gateway
holds no owner key; an operator's tool signs with these digests.
"""

from collections.abc import Mapping
from typing import Final

from services.gateway_hyperliquid.protocol.signing import domain_separator, keccak

Member = str | int | bool

STRUCTS: Final[Mapping[str, str]] = {
    "approveAgent": "ApproveAgent(string hyperliquidChain,address agentAddress,"
    "string agentName,uint64 nonce)",
    "approveBuilderFee": "ApproveBuilderFee(string hyperliquidChain,string maxFeeRate,"
    "address builder,uint64 nonce)",
    "usdSend": "UsdSend(string hyperliquidChain,string destination,string amount,uint64 time)",
    "withdraw3": "Withdraw(string hyperliquidChain,string destination,string amount,uint64 time)",
    "spotSend": "SpotSend(string hyperliquidChain,string destination,string token,"
    "string amount,uint64 time)",
    "usdClassTransfer": "UsdClassTransfer(string hyperliquidChain,string amount,"
    "bool toPerp,uint64 nonce)",
}


def user_digest(kind: str, members: Mapping[str, Member], chain_id: int) -> bytes:
    """Return what an owner signs for an action of `kind`.

    Args:
        kind: the action's `type`, a key of `STRUCTS`.
        members: the action's members by name; others than the signed ones are ignored.
        chain_id: `signatureChainId` of the action as a number; the venue takes any.
    """
    declared = f"HyperliquidTransaction:{STRUCTS[kind]}"
    fields = declared[declared.index("(") + 1 : -1].split(",")
    words = [_word(field.partition(" "), members) for field in fields]
    struct = keccak(keccak(declared.encode()) + b"".join(words))
    return keccak(b"\x19\x01" + domain_separator("HyperliquidSignTransaction", chain_id) + struct)


def _word(field: tuple[str, str, str], members: Mapping[str, Member]) -> bytes:
    """Encode one member as 32 bytes; an unnamed agent's absent name is the empty text."""
    kind, _, name = field
    value = members.get(name, "")
    if kind == "string":
        return keccak(str(value).encode())
    if kind == "address":
        return bytes.fromhex(str(value).removeprefix("0x")).rjust(32, b"\x00")
    return int(value).to_bytes(32, "big")
