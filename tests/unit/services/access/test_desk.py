"""What one strategy is answered, on a log in memory: each limit by its name, silence as silence."""

from services.access.allowance import HEARTBEATS_PER_S
from services.access.config import FairUse
from services.access.desk import IDLE_NS, StrategyDesk
from services.access.relay import MOST_KEPT, RelayPorts
from tandem.bus.memory.bus import MemoryBus
from tandem.domain.ids import Strategy, Token
from tandem.messages import codec, subjects
from tandem.messages.access import (
    AccessAnswer,
    AccessCall,
    AliveSaid,
    AskDesk,
    CallRefused,
    CallUnanswered,
    DeskAnswered,
    EntriesRead,
    EntryFound,
    FindEntry,
    IntentConflict,
    IntentLogged,
    LogIntent,
    ReadableStream,
    ReadingPlace,
    ReadOn,
    ReadState,
    SayAlive,
    StreamState,
)
from tandem.messages.hedges import Epoch
from tandem.messages.presence import ClientState, StrategyAlive
from tandem.messages.queries import PageRequest
from tandem.runtime.clock import SystemClock, TaskOwner
from tests.unit.services.access.asking import ALPHA, BETA, BINANCE, order

START = ReadingPlace(created_ns=0, seq=0)
LONG_TURNS = 100  # of the loop: until more has come than is kept


