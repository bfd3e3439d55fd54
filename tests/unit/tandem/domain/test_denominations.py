"""Which names are multiples of a coin, and which are names."""

from decimal import Decimal as D

import pytest

from tandem.domain.denominations import denomination

PREFIXES = {"1000": D(1_000), "1000000": D(1_000_000), "1M": D(1_000_000), "k": D(1_000)}


@pytest.mark.parametrize(
    ("name", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1),
        ("1000PEPE", "PEPE", 1_000),
        ("1000SATS", "SATS", 1_000),
        ("1000X", "X", 1_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("kPEPE", "PEPE", 1_000),
        ("1INCH", "1INCH", 1),
        ("1000", "1000", 1),
        ("k", "k", 1),
        ("kaspa", "kaspa", 1),
        ("KAS", "KAS", 1),
        ("1000000", "1000000", 1),
        ("1000猫", "猫", 1_000),
    ],
)
def test_c4_only_a_prefix_before_a_coin_is_a_multiple(
    name: str, coin: str, multiplier: int
) -> None:
    assert denomination(name, PREFIXES) == (coin, D(multiplier))


def test_c4_a_coin_that_is_called_so_keeps_its_name() -> None:
    assert denomination("kHYPE", PREFIXES, frozenset({"kHYPE"})) == ("kHYPE", D(1))
