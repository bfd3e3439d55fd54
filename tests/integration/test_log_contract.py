"""What a log and a bus must do, for both that exist: in memory, and on a real nats-server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tandem.bus import topology
from tandem.bus.memory.bus import MemoryBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Bus, Entry, Guard
from tandem.cli.servers import LocalServer
from tandem.domain.errors import ConflictError, InvalidInputError, SupersededError, UnavailableError
from tandem.domain.ids import ClientOrderId, Exc, ExecId, HedgeId, Pool, Strategy, Ticker
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock

Eventually = Callable[..., Awaitable[None]]
STRATEGY = Strategy("s")
BINANCE = Exc("binance")
OFFERED = subjects.decision((Exc("x"), Ticker("y"), Pool("z")), 0, 1)
SNAPSHOT = subjects.snapshot("fold", "rules")


@dataclass
class World:
    """One bus, a second client of the same server, and a way to take the server away."""

    bus: Bus
    other: Bus
    lose_server: Callable[[], None]
    bring_server_back: Callable[[], None]


@dataclass
class Reading:
    """Everything one reader was given."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def subjects(self) -> list[str]:
        return [entry.subject for entry in self.entries]


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        memory = MemoryBus(SystemClock())
        other = memory.client()
        yield World(memory, other, memory.disconnect, memory.reconnect)
        await other.close()
        await memory.close()
        return
    server: LocalServer = request.getfixturevalue("nats_server")
    bus = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    await topology.apply(bus, topology.Limits())
    other_client = await NatsBus.connect(NatsOptions(server.url), SystemClock())
    yield World(bus, other_client, server.kill, server.start)
    await other_client.close()
    await bus.close()


async def test_append_stores_and_numbers_upwards(world: World) -> None:
    first = await world.bus.log.append(subjects.alarm("a", "1"), b"one")
    second = await world.bus.log.append(subjects.alarm("a", "2"), b"two")

    assert (first.already, second.already) == (False, False)
    assert second.seq == first.seq + 1


async def test_a_taken_subject_keeps_its_first_content(world: World) -> None:
    await world.bus.log.append(subjects.alarm("a", "1"), b"one")

    again = await world.bus.log.append(subjects.alarm("a", "1"), b"two")

    stored = await world.bus.log.find(subjects.alarm("a", "1"))
    assert again.already
    assert stored is not None
    assert stored.payload == b"one"


async def test_same_content_under_a_taken_subject_is_no_conflict(world: World) -> None:
    first = await world.bus.log.append(subjects.alarm("a", "1"), b"one", same=True)

    again = await world.other.log.append(subjects.alarm("a", "1"), b"one", same=True)

    assert again.already
    assert again.seq == first.seq


async def test_different_content_under_a_taken_subject_is_a_conflict(world: World) -> None:
    await world.bus.log.append(subjects.alarm("a", "1"), b"one")

    with pytest.raises(ConflictError):
        await world.bus.log.append(subjects.alarm("a", "1"), b"two", same=True)


async def test_append_soon_keeps_the_order_of_calls(world: World) -> None:
    started = [world.bus.log.append_soon(subjects.alarm("a", str(n)), b"x") for n in range(3_000)]

    stored = await asyncio.gather(*started)

    assert [appended.seq for appended in stored] == list(range(1, 3_001))


async def test_an_offer_is_stored_once_and_tells_the_loser(world: World) -> None:
    won = await world.bus.log.try_append(OFFERED, b"mine")
    lost = await world.other.log.try_append(OFFERED, b"theirs")

    stored = await world.bus.log.find(OFFERED)
    assert (won.already, lost.already) == (False, True)
    assert stored is not None
    assert stored.payload == b"mine"


async def test_an_offer_without_a_server_fails_and_is_never_sent_later(
    world: World, eventually: Eventually
) -> None:
    world.lose_server()
    await eventually(lambda: not world.bus.connected)

    with pytest.raises(UnavailableError):
        await world.bus.log.try_append(OFFERED, b"late")

    world.bring_server_back()
    await eventually(lambda: world.bus.connected)
    await world.bus.log.append(subjects.alarm("a", "1"), b"after")
    assert await world.bus.log.find(OFFERED) is None


