"""What a strategy gets of its bus through `access`, on a real server with its own permissions."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import nats.errors
import pytest

from tandem.bus.access.bus import AccessBus
from tandem.bus.port import Cursor, Entry, LogState
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.servers import LocalServer
from tandem.domain.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    UnavailableError,
)
from tandem.domain.ids import Exc, Strategy, Ticker, Token
from tandem.messages import codec, subjects
from tandem.messages.presence import StrategyAlive
from tandem.messages.queries import AskKind, SpecsRefreshed, VenueAsk
from tests.conftest import Eventually
from tests.integration.access_desk import ACCOUNTS, AccessDesk, make_keys, start_server
from tests.unit.services.access.asking import ALPHA, BETA, BINANCE, order

OWN = subjects.intents_by(ALPHA)
ASKS = 20


@dataclass
class Reading:
    """Everything one reader was given."""

    entries: list[Entry] = field(default_factory=list)
    cuts: list[LogState] = field(default_factory=list)

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.entries]


@dataclass
class World:
    server: LocalServer
    desk: AccessDesk
    bus: AccessBus


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    make_keys(tmp_path / "keys")
    server = start_server(tmp_path / "keys", tmp_path / "nats")
    desk = await AccessDesk.on(server.url, tmp_path / "keys")
    await desk.start_access()
    yield World(server, desk, await desk.bus_of(ALPHA))
    await desk.close()
    server.kill()


async def test_an_intent_is_logged_once_and_the_same_again(world: World) -> None:
    subject, payload = order(ALPHA, "one")

    first = await world.bus.log.append(subject, payload, same=True)
    again = await world.bus.log.append(subject, payload, same=True)

    stored = await world.desk.admin.log.find(subject)
    assert (first.already, again.already, again.seq) == (False, True, first.seq)
    assert stored is not None
    assert stored.payload == payload
    assert await world.bus.log.find(subject) == stored


async def test_a_taken_subject_is_a_conflict_for_something_else(world: World) -> None:
    subject, payload = order(ALPHA, "one")
    await world.desk.admin.log.append(subject, b"something else")

    with pytest.raises(ConflictError):
        await world.bus.log.append(subject, payload, same=True)

    assert (await world.bus.log.append(subject, payload)).already


async def test_an_append_without_access_is_logged_when_it_is_back(
    world: World, eventually: Eventually
) -> None:
    await world.desk.copies[0].end()
    subject, payload = order(ALPHA, "one")
    started = asyncio.ensure_future(world.bus.log.append(subject, payload, same=True))
    await world.desk.start_access()

    assert (await asyncio.wait_for(started, 10)).seq == 1


async def test_history_then_what_comes(world: World, eventually: Eventually) -> None:
    reading = Reading()
    for n in range(10):
        await world.bus.log.append(*order(ALPHA, f"before{n}"))
    following = await world.bus.log.follow([OWN], 0, reading.entries.append)
    await eventually(lambda: len(reading.entries) == 10)
    assert [entry.pending for entry in reading.entries] == list(reversed(range(10)))
    await eventually(lambda: following.pending == 0)

    await world.desk.admin.log.append(*order(BETA, "not alpha's"))
    await world.bus.log.append(*order(ALPHA, "after"))

    await eventually(lambda: len(reading.entries) == 11)
    assert reading.seqs == [*range(1, 11), 12]


async def test_reading_starts_after_a_sequence(world: World, eventually: Eventually) -> None:
    reading = Reading()
    for n in range(5):
        await world.bus.log.append(*order(ALPHA, f"n{n}"))

    await world.bus.log.follow([OWN], 3, reading.entries.append)

    await eventually(lambda: reading.seqs == [4, 5])


async def test_a_quiet_reader_keeps_hearing_and_a_closed_one_is_silent(
    world: World, eventually: Eventually
) -> None:
    closed, witness = Reading(), Reading()
    reader = await world.bus.log.follow([OWN], 0, closed.entries.append)
    following = await world.bus.log.follow([OWN], 0, witness.entries.append)
    await eventually(lambda: following.heard_ns > 0)
    heard_ns = following.heard_ns
    await eventually(lambda: following.heard_ns > heard_ns)

    await reader.close()
    await world.bus.log.append(*order(ALPHA, "one"))

    await eventually(lambda: len(witness.entries) == 1)
    assert closed.entries == []


async def test_a_long_history_arrives_whole_and_in_order(
    world: World, eventually: Eventually
) -> None:
    """More than a copy keeps for a reader: reading ends there and goes on."""
    reading = Reading()
    stored = [
        world.desk.admin.deltas.append_soon(f"orders.binance.c{n}.0.{n}.0", b"x" * 200)
        for n in range(20_000)
    ]
    await asyncio.gather(*stored)

    await world.bus.deltas.follow([subjects.deltas_of("orders")], 0, reading.entries.append)

    await eventually(lambda: len(reading.entries) >= 20_000, 30)
    assert reading.seqs == list(range(1, 20_001))


async def test_nothing_is_skipped_or_repeated_when_copies_and_the_server_die(
    world: World, eventually: Eventually
) -> None:
    reading, second = Reading(), await world.desk.start_access()
    await world.bus.deltas.follow([subjects.deltas_of("orders")], 0, reading.entries.append)

    async def more(name: str) -> None:
        for n in range(100):
            await world.desk.admin.deltas.append(f"orders.binance.{name}{n}.0.1.0", b"x")

    await more("a")
    await eventually(lambda: len(reading.entries) >= 50)
    writing = asyncio.ensure_future(more("b"))
    await world.desk.copies.pop(0).end()
    await writing
    await eventually(lambda: len(reading.entries) >= 200)
    world.server.kill()
    await eventually(lambda: not second.bus.connected)
    world.server.start()
    await more("c")

    await eventually(lambda: len(reading.entries) >= 300, 20)
    assert reading.seqs == list(range(1, 301))


async def test_a_log_that_was_cut_is_told_once(world: World, eventually: Eventually) -> None:
    reading = Reading()
    await world.bus.log.append(*order(ALPHA, "one"))
    state = await world.bus.log.state()
    elsewhere = Cursor(created_ns=state.created_ns, seq=1, subject="oms.other", ts_ns=5)

    await world.bus.log.follow([OWN], elsewhere, reading.entries.append, reading.cuts.append)

    await eventually(lambda: reading.cuts == [state])
    assert reading.entries == []


async def test_questions_are_passed_on_and_answered(world: World) -> None:
    async def reply(question: bytes) -> bytes:
        assert codec.decode_query(question) == VenueAsk(kind=AskKind.REFRESH_SPECS)
        return codec.encode(SpecsRefreshed(instruments=3))

    await world.desk.admin.serve(subjects.venue_ask(BINANCE), reply, queue="gateway")
    await world.desk.admin.log.append("oms.x", b"the listener is known by now")
    asked = codec.encode(VenueAsk(kind=AskKind.REFRESH_SPECS))

    answered = await world.bus.request(subjects.venue_ask(BINANCE), asked, 5)

    assert codec.decode_answer(answered) == SpecsRefreshed(instruments=3)
    with pytest.raises(UnavailableError, match="nobody listens"):
        await world.bus.request(subjects.venue_ask(Exc("nowhere")), asked, 5)
    with pytest.raises(InvalidInputError, match="a page, an order's history"):
        await world.bus.request("oms.control.halt.x", asked, 5)


async def test_what_is_not_alpha_s_is_refused_by_name_and_not_logged(world: World) -> None:
    subject, payload = order(BETA, "one")
    with pytest.raises(InvalidInputError, match="strategy=beta: alpha, who asks"):
        await world.bus.log.append(subject, payload)
    with pytest.raises(InvalidInputError, match=r"strategy=oms\.intent.*: beta under"):
        await world.bus.log.append(order(ALPHA, "one")[0], payload)
    with pytest.raises(InvalidInputError, match="instrument tables"):
        await world.bus.log.find(subjects.intents_by(BETA))

    assert (await world.desk.admin.log.state()).messages == 0


async def test_a_strategy_that_is_given_a_key_is_let_in_without_a_restart(
    world: World, eventually: Eventually
) -> None:
    """As docs/operations.md says: the server reads its users anew, `access` its list."""
    gamma, directory = Strategy("gamma"), world.desk.directory
    keys.make(directory, Desk(ACCOUNTS, (ALPHA, gamma)))
    assert world.server.pid is not None
    os.kill(world.server.pid, signal.SIGHUP)

    async def connected() -> AccessBus:
        while True:
            # Until the server has read its users anew it knows no such key.
            with contextlib.suppress(nats.errors.Error, ConfigurationError):
                return await world.desk.bus_of(gamma)
            await world.desk.clock.sleep(0.05)

    bus = await asyncio.wait_for(connected(), 10)
    subject, payload = order(gamma, "one")
    assert not (await asyncio.wait_for(bus.log.append(subject, payload), 20)).already

    await eventually(lambda: BETA not in world.desk.copies[0].service.admitted)
    assert {ALPHA, gamma} == set(world.desk.copies[0].service.admitted)


async def test_e2_an_answer_goes_to_the_asker_s_own_inbox_or_nowhere(
    world: World, eventually: Eventually
) -> None:
    """The reply is the asker's to name; the first minute's alarm tells how often it was another."""
    client = await world.desk.client_of("strategy-alpha")
    call = b'{"type":"read_state","stream":"OMS"}'
    decision = subjects.decision((BINANCE, Ticker("SOL"), ALPHA), 0, 1)  # type: ignore[arg-type]
    for reply in (decision, "_INBOX.x", "_INBOX_strategy-beta.x", "_INBOX_strategy-alphabet.x"):
        await client.publish(subjects.access_calls(ALPHA), call, reply=reply)

    alarms = subjects.alarms_of("access")

    async def alarmed() -> bool:
        return await world.desk.admin.log.find(alarms) is not None

    async with asyncio.timeout(10):
        while not await alarmed():
            await world.desk.clock.sleep(0.05)
    found = await world.desk.admin.log.find(alarms)
    assert found is not None
    assert json.loads(found.payload)["text"] == "strategy alpha: 4 answers asked for elsewhere"
    assert await world.desk.admin.log.find(subjects.ALL_DECISIONS) is None


async def test_a_strategy_says_that_it_lives_in_its_own_name_whatever_it_claims(
    world: World, eventually: Eventually
) -> None:
    heard: list[bytes] = []
    await world.desk.admin.listen(subjects.ALIVE, heard.append)
    await world.bus.say_alive(StrategyAlive(strategy=BETA, client=Token("one")))
    await eventually(lambda: heard)
    assert codec.decode_word(heard[0]) == StrategyAlive(strategy=ALPHA, client=Token("one"))


async def test_every_copy_of_access_tells_a_client_of_its_others(
    world: World, eventually: Eventually
) -> None:
    await world.desk.start_access()
    second, foreign = await world.desk.bus_of(ALPHA), await world.desk.bus_of(BETA)
    one, two = (StrategyAlive(strategy=ALPHA, client=Token(name)) for name in ("one", "two"))
    await world.bus.say_alive(one)
    told = [await second.say_alive(two) for _ in range(ASKS)]  # some by each of the copies
    assert all([other.client for other in others] == ["one"] for others in told)
    assert await foreign.say_alive(StrategyAlive(strategy=BETA, client=Token("three"))) == ()
