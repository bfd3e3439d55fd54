"""Blows on the servers: killed, without room on their disk, with an older log, with none.

1. One blow at a time falls on a server; another waits until it is over.
2. A log that is taken away is kept beside: what the oracle must know stood in it.
3. An older copy of the log is what a `kill -9` would have left then: taken while the server stands
   still, of all that it had written.
"""

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio

from examples.chaos.blows.journal import Journal
from examples.chaos.blows.plan import Kind
from examples.chaos.figures.uptime import NATS, Uptime
from tandem.cli.servers import LocalServer
from tandem.cli.stack import LocalStack
from tandem.runtime.clock import Clock

# A file of the server may not grow beyond this: nothing can be written, as on a full disk.
FULL_BYTES = 1
STORE = "jetstream"


class ServerBlows:
    """Strikes NATS and Redis; `cut_logs` are the logs that were taken away, oldest first."""

    def __init__(self, stack: LocalStack, clock: Clock, journal: Journal, uptime: Uptime) -> None:
        self._stack, self._clock = stack, clock
        self._journal, self._uptime = journal, uptime
        self._turns = {Kind.NATS: asyncio.Lock(), Kind.REDIS: asyncio.Lock()}
        self.cut_logs: list[Path] = []
        self.wiped_ms: list[int] = []

    async def strike(self, kind: Kind, hold_s: float) -> None:
        """Let one blow fall and last."""
        async with self._turns[Kind.REDIS if kind in {Kind.REDIS, Kind.FLUSH} else Kind.NATS]:
            match kind:
                case Kind.REDIS:
                    await self._kill_redis(hold_s)
                case Kind.FLUSH:
                    await self._flush()
                case Kind.DISK:
                    await self._fill_disk(hold_s)
                case Kind.ROLLBACK:
                    await self._roll_back(hold_s)
                case Kind.WIPE:
                    await self._wipe(hold_s)
                case _:
                    await self._kill_nats(hold_s)

    async def _kill_redis(self, hold_s: float) -> None:
        event = self._journal.begin(Kind.REDIS, "kill redis")
        self._stack.redis.kill()
        await self._clock.sleep(hold_s)
        await asyncio.to_thread(self._stack.redis.start)
        self._journal.end(event)

    async def _flush(self) -> None:
        event = self._journal.begin(Kind.FLUSH, "flush redis")
        client = redis.asyncio.Redis.from_url(self._stack.redis.url, socket_timeout=1.0)
        try:
            await client.flushall()
        except (redis.exceptions.RedisError, OSError):
            event.what = "flush redis, which was down"
        finally:
            await client.aclose()
        self._journal.end(event)

    @asynccontextmanager
    async def _nats_down(self, kind: Kind, what: str) -> AsyncIterator[None]:
        """Kill NATS, and start it again afterwards."""
        event = self._journal.begin(kind, what)
        self._uptime.down(NATS)
        self._stack.nats.kill()
        yield
        await asyncio.to_thread(self._stack.nats.start)
        self._uptime.up(NATS)
        self._journal.end(event)

    async def _kill_nats(self, hold_s: float) -> None:
        async with self._nats_down(Kind.NATS, "kill nats"):
            await self._clock.sleep(hold_s)

    async def _fill_disk(self, hold_s: float) -> None:
        """Let the server write nothing for a while; it needs a restart to go on."""
        event = self._journal.begin(Kind.DISK, "nats has no room on its disk")
        self._uptime.down(NATS)
        pid = self._stack.nats.pid
        if pid is not None:
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_BYTES, hard))
        await self._clock.sleep(hold_s)
        self._stack.nats.kill()
        await asyncio.to_thread(self._stack.nats.start)
        self._uptime.up(NATS)
        self._journal.end(event)

    async def _roll_back(self, hold_s: float) -> None:
        older = self._stack.plan.directory / "older"
        await self._copy(older)
        await self._clock.sleep(hold_s)
        what = f"the log of {hold_s:.1f} s ago comes back"
        async with self._nats_down(Kind.ROLLBACK, what):
            self._take_away()
            older.rename(self._store)

    async def _copy(self, older: Path) -> None:
        pid = self._stack.nats.pid
        if pid is None:
            return
        self._uptime.down(NATS)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.to_thread(shutil.copytree, self._store, older)
        finally:
            os.kill(pid, signal.SIGCONT)
        self._uptime.up(NATS)

    async def _wipe(self, hold_s: float) -> None:
        async with self._nats_down(Kind.WIPE, "the log is deleted"):
            self._take_away()
            self.wiped_ms.append(self._clock.wall_ns() // 1_000_000)
            await self._clock.sleep(hold_s)

    def _take_away(self) -> None:
        """Set the log aside."""
        kept = self._stack.plan.directory / "cut-logs" / str(len(self.cut_logs) + 1)
        kept.mkdir(parents=True)
        self._store.rename(kept / STORE)
        self.cut_logs.append(kept)

    @property
    def _store(self) -> Path:
        return self._stack.nats.settings.directory / STORE


def server_of_kept(kept: Path, nats: LocalServer) -> LocalServer:
    """Return a server for a log that was set aside."""
    settings = nats.settings
    return LocalServer(nats.kind, type(settings)(settings.binary, kept))
