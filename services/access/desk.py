"""What one strategy is answered: its intents logged, its readings and questions passed on.

1. Every call gets one answer. Where the log or a service is silent, that is what is told: the
   outcome is unknown then, and never a refusal.
2. Each limit is refused by name, with what was asked and what it is.
"""

import asyncio
from collections.abc import Awaitable, Callable

from services.access.admission import IntentBounds, refused_intent
from services.access.allowance import Allowances, OpenCalls
from services.access.config import FairUse
from services.access.reach import (
    asks_for_epoch,
    asks_venue,
    is_filter,
    refused_filters,
    refused_place,
    refused_question,
)
from services.access.relay import RelayedReading, RelayPorts
from tandem.bus.port import Bus, Reads
from tandem.domain.errors import (
    ConflictError,
    InvalidInputError,
    MalformedMessageError,
    UnavailableError,
)
from tandem.domain.ids import Strategy, Token, is_call_token
from tandem.domain.units import MS_PER_S
from tandem.messages import codec, subjects
from tandem.messages.access import (
    AccessAnswer,
    AccessCall,
    AliveSaid,
    AskDesk,
    CallRefused,
    CallUnanswered,
    DeskAnswered,
    EntryFound,
    FindEntry,
    IntentConflict,
    IntentLogged,
    LogIntent,
    ReadableStream,
    ReadOn,
    ReadState,
    SayAlive,
    StoredEntry,
    StreamState,
)
from tandem.messages.presence import StrategyAlive

LOG_TIMEOUT_S = 1.5
MOST_ASK_MS = 5_000
IDLE_NS = 5_000_000_000
MOST_SHOWN = 200
MOST_OPEN_PAGES = 32
ENVELOPE_BYTES = 4_096


