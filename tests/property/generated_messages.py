"""Strategies that make any message of the wire contract, from its own field types."""

import types
from decimal import Decimal
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

# Words that collide where a spelling is careless, and texts that no subject may hold as they are.
WORDS = (
    "",
    "-",
    "a",
    "b",
    "all",
    "oid:1",
    "1",
    "0x7a4d",
    "a.b",
    "*",
    ">",
    "xyz:TSLA",
    "测试",
)
NUMBERS = ("0", "-0", "1", "1.0", "-1.50", "1E+3", "0.000001", "12345678901234567890123456789.5")


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS) | st.text(max_size=6) | st.text("x%é", min_size=390, max_size=405)


def decimals() -> st.SearchStrategy[Decimal]:
    spelled = st.sampled_from(NUMBERS).map(Decimal)
    return spelled | st.decimals(allow_nan=False, allow_infinity=False, places=4)


def messages_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return any value of a message, or of a part of one."""
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)] if issubclass(kind, Struct) else list(hints)
    return st.fixed_dictionaries({name: _values(hints[name]) for name in names}).map(
        lambda values: kind(**values)
    )


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, NewType):
        return _values(hint.__supertype__)
    if get_origin(hint) in {Union, types.UnionType}:
        return st.one_of([_values(part) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(_values(get_args(hint)[0]), max_size=2).map(tuple)
    return _plain_values(hint)


def _plain_values(hint: Any) -> st.SearchStrategy[Any]:
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: texts(),
        int: st.integers(0, 3) | st.integers(0, 2**62),
        bool: st.booleans(),
        Decimal: decimals(),
        type(None): st.none(),
    }
    if hint in plain:
        return plain[hint]
    return st.sampled_from(list(hint)) if issubclass(hint, Enum) else messages_of(hint)
