"""One /ws connection: its messages in, the venue's frames out.

The answer to a post leaves before the news that it caused, in the same step of the loop.
"""

import msgspec
from aiohttp import WSMsgType, web

from services.paper_exchange.shell.frames import TextSink
from services.paper_hyperliquid import subscriptions as sub
from services.paper_hyperliquid.frames import GREETING, PONG, error_frame, post_frame
from services.paper_hyperliquid.front import Front
from services.paper_hyperliquid.hub import Client, Hub
from services.paper_hyperliquid.numbers import ms_of
from services.paper_hyperliquid.publisher import Publisher
from tandem.runtime.clock import Clock

MESSAGE_BYTES_MAX = 1 << 20
CLOSE_TIMEOUT_S = 1.0


class Stream:
    """Serves /ws."""

    def __init__(
        self, front: Front, hub: Hub, publisher: Publisher, clock: Clock, *, greets: bool
    ) -> None:
        self._front = front
        self._hub = hub
        self._publisher = publisher
        self._clock = clock
        self._greets = greets
        self._sockets: dict[Client, web.WebSocketResponse] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Run one connection until it ends."""
        ip = request.remote or ""
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=MESSAGE_BYTES_MAX, timeout=CLOSE_TIMEOUT_S
        )
        if not socket.can_prepare(request):
            return web.Response(status=426, text="Upgrade Required")
        await socket.prepare(request)
        client = self._hub.connect(TextSink(request, socket), ip)
        if client is None:
            await socket.close(code=1008, message=b"Too many connections")
            return socket
        self._sockets[client] = socket
        try:
            await self._serve(client, socket)
        finally:
            self._hub.disconnect(client)
            del self._sockets[client]
        return socket

    async def _serve(self, client: Client, socket: web.WebSocketResponse) -> None:
        if self._greets:
            self._hub.send(client, GREETING)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._receive(client, message.data)

    def _receive(self, client: Client, text: str) -> None:
        if not client.messages.take(1, ms_of(self._clock.wall_ns())):
            self._hub.send(client, error_frame("Too many messages sent."))
            return
        try:
            message = sub.decode_message(text)
        except msgspec.DecodeError:
            quoted = f"Error parsing JSON into valid websocket request: {text}"
            self._hub.send(client, error_frame(quoted))
            return
        match message:
            case sub.Post():
                self._post(client, message)
            case sub.Subscribe():
                self._hub.subscribe(client, message.subscription)
            case sub.Unsubscribe():
                self._hub.unsubscribe(client, message.subscription)
            case sub.Ping():
                self._hub.send(client, PONG)

    def _post(self, client: Client, post: sub.Post) -> None:
        payload = post.request.payload
        if post.request.type == "info":
            self._hub.send(client, post_frame(post.id, self._front.post_info(payload, client.ip)))
            return
        response = self._front.post_action(payload, client.ip)
        if not self._front.loses_answers:
            self._hub.send(client, post_frame(post.id, response))
        self._publisher.publish()

    async def close_idle(self) -> None:
        """Close the connections that the venue has had nothing to send to."""
        for client in self._hub.idle():
            socket = self._sockets.get(client)
            if socket is not None:
                await socket.close(code=1000, message=b"Inactive")
