"""One request and its answer, as bytes: what transports carry and venue protocols speak.

The failures of a call are split by what the caller may conclude: `NothingSentError` when no byte
left this machine, `NoAnswerError` when the request may have had its effect.
"""

from dataclasses import dataclass
from enum import StrEnum

from tandem.domain.errors import UnavailableError


class NothingSentError(UnavailableError):
    """No byte of the request was written: it had no effect and may be made again."""


class NoAnswerError(UnavailableError):
    """The request was written and not answered: it may have had its effect."""


class HttpMethod(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request; `url` is complete and already encoded: it is sent byte for byte."""

    method: HttpMethod
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Transport(StrEnum):
    WEBSOCKET = "websocket"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer as it came: the HTTP body, or the whole WebSocket frame that replied.

    `recv_ns` is the wall clock when the socket was read, `took_ns` how long before that the request
    was made, where known: the answer may be as old. `headers` have lower-case names.
    """

    transport: Transport
    status: int
    body: bytes
    recv_ns: int
    headers: tuple[tuple[str, str], ...] = ()
    took_ns: int = 0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)
