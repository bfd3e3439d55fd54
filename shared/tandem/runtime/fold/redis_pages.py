"""How pages get into Redis for any reader: in the background, never backwards, never in the way.

1. A page is a hash with a cursor beside it (epoch, sequence). A write whose cursor is behind the
   stored one is refused: another copy has already written at least that.
2. A page that Redis does not know is written whole or not at all, so none is ever half filled.
3. With Redis gone, nothing else waits: changes are dropped, and the pages are filled from the
   state when it is back. What waits to be written is bounded.
4. A page that has become empty while nobody wrote is emptied: what is known of a page counts, not
   whether a row of it is left.
5. A page whose cursor the log cannot have reached is of a log that was cut: it is dropped, or it
   would be ahead of every copy until the log has grown past it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import redis.asyncio
import redis.exceptions
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tandem.bus.tasks import end
from tandem.domain.errors import UnavailableError
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.fold.port import Head, SetRow

KEY_PREFIX = "tandem:page:"
MOST_WAITING = 50_000
TIMEOUT_S = 1.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 2.0
PAUSE_S = 0.1  # readers of Redis look at pages, not at ticks: rows between are written once

# KEYS: the page, its cursor. ARGV: epoch, sequence, mode (whole or change), how many rows are
# set, name and value of each of them, names of the rows that are deleted.
_WRITE = """
local epoch, seq = redis.call('HGET', KEYS[2], 'epoch'), redis.call('HGET', KEYS[2], 'seq')
if epoch then
  local ahead = tonumber(epoch) > tonumber(ARGV[1])
    or (tonumber(epoch) == tonumber(ARGV[1]) and tonumber(seq) > tonumber(ARGV[2]))
  if ahead then return 'behind' end
elseif ARGV[3] == 'change' then
  return 'unknown'
end
if ARGV[3] == 'whole' then redis.call('DEL', KEYS[1]) end
local rows = tonumber(ARGV[4])
for i = 1, rows do redis.call('HSET', KEYS[1], ARGV[3 + 2 * i], ARGV[4 + 2 * i]) end
for i = 5 + 2 * rows, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'seq', ARGV[2])
return 'written'
"""

_log = structlog.get_logger(component="pages")

Rows = dict[str, bytes | None]
Heads = Callable[[], Head]
AllRows = Callable[[], Iterable[SetRow]]
LogEnd = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Write:
    """One call of the script."""

    page: str
    rows: Rows
    whole: bool

    def arguments(self, head: Head) -> list[bytes | str | int]:
        kept = [(name, value) for name, value in self.rows.items() if value is not None]
        gone = [name for name, value in self.rows.items() if value is None]
        mode = "whole" if self.whole else "change"
        pairs = [part for pair in kept for part in pair]
        return [head.epoch, head.seq, mode, len(kept), *pairs, *gone]


class RedisPages:
    """Writes the rows of one fold, coalesced, from a task of its own."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        tasks: TaskOwner,
        password: str | None = None,
        log_end: LogEnd | None = None,
    ) -> None:
        self._log_end = log_end
        self._clock = clock
        self._tasks = tasks
        self._client = redis.asyncio.Redis.from_url(
            _with_password(url, password),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._client.register_script(_WRITE)
        self._state: tuple[Heads, AllRows] | None = None
        self._waiting: dict[str, Rows] = {}
        self._count = 0
        self._pages: set[str] = set()
        self._refill = True
        self._epoch = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, head: Heads, rows: AllRows) -> None:
        """Begin writing, or write all anew; `rows` gives every row, also gone ones, at the head."""
        self._state = head, rows
        self._start_over()
        self._wake.set()
        if self._task is None:
            self._task = self._tasks.spawn(self._run(), "pages")

    def set(self, effect: SetRow) -> None:
        if self._refill:
            return
        rows = self._waiting.setdefault(effect.page, {})
        self._count += effect.row not in rows
        rows[effect.row] = effect.value
        if self._count > MOST_WAITING:
            self._start_over()
        self._wake.set()

    async def close(self) -> None:
        if self._task is not None:
            await end({self._task})

    def _start_over(self) -> None:
        self._waiting.clear()
        self._count = 0
        self._refill = True

    async def _run(self) -> None:
        try:
            await self._write_on()
        finally:
            await self._client.aclose()

    async def _write_on(self) -> None:
        delay_s = BACKOFF_FIRST_S
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._flush()
                delay_s = BACKOFF_FIRST_S
            except (redis.exceptions.RedisError, OSError) as error:
                _log.warning("pages not written, filling them later", error=str(error))
                self._start_over()
                self._wake.set()
                await self._clock.sleep(delay_s)
                delay_s = min(delay_s * 2, BACKOFF_MOST_S)
            await self._clock.sleep(PAUSE_S)

    async def _flush(self) -> None:
        if self._state is None:
            return
        head = self._state[0]()
        if self._refill or head.epoch != self._epoch:
            writes = _whole(self._state[1](), self._pages)
        else:
            writes = [Write(page, held, whole=False) for page, held in self._waiting.items()]
        self._waiting, self._count, self._refill, self._epoch = {}, 0, False, head.epoch
        for write in writes:
            self._pages.add(write.page)
            answer = await self._write(write, head)
            if answer == "behind" and write.whole and await self._is_lost(write.page, head):
                await self._drop(write.page)
                answer = "unknown"
            if answer == "unknown":
                self._start_over()
                self._wake.set()
                return

    async def _write(self, write: Write, head: Head) -> str:
        key = page_key(write.page)
        called = self._script(keys=[key, f"{key}:cursor"], args=write.arguments(head))
        answer = await cast("Awaitable[bytes]", called)
        return answer.decode()

    async def _is_lost(self, page: str, head: Head) -> bool:
        """Tell whether a page is of a log that is no more; the log's end is asked for after it."""
        asked = self._client.hmget(f"{page_key(page)}:cursor", ["epoch", "seq"])
        epoch, seq = await cast("Awaitable[list[bytes | None]]", asked)
        if epoch is None or seq is None or self._log_end is None:
            return False
        if int(epoch) > head.epoch and int(seq) <= head.seq:
            return True
        try:
            return int(seq) > await self._log_end()
        except UnavailableError:
            return False

    async def _drop(self, page: str) -> None:
        _log.error("a page is ahead of the log, writing it anew", page=page)
        key = page_key(page)
        await self._client.delete(key, f"{key}:cursor")


def _with_password(url: str, password: str | None) -> str:
    """Return the URL with the password of its user; the URL alone is what settings show."""
    if password is None:
        return url
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user if at else ''}:{quote(password, safe='')}@{place}"


def _whole(rows: Iterable[SetRow], known: Iterable[str]) -> Sequence[Write]:
    """Return a write of each page in full, also of those that have become empty."""
    pages: dict[str, Rows] = {page: {} for page in known}
    for row in rows:
        pages.setdefault(row.page, {})[row.row] = row.value
    return [Write(page, held, whole=True) for page, held in pages.items()]


def page_key(page: str) -> str:
    """Return the Redis key of a page; its cursor is the same key with `:cursor`."""
    return f"{KEY_PREFIX}{{{page}}}"
