"""Which bytes and numbers of the venue can be used; the rest is one kind of error, never a crash.

1. Whatever arrives, decoding returns a value or raises `UnreadableError`.
2. A number is used only if it is finite and of a size that trading can have.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

T = TypeVar("T")
MAX_MAGNITUDE = 25


class UnreadableError(ValueError):
    """Something the venue sent that cannot be used; the text says what and why."""


def decode(decoder: "msgspec.json.Decoder[T]", payload: bytes) -> T:
    """Return what the bytes say, or raise UnreadableError."""
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from error
    except RecursionError as error:
        raise UnreadableError("nested too deeply") from error


def usable(value: Decimal) -> Decimal:
    """Return a number unchanged, or raise UnreadableError."""
    if value.is_finite() and abs(value.adjusted()) < MAX_MAGNITUDE:
        return value
    raise UnreadableError(f"{value}: not a finite number within 1E{MAX_MAGNITUDE}")
