"""What may be asked of the venue's exchange endpoint, member for member in canonical order.

The order of the fields below is the order the venue hashes (Hyperliquid docs, Signing); optional
members are omitted when unset, never null.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec
from msgspec import Struct

from services.gateway_hyperliquid.protocol.signing import (
    AgentKey,
    Network,
    Seal,
    Signature,
    sign_action,
)
from tandem.domain.errors import InvalidInputError

Tif = Literal["Alo", "Ioc", "Gtc"]
WIRE_DECIMALS: Final = 8


class Limit(Struct, frozen=True):
    tif: Tif


class LimitKind(Struct, frozen=True):
    limit: Limit


class OrderWire(Struct, frozen=True, omit_defaults=True):
    """One order: asset id, is buy, limit price, size, reduce only, kind, client id."""

    a: int
    b: bool
    p: str
    s: str
    r: bool
    t: LimitKind
    c: str | None = None


class PlaceOrders(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="order"):
    orders: tuple[OrderWire, ...]
    grouping: Literal["na"]


class OidRef(Struct, frozen=True):
    """An order of an asset by the venue's id."""

    a: int
    o: int


class CloidRef(Struct, frozen=True):
    """An order of an asset by the client's id."""

    asset: int
    cloid: str


class CancelByOid(Struct, frozen=True, tag_field="type", tag="cancel"):
    cancels: tuple[OidRef, ...]


class CancelByCloid(Struct, frozen=True, tag_field="type", tag="cancelByCloid"):
    cancels: tuple[CloidRef, ...]


class Noop(Struct, frozen=True, tag_field="type", tag="noop"):
    """Does nothing but use up its nonce: kills an action in flight that has the same one."""


Action = PlaceOrders | CancelByOid | CancelByCloid | Noop


class Envelope(Struct, frozen=True, rename="camel", omit_defaults=True):
    """The body of the exchange endpoint; the same bytes may be posted again, never re-signed."""

    action: Action
    nonce: int
    signature: Signature
    vault_address: str | None = None
    expires_after: int | None = None


class PostAction(Struct, frozen=True, tag_field="type", tag="action"):
    payload: msgspec.Raw


class PostFrame(Struct, frozen=True, tag_field="method", tag="post"):
    """An exchange request over the WebSocket; `id` pairs its answer."""

    id: int
    request: PostAction


_pack: Final = msgspec.msgpack.Encoder()
_json: Final = msgspec.json.Encoder()


def packed(action: Action) -> bytes:
    """Return the canonical bytes of an action, which the venue hashes."""
    return _pack.encode(action)


def sealed(action: Action, seal: Seal, key: AgentKey, network: Network) -> bytes:
    """Return the signed request body for an action."""
    signature = sign_action(key, packed(action), seal, network)
    return _json.encode(Envelope(action, seal.nonce, signature, seal.vault, seal.expires_after_ms))


def post_frame(request_id: int, body: bytes) -> bytes:
    """Return the WebSocket frame that posts a signed request body."""
    return _json.encode(PostFrame(request_id, PostAction(msgspec.Raw(body))))


def wire_decimal(field: str, value: Decimal) -> str:
    """Return a decimal as the venue hashes it: plain, no trailing zero, at most 8 decimals.

    Raises:
        InvalidInputError: a value that this form cannot hold exactly.
    """
    if not value.is_finite() or value <= 0:
        raise InvalidInputError(field, value, "a positive finite decimal")
    text = format(value, "f")
    if "." not in text:
        return text
    text = text.rstrip("0").rstrip(".")
    if len(text.partition(".")[2]) > WIRE_DECIMALS:
        raise InvalidInputError(field, value, f"at most {WIRE_DECIMALS} decimals")
    return text
