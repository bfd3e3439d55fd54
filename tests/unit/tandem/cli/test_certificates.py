"""The authority, the servers' certificate, and when it is made anew."""

import datetime

import pytest
from cryptography import x509

from tandem.cli import certificates

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
NAMES = ("nats", "nats-2")
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> certificates.Pair:
    return certificates.authority(NOW)


def test_a_server_is_known_by_its_names_and_by_loopback(authority: certificates.Pair) -> None:
    made = certificates.server(authority, NAMES, NOW)

    found = x509.load_pem_x509_certificate(made.certificate.encode())
    known_as = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert known_as.get_values_for_type(x509.DNSName) == [*NAMES, "localhost"]
    assert [str(one) for one in known_as.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_authority_signs_servers_only(authority: certificates.Pair) -> None:
    found = x509.load_pem_x509_certificate(authority.certificate.encode())

    limits = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert limits.value == x509.BasicConstraints(ca=True, path_length=0)


@pytest.mark.parametrize(
    ("names", "age", "good"),
    [
        (NAMES, DAY, True),
        (NAMES[:1], DAY, True),
        ((*NAMES, "elsewhere"), DAY, False),
        ((*NAMES, "10.0.0.1"), DAY, False),
        (NAMES, 364 * DAY, True),
        (NAMES, 366 * DAY, False),
    ],
)
def test_a_certificate_is_kept_while_it_is_young_and_has_every_name(
    authority: certificates.Pair, names: tuple[str, ...], age: datetime.timedelta, *, good: bool
) -> None:
    made = certificates.server(authority, NAMES, NOW)

    assert certificates.is_good(authority, made, names, NOW + age) is good


def test_a_certificate_of_another_authority_is_not_kept(authority: certificates.Pair) -> None:
    made = certificates.server(certificates.authority(NOW), NAMES, NOW)

    assert not certificates.is_good(authority, made, NAMES, NOW)
