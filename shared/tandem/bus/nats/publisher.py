"""How facts reach a stream: pipelined, in call order, retried until the server has stored them.

1. Every append gets an answer: stored, taken before, too large, not this user's to publish, or
   superseded where it was guarded. What was refused, or not answered in time, is sent again under
   the same subject, and only that; what was stored meanwhile comes back as taken. A late answer
   counts.
2. Nothing is written while disconnected, and no more is unanswered than `Congestion` allows.
3. An offer (`offer`) is written once or not at all.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import nats.errors
import structlog
from nats.aio.msg import Msg

from tandem.bus.clock import Timing
from tandem.bus.nats.client import DirectClient
from tandem.bus.nats.congestion import Congestion
from tandem.bus.nats.counters import BusCounters
from tandem.bus.nats.wire import (
    EXPECTED_OF_HEADER,
    EXPECTED_SEQ_HEADER,
    PublishAnswer,
    Verdict,
    publish_answer,
)
from tandem.bus.port import Appended, Guard
from tandem.bus.spells import Spell
from tandem.bus.tasks import Background
from tandem.domain.errors import (
    InvalidInputError,
    SupersededError,
    UnavailableError,
    UnwritableError,
)
from tandem.messages.subjects import MAX_SUBJECT

WATCH_PERIOD_S = 0.25
BACKOFF_FIRST_S = 0.05
BACKOFF_MOST_S = 2.0

_log = structlog.get_logger(component="bus.publisher")


@dataclass(slots=True, eq=False)
class _Sending:
    token: str
    subject: str
    payload: bytes
    done: "asyncio.Future[Appended]"
    headers: dict[str, str] | None = None
    sent_ns: int = 0
    tries: int = 0


@dataclass(slots=True)
class _Retry:
    """What was refused, when sending may go on, and what there is to say of it."""

    refused: list[_Sending] = field(default_factory=list)
    delay_s: float = BACKOFF_FIRST_S
    due: bool = False
    refusals: Spell = field(default_factory=Spell)
    silences: Spell = field(default_factory=Spell)


class Publisher:
    """One inbox for all answers; one task that writes, one that watches for missing answers."""

    def __init__(
        self, client: DirectClient, timing: Timing, background: Background, counters: BusCounters
    ) -> None:
        self._client = client
        self._timing = timing
        self._background = background
        self._counters = counters
        self._inbox = ""
        self._tokens: Iterator[int] = itertools.count(1)
        self._queue: deque[_Sending] = deque()
        self._unsettled: dict[str, _Sending] = {}
        self._waiting: dict[str, _Sending] = {}
        self._congestion = Congestion()
        self._offers: dict[str, asyncio.Future[PublishAnswer]] = {}
        self._wake = asyncio.Event()
        self._retry = _Retry()

    async def start(self) -> None:
        self._inbox = self._client.new_inbox()
        await self._client.subscribe_direct(
            f"{self._inbox}.*", self._answered_plainly, self._answered
        )
        self._background.spawn(self._write_all(), "bus-publisher")
        self._background.spawn(self._watch(), "bus-publisher-watch")

    @property
    def backlog(self) -> int:
        """Appends that have no answer yet."""
        return len(self._queue) + len(self._waiting) + len(self._retry.refused)

    def append_soon(
        self, subject: str, payload: bytes, guard: Guard | None = None
    ) -> "asyncio.Future[Appended]":
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        fault = self._fault(subject, payload)
        if fault is not None:
            done.set_exception(fault)
            return done
        headers = _headers(guard) if guard is not None else None
        self._queue.append(_Sending(str(next(self._tokens)), subject, payload, done, headers))
        self._wake.set()
        return done

    def _fault(self, subject: str, payload: bytes) -> InvalidInputError | None:
        """Return why the server would not take a message, or end the connection over it.

        Its protocol line holds subject, reply and length in 4,096 bytes (`max_control_line`).
        """
        if len(payload) > self._client.max_payload:
            return _too_large(payload, f"at most {self._client.max_payload} bytes")
        if not 0 < len(subject) <= MAX_SUBJECT or not subject.isascii():
            rule = f"1 to {MAX_SUBJECT} ASCII characters"
            return UnwritableError("subject", f"{subject[:80]}… ({len(subject)})", rule)
        return None

    async def offer(self, subject: str, payload: bytes, timeout_s: float) -> Appended:
        """Write once; raise UnavailableError when there is no clear answer."""
        fault = self._fault(subject, payload)
        if fault is not None:
            raise fault
        token = f"o{next(self._tokens)}"
        answered: asyncio.Future[PublishAnswer] = asyncio.get_running_loop().create_future()
        self._offers[token] = answered
        try:
            if not self._client.is_connected:
                raise UnavailableError(f"not connected: {subject} was not offered")
            await self._client.publish(subject, payload, reply=f"{self._inbox}.{token}")
            return _offered(await asyncio.wait_for(answered, timeout_s), subject, payload)
        except TimeoutError as error:
            raise UnavailableError(f"no answer in {timeout_s} s for {subject}") from error
        except nats.errors.Error as error:
            raise UnavailableError(f"{subject}: {error}") from error
        finally:
            del self._offers[token]

    def resend(self) -> None:
        """Send everything unanswered again, oldest first: the connection is new."""
        self._congestion.reconnected()
        self._send_again([*self._waiting.values(), *self._retry.refused])
        self._retry.refused.clear()

    def _send_again(self, sendings: list[_Sending]) -> None:
        self._counters.retried += len(sendings)
        for sending in sendings:
            self._waiting.pop(sending.token, None)
        sendings.sort(key=lambda sending: int(sending.token), reverse=True)
        self._queue.extendleft(sendings)
        self._wake.set()

    def denied(self, subject: str) -> None:
        """Fail what the server does not let this user publish: it is never answered, nor stored.

        The server names the subject; the client library makes small letters of it.
        """
        for sending in [one for one in self._waiting.values() if one.subject.lower() == subject]:
            del self._waiting[sending.token], self._unsettled[sending.token]
            if not sending.done.done():
                rule = "one that the server lets this user publish"
                sending.done.set_exception(InvalidInputError("subject", sending.subject, rule))
        self._wake.set()

    def fail_all(self, error: Exception) -> None:
        """Give every unanswered append up: the bus closes."""
        for sending in (*self._unsettled.values(), *self._queue):
            if not sending.done.done():
                sending.done.set_exception(error)
                sending.done.exception()
        self._unsettled.clear()
        self._waiting.clear()
        self._retry.refused.clear()
        self._queue.clear()

    async def _write_all(self) -> None:
        while True:
            self._wake.clear()
            while self._queue and self._may_write():
                await self._write(self._queue.popleft())
            await self._wake.wait()

    def _may_write(self) -> bool:
        connected: bool = self._client.is_connected
        return connected and not self._retry.due and len(self._waiting) < self._congestion.window

    async def _write(self, sending: _Sending) -> None:
        if sending.done.done():
            self._unsettled.pop(sending.token, None)
            return
        sending.sent_ns = self._timing.monotonic_ns()
        sending.tries += 1
        self._unsettled[sending.token] = self._waiting[sending.token] = sending
        try:
            await self._client.publish(
                sending.subject,
                sending.payload,
                reply=f"{self._inbox}.{sending.token}",
                headers=sending.headers,
            )
        except nats.errors.OutboundBufferLimitError:
            del self._waiting[sending.token]
            self._queue.appendleft(sending)
        except (nats.errors.Error, ValueError) as error:
            del self._waiting[sending.token], self._unsettled[sending.token]
            sending.done.set_exception(InvalidInputError("subject", sending.subject, str(error)))

    def _answered_plainly(self, subject: str, _reply: str, payload: bytes) -> None:
        self._take_answer(subject, publish_answer(payload, None))

    async def _answered(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        self._take_answer(message.subject, publish_answer(message.data, status))

    def _take_answer(self, subject: str, answer: PublishAnswer) -> None:
        token = subject[len(self._inbox) + 1 :]
        offered = self._offers.get(token)
        if offered is not None:
            if not offered.done():
                offered.set_result(answer)
            return
        sending = self._unsettled.get(token)
        if sending is not None:
            self._settle(sending, answer)

    def _settle(self, sending: _Sending, answer: PublishAnswer) -> None:
        self._wake.set()
        is_waiting = self._waiting.pop(sending.token, None) is not None
        if answer.verdict is Verdict.NOT_STORED:
            if is_waiting:
                self._not_stored(sending, answer.text)
            return
        del self._unsettled[sending.token]
        self._congestion.answered(at_first=sending.tries == 1)
        self._retry.delay_s = BACKOFF_FIRST_S
        if sending.done.done():
            return
        if answer.verdict is Verdict.TOO_LARGE:
            sending.done.set_exception(_too_large(sending.payload, answer.text))
            return
        if answer.verdict is Verdict.REPLACED:
            sending.done.set_exception(SupersededError(f"{sending.subject}: {answer.text}"))
            return
        already = answer.verdict is Verdict.TAKEN
        self._counters.already += already
        self._counters.stored += not already
        sending.done.set_result(Appended(answer.seq, already))

    def _not_stored(self, sending: _Sending, text: str) -> None:
        self._retry.refused.append(sending)
        self._counters.refused += 1
        times = self._retry.refusals.failed(self._timing.monotonic_ns())
        if times:
            what = "not stored, trying again"
            _log.error(what, subject=sending.subject, answer=text, times=times)
        if not self._retry.due:
            self._retry.due = True
            self._congestion.refused()
            self._background.spawn(self._resend_later(), "bus-publisher-retry")

    async def _resend_later(self) -> None:
        await self._timing.sleep(self._retry.delay_s)
        self._retry.delay_s = min(self._retry.delay_s * 2, BACKOFF_MOST_S)
        refused, self._retry.refused = self._retry.refused, []
        self._retry.due = False
        self._send_again(refused)

    async def _watch(self) -> None:
        while True:
            await self._timing.sleep(WATCH_PERIOD_S)
            now_ns = self._timing.monotonic_ns()
            late_ns = now_ns - self._congestion.patience_ns
            late = [one for one in self._waiting.values() if one.sent_ns < late_ns]
            if late and self._client.is_connected:
                times = self._retry.silences.failed(now_ns, len(late))
                if times:
                    what = "no answer to appends, trying again"
                    _log.error(what, subject=late[0].subject, times=times)
                self._congestion.late()
                self._send_again(late)
            self._say_what_ended(now_ns)

    def _say_what_ended(self, now_ns: int) -> None:
        retry = self._retry
        for what, spell in (("stored", retry.refusals), ("answered", retry.silences)):
            told = spell.ended(now_ns)
            if told is not None:
                _log.info(f"appends are {what} again", times=told.count, lasted_ms=told.lasted_ms)


def _offered(answer: PublishAnswer, subject: str, payload: bytes) -> Appended:
    if answer.verdict is Verdict.NOT_STORED:
        raise UnavailableError(f"{subject} was not stored: {answer.text}")
    if answer.verdict is Verdict.TOO_LARGE:
        raise _too_large(payload, answer.text)
    return Appended(answer.seq, answer.verdict is Verdict.TAKEN)


def _headers(guard: Guard) -> dict[str, str]:
    return {EXPECTED_OF_HEADER: guard.subjects, EXPECTED_SEQ_HEADER: str(guard.seq)}


def _too_large(payload: bytes, rule: str) -> UnwritableError:
    return UnwritableError("payload", f"{len(payload)} bytes", rule)
