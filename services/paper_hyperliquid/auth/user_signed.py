"""What an account's own key signs for approvals and transfers: one typed-data struct per action.

The chain id of the domain is whatever the action names; the first member is always the network
(Hyperliquid docs, Signing; official SDK, user-signed actions).
"""

from functools import lru_cache
from typing import Final

from services.paper_hyperliquid.auth.signature import domain_separator, keccak, typed_data_digest
from services.paper_hyperliquid.wire.schemas import (
    ApproveAgentAction,
    ApproveBuilderFeeAction,
    UsdSendAction,
    UserSignedAction,
)

Member = tuple[str, str, str | int | bool]

_DOMAIN_NAME: Final = "HyperliquidSignTransaction"


def user_signed_digest(action: UserSignedAction) -> bytes:
    """Return the digest that the account's key signed for this action."""
    name, members = _typed_members(action)
    chain = ("string", "hyperliquidChain", action.hyperliquid_chain)
    return typed_data_digest(
        _separator(int(action.signature_chain_id, 16)), _struct_hash(name, (chain, *members))
    )


def inner_nonce(action: UserSignedAction) -> int:
    """Return the nonce inside the action, which must equal the envelope's."""
    return action.time if isinstance(action, UsdSendAction) else action.nonce


@lru_cache(maxsize=64)
def _separator(chain_id: int) -> bytes:
    return domain_separator(_DOMAIN_NAME, chain_id)


def _typed_members(action: UserSignedAction) -> tuple[str, tuple[Member, ...]]:
    match action:
        case ApproveAgentAction():
            # An unnamed agent is signed with the empty name, which clients then do not send.
            return "ApproveAgent", (
                ("address", "agentAddress", action.agent_address),
                ("string", "agentName", action.agent_name or ""),
                ("uint64", "nonce", action.nonce),
            )
        case ApproveBuilderFeeAction():
            return "ApproveBuilderFee", (
                ("string", "maxFeeRate", action.max_fee_rate),
                ("address", "builder", action.builder),
                ("uint64", "nonce", action.nonce),
            )
        case UsdSendAction():
            return "UsdSend", (
                ("string", "destination", action.destination),
                ("string", "amount", action.amount),
                ("uint64", "time", action.time),
            )
        case _:
            return "UsdClassTransfer", (
                ("string", "amount", action.amount),
                ("bool", "toPerp", action.to_perp),
                ("uint64", "nonce", action.nonce),
            )


def _struct_hash(name: str, members: tuple[Member, ...]) -> bytes:
    signature = ",".join(f"{kind} {field}" for kind, field, _ in members)
    type_hash = keccak(f"HyperliquidTransaction:{name}({signature})".encode())
    return keccak(type_hash + b"".join(_word(kind, value) for kind, _, value in members))


def _word(kind: str, value: str | int | bool) -> bytes:
    if kind == "address":
        return int(str(value), 16).to_bytes(32, "big")
    if isinstance(value, str):
        return keccak(value.encode())
    return int(value).to_bytes(32, "big")
