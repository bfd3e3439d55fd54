"""The HTTP side: REST requests and WebSocket API connections, handed to the venue with the time."""

from aiohttp import WSMsgType, web

from services.paper_binance.auth.limits import Address
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.rest import RestRequest, answer
from services.paper_binance.rest.websocket_api import (
    HANDSHAKE_WEIGHT,
    ApiSession,
    Reply,
    answer_message,
)
from services.paper_binance.wire.errors import VenueError
from services.paper_binance.wire.numbers import ms
from services.paper_exchange.market.channels import Channel, Silences
from services.paper_exchange.shell.frames import TextSink
from services.paper_exchange.shell.late import finish
from services.paper_exchange.units import MS_PER_S
from tandem.runtime.clock import Clock, TaskOwner

PING_EVERY_S = 180.0
MAX_MESSAGE_BYTES = 1024 * 1024
# A request without an answer keeps its connection open for this long.
SILENCE_S = 60.0


class ApiServer:
    """The handlers of both APIs."""

    def __init__(self, venue: Venue, clock: Clock, silences: Silences) -> None:
        self._venue = venue
        self._clock = clock
        self._silences = silences
        self._sinks: set[TextSink] = set()

    def cut(self) -> None:
        """Drop every WebSocket API connection."""
        for sink in self._sinks:
            sink.abort()

    @property
    def _is_mute(self) -> bool:
        return self._silences.holds(Channel.ORDER, self._clock.monotonic_ns())

    async def handle_rest(self, request: web.Request) -> web.StreamResponse:
        body = await request.read() if request.can_read_body else b""
        path, _, query = request.raw_path.partition("?")
        received = RestRequest(
            method=request.method,
            path=path,
            query=query.encode(),
            body=body,
            api_key=request.headers.get("X-MBX-APIKEY"),
            address=_address(request),
        )
        result = answer(self._venue, received, self._clock.wall_ns())
        if result.delay_ms:
            await self._clock.sleep(result.delay_ms / MS_PER_S)
        is_silent = result.is_silent or self._is_mute
        if is_silent:
            await self._clock.sleep(SILENCE_S)
        if (result.is_lost or is_silent) and request.transport is not None:
            request.transport.abort()
        return web.Response(
            body=result.body,
            status=result.status,
            headers=result.headers,
            content_type=result.content_type,
        )

    async def handle_websocket(self, request: web.Request) -> web.StreamResponse:
        now_ms = ms(self._clock.wall_ns())
        weight = self._venue.weight_of(_address(request))
        try:
            weight.charge(HANDSHAKE_WEIGHT, self._venue.limits.weight_1m, now_ms)
        except VenueError as error:
            return web.Response(status=error.http_status)
        socket = web.WebSocketResponse(
            compress=False, heartbeat=PING_EVERY_S, max_msg_size=MAX_MESSAGE_BYTES
        )
        await socket.prepare(request)
        session = ApiSession(
            _address(request),
            now_ms,
            returns_rate_limits=request.query.get("returnRateLimits") != "false",
        )
        sink, later = TextSink(request, socket), TaskOwner()
        self._sinks.add(sink)
        try:
            await self._serve(session, socket, sink, later)
        finally:
            self._sinks.discard(sink)
            await finish(later)
        return socket

    async def _serve(
        self,
        session: ApiSession,
        socket: web.WebSocketResponse,
        sink: TextSink,
        later: TaskOwner,
    ) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            reply = answer_message(self._venue, session, message.data, self._clock.wall_ns())
            if reply.delay_ms:
                later.spawn(self._write_later(sink, reply), "late answer")
            else:
                self._write(sink, reply)

    async def _write_later(self, sink: TextSink, reply: Reply) -> None:
        await self._clock.sleep(reply.delay_ms / MS_PER_S)
        self._write(sink, reply)

    def _write(self, sink: TextSink, reply: Reply) -> None:
        if reply.is_lost:
            sink.abort()
        elif not (reply.is_silent or self._is_mute):
            sink.write(reply.text)


def _address(request: web.Request) -> Address:
    return Address(request.remote or "")
