"""A request's named parameters, typed on reading; a bad one is refused by name."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from services.paper_binance.auth.signature import DEFAULT_RECV_WINDOW_MS
from services.paper_binance.wire.errors import Code, VenueError

# Two widely used clients send these in lower case (ccxt, python-binance batch cancel).
CASELESS_NAMES = {
    "orderidlist": "orderIdList",
    "origclientorderidlist": "origClientOrderIdList",
}
TRUTH = {"true": True, "false": False}
EnumT = TypeVar("EnumT", bound=StrEnum)


class Params:
    """Parameters by name; an empty value counts as not sent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        return bool(self._values.get(name))

    def optional(self, name: str) -> str | None:
        """Return the text sent, None when absent or empty."""
        return self._values.get(name) or None

    def text(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise VenueError(Code.MANDATORY_PARAM, name)
        return value

    def decimal(self, name: str) -> Decimal:
        return _decimal(name, self.text(name))

    def integer(self, name: str) -> int:
        value = self.optional_integer(name)
        if value is None:
            raise VenueError(Code.MANDATORY_PARAM, name)
        return value

    def optional_integer(self, name: str) -> int | None:
        value = self.optional(name)
        if value is None:
            return None
        if not value.lstrip("-").isdecimal() or not value.isascii():
            raise VenueError(Code.MANDATORY_PARAM, name)
        return int(value)

    def flag(self, name: str) -> bool:
        """Return a "true"/"false" parameter; absent means false."""
        value = self.optional(name)
        if value is None:
            return False
        truth = TRUTH.get(value.lower())
        if truth is None:
            raise VenueError(Code.INVALID_PARAMETER, name)
        return truth

    def choice(self, name: str, options: type[EnumT], code: Code) -> EnumT | None:
        """Return one of the options, None when absent; refuse others with the code."""
        value = self.optional(name)
        if value is None:
            return None
        try:
            return options(value)
        except ValueError:
            raise VenueError(code, name) from None

    def required_choice(self, name: str, options: type[EnumT], code: Code) -> EnumT:
        """Return one of the options; refuse others with the code, nothing as not sent."""
        value = self.choice(name, options, code)
        if value is None:
            raise VenueError(Code.MANDATORY_PARAM, name)
        return value

    def recv_window_ms(self) -> int:
        window = self.optional_integer("recvWindow")
        if window is None:
            return DEFAULT_RECV_WINDOW_MS
        if window <= 0:
            raise VenueError(Code.INVALID_PARAMETER, "recvWindow")
        return window


def from_wire(query: bytes, body: bytes) -> Params:
    """Merge query and form body; a name in both is taken from the query."""
    values: dict[str, str] = {}
    for part in (query, body):
        for name, value in _pairs(part):
            values.setdefault(CASELESS_NAMES.get(name.lower(), name), value)
    return Params(values)


def from_json(raw: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """Return WebSocket API parameters as text; numbers keep the digits that were sent."""
    return {name: _text_of(name, bytes(value)) for name, value in raw.items()}


def _pairs(part: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(part.decode(), keep_blank_values=True)
    except ValueError:
        raise VenueError(Code.ILLEGAL_CHARS, "query") from None


def _text_of(name: str, value: bytes) -> str:
    if value == b"null":
        return ""
    if value.startswith(b'"'):
        return msgspec.json.decode(value, type=str)
    if value.startswith((b"{", b"[")):
        raise VenueError(Code.INVALID_PARAMETER, name)
    return value.decode()


def _decimal(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise VenueError(Code.MANDATORY_PARAM, name) from None
    if not value.is_finite():
        raise VenueError(Code.MANDATORY_PARAM, name)
    return value
