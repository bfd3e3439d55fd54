"""How one HTTP request is made: kept connections, a deadline, typed failures, no retries.

A failure before the request was written is `NothingSentError`; any later one is `NoAnswerError`.
"""

import asyncio

import aiohttp
from yarl import URL

from tandem.runtime.clock import Clock
from tandem.transport.exchange import (
    HttpRequest,
    NoAnswerError,
    NothingSentError,
    RawAnswer,
    Transport,
)

MAX_CONNECTIONS = 16
KEEPALIVE_S = 25
MAX_ANSWER_BYTES = 32 * 1024 * 1024


class HttpClient:
    """One connection pool to one venue; close it when done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            raise_for_status=False,
        )

    async def call(self, request: HttpRequest, timeout_s: float) -> RawAnswer:
        """Make one request and return its answer, whatever its status.

        Raises:
            NothingSentError: the connection could not be made, or the client is closed.
            NoAnswerError: it was made, and no whole answer came in time.
        """
        if self._session.closed:
            raise NothingSentError(f"{request.method} {_where(request)}: the client is closed")
        try:
            async with asyncio.timeout(timeout_s):
                return await self._call(request)
        except aiohttp.ClientConnectorError as error:
            raise NothingSentError(f"{request.method} {_where(request)}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(f"{request.method} {_where(request)}: {error!r}") from error

    async def _call(self, request: HttpRequest) -> RawAnswer:
        asked_ns = self._clock.monotonic_ns()
        async with self._session.request(
            request.method.value,
            URL(request.url, encoded=True),
            headers=dict(request.headers),
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            body = await response.content.read(MAX_ANSWER_BYTES)
            while not response.content.at_eof() and len(body) < MAX_ANSWER_BYTES:
                body += await response.content.read(MAX_ANSWER_BYTES - len(body))
            headers = tuple((name.lower(), value) for name, value in response.headers.items())
            took_ns = self._clock.monotonic_ns() - asked_ns
            recv_ns = self._clock.wall_ns()
            return RawAnswer(Transport.HTTP, response.status, body, recv_ns, headers, took_ns)

    async def close(self) -> None:
        await self._session.close()


def _where(request: HttpRequest) -> str:
    """The address without its query, which may hold a signature."""
    return request.url.partition("?")[0]
