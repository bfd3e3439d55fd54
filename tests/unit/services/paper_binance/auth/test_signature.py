"""Golden vectors: documented by Binance (V1) or recomputed; RFC 8032 test key 1 for Ed25519."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from services.paper_binance.auth.keyring import PAPER_ED25519_PUBLIC
from services.paper_binance.auth.signature import (
    Credential,
    HmacSecret,
    SignedParts,
    check_signature,
    check_timestamp,
    check_websocket_signature,
    public_key,
    signed_parts,
)
from services.paper_binance.wire.errors import Code, VenueError

SECRET = HmacSecret("2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9")
API_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
ED25519 = public_key(PAPER_ED25519_PUBLIC)

V1_PAYLOAD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
V1_SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
V2_QUERY = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
V2_BODY = "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
V2_SIGNATURE = "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"
V3_PAYLOAD = "symbol=%E6%B5%8B%E8%AF%95USDT&side=BUY&type=MARKET&quantity=1&timestamp=1760000007980"
V3_SIGNATURE = "f5a675acf0ed2365094143f2921df08b17ba837118e5e06178defa1b39d60116"
V4_PARAMS = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "9000",
    "recvWindow": "5000",
    "timestamp": "1591702613943",
    "apiKey": API_KEY,
}
V4_SIGNATURE = "5b8fe2b962b8e1b2b82fb40e548d56147c2a8f835b5f1393ae4b4b90c38b527f"
ED25519_V1 = (
    "ATEuJPvzWUFs0d1x9FwudUJsSfMMWR+bkdrxtbOYgFkZj36Ol/vwKDGm9UWtKuq0mtnSTOQruQAwFvR128PaDg=="
)
LOGON_PAYLOAD = "apiKey=TESTKEY&timestamp=1649729878532"
ED25519_LOGON = (
    "A7pzSIpXcoDaqSQtTE3VoAC4ZPjKNqktorOhIKIeEslb5EmDHZQnWzZE75tmjqi+Uy/YwYcRuA5dVDKrgUjYCw=="
)

VECTORS = [
    pytest.param(SECRET, V1_PAYLOAD, V1_SIGNATURE, id="V1"),
    pytest.param(SECRET, V2_QUERY + V2_BODY, V2_SIGNATURE, id="V2"),
    pytest.param(SECRET, V3_PAYLOAD, V3_SIGNATURE, id="V3"),
    pytest.param(ED25519, V1_PAYLOAD, ED25519_V1, id="Ed25519-V1"),
    pytest.param(ED25519, LOGON_PAYLOAD, ED25519_LOGON, id="Ed25519-logon"),
]


def refusal(credential: Credential, payload: bytes, signature: str) -> Code | None:
    try:
        check_signature(credential, SignedParts(payload, signature))
    except VenueError as error:
        return error.code
    return None


def flipped(text: str, index: int) -> str:
    """Return the text with the lowest bit of one character flipped."""
    return text[:index] + chr(ord(text[index]) ^ 1) + text[index + 1 :]


@pytest.mark.parametrize(("credential", "payload", "signature"), VECTORS)
def test_vector_is_accepted(credential: Credential, payload: str, signature: str) -> None:
    assert refusal(credential, payload.encode(), signature) is None


@pytest.mark.parametrize(("credential", "payload", "signature"), VECTORS)
def test_vector_with_any_payload_bit_altered_is_refused(
    credential: Credential, payload: str, signature: str
) -> None:
    codes = {
        refusal(credential, flipped(payload, index).encode(), signature)
        for index in range(len(payload))
    }

    assert codes == {Code.INVALID_SIGNATURE}


@pytest.mark.parametrize(("credential", "payload", "signature"), VECTORS[:3])
def test_hexadecimal_signature_with_any_bit_altered_is_refused(
    credential: Credential, payload: str, signature: str
) -> None:
    codes = {
        refusal(credential, payload.encode(), flipped(signature, index))
        for index in range(len(signature))
    }

    assert codes == {Code.INVALID_SIGNATURE}


@pytest.mark.parametrize(("credential", "payload", "signature"), VECTORS[3:])
def test_base64_signature_with_any_bit_altered_is_refused(
    credential: Credential, payload: str, signature: str
) -> None:
    raw = base64.b64decode(signature)
    altered = [
        raw[:index] + bytes([raw[index] ^ bit]) + raw[index + 1 :]
        for index in range(len(raw))
        for bit in (1, 128)
    ]

    codes = {
        refusal(credential, payload.encode(), base64.b64encode(one).decode()) for one in altered
    }

    assert codes == {Code.INVALID_SIGNATURE}


def test_hexadecimal_signature_may_be_upper_case() -> None:
    assert refusal(SECRET, V1_PAYLOAD.encode(), V1_SIGNATURE.upper()) is None


def test_signature_that_is_not_base64_is_refused() -> None:
    assert refusal(ED25519, V1_PAYLOAD.encode(), "no base64 at all") is Code.INVALID_SIGNATURE


def test_missing_signature_is_named() -> None:
    with pytest.raises(VenueError, match="'signature'"):
        check_signature(SECRET, SignedParts(b"a=1", ""))


def test_websocket_vector_is_accepted_whatever_the_order() -> None:
    params = {"signature": V4_SIGNATURE, **dict(reversed(V4_PARAMS.items()))}

    check_websocket_signature(SECRET, params)


@pytest.mark.parametrize("name", list(V4_PARAMS))
def test_websocket_vector_with_one_value_altered_is_refused(name: str) -> None:
    altered = {**V4_PARAMS, name: flipped(V4_PARAMS[name], 0), "signature": V4_SIGNATURE}

    with pytest.raises(VenueError, match="Signature"):
        check_websocket_signature(SECRET, altered)


def test_websocket_request_without_signature_names_it() -> None:
    with pytest.raises(VenueError, match="'signature'"):
        check_websocket_signature(SECRET, V4_PARAMS)


def test_websocket_signature_over_encoded_values_is_accepted() -> None:
    # The official SDK url-encodes the sorted parameters before it signs them.
    payload = b"newClientOrderId=a%3Ab%2Fc&timestamp=1"
    signature = hmac.new(SECRET.secret.encode(), payload, hashlib.sha256).hexdigest()

    check_websocket_signature(
        SECRET, {"newClientOrderId": "a:b/c", "timestamp": "1", "signature": signature}
    )


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (f"{V1_PAYLOAD}&signature={V1_SIGNATURE}", ""),
        (f"signature={V1_SIGNATURE}&{V1_PAYLOAD}", ""),
        ("", f"{V1_PAYLOAD}&signature={V1_SIGNATURE}"),
        (f"signature={V1_SIGNATURE}", V1_PAYLOAD),
    ],
    ids=["query", "first in query", "body", "query over a body"],
)
def test_signature_is_cut_out_wherever_it_stands(query: str, body: str) -> None:
    parts = signed_parts(query.encode(), body.encode())

    assert parts == SignedParts(V1_PAYLOAD.encode(), V1_SIGNATURE)


def test_query_and_body_are_joined_without_separator() -> None:
    parts = signed_parts(f"{V2_QUERY}&signature={V2_SIGNATURE}".encode(), V2_BODY.encode())

    assert refusal(SECRET, parts.payload, parts.signature) is None


def test_percent_encoded_signature_is_decoded() -> None:
    parts = signed_parts(b"a=1&signature=ab%2B%2F%3D", b"")

    assert parts.signature == "ab+/="


def test_rsa_signature_is_accepted_and_another_payload_is_not() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signature = private.sign(V1_PAYLOAD.encode(), padding.PKCS1v15(), hashes.SHA256())
    text = base64.b64encode(signature).decode()
    key = public_key(pem.decode())

    assert (refusal(key, V1_PAYLOAD.encode(), text), refusal(key, b"other", text)) == (
        None,
        Code.INVALID_SIGNATURE,
    )


@pytest.mark.parametrize("timestamp_ms", [5_000, 10_000, 10_999])
def test_timestamp_within_its_window_is_accepted(timestamp_ms: int) -> None:
    check_timestamp(timestamp_ms, 5_000, 10_000)


@pytest.mark.parametrize(
    ("timestamp_ms", "reason"), [(4_999, "outside of the recvWindow"), (11_000, "1000ms ahead")]
)
def test_timestamp_outside_its_window_is_refused(timestamp_ms: int, reason: str) -> None:
    with pytest.raises(VenueError, match=reason):
        check_timestamp(timestamp_ms, 5_000, 10_000)


def test_keys_of_other_kinds_are_refused() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    with pytest.raises(ValueError, match="only Ed25519 and RSA"):
        public_key(pem.decode())
