"""Which /exchange bodies the venue accepts: every action as a typed, canonical struct.

1. A decoded action is canonical: decimals carry no trailing zeros, cloids and addresses are
   lower case, absent optional members are absent (Hyperliquid docs, Signing; exchange endpoint).
2. Field order is the venue's hashing order, so serialising a struct gives the signed bytes.
3. Unknown extra members are ignored and therefore never hashed.
"""

import re
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder
from msgspec.structs import force_setattr

Tif = Literal["Gtc", "Ioc", "Alo", "FrontendMarket"]
Tpsl = Literal["tp", "sl"]

# Decimal strings: no sign, no exponent, and nothing but zeros past the eighth decimal.
WireDecimal = Annotated[str, Meta(pattern=r"^[0-9]{1,20}(\.[0-9]{1,8}0*)?$")]
Cloid = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{32}$")]
Address = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{40}$")]
HexQuantity = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{1,64}$")]
ChainId = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{1,16}$")]
U64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Asset = Annotated[int, Meta(ge=0, le=2**32 - 1)]

_LEADING_ZEROS = re.compile(r"^0+(?=[0-9])")


def canonical_decimal(text: str) -> str:
    """Return the form of a decimal that the venue hashes: "100.0" and "0100" are both "100"."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _LEADING_ZEROS.sub("", text) if text[0] == "0" else text


def _require_absent_or_true(field: str, value: bool | UnsetType) -> None:
    if value is False:
        raise ValueError(f"{field}: false is not allowed, omit the member")


class LimitKind(Struct, frozen=True):
    """A limit order and how long it may rest."""

    tif: Tif


class TriggerKind(Struct, frozen=True, rename="camel"):
    """A stop or take-profit order, waiting for the mark price."""

    is_market: bool
    trigger_px: WireDecimal
    tpsl: Tpsl

    def __post_init__(self) -> None:
        force_setattr(self, "trigger_px", canonical_decimal(self.trigger_px))


class OrderKind(Struct, frozen=True, omit_defaults=True):
    """Exactly one of the two members is present."""

    limit: LimitKind | None = None
    trigger: TriggerKind | None = None

    def __post_init__(self) -> None:
        if (self.limit is None) == (self.trigger is None):
            raise ValueError("t: exactly one of limit and trigger is required")


class OrderWire(Struct, frozen=True, omit_defaults=True):
    """One order as it is signed: asset, is-buy, price, size, reduce-only, kind, cloid."""

    a: Asset
    b: bool
    p: WireDecimal
    s: WireDecimal
    r: bool
    t: OrderKind
    c: Cloid | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "p", canonical_decimal(self.p))
        force_setattr(self, "s", canonical_decimal(self.s))
        if self.c is not None:
            force_setattr(self, "c", self.c.lower())


class Builder(Struct, frozen=True):
    """Who built the order and its fee in tenths of a basis point."""

    b: Address
    f: U64

    def __post_init__(self) -> None:
        force_setattr(self, "b", self.b.lower())


class PriorityGrouping(Struct, frozen=True):
    """A priority fee rate in units of 1e-8."""

    p: U64


Grouping = Literal["na", "normalTpsl", "positionTpsl"] | PriorityGrouping


class _Action(Struct, frozen=True, omit_defaults=True, tag_field="type", rename="camel"):
    pass


class OrderAction(_Action, frozen=True, tag="order"):
    """Place one or more orders."""

    orders: list[OrderWire]
    grouping: Grouping
    builder: Builder | None = None


class CancelWire(Struct, frozen=True):
    """An order named by its oid."""

    a: Asset
    o: U64


class CancelAction(_Action, frozen=True, tag="cancel"):
    """Cancel orders by oid."""

    cancels: list[CancelWire]
    f: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        _require_absent_or_true("f", self.f)


class CancelByCloidWire(Struct, frozen=True):
    """An order named by its cloid."""

    asset: Asset
    cloid: Cloid

    def __post_init__(self) -> None:
        force_setattr(self, "cloid", self.cloid.lower())


class CancelByCloidAction(_Action, frozen=True, tag="cancelByCloid"):
    """Cancel orders by cloid."""

    cancels: list[CancelByCloidWire]
    f: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        _require_absent_or_true("f", self.f)


class ModifyWire(Struct, frozen=True):
    """An order by oid or cloid, and what replaces it."""

    oid: U64 | Cloid
    order: OrderWire

    def __post_init__(self) -> None:
        if isinstance(self.oid, str):
            force_setattr(self, "oid", self.oid.lower())


class ModifyAction(_Action, frozen=True, tag="modify"):
    """Replace one order."""

    oid: U64 | Cloid
    order: OrderWire
    a: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        _require_absent_or_true("a", self.a)
        if isinstance(self.oid, str):
            force_setattr(self, "oid", self.oid.lower())


class BatchModifyAction(_Action, frozen=True, tag="batchModify"):
    """Replace several orders."""

    modifies: list[ModifyWire]
    a: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        _require_absent_or_true("a", self.a)


class ScheduleCancelAction(_Action, frozen=True, tag="scheduleCancel"):
    """Set the time at which every open order is cancelled, or clear it."""

    time: U64 | None = None


class UpdateLeverageAction(_Action, frozen=True, tag="updateLeverage"):
    """Set leverage and margin mode of an asset."""

    asset: Asset
    is_cross: bool
    leverage: U64


class UpdateIsolatedMarginAction(_Action, frozen=True, tag="updateIsolatedMargin"):
    """`ntli` is in millionths of a US dollar and may be negative."""

    asset: Asset
    is_buy: bool
    ntli: int


class NoopAction(_Action, frozen=True, tag="noop"):
    """Use up a nonce."""


class ReserveRequestWeightAction(_Action, frozen=True, tag="reserveRequestWeight"):
    """Buy room in the address budget."""

    weight: U64


class SetReferrerAction(_Action, frozen=True, tag="setReferrer"):
    """Name a referrer."""

    code: str


class _UserSigned(_Action, frozen=True):
    """An action signed as typed data by the account's own key; never by an agent."""

    hyperliquid_chain: Literal["Mainnet", "Testnet"]
    signature_chain_id: ChainId


