"""Pages in a real Redis-protocol server: whole or not at all, and never backwards."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from tandem.cli.servers import LocalServer
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold.port import Head, SetRow
from tandem.runtime.fold.redis_pages import RedisPages, page_key


class Writer:
    """One copy's pages: its rows and where it stands."""

    log_end = 1_000
    asked = 0

    def __init__(self, server: LocalServer, seq: int, **rows: bytes) -> None:
        self.head = Head(0, seq, 0)
        self.rows: dict[str, bytes | None] = dict(rows)
        self.tasks = TaskOwner()
        self.pages = RedisPages(server.url, SystemClock(), self.tasks, log_end=self._log_end)

    async def _log_end(self) -> int:
        return self.log_end

    def start(self) -> None:
        self.pages.start(lambda: self.head, self._all)

    def _all(self) -> list[SetRow]:
        self.asked += 1
        return [SetRow("p", name, value) for name, value in self.rows.items()]

    def change(self, seq: int, row: str, value: bytes | None) -> None:
        self.head = Head(self.head.epoch, seq, 0)
        if value is None:
            del self.rows[row]
        else:
            self.rows[row] = value
        self.pages.set(SetRow("p", row, value))


@pytest.fixture
async def client(redis_server: LocalServer) -> "AsyncIterator[redis.asyncio.Redis]":
    made = redis.asyncio.Redis.from_url(redis_server.url)
    yield made
    await made.aclose()


async def _becomes(client: "redis.asyncio.Redis", rows: dict[bytes, bytes]) -> None:
    held: object = None
    async with asyncio.timeout(5):
        while held != rows:
            held = await client.hgetall(page_key("p"))


async def test_a_page_follows_its_changes(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    writer = Writer(redis_server, 1, a=b"1", b=b"2")
    writer.start()
    await _becomes(client, {b"a": b"1", b"b": b"2"})

    writer.change(2, "a", None)
    writer.change(3, "c", b"3")

    await _becomes(client, {b"b": b"2", b"c": b"3"})
    await writer.tasks.close()


async def test_a_page_that_became_empty_while_nobody_wrote_is_emptied(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    former = Writer(redis_server, 1, a=b"1", b=b"2")
    former.start()
    await _becomes(client, {b"a": b"1", b"b": b"2"})
    await former.tasks.close()

    following = Writer(redis_server, 5)
    following.rows = {"a": None}
    following.start()

    await _becomes(client, {})
    await following.tasks.close()


async def test_a_change_is_written_without_gathering_every_row(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    writer = Writer(redis_server, 1, a=b"1")
    writer.start()
    await _becomes(client, {b"a": b"1"})

    writer.change(2, "a", b"2")

    await _becomes(client, {b"a": b"2"})
    assert writer.asked == 1
    await writer.tasks.close()


async def test_a_copy_that_is_behind_changes_nothing(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    ahead, behind = Writer(redis_server, 9, a=b"new"), Writer(redis_server, 3, a=b"old")
    ahead.start()
    await _becomes(client, {b"a": b"new"})

    behind.start()
    behind.change(4, "a", b"older")
    ahead.change(10, "b", b"x")

    await _becomes(client, {b"a": b"new", b"b": b"x"})
    await behind.pages.close()
    assert await client.hgetall(page_key("p")) == {b"a": b"new", b"b": b"x"}
    await ahead.tasks.close()


async def test_a_page_that_redis_lost_is_written_whole(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    writer = Writer(redis_server, 1, a=b"1", b=b"2")
    writer.start()
    await _becomes(client, {b"a": b"1", b"b": b"2"})
    await client.flushall()

    writer.change(2, "c", b"3")

    await _becomes(client, {b"a": b"1", b"b": b"2", b"c": b"3"})
    await writer.tasks.close()


async def test_a_page_does_not_outlive_its_server(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    """What comes back from a disk may be older than what was written: none of it does."""
    writer = Writer(redis_server, 1, a=b"1")
    writer.start()
    await _becomes(client, {b"a": b"1"})
    await writer.tasks.close()
    await client.aclose()

    redis_server.kill()
    redis_server.start()

    assert await client.keys() == []


async def test_a_new_epoch_replaces_the_page(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    writer = Writer(redis_server, 50, a=b"lost", b=b"2")
    writer.start()
    await _becomes(client, {b"a": b"lost", b"b": b"2"})

    del writer.rows["a"]
    writer.head = Head(1, 5, 0)
    writer.change(6, "b", b"3")

    await _becomes(client, {b"b": b"3"})
    await writer.tasks.close()


async def test_a_page_of_a_log_that_was_cut_is_written_anew(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    former = Writer(redis_server, 500, a=b"lost")
    former.start()
    await _becomes(client, {b"a": b"lost"})
    await former.tasks.close()

    cold = Writer(redis_server, 100, a=b"kept")
    cold.log_end = 100
    cold.start()

    await _becomes(client, {b"a": b"kept"})
    await cold.tasks.close()


async def test_a_page_of_an_epoch_that_the_log_lost_is_written_anew(
    redis_server: LocalServer, client: "redis.asyncio.Redis"
) -> None:
    former = Writer(redis_server, 50, a=b"lost")
    former.head = Head(2, 50, 0)
    former.start()
    await _becomes(client, {b"a": b"lost"})
    await former.tasks.close()

    cold = Writer(redis_server, 100, a=b"kept")
    cold.start()

    await _becomes(client, {b"a": b"kept"})
    await cold.tasks.close()
