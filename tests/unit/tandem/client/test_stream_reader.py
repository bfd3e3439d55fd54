"""A stream is read once, in order, past pauses, reconnects and cuts."""

from tandem.bus.port import Entry, LogState
from tandem.client.stream_reader import Reactions, Reading
from tandem.domain.errors import MalformedMessageError
from tests.unit.tandem.client.bus import Desk, until


class Reader:
    """A reading of the log that keeps the subjects it was given."""

    def __init__(self, desk: Desk) -> None:
        self.taken: list[str] = []
        self.cuts: list[int] = []
        self.desk = desk
        reactions = Reactions(self._take, self._cut)
        self.reading = Reading(desk.bus.log, ("oms.>",), reactions, desk.ports)

    def _take(self, entry: Entry) -> None:
        if entry.subject == "oms.bad":
            raise MalformedMessageError("payload", "bad")
        self.taken.append(entry.subject.removeprefix("oms."))

    def _cut(self, state: LogState) -> int:
        self.cuts.append(state.last_seq)
        return 0

    async def start(self) -> None:
        self.reading.start(0, await self.desk.bus.log.state())

    async def append(self, *names: str) -> None:
        for name in names:
            await self.desk.world.log.append(f"oms.{name}", b"")


async def test_entries_are_taken_once_in_order_and_bad_ones_passed_over() -> None:
    reader = Reader(Desk())
    await reader.append("a", "bad")
    await reader.start()
    await reader.append("b")
    await until(lambda: reader.taken == ["a", "b"])
    assert reader.reading.seq == 3
    assert not reader.reading.has_pending
    await reader.reading.close()


async def test_what_comes_while_paused_is_read_after() -> None:
    reader = Reader(Desk())
    await reader.start()
    await reader.append("a")
    await until(lambda: reader.taken == ["a"])
    reader.reading.pause()
    reader.reading.pause()
    await reader.append("b", "c")
    await until(lambda: reader.reading.has_pending)
    assert reader.taken == ["a"]
    reader.reading.resume()
    await until(lambda: reader.taken == ["a", "b", "c"])
    await reader.reading.close()


async def test_kept_place_is_read_on_from_after_a_reconnect() -> None:
    reader = Reader(Desk())
    await reader.start()
    await reader.append("a")
    await until(lambda: reader.taken == ["a"])
    reader.desk.bus.disconnect()
    await reader.append("b")
    reader.desk.bus.reconnect()
    await until(lambda: reader.taken == ["a", "b"])
    assert reader.cuts == []
    await reader.reading.close()


async def test_shorter_stream_was_cut() -> None:
    reader = Reader(Desk())
    await reader.start()
    await reader.append("a", "b")
    await until(lambda: reader.taken == ["a", "b"])
    reader.desk.bus.disconnect()
    reader.desk.world.server.oms.cut(1)
    reader.desk.bus.reconnect()
    await until(lambda: reader.taken == ["a", "b", "a"])
    assert reader.cuts == [1]
    await reader.reading.close()


async def test_other_entry_at_the_place_means_a_cut() -> None:
    reader = Reader(Desk())
    await reader.start()
    await reader.append("a", "b")
    await until(lambda: reader.taken == ["a", "b"])
    reader.desk.bus.disconnect()
    reader.desk.world.server.oms.cut(1)
    await reader.append("c", "d")
    reader.desk.bus.reconnect()
    await until(lambda: reader.taken[-3:] == ["a", "c", "d"])
    assert reader.cuts == [3]
    await reader.reading.close()


async def test_reading_never_started_can_be_closed() -> None:
    reader = Reader(Desk())
    await reader.reading.close()
    assert reader.reading.has_pending