async def test_an_append_without_a_server_is_stored_when_it_is_back(
    world: World, eventually: Eventually
) -> None:
    world.lose_server()
    await eventually(lambda: not world.bus.connected)
    started = [world.bus.log.append_soon(subjects.alarm("a", str(n)), b"x") for n in range(50)]

    world.bring_server_back()

    stored = await asyncio.wait_for(asyncio.gather(*started), 15)
    assert [appended.seq for appended in stored] == list(range(1, 51))


async def test_a_payload_that_is_too_large_is_refused(world: World) -> None:
    with pytest.raises(InvalidInputError, match="payload"):
        await world.bus.log.append(subjects.alarm("a", "1"), b"x" * (16 * 1024 * 1024))


async def test_follow_delivers_history_and_then_what_comes(
    world: World, eventually: Eventually
) -> None:
    reading = Reading()
    for n in range(3):
        await world.bus.log.append(subjects.alarm("a", str(n)), b"%d" % n)

    await world.bus.log.follow([subjects.ALL_FACTS], 0, reading.entries.append)
    await eventually(lambda: len(reading.entries) == 3)
    await world.other.log.append(subjects.alarm("a", "3"), b"3")

    await eventually(lambda: len(reading.entries) == 4)
    assert [entry.payload for entry in reading.entries] == [b"0", b"1", b"2", b"3"]
    assert [entry.seq for entry in reading.entries] == [1, 2, 3, 4]
    assert all(entry.ts_ns > 10**18 for entry in reading.entries)


async def test_follow_starts_after_a_sequence(world: World, eventually: Eventually) -> None:
    reading = Reading()
    for n in range(5):
        await world.bus.log.append(subjects.alarm("a", str(n)), b"x")

    await world.bus.log.follow([subjects.ALL_FACTS], 3, reading.entries.append)

    await eventually(lambda: len(reading.entries) == 2)
    assert [entry.seq for entry in reading.entries] == [4, 5]


async def test_follow_delivers_only_what_matches_a_filter(
    world: World, eventually: Eventually
) -> None:
    reading = Reading()
    await world.bus.log.follow(
        [subjects.reports_kind("fill"), subjects.intents_of(BINANCE)], 0, reading.entries.append
    )
    wanted = [
        subjects.fill_report(BINANCE, Ticker("BTC"), ExecId("1")),
        subjects.new_order(BINANCE, STRATEGY, ClientOrderId("0x1")),
        subjects.fill_report(Exc("x"), Ticker("S"), ExecId("2")),
    ]
    unwanted = [
        subjects.hedge_intent(STRATEGY, HedgeId("1")),
        subjects.mark_report(BINANCE, Ticker("BTC"), 1),
        "oms.venue.x.fill",  # the filter wants one more token
    ]

    for subject in (unwanted[0], *wanted, *unwanted[1:]):
        await world.bus.log.append(subject, b"x")
    await world.bus.log.append(subjects.new_order(BINANCE, STRATEGY, ClientOrderId("last")), b"x")

    await eventually(lambda: len(reading.entries) == 4)
    assert reading.subjects[:3] == wanted


async def test_pending_counts_down_to_the_head(world: World, eventually: Eventually) -> None:
    reading = Reading()
    for n in range(10):
        await world.bus.log.append(subjects.alarm("a", str(n)), b"x")

    following = await world.bus.log.follow([subjects.ALL_CONTROL], 0, reading.entries.append)

    await eventually(lambda: len(reading.entries) == 10)
    assert [entry.pending for entry in reading.entries] == list(reversed(range(10)))
    assert following.pending == 0


async def test_a_reader_of_an_empty_log_stands_at_its_head(
    world: World, eventually: Eventually
) -> None:
    following = await world.bus.log.follow([subjects.ALL_FACTS], 0, Reading().entries.append)

    await eventually(lambda: following.pending == 0)
    age_ns = SystemClock().monotonic_ns() - following.heard_ns
    assert age_ns < 5_000_000_000


