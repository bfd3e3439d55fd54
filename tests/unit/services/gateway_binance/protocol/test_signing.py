import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from services.gateway_binance.protocol.signing import (
    Ed25519Signer,
    HmacSigner,
    Params,
    ed25519_from_pem,
    query_text,
    signed_params,
    signed_query,
    sorted_text,
)

# The example key pair of the public documentation, and RFC 8032 test key 1.
API_KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
SECRET = b"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")

HMAC = HmacSigner(API_KEY, SECRET)
ED25519 = Ed25519Signer("TESTKEY", Ed25519PrivateKey.from_private_bytes(SEED))

ORDER: Params = (
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("quantity", "1"),
    ("price", "9000"),
    ("timeInForce", "GTC"),
    ("recvWindow", 5000),
    ("timestamp", 1591702613943),
)
ORDER_TEXT = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)


def test_hmac_of_the_documented_vector() -> None:
    assert query_text(ORDER) == ORDER_TEXT
    assert HMAC.sign(ORDER_TEXT.encode()) == (
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    )


def test_hmac_of_query_and_body_without_separator() -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
    body = "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
    assert HMAC.sign((query + body).encode()) == (
        "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"
    )


def test_hmac_of_a_symbol_percent_encoded_first() -> None:
    params: Params = (
        ("symbol", "测试USDT"),
        ("side", "BUY"),
        ("type", "MARKET"),
        ("quantity", "1"),
        ("timestamp", 1760000007980),
    )
    assert signed_query(HMAC, params) == (
        "symbol=%E6%B5%8B%E8%AF%95USDT&side=BUY&type=MARKET&quantity=1&timestamp=1760000007980"
        "&signature=f5a675acf0ed2365094143f2921df08b17ba837118e5e06178defa1b39d60116"
    )


def test_hmac_of_sorted_websocket_parameters() -> None:
    signed = dict(signed_params(HMAC, ORDER))
    assert sorted_text((*ORDER, ("apiKey", API_KEY))) == (
        f"apiKey={API_KEY}&price=9000&quantity=1&recvWindow=5000&side=BUY&symbol=BTCUSDT"
        "&timeInForce=GTC&timestamp=1591702613943&type=LIMIT"
    )
    assert signed["apiKey"] == API_KEY
    assert signed["signature"] == (
        "5b8fe2b962b8e1b2b82fb40e548d56147c2a8f835b5f1393ae4b4b90c38b527f"
    )


def test_ed25519_of_the_documented_order() -> None:
    assert ED25519.sign(ORDER_TEXT.encode()) == (
        "ATEuJPvzWUFs0d1x9FwudUJsSfMMWR+bkdrxtbOYgFkZj36Ol/vwKDGm9UWtKuq0mtnSTOQruQAwFvR128PaDg=="
    )


def test_ed25519_of_a_session_logon() -> None:
    signed = dict(signed_params(ED25519, (("timestamp", 1649729878532),)))
    assert signed["signature"] == (
        "A7pzSIpXcoDaqSQtTE3VoAC4ZPjKNqktorOhIKIeEslb5EmDHZQnWzZE75tmjqi+Uy/YwYcRuA5dVDKrgUjYCw=="
    )


def test_base64_signature_is_percent_encoded_in_a_query() -> None:
    assert signed_query(ED25519, ORDER).endswith(
        "&signature=ATEuJPvzWUFs0d1x9FwudUJsSfMMWR%2BbkdrxtbOYgFkZj36Ol%2FvwKDGm9UWtKuq0mtnSTOQruQ"
        "AwFvR128PaDg%3D%3D"
    )


def test_only_ed25519_keys_log_on() -> None:
    assert ED25519.can_logon
    assert not HMAC.can_logon


def test_secrets_do_not_show() -> None:
    assert SECRET.decode() not in repr(HMAC)
    assert "PrivateKey" not in repr(ED25519)


def test_ed25519_key_is_read_from_pem() -> None:
    pem = ED25519.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert ed25519_from_pem("TESTKEY", pem).sign(b"x") == ED25519.sign(b"x")


def test_text_that_is_no_pem_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="not an unencrypted PKCS#8 PEM") as refused:
        ed25519_from_pem("TESTKEY", b"hunter2")
    assert "hunter2" not in str(refused.value)


def test_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(65537, 2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="only Ed25519"):
        ed25519_from_pem("TESTKEY", pem)
