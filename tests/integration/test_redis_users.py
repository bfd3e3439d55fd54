"""What Redis lets each service do: all that its pages need, and nothing of any other's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio
import redis.exceptions

from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.servers import REDIS, LocalServer, ServerSettings, locate_redis
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold.port import Head, SetRow
from tandem.runtime.fold.redis_pages import RedisPages, page_key

OWN = {
    "order-state": ("orders:binance", "fills:binance"),
    "position-state": ("positions:binance",),
    "hedger": ("hedges", "buckets"),
}
PAGES = tuple(page for pages in OWN.values() for page in pages)
LOST_SEQ, LOG_END = 500, 100
WITHIN_S = 10.0


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    keys.make(made, Desk())
    return made


@pytest.fixture
def server(directory: Path, tmp_path: Path) -> Iterator[LocalServer]:
    users = directory / "redis" / "users.acl"
    running = LocalServer(REDIS, ServerSettings(locate_redis(), tmp_path, users_file=users))
    running.start()
    yield running
    running.kill()


def _password(directory: Path, user: str) -> str:
    return (directory / user / keys.PASSWORD_FILE).read_text()


@asynccontextmanager
async def connected(
    server: LocalServer, directory: Path, user: str
) -> AsyncIterator["redis.asyncio.Redis"]:
    password = _password(directory, user)
    client = redis.asyncio.Redis.from_url(server.url, username=user, password=password)
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def writing(
    server: LocalServer, directory: Path, user: str, seq: int, value: bytes
) -> AsyncIterator[None]:
    """Keep the user's pages as its service does, at one place of a log that ends soon after it."""
    tasks = TaskOwner()
    url = server.url.replace("://", f"://{user}@")

    async def log_end() -> int:
        return LOG_END

    pages = RedisPages(url, SystemClock(), tasks, _password(directory, user), log_end)
    rows = [SetRow(page, "row", value) for page in OWN[user]]
    pages.start(lambda: Head(0, seq, 0), lambda: rows)
    yield
    await tasks.close()


async def _become(reader: "redis.asyncio.Redis", user: str, value: bytes) -> None:
    held: set[object] = set()
    async with asyncio.timeout(WITHIN_S):
        while held != {value}:
            held = {await reader.hget(page_key(page), "row") for page in OWN[user]}


@pytest.mark.parametrize("user", OWN)
async def test_a_service_may_do_all_that_its_pages_need_also_after_a_cut(
    server: LocalServer, directory: Path, user: str
) -> None:
    async with connected(server, directory, keys.READER) as reader:
        async with writing(server, directory, user, LOST_SEQ, b"lost"):
            await _become(reader, user, b"lost")
        async with writing(server, directory, user, LOG_END, b"kept"):
            await _become(reader, user, b"kept")


@pytest.mark.parametrize("user", [*OWN, keys.READER])
async def test_nobody_writes_a_page_of_another(
    server: LocalServer, directory: Path, user: str
) -> None:
    own = OWN.get(user, ())
    async with connected(server, directory, user) as client:
        for page in PAGES:
            if page in own:
                assert await client.hset(page_key(page), "row", "x") == 1
                continue
            with pytest.raises(redis.exceptions.NoPermissionError):
                await client.hset(page_key(page), "row", "x")
            with pytest.raises(redis.exceptions.NoPermissionError):
                await client.eval("return redis.call('DEL', KEYS[1])", 1, page_key(page))


@pytest.mark.parametrize("user", OWN)
async def test_a_service_reads_its_own_pages_only(
    server: LocalServer, directory: Path, user: str
) -> None:
    async with connected(server, directory, user) as client:
        for page in set(PAGES) - set(OWN[user]):
            with pytest.raises(redis.exceptions.NoPermissionError):
                await client.hget(page_key(page), "row")


@pytest.mark.parametrize("user", [*OWN, keys.READER])
@pytest.mark.parametrize("command", ["FLUSHALL", "CONFIG GET *", "ACL LIST", "SHUTDOWN NOW"])
async def test_nobody_rules_the_server(
    server: LocalServer, directory: Path, user: str, command: str
) -> None:
    async with connected(server, directory, user) as client:
        with pytest.raises(redis.exceptions.NoPermissionError):
            await client.execute_command(*command.split())  # type: ignore[no-untyped-call]


async def test_without_a_password_nothing_is_read(server: LocalServer) -> None:
    stranger = redis.asyncio.Redis.from_url(server.url)
    try:
        assert await stranger.ping()
        with pytest.raises(redis.exceptions.NoPermissionError):
            await stranger.hget(page_key("hedges"), "row")
    finally:
        await stranger.aclose()