async def test_a_quiet_reader_keeps_hearing_the_server(
    world: World, eventually: Eventually
) -> None:
    following = await world.bus.log.follow([subjects.ALL_FACTS], 0, Reading().entries.append)
    heard_ns = following.heard_ns

    await eventually(lambda: following.heard_ns > heard_ns)


async def test_a_closed_reader_is_silent(world: World, eventually: Eventually) -> None:
    closed, witness = Reading(), Reading()
    following = await world.bus.log.follow([subjects.ALL_FACTS], 0, closed.entries.append)
    await world.bus.log.follow([subjects.ALL_FACTS], 0, witness.entries.append)

    await following.close()
    await world.bus.log.append(subjects.alarm("a", "1"), b"x")

    await eventually(lambda: len(witness.entries) == 1)
    assert closed.entries == []


async def test_follow_skips_and_repeats_nothing_over_an_outage(
    world: World, eventually: Eventually
) -> None:
    reading = Reading()
    await world.bus.log.follow([subjects.ALL_FACTS], 0, reading.entries.append)
    before = [world.bus.log.append_soon(subjects.alarm("a", str(n)), b"x") for n in range(200)]
    await before[100]

    world.lose_server()
    await eventually(lambda: not world.bus.connected)
    during = [world.bus.log.append_soon(subjects.alarm("b", str(n)), b"x") for n in range(200)]
    world.bring_server_back()

    await asyncio.wait_for(asyncio.gather(*before, *during), 20)
    await eventually(lambda: len(reading.entries) >= 400)
    assert [entry.seq for entry in reading.entries] == list(range(1, 401))
    assert len(set(reading.subjects)) == 400


async def test_a_long_history_arrives_whole(world: World, eventually: Eventually) -> None:
    reading = Reading()
    started = [
        world.bus.log.append_soon(subjects.alarm("a", str(n)), b"x" * 200) for n in range(20_000)
    ]
    await asyncio.gather(*started)

    await world.other.log.follow([subjects.ALL_FACTS], 0, reading.entries.append)

    await eventually(lambda: len(reading.entries) >= 20_000, 20)
    assert [entry.seq for entry in reading.entries] == list(range(1, 20_001))


async def test_get_and_find_return_what_is_stored(world: World) -> None:
    appended = await world.bus.log.append(subjects.alarm("a", "1"), b"one")

    by_seq = await world.other.log.get(appended.seq)
    by_subject = await world.other.log.find(subjects.alarm("a", "1"))

    assert by_seq is not None
    assert (by_seq.subject, by_seq.payload) == (subjects.alarm("a", "1"), b"one")
    assert by_subject == by_seq
    assert await world.bus.log.get(appended.seq + 1) is None
    assert await world.bus.log.find(subjects.alarm("a", "2")) is None


async def test_the_state_of_a_log_counts_what_is_in_it(world: World) -> None:
    empty = await world.bus.log.state()
    await world.bus.log.append(subjects.alarm("a", "1"), b"one")
    await world.bus.log.append(subjects.alarm("a", "2"), b"two")

    state = await world.bus.log.state()

    assert (empty.messages, empty.last_seq) == (0, 0)
    assert (state.messages, state.first_seq, state.last_seq) == (2, 1, 2)
    assert state.created_ns == empty.created_ns > 10**18


async def test_snapshots_keep_the_newest(world: World) -> None:
    await world.bus.snapshots.append(SNAPSHOT, b"old")
    newer = await world.bus.snapshots.append(SNAPSHOT, b"new")

    stored = await world.bus.snapshots.find(SNAPSHOT)

    assert not newer.already
    assert stored is not None
    assert stored.payload == b"new"


async def test_streams_are_apart(world: World, eventually: Eventually) -> None:
    reading = Reading()
    await world.bus.deltas.follow([subjects.deltas_of("orders")], 0, reading.entries.append)
    await world.bus.log.append(subjects.alarm("a", "1"), b"x")
    await world.bus.marks.append(subjects.mark(BINANCE, Ticker("BTC")), b"x")

    appended = await world.bus.deltas.append("orders.binance.1.0.1.0", b"x")

    await eventually(lambda: len(reading.entries) == 1)
    assert appended.seq == 1


