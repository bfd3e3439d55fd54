"""Whether a request's signature fits the bytes received, and its timestamp the clock.

The signed text of a REST request is its query followed by its body, nothing between, each with
its `signature` pair cut out (Binance docs, general info, SIGNED endpoint security).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import NewType
from urllib.parse import unquote_to_bytes, urlencode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from services.paper_binance.wire.errors import AHEAD_OF_SERVER, OUTSIDE_WINDOW, Code, VenueError

ApiKey = NewType("ApiKey", str)

AHEAD_LIMIT_MS = 1_000
DEFAULT_RECV_WINDOW_MS = 5_000
SIGNATURE_NAME = b"signature="


class HmacSecret(msgspec.Struct, frozen=True):
    """A shared secret: HMAC-SHA256 in hexadecimal, either case."""

    secret: str

    def fits(self, payload: bytes, signature: str) -> bool:
        expected = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())


class Ed25519Key(msgspec.Struct, frozen=True):
    """A public key: Ed25519 in base64."""

    key: ed25519.Ed25519PublicKey

    def fits(self, payload: bytes, signature: str) -> bool:
        try:
            self.key.verify(_base64(signature), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class RsaKey(msgspec.Struct, frozen=True):
    """A public key: RSASSA-PKCS1-v1_5 with SHA-256 in base64."""

    key: rsa.RSAPublicKey

    def fits(self, payload: bytes, signature: str) -> bool:
        try:
            self.key.verify(_base64(signature), payload, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


Credential = HmacSecret | Ed25519Key | RsaKey


def public_key(pem: str) -> Ed25519Key | RsaKey:
    """Read a PEM public key of either asymmetric kind."""
    key = serialization.load_pem_public_key(pem.encode())
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Ed25519Key(key)
    if isinstance(key, rsa.RSAPublicKey):
        return RsaKey(key)
    raise ValueError(f"public key is {type(key).__name__}: only Ed25519 and RSA are accepted")


class SignedParts(msgspec.Struct, frozen=True):
    """The bytes that were signed, and the signature sent with them ("" when there is none)."""

    payload: bytes
    signature: str


def signed_parts(query: bytes, body: bytes) -> SignedParts:
    """Cut the signature out of the raw query and body; the query's wins when both have one."""
    query_rest, query_signature = _cut_signature(query)
    body_rest, body_signature = _cut_signature(body)
    return SignedParts(query_rest + body_rest, query_signature or body_signature)


def check_signature(credential: Credential, parts: SignedParts) -> None:
    if not parts.signature:
        raise VenueError(Code.MANDATORY_PARAM, "signature")
    if not credential.fits(parts.payload, parts.signature):
        raise VenueError(Code.INVALID_SIGNATURE)


def check_websocket_signature(credential: Credential, params: Mapping[str, str]) -> None:
    """Accept the sorted parameters signed raw (docs) or url-encoded (the official SDK)."""
    signature = params.get("signature", "")
    if not signature:
        raise VenueError(Code.MANDATORY_PARAM, "signature")
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    raw = "&".join(f"{name}={value}" for name, value in pairs)
    if credential.fits(raw.encode(), signature):
        return
    if not credential.fits(urlencode(pairs).encode(), signature):
        raise VenueError(Code.INVALID_SIGNATURE)


def check_timestamp(timestamp_ms: int, recv_window_ms: int, now_ms: int) -> None:
    """Refuse a request from the future or older than its window."""
    if timestamp_ms >= now_ms + AHEAD_LIMIT_MS:
        raise VenueError(Code.INVALID_TIMESTAMP, AHEAD_OF_SERVER)
    if now_ms - timestamp_ms > recv_window_ms:
        raise VenueError(Code.INVALID_TIMESTAMP, OUTSIDE_WINDOW)


def _cut_signature(part: bytes) -> tuple[bytes, str]:
    pairs = part.split(b"&")
    kept = [pair for pair in pairs if not pair.startswith(SIGNATURE_NAME)]
    if len(kept) == len(pairs):
        return part, ""
    cut = next(pair for pair in pairs if pair.startswith(SIGNATURE_NAME))
    value = unquote_to_bytes(cut[len(SIGNATURE_NAME) :])
    return b"&".join(kept), value.decode("ascii", "replace")


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
