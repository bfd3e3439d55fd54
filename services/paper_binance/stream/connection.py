"""The stream WebSockets: accepts connections in every form of address, obeys their requests."""

import msgspec
from aiohttp import WSMsgType, web

from services.paper_binance.auth.limits import SECOND_MS, Window
from services.paper_binance.stream.hub import Session, StreamHub
from services.paper_binance.stream.requests import (
    COMBINED,
    INVALID_JSON,
    INVALID_REQUEST,
    INVALID_STREAM,
    INVALID_VALUE,
    MAX_REQUESTS_PER_S,
    MAX_STREAMS,
    NO_ID,
    UNKNOWN_PROPERTY,
    ControlMethod,
    ControlRefusal,
    ControlReply,
    ControlRequest,
    MalformedError,
    decode_control_request,
)
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.stream_names import parse_connection
from services.paper_exchange.shell.frames import TextSink
from tandem.runtime.clock import Clock

PING_EVERY_S = 180.0
MAX_MESSAGE_BYTES = 64 * 1024


class StreamServer:
    """The HTTP handler behind every stream address."""

    def __init__(self, hub: StreamHub, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        connection = parse_connection(request.path, request.query_string)
        if connection is None:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(
            compress=False, heartbeat=PING_EVERY_S, max_msg_size=MAX_MESSAGE_BYTES
        )
        await socket.prepare(request)
        session = Session(TextSink(request, socket), connection, ms(self._clock.wall_ns()))
        self._hub.open(session, connection)
        try:
            await self._serve(session, socket)
        finally:
            self._hub.close(session)
        return socket

    async def _serve(self, session: Session, socket: web.WebSocketResponse) -> None:
        second = Window(SECOND_MS)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            if second.add(1, ms(self._clock.wall_ns())) > MAX_REQUESTS_PER_S:
                break
            try:
                reply = self._obey(session, decode_control_request(message.data.encode()))
            except MalformedError as error:
                _write(session, ControlRefusal(INVALID_JSON, str(error), NO_ID))
                break
            _write(session, reply)
        await socket.close()

    def _obey(
        self, session: Session, request: ControlRequest | ControlRefusal
    ) -> ControlReply | ControlRefusal:
        if isinstance(request, ControlRefusal):
            return request
        match request.method:
            case ControlMethod.SUBSCRIBE:
                return self._subscribe(session, request)
            case ControlMethod.UNSUBSCRIBE:
                for name in request.names():
                    self._hub.unsubscribe(session, name)
                return ControlReply(None, request.id)
            case ControlMethod.LIST_SUBSCRIPTIONS:
                return ControlReply([*session.names, *session.keys], request.id)
            case ControlMethod.SET_PROPERTY:
                return _set_property(session, request)
            case ControlMethod.GET_PROPERTY:
                return _get_property(session, request)

    def _subscribe(
        self, session: Session, request: ControlRequest
    ) -> ControlReply | ControlRefusal:
        names = request.names()
        if len(session.names) + len(session.keys) + len(names) > MAX_STREAMS:
            rule = f"Invalid request: more than {MAX_STREAMS} streams"
            return ControlRefusal(INVALID_VALUE, rule, request.id)
        if any(self._hub.refuses(session, name) for name in names):
            return ControlRefusal(INVALID_REQUEST, INVALID_STREAM, request.id)
        for name in names:
            self._hub.subscribe(session, name)
        return ControlReply(None, request.id)


def _set_property(session: Session, request: ControlRequest) -> ControlReply | ControlRefusal:
    match request.params:
        case ["combined", bool(value)]:
            session.is_combined = value
            return ControlReply(None, request.id)
        case ["combined", *_]:
            return ControlRefusal(INVALID_VALUE, "Invalid value type: expected Boolean", request.id)
        case _:
            return ControlRefusal(UNKNOWN_PROPERTY, "Unknown property", request.id)


def _get_property(session: Session, request: ControlRequest) -> ControlReply | ControlRefusal:
    if request.params == [COMBINED]:
        return ControlReply(session.is_combined, request.id)
    return ControlRefusal(UNKNOWN_PROPERTY, "Unknown property", request.id)


def _write(session: Session, reply: ControlReply | ControlRefusal) -> None:
    session.sink.write(msgspec.json.encode(reply))
