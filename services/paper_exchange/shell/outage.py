"""A venue that is down for a while: every connection is reset, or every request answered 502."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from services.paper_exchange.units import NS_PER_MS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BAD_GATEWAY_BODY = "<html><head><title>502 Bad Gateway</title></head></html>"


class Looks(StrEnum):
    """How an outage looks from outside."""

    RESET = "reset"
    BAD_GATEWAY = "bad_gateway"


class Down(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a venue is down and how that looks; 0 ends it."""

    for_ms: int
    looks: Looks = Looks.RESET

    def defect(self) -> str | None:
        """Return which field breaks which rule, or None."""
        return f"down.for_ms={self.for_ms}: must not be negative" if self.for_ms < 0 else None


class Outage:
    """Whether the venue is down now, and how many requests found it so."""

    def __init__(self, mono_ns: Callable[[], int]) -> None:
        self._mono_ns = mono_ns
        self._until_ns = 0
        self._looks = Looks.RESET
        self.met_count = 0

    def begin(self, down: Down) -> None:
        self._until_ns = self._mono_ns() + down.for_ms * NS_PER_MS
        self._looks = down.looks

    @property
    def is_on(self) -> bool:
        return bool(self._until_ns) and self._mono_ns() < self._until_ns

    def middleware(self) -> Middleware:
        """Return what stands in front of the public port."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self.is_on:
                return await handler(request)
            self.met_count += 1
            if self._looks is Looks.RESET and request.transport is not None:
                request.transport.abort()
            return web.Response(status=502, text=BAD_GATEWAY_BODY, content_type="text/html")

        return guard