class StrategyDesk:
    """Answers one strategy's calls."""

    def __init__(self, strategy: Strategy, bus: Bus, fair: FairUse, ports: RelayPorts) -> None:
        self._strategy, self._bus, self._fair, self._ports = strategy, bus, fair, ports
        self._bounds = IntentBounds(fair.intent_bytes)
        self._readings: dict[Token, RelayedReading] = {}
        self._open = OpenCalls()
        self.allowances = Allowances.of(fair)
        self.refused = 0

    @property
    def most_bytes(self) -> int:
        """How large a call may be: an intent in its envelope."""
        return 2 * self._fair.intent_bytes + ENVELOPE_BYTES

    def serve_accounts(self, accounts: frozenset[str] | None) -> None:
        """Let orders be for these from now on."""
        self._bounds = IntentBounds(self._fair.intent_bytes, accounts)

    async def answer(self, payload: bytes) -> bytes:
        """Return the answer to one call, whatever its bytes are."""
        told = await self._told(payload)
        self.refused += isinstance(told, CallRefused)
        return codec.encode(told)

    async def look_after(self) -> None:
        """Let go of readings that nobody asks on from."""
        now_ns = self._ports.clock.monotonic_ns()
        for name, reading in tuple(self._readings.items()):
            if now_ns - reading.asked_ns > IDLE_NS:
                del self._readings[name]
                await reading.close()

    async def close(self) -> None:
        for reading in self._readings.values():
            await reading.close()
        self._readings.clear()

    async def _told(self, payload: bytes) -> AccessAnswer:
        if len(payload) > self.most_bytes:
            rule = f"at most {self.most_bytes} bytes"
            return CallRefused(field="call", value=f"{len(payload)} bytes", rule=rule)
        try:
            call = codec.decode_call(payload)
        except MalformedMessageError as error:
            return CallRefused(field=error.field, value="", rule=error.rule)
        try:
            return await self._carry_out(call)
        except UnavailableError as error:
            return CallUnanswered(text=str(error))

    async def _carry_out(self, call: AccessCall) -> AccessAnswer:
        open_calls = self._fair.open_calls
        match call:
            case ReadOn():
                return await self._read_on(call)
            case LogIntent():
                return await self._within("calls", open_calls, lambda: self._log(call))
            case FindEntry():
                return await self._within("calls", open_calls, lambda: self._find(call))
            case ReadState():
                return await self._within("calls", open_calls, lambda: self._state(call))
            case AskDesk():
                return await self._ask(call)
            case SayAlive():
                return await self._say_alive(call)

    async def _within(
        self, what: str, most: int, work: Callable[[], Awaitable[AccessAnswer]]
    ) -> AccessAnswer:
        if refused := self._open.enter(what, most):
            return refused
        try:
            return await work()
        finally:
            self._open.leave(what)

    async def _log(self, call: LogIntent) -> AccessAnswer:
        now_ns = self._ports.clock.monotonic_ns()
        refused = self.allowances.take_intent(now_ns) or refused_intent(
            self._strategy, call, self._bounds
        )
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(LOG_TIMEOUT_S):
                stored = await self._bus.log.append(call.subject, call.payload, same=True)
        except TimeoutError:
            return CallUnanswered(text="the log did not confirm in time")
        except ConflictError as error:
            return IntentConflict(text=str(error))
        except InvalidInputError as error:
            return CallRefused(field=error.field, value=error.value, rule=error.rule)
        return IntentLogged(seq=stored.seq, already=stored.already)

    async def _find(self, call: FindEntry) -> AccessAnswer:
        now_ns = self._ports.clock.monotonic_ns()
        # The server walks all subjects of a stream for a filter, and reads one name by its index.
        allowed = self.allowances
        share = allowed.openings if is_filter(call.subject) else allowed.lookups
        refused = share.take(now_ns) or refused_filters(
            self._strategy, call.stream, (call.subject,)
        )
        if refused is not None:
            return refused
        found = await self._stream(call.stream).find(call.subject)
        if found is None:
            return EntryFound(entry=None)
        return EntryFound(
            entry=StoredEntry(
                seq=found.seq, ts_ns=found.ts_ns, subject=found.subject, payload=found.payload
            )
        )

    async def _state(self, call: ReadState) -> AccessAnswer:
        if refused := self.allowances.lookups.take(self._ports.clock.monotonic_ns()):
            return refused
        now = await self._stream(call.stream).state()
        return StreamState(
            first_seq=now.first_seq,
            last_seq=now.last_seq,
            created_ns=now.created_ns,
            messages=now.messages,
        )

    async def _read_on(self, call: ReadOn) -> AccessAnswer:
        if refused := self._refused_reading(call):
            return refused
        reading = self._readings.get(call.reader)
        if reading is None:
            reading = RelayedReading(
                self._stream(call.stream), call.filters, self._ports, self._go_on_s
            )
            self._readings[call.reader] = reading
        return await reading.read_on(call.place)

    def _go_on_s(self) -> float:
        return self.allowances.read_on(self._ports.clock.monotonic_ns())

    def _refused_reading(self, call: ReadOn) -> CallRefused | None:
        if refused := refused_place(call.place):
            return refused
        reading = self._readings.get(call.reader)
        if reading is None and len(self._readings) >= self._fair.readers:
            value, rule = str(len(self._readings) + 1), f"at most {self._fair.readers} at once"
            return CallRefused(field="readers", value=value, rule=rule, retryable=True)
        if reading is not None and reading.stands_at(call.place):
            return None
        now_ns = self._ports.clock.monotonic_ns()
        return self.allowances.openings.take(now_ns) or refused_filters(
            self._strategy, call.stream, call.filters
        )

    async def _ask(self, call: AskDesk) -> AccessAnswer:
        if refused := refused_question(call):
            return refused
        now_ns, allowed = self._ports.clock.monotonic_ns(), self.allowances
        if asks_for_epoch(call):
            return await self._ask_for_epoch(call)
        if asks_venue(call):
            what, most, allowance = "venue_asks", self._fair.open_venue_asks, allowed.venue_asks
        elif call.subject == subjects.ORDER_HISTORY:
            what, most, allowance = "histories", MOST_OPEN_PAGES, allowed.histories
        else:
            what, most, allowance = "pages", MOST_OPEN_PAGES, allowed.pages
        if refused := allowance.take(now_ns):
            return refused
        return await self._within(what, most, lambda: self._pass_on(call))

    async def _say_alive(self, call: SayAlive) -> AccessAnswer:
        """Tell the gateways, in the name of the strategy that asks and of no other."""
        if refused := self.allowances.heartbeats.take(self._ports.clock.monotonic_ns()):
            return refused
        if not is_call_token(call.client):
            rule = "letters, digits and _, at most 64"
            return CallRefused(field="client", value=call.client[:MOST_SHOWN], rule=rule)
        alive = StrategyAlive(strategy=self._strategy, client=call.client, state=call.state)
        return AliveSaid(others=await self._bus.say_alive(alive))

    async def _ask_for_epoch(self, call: AskDesk) -> AccessAnswer:
        """Pass it on, also again and again while nobody can begin one: that costs nobody much."""
        now_ns, allowed = self._ports.clock.monotonic_ns(), self.allowances
        if refused := allowed.histories.take(now_ns) or allowed.epochs_exhausted(now_ns):
            return refused
        told = await self._within("epochs", 1, lambda: self._pass_on(call))
        if isinstance(told, DeskAnswered) and told.payload == call.payload:
            allowed.epoch_begun(now_ns)
        return told

    async def _pass_on(self, call: AskDesk) -> AccessAnswer:
        timeout_s = max(1, min(call.timeout_ms, MOST_ASK_MS)) / MS_PER_S
        answered = await self._bus.request(call.subject, call.payload, timeout_s)
        return DeskAnswered(payload=answered)

    def _stream(self, stream: ReadableStream) -> Reads:
        match stream:
            case ReadableStream.OMS:
                return self._bus.log
            case ReadableStream.DELTAS:
                return self._bus.deltas
            case ReadableStream.MARKS:
                return self._bus.marks
