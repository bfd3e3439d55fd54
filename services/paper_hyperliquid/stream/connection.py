"""One /ws connection: its messages in, the venue's frames out.

The answer to a post leaves before the news that it caused, in the same step of the loop, unless
a fault says otherwise. While the chain stalls, actions wait and everything else goes on.
"""

import msgspec
from aiohttp import WSMsgType, web

from services.paper_exchange.faults.vocabulary import Choice, Fault
from services.paper_exchange.market.channels import Channel
from services.paper_exchange.shell.frames import TextSink
from services.paper_exchange.shell.late import finish
from services.paper_exchange.shell.venue_clock import VenueClock
from services.paper_exchange.units import MS_PER_S
from services.paper_hyperliquid.request_handler import Front, Posted
from services.paper_hyperliquid.stream.hub import Client, Hub
from services.paper_hyperliquid.stream.publisher import Publisher
from services.paper_hyperliquid.wire import subscriptions as sub
from services.paper_hyperliquid.wire.frames import GREETING, PONG, error_frame, post_frame
from services.paper_hyperliquid.wire.numbers import ms_of
from tandem.runtime.clock import TaskOwner

MESSAGE_BYTES_MAX = 1 << 20
CLOSE_TIMEOUT_S = 1.0


class Stream:
    """Serves /ws."""

    def __init__(
        self, front: Front, hub: Hub, publisher: Publisher, clock: VenueClock, *, greets: bool
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
        later = TaskOwner()
        try:
            await self._serve(client, socket, later)
        finally:
            self._hub.disconnect(client)
            await finish(later)
            del self._sockets[client]
        return socket

    async def _serve(self, client: Client, socket: web.WebSocketResponse, later: TaskOwner) -> None:
        if self._greets:
            self._hub.send(client, GREETING)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._receive(client, message.data, later)

    def _receive(self, client: Client, text: str, later: TaskOwner) -> None:
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
                client.has_posted = True
                self._post(client, message, later)
            case sub.Subscribe():
                self._hub.subscribe(client, message.subscription)
            case sub.Unsubscribe():
                self._hub.unsubscribe(client, message.subscription)
            case sub.Ping():
                self._hub.send(client, PONG)

    def _post(self, client: Client, post: sub.Post, later: TaskOwner) -> None:
        payload = post.request.payload
        if post.request.type == "info":
            choice = self._front.choose_info(payload)
            posted = self._front.post_info(payload, client.ip, choice)
            self._answer(client, post.id, posted, later)
            return
        choice = self._front.choose_action(payload)
        if choice.fault is Fault.STALL:
            self._clock.stand(choice.ms)
        if self._clock.stands:
            later.spawn(self._act_when_moving(client, post, choice, later), "stalled action")
        else:
            self._act(client, post, choice, later)

    async def _act_when_moving(
        self, client: Client, post: sub.Post, choice: Choice, later: TaskOwner
    ) -> None:
        """Carry out an action once the chain goes on."""
        await self._clock.moving()
        self._act(client, post, choice, later)

    def _act(self, client: Client, post: sub.Post, choice: Choice, later: TaskOwner) -> None:
        posted = self._front.post_action(post.request.payload, client.ip, choice)
        if posted.conduct.comes_last:
            self._publisher.publish()
        if not self._front.loses_answers:
            self._answer(client, post.id, posted, later)
        self._publisher.publish()

    def _answer(self, client: Client, post_id: int, posted: Posted, later: TaskOwner) -> None:
        conduct = posted.conduct
        frame = post_frame(post_id, posted.response)
        if conduct.is_lost:
            client.sink.abort()
        elif conduct.delay_ms:
            later.spawn(self._send_later(client, frame, conduct.delay_ms), "late answer")
        elif not conduct.is_silent:
            self._send(client, frame)

    async def _send_later(self, client: Client, frame: bytes, after_ms: int) -> None:
        await self._clock.sleep(after_ms / MS_PER_S)
        self._send(client, frame)

    def _send(self, client: Client, frame: bytes) -> None:
        if not self._hub.silences.holds(Channel.ORDER, self._clock.monotonic_ns()):
            self._hub.send(client, frame)

    async def close_idle(self) -> None:
        """Close the connections that the venue has had nothing to send to."""
        for client in self._hub.idle():
            socket = self._sockets.get(client)
            if socket is not None:
                await socket.close(code=1000, message=b"Inactive")
