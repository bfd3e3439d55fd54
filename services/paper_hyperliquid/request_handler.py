"""One request in, one answer out, the same over HTTP and as a /ws post.

Faults of form are answered by status code, faults of business inside a 200 (signed testnet
captures of September 2026).
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.faults.vocabulary import NOTHING, Choice, Fault
from services.paper_hyperliquid.auth.limits import Window, action_weight
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import (
    REASONS,
    UNLISTED,
    USUAL,
    Conduct,
    FaultSwitches,
    RefusingText,
    conduct_of,
    failing_status,
    failing_text,
    operation_of,
)
from services.paper_hyperliquid.control.journal import Journal
from services.paper_hyperliquid.control.refusing import coin_of
from services.paper_hyperliquid.exchange.venue import Handled, Venue
from services.paper_hyperliquid.info.info import Info, weight_of
from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.wire.frames import PostPayload, PostResponse, encoded
from services.paper_hyperliquid.wire.info_requests import InfoRequest, OrderStatusInfo, decode_info
from services.paper_hyperliquid.wire.numbers import ms_of
from services.paper_hyperliquid.wire.payloads import DEFAULT_OK, ActionAnswer, OrderUnknown
from services.paper_hyperliquid.wire.schemas import Envelope, decode_envelope
from tandem.runtime.clock import Clock

NULL: Final = b"null"
BAD_JSON: Final = "Failed to parse the request body as JSON"
BAD_SHAPE: Final = "Failed to deserialize the JSON body into the target type"


class Answer(Struct, frozen=True):
    """What HTTP sends, and how it travels."""

    status: int
    body: bytes
    content_type: str = "application/json"
    conduct: Conduct = USUAL


class Posted(Struct, frozen=True):
    """What a /ws post is answered, and how that travels."""

    response: PostResponse
    conduct: Conduct


class BodyError(Exception):
    """A body that never reaches the venue."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text

    def answer(self) -> Answer:
        if self.text == "null":
            return Answer(self.status, NULL)
        is_page = self.text.startswith("<html>")
        content_type = "text/html" if is_page else "text/plain"
        return Answer(self.status, self.text.encode(), content_type)


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

    def choose_action(self, body: bytes | Raw) -> Choice:
        """Return the fault that meets this action; to be asked once, when it arrives."""
        if self._faults.plan.is_idle:
            return NOTHING
        try:
            kind = decode_envelope(body).action.__struct_config__.tag
        except msgspec.DecodeError:
            return NOTHING
        return self._faults.plan.for_request(operation_of(str(kind)))

    def choose_info(self, body: bytes | Raw) -> Choice:
        """Return the fault that meets this question."""
        if self._faults.plan.is_idle:
            return NOTHING
        try:
            kind = decode_info(body).__struct_config__.tag
        except msgspec.DecodeError:
            return NOTHING
        return self._faults.plan.for_request(operation_of(str(kind)))

    def http_info(self, body: bytes, ip: str, choice: Choice = NOTHING) -> Answer:
        try:
            told = Answer(200, encoded(self._info_payload(body, ip, choice)[1]))
        except BodyError as refused:
            told = refused.answer()
        return replace(told, conduct=conduct_of(choice))

    def http_action(self, body: bytes, ip: str, choice: Choice = NOTHING) -> Answer:
        try:
            told = Answer(200, encoded(self._action_answer(body, ip, choice)))
        except BodyError as refused:
            told = refused.answer()
        return replace(told, conduct=conduct_of(choice))

    def post_info(self, payload: Raw, ip: str, choice: Choice = NOTHING) -> Posted:
        try:
            question, data = self._info_payload(payload, ip, choice)
        except BodyError as refused:
            return Posted(_post_error(refused), conduct_of(choice))
        kind = question.__struct_config__.tag
        return Posted(PostResponse("info", PostPayload(str(kind), data)), conduct_of(choice))

    def post_action(self, payload: Raw, ip: str, choice: Choice = NOTHING) -> Posted:
        try:
            response = PostResponse("action", self._action_answer(payload, ip, choice))
        except BodyError as refused:
            response = _post_error(refused)
        return Posted(response, conduct_of(choice))

    def _action_answer(self, body: bytes | Raw, ip: str, choice: Choice) -> ActionAnswer:
        envelope = _decoded_envelope(body)
        _fail(choice, Fault.FAIL_UNEXECUTED)
        if choice.fault is Fault.DROP_REQUEST:
            return DEFAULT_OK
        mono_ns = self._clock.monotonic_ns()
        now_ns = self._clock.wall_ns()
        self._weigh(ip, action_weight(envelope.action), ms_of(now_ns))
        handled = self._handle(envelope, choice, now_ns)
        self._journal.note_request(envelope, handled.account, handled.answer, mono_ns)
        _fail(choice, Fault.FAIL_EXECUTED)
        return handled.answer

    def _handle(self, envelope: Envelope, choice: Choice, now_ns: int) -> Handled:
        self._venue.gate.budget.is_spent = choice.fault is Fault.ADDRESS_LIMIT
        refusing = self._refusing(envelope, choice)
        if refusing is not None:
            return self._venue.refuse(envelope, refusing, now_ns)
        if choice.fault is not Fault.LATE_FILL:
            return self._venue.exchange(envelope, now_ns)
        handled = self._venue.exchange(envelope, now_ns, late_fill_ms=choice.ms)
        for _ in range(self._venue.take_late_fills()):
            self._faults.plan.took_effect(Fault.LATE_FILL)
        return handled

    def _refusing(self, envelope: Envelope, choice: Choice) -> RefusingText | None:
        """Return how this action is refused, if it is to be."""
        if choice.fault is Fault.REFUSE:
            return UNLISTED[choice.pick % len(UNLISTED)]
        action = envelope.action
        operation = operation_of(str(action.__struct_config__.tag))
        return self._faults.refusals.take(operation, coin_of(action))

    def _info_payload(
        self, body: bytes | Raw, ip: str, choice: Choice
    ) -> tuple[InfoRequest, object]:
        question = _decoded_info(body)
        _fail(choice, Fault.FAIL_UNEXECUTED)
        _fail(choice, Fault.FAIL_EXECUTED)
        now_ms = ms_of(self._clock.wall_ns())
        try:
            payload = self._payload(question, now_ms)
        except InfoError as error:
            raise BodyError(500, "null") from error
        rows = len(payload) if isinstance(payload, tuple) else 0
        self._weigh(ip, weight_of(question, rows), now_ms)
        return question, payload

    def _payload(self, question: InfoRequest, now_ms: int) -> object:
        if isinstance(question, OrderStatusInfo) and self._is_hidden(question, now_ms):
            return OrderUnknown()
        return self._info.answer(question, now_ms)

    def _is_hidden(self, question: OrderStatusInfo, now_ms: int) -> bool:
        """Whether the node that answers does not know the order yet."""
        if self._faults.now.hide_orders:
            return True
        if self._faults.plan.is_idle:
            return False
        oid = question.oid.lower() if isinstance(question.oid, str) else question.oid
        record = self._venue.desk.records.find(AccountId(question.user), oid)
        if record is None:
            return False
        return self._faults.plan.hides(record.oid, now_ms - record.timestamp_ms)

    def _weigh(self, ip: str, weight: int, now_ms: int) -> None:
        settings = self._venue.settings
        if self._faults.now.refuse_busy:
            raise BodyError(429, "null")
        if not settings.ip_limits:
            return
        window = self._windows.get(ip) or self._windows.setdefault(ip, _window(settings))
        if not window.take(weight, now_ms):
            raise BodyError(429, "null")


def _fail(choice: Choice, fault: Fault) -> None:
    """Answer with a status of failure if this fault was chosen."""
    status = failing_status(choice, fault)
    if status is not None:
        raise BodyError(status, failing_text(status))


def _window(settings: Settings) -> Window:
    return Window(settings.ip_weight_per_minute)


def _post_error(refused: BodyError) -> PostResponse:
    return PostResponse("error", f"{refused.status} {REASONS[refused.status]}: {refused.text}")


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
