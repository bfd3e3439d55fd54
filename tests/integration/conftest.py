"""Real servers, one of each kind a test, on random loopback ports and in private directories."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.cli.servers import (
    NATS,
    REDIS,
    LocalServer,
    ServerSettings,
    locate_nats,
    locate_redis,
)


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[LocalServer]:
    """A running nats-server: `url`, `kill()`, and `start()` again on the same port and store."""
    server = LocalServer(NATS, ServerSettings(locate_nats(), tmp_path / "nats"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[LocalServer]:
    """A running Redis-protocol server, as `nats_server`."""
    server = LocalServer(REDIS, ServerSettings(locate_redis(), tmp_path / "redis"))
    server.start()
    yield server
    server.kill()