class SteppedClock:
    """Monotonic time that the test alone moves on: shares do not refill while a machine is busy."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._began_ns = self._clock.monotonic_ns()
        self.ahead_ns = 0

    def wall_ns(self) -> int:
        return self._clock.wall_ns()

    def monotonic_ns(self) -> int:
        return self._began_ns + self.ahead_ns

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class World:
    def __init__(self, fair: FairUse | None = None) -> None:
        self.clock = SteppedClock()
        self.bus = MemoryBus(self.clock)
        self.tasks = TaskOwner()
        ports = RelayPorts(self.clock, self.tasks, Token("copy"))
        self.desk = StrategyDesk(ALPHA, self.bus, fair or FairUse(), ports)

    async def ask(self, call: AccessCall) -> AccessAnswer:
        return codec.decode_told(await self.desk.answer(codec.encode(call)))

    async def log(self, name: str, strategy: Strategy = ALPHA) -> AccessAnswer:
        subject, payload = order(strategy, name)
        return await self.ask(LogIntent(subject=subject, payload=payload))

    async def read(self, reader: str, place: ReadingPlace = START) -> AccessAnswer:
        filters = (subjects.intents_by(ALPHA),)
        return await self.ask(
            ReadOn(reader=Token(reader), stream=ReadableStream.OMS, filters=filters, place=place)
        )

    async def close(self) -> None:
        await self.desk.close()
        await self.tasks.close()


def _is_refused(told: AccessAnswer, field: str) -> bool:
    return isinstance(told, CallRefused) and told.field == field


async def test_an_intent_is_logged_told_again_and_a_conflict() -> None:
    world = World()
    assert await world.log("a") == IntentLogged(seq=1)
    assert await world.log("a") == IntentLogged(seq=1, already=True)
    await world.bus.log.append(order(ALPHA, "b")[0], b"other")
    assert isinstance(await world.log("b"), IntentConflict)
    assert _is_refused(await world.log("c", BETA), "strategy")
    assert (await world.bus.log.state()).last_seq == 2


async def test_silence_of_the_log_is_no_refusal() -> None:
    world = World()
    world.bus.disconnect()
    assert await world.log("a") == CallUnanswered(text="the log did not confirm in time")
    assert await world.ask(ReadState(stream=ReadableStream.OMS)) == CallUnanswered(
        text="not connected: state"
    )


async def test_e8_no_bytes_are_left_without_an_answer() -> None:
    world = World()
    for payload in (b"", b"{", b"\xff" * 100, b'{"a":' * 1_200, b'{"type":"log_intent"}', b"[]"):
        assert isinstance(codec.decode_told(await world.desk.answer(payload)), CallRefused)
    told = codec.decode_told(await world.desk.answer(b"x" * (world.desk.most_bytes + 1)))
    assert _is_refused(told, "call")
    assert world.desk.refused == 7


async def test_e12_intents_lookups_and_openings_above_their_limits_are_refused_by_name() -> None:
    world = World(FairUse(intents_burst=2, lookups_per_s=1, openings_per_s=1))
    told = [await world.log(f"n{n}") for n in range(3)]
    assert told[:2] == [IntentLogged(seq=1), IntentLogged(seq=2)]
    assert _is_refused(told[2], "intents")

    lookups = [await world.ask(ReadState(stream=ReadableStream.OMS)) for _ in range(6)]
    assert isinstance(lookups[4], StreamState)
    assert _is_refused(lookups[5], "lookups")
    own = FindEntry(stream=ReadableStream.OMS, subject=order(ALPHA, "n0")[0])
    assert _is_refused(await world.ask(own), "lookups")
    find = FindEntry(stream=ReadableStream.OMS, subject=subjects.intents_by(ALPHA))
    assert isinstance(await world.ask(find), EntryFound)

    for n in range(15):
        assert isinstance(await world.read(f"r{n}"), EntriesRead)
    assert _is_refused(await world.read("r15"), "openings")
    assert _is_refused(await world.ask(find), "openings")
    await world.close()


async def test_e12_a_reader_that_goes_on_behind_what_is_kept_waits_for_its_share() -> None:
    """As fast as it asks it would have the server send a stream again and again."""
    world = World(FairUse(openings_per_s=1))
    for n in range(4 * MOST_KEPT):
        await world.bus.log.append(order(ALPHA, f"n{n}")[0], b"x")
    told = await world.read("on")
    assert isinstance(told, EntriesRead)
    world.desk.allowances.openings.spend(world.clock.monotonic_ns(), 1_000)
    read = len(told.entries)
    for _ in range(LONG_TURNS):
        await world.clock.sleep(0)
    while told.entries:
        told = await world.read("on", told.place)
        assert isinstance(told, EntriesRead)
        read += len(told.entries)

    assert MOST_KEPT <= read < 4 * MOST_KEPT
    assert told.pending == 1
    await world.close()


async def test_e12_readers_are_bounded_and_forgotten_when_nobody_asks_on() -> None:
    world = World(FairUse(readers=2))
    first = await world.read("one")
    await world.read("two")
    assert _is_refused(await world.read("three"), "readers")
    assert isinstance(first, EntriesRead)
    world.clock.ahead_ns = IDLE_NS
    await world.read("one", first.place)

    world.clock.ahead_ns += IDLE_NS // 2
    await world.desk.look_after()

    assert isinstance(await world.read("three"), EntriesRead)
    assert _is_refused(await world.read("four"), "readers")
    await world.close()


async def test_what_it_may_look_up_is_found() -> None:
    world = World()
    await world.log("a")
    stored = await world.bus.log.get(1)
    found = await world.ask(FindEntry(stream=ReadableStream.OMS, subject=order(ALPHA, "a")[0]))
    nothing = await world.ask(FindEntry(stream=ReadableStream.DELTAS, subject="orders.>"))
    assert isinstance(found, EntryFound)
    assert found.entry is not None
    assert stored is not None
    assert (found.entry.seq, found.entry.payload) == (stored.seq, stored.payload)
    assert nothing == EntryFound(entry=None)
    others = FindEntry(stream=ReadableStream.OMS, subject=subjects.intents_by(BETA))
    assert _is_refused(await world.ask(others), "filters")
    state = await world.ask(ReadState(stream=ReadableStream.MARKS))
    assert isinstance(state, StreamState)
    assert state.messages == 0


async def test_an_epoch_that_nobody_can_begin_yet_costs_none() -> None:
    """After a cut the folds catch up first: who asks until then must not be put off for it."""
    world = World(FairUse(epochs_per_min=1, histories_per_s=2))
    answers = [b"", b"", b""]
    epoch = codec.encode(Epoch(epoch=1))

    async def answer(question: bytes) -> bytes:
        return answers.pop() if answers else question

    await world.bus.serve(subjects.BEGIN_EPOCH, answer, queue="q")
    begin = AskDesk(subject=subjects.BEGIN_EPOCH, payload=epoch, timeout_ms=100)

    told = [await world.ask(begin) for _ in range(4)]

    assert told == [*[DeskAnswered(payload=b"")] * 3, DeskAnswered(payload=epoch)]
    assert _is_refused(await world.ask(begin), "epochs")
    again = [await world.ask(begin) for _ in range(6)]
    assert _is_refused(again[-1], "histories")


async def test_questions_are_passed_on_within_their_kind_s_bounds() -> None:
    world = World(FairUse(pages_per_s=1, epochs_per_min=1))

    async def answer(question: bytes) -> bytes:
        return question

    await world.bus.serve(subjects.ORDERS_PAGE, answer, queue="q")
    await world.bus.serve(subjects.BEGIN_EPOCH, answer, queue="q")
    page, epoch = codec.encode(PageRequest(exc=BINANCE)), codec.encode(Epoch(epoch=1))
    ask = AskDesk(subject=subjects.ORDERS_PAGE, payload=page, timeout_ms=100)
    begin = AskDesk(subject=subjects.BEGIN_EPOCH, payload=epoch, timeout_ms=100)

    told = [await world.ask(ask) for _ in range(11)]

    assert told[:10] == [DeskAnswered(payload=page)] * 10
    history = AskDesk(subject=subjects.ORDER_HISTORY, payload=page, timeout_ms=100)
    assert isinstance(await world.ask(history), CallUnanswered)
    assert _is_refused(told[10], "pages")
    assert await world.ask(begin) == DeskAnswered(payload=epoch)
    assert _is_refused(await world.ask(begin), "epochs")
    elsewhere = AskDesk(subject="oms.control.halt.t", payload=page, timeout_ms=1)
    assert _is_refused(await world.ask(elsewhere), "subject")


async def test_heartbeat_is_told_in_the_name_of_who_asks_and_answered_with_its_others() -> None:
    world, heard = World(), list[bytes]()
    await world.bus.listen(subjects.ALIVE, heard.append)
    await world.ask(SayAlive(client=Token("one")))
    told = await world.ask(SayAlive(client=Token("two"), state=ClientState.JOINING))

    words = [codec.decode_word(payload) for payload in heard]
    assert [(word.strategy, word.client) for word in words] == [(ALPHA, "one"), (ALPHA, "two")]
    assert isinstance(told, AliveSaid)
    assert [(one.client, one.state) for one in told.others] == [("one", ClientState.JOINED)]
    await world.close()


async def test_heartbeat_of_another_strategy_is_nobodys_other() -> None:
    world = World()
    await world.bus.attend()
    foreign = StrategyAlive(strategy=BETA, client=Token("foreign"))
    await world.bus.announce(subjects.ALIVE, codec.encode(foreign))
    assert await world.ask(SayAlive(client=Token("one"))) == AliveSaid()
    await world.close()


async def test_heartbeats_have_a_limit_and_a_client_a_name() -> None:
    world = World()
    assert _is_refused(await world.ask(SayAlive(client=Token("a-b"))), "client")
    assert await world.ask(SayAlive(client=Token("one"))) == AliveSaid()
    world.desk.allowances.heartbeats.spend(world.clock.monotonic_ns(), 60 * HEARTBEATS_PER_S)
    assert _is_refused(await world.ask(SayAlive(client=Token("one"))), "heartbeats")
    world.bus.disconnect()
    world.clock.ahead_ns += 120 * 10**9
    assert isinstance(await world.ask(SayAlive(client=Token("one"))), CallUnanswered)
    await world.close()
