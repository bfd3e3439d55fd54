"""Makes the desk's own certificate authority and the certificate of its NATS servers.

1. The authority's key stays in its own directory; no server and no client is given it.
2. What is good is kept. The servers' certificate is made anew when half of its life is over, when
   it lacks a wanted name, or when the authority did not sign it.
"""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = datetime.timedelta(days=3_650)
SERVER_LIFE = datetime.timedelta(days=730)
# Clocks of two machines may differ.
BEFORE = datetime.timedelta(minutes=10)
ALWAYS = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: str
    key: str


def authority(now: datetime.datetime) -> Pair:
    """Return a new authority that signs the servers' certificates and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tandem {os.urandom(4).hex()}")])
    usage = _usage(signs_certificates=True)
    built = (
        _built(name, name, key.public_key(), (now, AUTHORITY_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _pair(built.sign(key, hashes.SHA256()), key)


def server(signer: Pair, names: Sequence[str], now: datetime.datetime) -> Pair:
    """Return a certificate for servers that are reached by `names` and by loopback."""
    parent, parent_key = _certificate(signer), _key(signer)
    key = ec.generate_private_key(ec.SECP256R1())
    known_as = x509.SubjectAlternativeName([_name(one) for one in _all(names)])
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    built = (
        _built(subject, parent.subject, key.public_key(), (now, SERVER_LIFE))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(known_as, critical=False)
        .add_extension(_signed_by(parent_key), critical=False)
    )
    return _pair(built.sign(parent_key, hashes.SHA256()), key)


def is_good(signer: Pair, made: Pair, names: Sequence[str], now: datetime.datetime) -> bool:
    """Tell whether a server's certificate may be kept."""
    found = _certificate(made)
    half = found.not_valid_before_utc + SERVER_LIFE / 2
    known_as = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if now > half or not {_name(one) for one in _all(names)} <= set(known_as):
        return False
    try:
        found.verify_directly_issued_by(_certificate(signer))
    except (InvalidSignature, ValueError):
        return False
    return True


def _all(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *ALWAYS)))


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    life: tuple[datetime.datetime, datetime.timedelta],
) -> x509.CertificateBuilder:
    begin, length = life
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - BEFORE)
        .not_valid_after(begin + length)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    plain = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), plain.decode())


def _certificate(pair: Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.encode())


def _key(pair: Pair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{type(key).__name__} is no key that this program makes")
    return key
