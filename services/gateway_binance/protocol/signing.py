"""Which signature a request carries for a given timestamp: HMAC-SHA256 or Ed25519.

1. What is signed is exactly what goes on the wire, already percent-encoded, so the venue's order
   of encoding and signing cannot matter (Binance docs, general info, SIGNED security).
2. REST: the query string, parameters in call order, `signature` last. WebSocket API: the raw
   parameters sorted by name, `apiKey` among them (Binance docs, WebSocket API general info).
3. A secret never shows in a repr.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Param = tuple[str, str | int]
Params = tuple[Param, ...]


class Signer(Protocol):
    """An API key with its way of signing."""

    @property
    def api_key(self) -> str: ...

    @property
    def can_logon(self) -> bool:
        """Whether the WebSocket API takes this key for a whole session (Ed25519 only)."""
        ...

    def sign(self, payload: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class HmacSigner:
    """A key with a shared secret: HMAC-SHA256 in lower-case hexadecimal."""

    api_key: str
    secret: bytes = field(repr=False)
    can_logon: bool = False

    def sign(self, payload: bytes) -> str:
        return hmac.new(self.secret, payload, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """A key with a private Ed25519 key: signature in base64."""

    api_key: str
    key: Ed25519PrivateKey = field(repr=False)
    can_logon: bool = True

    def sign(self, payload: bytes) -> str:
        return base64.b64encode(self.key.sign(payload)).decode()


def ed25519_from_pem(api_key: str, pem: bytes) -> Ed25519Signer:
    """Read an unencrypted PKCS#8 PEM.

    Raises:
        ValueError: not such a PEM, or a key of another kind; the text never holds the key.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not an unencrypted PKCS#8 PEM private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("a private key of another kind: only Ed25519 signs here")
    return Ed25519Signer(api_key, key)


def query_text(params: Iterable[Param]) -> str:
    """Return parameters as they travel in a URL: UTF-8 percent escapes, order kept."""
    return "&".join([f"{name}={quote(str(value), safe='')}" for name, value in params])


def signed_query(signer: Signer, params: Iterable[Param]) -> str:
    """Return the query of a signed REST request, `signature` last."""
    text = query_text(params)
    return f"{text}&signature={quote(signer.sign(text.encode()), safe='')}"


def sorted_text(params: Iterable[Param]) -> str:
    """Return the text that a WebSocket API request signs: raw values, sorted by name."""
    return "&".join([f"{name}={value}" for name, value in sorted(params)])


def signed_params(signer: Signer, params: Params) -> Params:
    """Return WebSocket API parameters with `apiKey` and `signature`."""
    named: Params = (*params, ("apiKey", signer.api_key))
    return (*named, ("signature", signer.sign(sorted_text(named).encode())))
