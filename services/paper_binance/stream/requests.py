"""The requests a client sends on a stream connection, and their replies.

Binance docs, live subscribing and unsubscribing. Ids are echoed whatever they are: the docs want
numbers, the official SDK sends text.
"""

from enum import StrEnum

import msgspec

MAX_REQUESTS_PER_S = 10
MAX_STREAMS = 1_024
COMBINED = "combined"
NO_ID = msgspec.Raw(b"null")


class ControlMethod(StrEnum):
    """What a client may ask of its connection."""

    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    LIST_SUBSCRIPTIONS = "LIST_SUBSCRIPTIONS"
    SET_PROPERTY = "SET_PROPERTY"
    GET_PROPERTY = "GET_PROPERTY"


class ControlRequest(msgspec.Struct, frozen=True):
    """One request; what `params` holds depends on the method."""

    method: ControlMethod
    params: list[str | bool] = []
    id: msgspec.Raw = NO_ID

    def names(self) -> list[str]:
        return [param for param in self.params if isinstance(param, str)]


class ControlReply(msgspec.Struct, frozen=True):
    """A request's result; null means done."""

    result: list[str] | bool | None
    id: msgspec.Raw


class ControlRefusal(msgspec.Struct, frozen=True):
    """Why a request was not carried out."""

    code: int
    msg: str
    id: msgspec.Raw


class MalformedError(ValueError):
    """The text is not JSON: the venue answers code 3 and closes the connection."""


UNKNOWN_PROPERTY = 0
INVALID_VALUE = 1
INVALID_REQUEST = 2
INVALID_JSON = 3
# Not in the documentation of futures; as reported of the spot venue (Krypto-trading-bot #1121).
INVALID_STREAM = "Invalid request: invalid stream"

_decoder = msgspec.json.Decoder(ControlRequest)


def decode_control_request(text: bytes) -> ControlRequest | ControlRefusal:
    """Return the request, or the refusal of well-formed JSON that is not one."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        return ControlRefusal(INVALID_REQUEST, f"Invalid request: {error}", NO_ID)
    except msgspec.DecodeError as error:
        raise MalformedError(f"Invalid JSON: {error}") from error
