"""POST /info and POST /exchange over HTTP."""

from typing import Final

from aiohttp import web
from msgspec.structs import replace

from services.paper_exchange.faults.vocabulary import Fault
from services.paper_exchange.market.channels import Channel, Silences
from services.paper_exchange.shell.outage import Outage
from services.paper_exchange.shell.venue_clock import VenueClock
from services.paper_exchange.units import MS_PER_S
from services.paper_hyperliquid.control.faults import Conduct
from services.paper_hyperliquid.request_handler import Answer, Front
from services.paper_hyperliquid.stream.connection import Stream
from services.paper_hyperliquid.stream.publisher import Publisher

# A request without an answer keeps its connection open for this long.
SILENCE_S: Final = 60.0
JSON: Final = "application/json"
BAD_TYPE: Final = "Expected request with `Content-Type: application/json`"


class Api:
    """The venue's two HTTP endpoints."""

    def __init__(
        self, front: Front, publisher: Publisher, clock: VenueClock, silences: Silences
    ) -> None:
        self._front = front
        self._publisher = publisher
        self._clock = clock
        self._silences = silences

    async def info(self, request: web.Request) -> web.Response:
        if request.content_type != JSON:
            return web.Response(status=415, text=BAD_TYPE)
        body = await request.read()
        choice = self._front.choose_info(body)
        answer = self._front.http_info(body, request.remote or "", choice)
        return await self._told(request, answer)

    async def exchange(self, request: web.Request) -> web.Response:
        if request.content_type != JSON:
            return web.Response(status=415, text=BAD_TYPE)
        body = await request.read()
        choice = self._front.choose_action(body)
        if choice.fault is Fault.STALL:
            self._clock.stand(choice.ms)
        await self._clock.moving()
        answer = self._front.http_action(body, request.remote or "", choice)
        self._publisher.publish()
        if self._front.loses_answers:
            answer = replace(answer, conduct=Conduct(is_lost=True))
        return await self._told(request, answer)

    async def _told(self, request: web.Request, answer: Answer) -> web.Response:
        """Return the answer when and if it is to arrive."""
        conduct = answer.conduct
        if conduct.delay_ms:
            await self._clock.sleep(conduct.delay_ms / MS_PER_S)
        is_mute = self._silences.holds(Channel.ORDER, self._clock.monotonic_ns())
        is_silent = conduct.is_silent or is_mute
        if is_silent:
            await self._clock.sleep(SILENCE_S)
        if (is_silent or conduct.is_lost) and request.transport is not None:
            request.transport.abort()
        return web.Response(
            status=answer.status, body=answer.body, content_type=answer.content_type
        )


def public_app(api: Api, stream: Stream, outage: Outage) -> web.Application:
    """Return the public port's application."""
    app = web.Application(middlewares=[outage.middleware()])
    app.router.add_post("/info", api.info)
    app.router.add_post("/exchange", api.exchange)
    app.router.add_get("/ws", stream.handle)
    return app
