"""POST /info and POST /exchange over HTTP."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from services.paper_hyperliquid.front import Answer, Front
from services.paper_hyperliquid.publisher import Publisher
from services.paper_hyperliquid.stream import Stream

JSON: Final = "application/json"
BAD_TYPE: Final = "Expected request with `Content-Type: application/json`"


class Api:
    """The venue's two HTTP endpoints."""

    def __init__(self, front: Front, publisher: Publisher) -> None:
        self._front = front
        self._publisher = publisher

    async def info(self, request: web.Request) -> web.Response:
        return await _answered(request, self._front.http_info)

    async def exchange(self, request: web.Request) -> web.Response:
        response = await _answered(request, self._front.http_action)
        self._publisher.publish()
        if self._front.loses_answers and request.transport is not None:
            request.transport.abort()
        return response


async def _answered(request: web.Request, ask: Callable[[bytes, str], Answer]) -> web.Response:
    if request.content_type != JSON:
        return web.Response(status=415, text=BAD_TYPE)
    answer = ask(await request.read(), request.remote or "")
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


def public_app(api: Api, stream: Stream) -> web.Application:
    """Return the public port's application."""
    app = web.Application()
    app.router.add_post("/info", api.info)
    app.router.add_post("/exchange", api.exchange)
    app.router.add_get("/ws", stream.handle)
    return app