class ApproveAgentAction(_UserSigned, frozen=True, tag="approveAgent"):
    """Let another key sign for this account."""

    agent_address: Address
    nonce: U64
    agent_name: str | None = None


class ApproveBuilderFeeAction(_UserSigned, frozen=True, tag="approveBuilderFee"):
    """Let a builder charge this account up to a rate."""

    max_fee_rate: str
    builder: Address
    nonce: U64


class UsdSendAction(_UserSigned, frozen=True, tag="usdSend"):
    """Send US dollars to another account."""

    destination: Address
    amount: WireDecimal
    time: U64


class UsdClassTransferAction(_UserSigned, frozen=True, tag="usdClassTransfer"):
    """Move US dollars between the spot and perp sides of the account."""

    amount: str
    to_perp: bool
    nonce: U64


UserSignedAction = (
    ApproveAgentAction | ApproveBuilderFeeAction | UsdSendAction | UsdClassTransferAction
)
L1Action = (
    OrderAction
    | CancelAction
    | CancelByCloidAction
    | ModifyAction
    | BatchModifyAction
    | ScheduleCancelAction
    | UpdateLeverageAction
    | UpdateIsolatedMarginAction
    | NoopAction
    | ReserveRequestWeightAction
    | SetReferrerAction
)


class Signature(Struct, frozen=True):
    """Unpadded hex quantities: a leading zero digit may be missing (SDK behaviour)."""

    r: HexQuantity
    s: HexQuantity
    v: int


class Envelope(Struct, frozen=True, rename="camel"):
    """One POST /exchange body; null and absent members mean the same."""

    action: L1Action | UserSignedAction
    nonce: U64
    signature: Signature
    vault_address: Address | None = None
    expires_after: U64 | None = None

    def __post_init__(self) -> None:
        if self.vault_address is not None:
            force_setattr(self, "vault_address", self.vault_address.lower())


_ENVELOPE = Decoder(Envelope)


def decode_envelope(body: bytes | str | Raw) -> Envelope:
    """Return the typed request, or raise msgspec's DecodeError (bad JSON) or ValidationError."""
    return _ENVELOPE.decode(body)
