"""Which bytes and numbers of a venue can be used; the rest is one kind of error, never a crash.

1. Whatever arrives, decoding returns a value or raises `UnreadableError`, which names the field,
   what it held and the rule that it breaks.
2. A number is used only if it is finite and of a size that exact arithmetic can carry; such a
   number is written out in bounded time, which `1E+999999999` is not.
3. An id is a positive whole number of at most 63 bits: it becomes part of a subject.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from tandem.domain.errors import TandemError
from tandem.domain.units import ZERO
from tandem.messages.rules import is_countable

T = TypeVar("T")
MAX_ID: Final = 2**63 - 1
NO_ID: Final = MAX_ID
MAX_SHOWN: Final = 80
MAX_DIGITS: Final = 18
NUMBER_RULE: Final = "a finite decimal below 10^15"
ID_RULE: Final = "a whole number from 1 to 2^63 - 1"
_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(?P<field>[^`]+)`")


class UnreadableError(TandemError, ValueError):
    """Something that a venue sent and that cannot be used.

    Attributes:
        field: as the venue spells it; "frame" for the whole. value: what it held, shortened.
        rule: what it must satisfy.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        self.field = field
        self.value = shown(value)
        self.rule = rule
        super().__init__(f"{field}={self.value}: {rule}")


class Unsound(Struct, frozen=True):
    """Something told that cannot be so: `what` was told, and which field of it breaks which rule.

    `contradicts`: it could be so by itself, but not with what is known.
    """

    what: str
    field: str
    value: str
    rule: str
    contradicts: bool = False

    @property
    def text(self) -> str:
        return f"{self.what}: {self.field}={self.value}: {self.rule}"


def unsound(what: str, error: UnreadableError) -> Unsound:
    return Unsound(what, error.field, error.value, error.rule)


def shown(value: object) -> str:
    """Return anything as one short printable line: it goes to logs and into alarms."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else f"{value}"
    return printable(text[:MAX_SHOWN])


def printable(text: str) -> str:
    """Return a text as one line that people can read."""
    return (
        text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)
    )


def decode(decoder: "msgspec.json.Decoder[T]", payload: bytes) -> T:
    """Return what the bytes say, or raise UnreadableError."""
    try:
        return decoder.decode(payload)
    except RecursionError as error:
        raise UnreadableError("frame", bytes(payload[:MAX_SHOWN]), "nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        # msgspec's errors and Unicode's are ValueErrors; so is a number of too many digits.
        raise _unreadable(bytes(payload[:MAX_SHOWN]), str(error)) from error


def decode_each(
    what: str, rows: Iterable[msgspec.Raw], decoder: "msgspec.json.Decoder[T]"
) -> tuple[list[T], list[Unsound]]:
    """Return the rows of a list that can be read, and of each other one what is wrong with it.

    Lists are decoded row by row: one that cannot be read must not hide the others.
    """
    read: list[T] = []
    faults: list[Unsound] = []
    for row in rows:
        try:
            read.append(decode(decoder, bytes(row)))
        except UnreadableError as error:
            faults.append(unsound(what, error))
    return read, faults


def _unreadable(payload: bytes, text: str) -> UnreadableError:
    path = _PATH.search(text)
    missing = _MISSING.search(text)
    names = (path["path"] if path else "", missing["field"] if missing else "")
    field = ".".join(name for name in names if name) or "frame"
    return UnreadableError(field, payload, text[:MAX_SHOWN])


def usable(value: Decimal, field: str = "number") -> Decimal:
    """Return a number unchanged, or raise UnreadableError."""
    if is_countable(value):
        return value
    raise UnreadableError(field, value, NUMBER_RULE)


def plain(value: Decimal, field: str = "number") -> Decimal:
    """Return the canonical form of a number, so that padded and bare ones read the same.

    Raises:
        UnreadableError: not a number that trading can have.
    """
    if usable(value, field) == 0:
        return ZERO
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def positive(value: Decimal, field: str) -> Decimal:
    """Return the canonical form of a number above 0, or raise UnreadableError."""
    number = plain(value, field)
    if number > 0:
        return number
    raise UnreadableError(field, value, "above 0")


def plain_or_none(value: Decimal | None, field: str = "number") -> Decimal | None:
    return None if value is None else plain(value, field)


def whole_number(text: str) -> int | None:
    """Return a whole number that a header or a text holds; None for anything else."""
    is_whole = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if is_whole else None


def id_number(text: str) -> int:
    """Return a venue's id as the number it is; of any other text the id that no order has.

    A strategy may name any id: the venue then says itself that it knows no such order.
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))
    return min(int(text), NO_ID) if is_number else NO_ID


def id_text(number: int, field: str = "id") -> str:
    """Return a venue's number for something as text, or raise UnreadableError."""
    if 0 < number <= MAX_ID:
        return str(number)
    raise UnreadableError(field, number, ID_RULE)
