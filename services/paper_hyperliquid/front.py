"""One request in, one answer out, the same over HTTP and as a /ws post.

Faults of form are answered by status code, faults of business inside a 200 (signed testnet
captures of September 2026).
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.faults import FaultSwitches
from services.paper_hyperliquid.frames import PostPayload, PostResponse, encoded
from services.paper_hyperliquid.info import Info, weight_of
from services.paper_hyperliquid.info_market import InfoError
from services.paper_hyperliquid.info_requests import InfoRequest, OrderStatusInfo, decode_info
from services.paper_hyperliquid.journal import Journal
from services.paper_hyperliquid.limits import Window, action_weight
from services.paper_hyperliquid.numbers import ms_of
from services.paper_hyperliquid.payloads import ActionAnswer, OrderUnknown
from services.paper_hyperliquid.schemas import Envelope, decode_envelope
from services.paper_hyperliquid.venue import Venue
from tandem.runtime.clock import Clock

NULL: Final = b"null"
BAD_JSON: Final = "Failed to parse the request body as JSON"
BAD_SHAPE: Final = "Failed to deserialize the JSON body into the target type"


class Answer(Struct, frozen=True):
    """What HTTP sends."""

    status: int
    body: bytes
    content_type: str = "application/json"


class BodyError(Exception):
    """A body that never reaches the venue."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text

    def answer(self) -> Answer:
        if self.text == "null":
            return Answer(self.status, NULL)
        return Answer(self.status, self.text.encode(), "text/plain")


_REASONS: Final = {
    400: "Bad Request",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Front:
    """Decodes requests, weighs them against the sender's IP, and asks the venue."""

    def __init__(
        self, venue: Venue, info: Info, journal: Journal, clock: Clock, faults: FaultSwitches
    ) -> None:
        self._venue = venue
        self._info = info
        self._journal = journal
        self._clock = clock
        self._faults = faults
        self._windows: dict[str, Window] = {}

    @property
    def loses_answers(self) -> bool:
        return self._faults.now.lose_answers

    def http_info(self, body: bytes, ip: str) -> Answer:
        try:
            return Answer(200, encoded(self._info_payload(body, ip)[1]))
        except BodyError as refused:
            return refused.answer()

    def http_action(self, body: bytes, ip: str) -> Answer:
        try:
            return Answer(200, encoded(self._action_answer(body, ip)))
        except BodyError as refused:
            return refused.answer()

    def post_info(self, payload: Raw, ip: str) -> PostResponse:
        try:
            question, data = self._info_payload(payload, ip)
        except BodyError as refused:
            return _post_error(refused)
        kind = question.__struct_config__.tag
        return PostResponse("info", PostPayload(str(kind), data))

    def post_action(self, payload: Raw, ip: str) -> PostResponse:
        try:
            return PostResponse("action", self._action_answer(payload, ip))
        except BodyError as refused:
            return _post_error(refused)

    def _action_answer(self, body: bytes | Raw, ip: str) -> ActionAnswer:
        envelope = _decoded_envelope(body)
        mono_ns = self._clock.monotonic_ns()
        now_ns = self._clock.wall_ns()
        self._weigh(ip, action_weight(envelope.action), ms_of(now_ns))
        handled = self._venue.exchange(envelope, now_ns)
        self._journal.note_request(envelope, handled.account, handled.answer, mono_ns)
        return handled.answer

    def _info_payload(self, body: bytes | Raw, ip: str) -> tuple[InfoRequest, object]:
        question = _decoded_info(body)
        now_ms = ms_of(self._clock.wall_ns())
        try:
            payload = self._payload(question, now_ms)
        except InfoError as error:
            raise BodyError(500, "null") from error
        rows = len(payload) if isinstance(payload, tuple) else 0
        self._weigh(ip, weight_of(question, rows), now_ms)
        return question, payload

    def _payload(self, question: InfoRequest, now_ms: int) -> object:
        if self._faults.now.hide_orders and isinstance(question, OrderStatusInfo):
            return OrderUnknown()
        return self._info.answer(question, now_ms)

    def _weigh(self, ip: str, weight: int, now_ms: int) -> None:
        settings = self._venue.settings
        if self._faults.now.refuse_busy:
            raise BodyError(429, "null")
        if not settings.ip_limits:
            return
        window = self._windows.get(ip) or self._windows.setdefault(ip, _window(settings))
        if not window.take(weight, now_ms):
            raise BodyError(429, "null")


def _window(settings: Settings) -> Window:
    return Window(settings.ip_weight_per_minute)


def _post_error(refused: BodyError) -> PostResponse:
    return PostResponse("error", f"{refused.status} {_REASONS[refused.status]}: {refused.text}")


def _decoded_envelope(body: bytes | Raw) -> Envelope:
    try:
        return decode_envelope(body)
    except msgspec.DecodeError as error:
        raise _malformed(body) from error


def _decoded_info(body: bytes | Raw) -> InfoRequest:
    try:
        return decode_info(body)
    except msgspec.DecodeError as error:
        raise _malformed(body) from error


def _malformed(body: bytes | Raw) -> BodyError:
    """Return 400 for what is no JSON at all and 422 for JSON of another shape."""
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        return BodyError(400, BAD_JSON)
    return BodyError(422, BAD_SHAPE)