async def test_a_request_is_answered(world: World) -> None:
    async def answer(question: bytes) -> bytes:
        return question.upper()

    await world.other.serve(subjects.ORDERS_PAGE, answer, queue="order-state")
    await world.other.log.append(subjects.alarm("a", "1"), b"the listener is known by now")

    assert await world.bus.request(subjects.ORDERS_PAGE, b"who", 5) == b"WHO"


async def test_a_request_that_nobody_hears_fails(world: World) -> None:
    with pytest.raises(UnavailableError):
        await world.bus.request(subjects.ORDERS_PAGE, b"who", 5)


async def test_a_request_without_an_answer_in_time_fails(world: World) -> None:
    async def never(_question: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    await world.other.serve(subjects.ORDERS_PAGE, never, queue="order-state")
    await world.other.log.append(subjects.alarm("a", "1"), b"the listener is known by now")

    with pytest.raises(UnavailableError):
        await world.bus.request(subjects.ORDERS_PAGE, b"who", 0.05)


async def test_a_slow_answer_does_not_hold_up_the_next(world: World) -> None:
    release = asyncio.Event()

    async def answer(question: bytes) -> bytes:
        if question == b"slow":
            await release.wait()
        return question

    await world.other.serve(subjects.ORDERS_PAGE, answer, queue="order-state")
    await world.other.log.append(subjects.alarm("a", "1"), b"the listener is known by now")
    slow = asyncio.ensure_future(world.bus.request(subjects.ORDERS_PAGE, b"slow", 10))
    quick = await world.bus.request(subjects.ORDERS_PAGE, b"quick", 5)
    release.set()

    assert (quick, await slow) == (b"quick", b"slow")


async def test_coming_back_is_told(world: World, eventually: Eventually) -> None:
    told: list[str] = []
    world.bus.on_reconnect(lambda: told.append("back"))

    world.lose_server()
    await eventually(lambda: not world.bus.connected)
    world.bring_server_back()

    await eventually(lambda: told == ["back"])


async def test_find_by_filter_returns_the_newest_that_matches(world: World) -> None:
    for exc, cloid in (("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")):
        subject = subjects.new_order(Exc(exc), STRATEGY, ClientOrderId(cloid))
        await world.bus.log.append(subject, subject.encode())

    newest = await world.other.log.find(subjects.intents_of(Exc("a")))

    assert newest is not None
    assert newest.subject == subjects.new_order(Exc("a"), STRATEGY, ClientOrderId("2"))
    assert await world.other.log.find(subjects.intents_of(Exc("c"))) is None


async def test_what_is_guarded_is_stored_only_while_its_guard_holds(world: World) -> None:
    first, second = (subjects.sender_report(BINANCE, term, 1) for term in (1, 2))
    mine = await world.bus.log.append(first, b"mine")
    guard = Guard(subjects.senders_of(BINANCE), mine.seq)
    during = await world.bus.log.append_soon(subjects.alarm("a", "1"), b"x", guard)
    await world.other.log.append(second, b"theirs")

    with pytest.raises(SupersededError):
        await world.bus.log.append_soon(subjects.alarm("a", "2"), b"x", guard)

    assert not during.already
    assert await world.bus.log.find(subjects.alarm("a", "2")) is None


async def test_an_announcement_is_heard_by_those_who_listen_and_by_nobody_later(
    world: World, eventually: Eventually
) -> None:
    subject, heard = subjects.presence("fold"), list[bytes]()
    await world.other.listen(subject, heard.append)

    async def tell(word: bytes) -> None:
        async with asyncio.timeout(10.0):
            while word not in heard:  # any one may be lost
                await world.bus.announce(subject, word)
                await SystemClock().sleep(0.005)

    await tell(b"here")
    world.lose_server()
    await eventually(lambda: not world.bus.connected)
    await world.bus.announce(subject, b"lost")
    world.bring_server_back()

    await tell(b"again")
    assert b"lost" not in heard
