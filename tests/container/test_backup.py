"""The log is copied while hedges run, its disk is lost, and an older copy takes its place.

What happened after the copy is known to the exchanges, whose books are the oracle, and to the
strategy, which has outlived the log and offers again what it asked for.
"""

import io
from collections.abc import Iterator

import pytest

from tests.container.commanding import commanded
from tests.container.stack import Stack, docker, running

pytestmark = pytest.mark.timeout(240)

SERVICES = (
    "gateway-binance",
    "gateway-hyperliquid",
    "order-state",
    "position-state",
    "hedger",
    "access",
)
FOLLOWING = 2


@pytest.fixture
def desk(version: str) -> Iterator[Stack]:
    with running(Stack(version), *SERVICES) as up:
        yield up


def _operates(desk: Stack, *words: str, given: bytes = b"") -> bytes:
    """Run `tandem` as docs/operations.md says; return what it wrote."""
    command = ("run", "--rm", "-T", "--no-deps", "streams", "tandem", *words)
    with desk.popen(*command) as process:
        assert isinstance(process.stdin, io.TextIOWrapper)
        assert isinstance(process.stdout, io.TextIOWrapper)
        process.stdin.buffer.write(given)
        process.stdin.close()
        made: bytes = process.stdout.buffer.read()
    assert process.returncode == 0
    return made


def _lose_the_log(desk: Stack) -> None:
    desk.compose("stop", *SERVICES, "nats")
    desk.compose("rm", "-f", "nats", "streams", "keys")
    docker("volume", "rm", f"{desk.project}_nats-data")


def test_a_desk_restored_from_an_older_copy_hedges_on_and_doubles_nothing(desk: Stack) -> None:
    with commanded(desk) as strategy:
        strategy.hedges()
        strategy.does("quote")
        copy = _operates(desk, "backup", "-")
        strategy.does("fill")
        strategy.does("done")
        for _ in range(FOLLOWING):
            strategy.hedges()
        strategy.does("balance")

        _lose_the_log(desk)
        desk.up("nats")
        _operates(desk, "restore", "-", given=copy)
        desk.up(*SERVICES)

        strategy.hedges()
        strategy.does("balance")
