"""How many coins one unit of a listed name is: 1000PEPE is a thousand PEPE, kPEPE too (pure).

1. Only a venue's own prefixes count, each with its number. The longest that fits is taken, and
   only before a letter: 1INCH is a name, and so is what nothing is left of.
2. Tables do not say which names are multiples. A coin that is really called so is named by a
   setting of its gateway; what was mistaken all the same shows in the prices, by which a hedge is
   judged before it is taken on (pairing.py).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tandem.domain.units import ONE


class Denomination(NamedTuple):
    """A coin, and how many of it one unit is."""

    base_asset: str
    multiplier: Decimal = ONE


def denomination(
    name: str, prefixes: Mapping[str, Decimal], whole_names: frozenset[str] = frozenset()
) -> Denomination:
    """Return the coin that a name is a multiple of, or the name itself, once."""
    if name in whole_names:
        return Denomination(name)
    for prefix in sorted(prefixes, key=len, reverse=True):
        coin = name.removeprefix(prefix)
        if coin != name and _is_coin(coin):
            return Denomination(coin, prefixes[prefix])
    return Denomination(name)


def _is_coin(text: str) -> bool:
    """Tell whether a rest can be a coin's name: it begins with a letter, and not a small one."""
    return bool(text) and text[0].isalpha() and not text[0].islower()
