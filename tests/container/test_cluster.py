"""Three NATS servers, two copies of everything: one server is lost, then two at once.

A server that is gone costs the log a new leader, about five to fifteen seconds; nothing is sent
meanwhile. The oracle is the exchanges' own books.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Eventually
from tests.container.commanding import Commanded, commanded
from tests.container.stack import CommandError, Stack, docker, running

pytestmark = pytest.mark.timeout(240)

FILES = (Path("compose.yaml"), Path("compose.cluster.yaml"))
SERVERS = ("nats", "nats-2", "nats-3")
HEALTH = ("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8222/healthz")
SERVICES = (
    "gateway-binance",
    "gateway-hyperliquid",
    "order-state",
    "position-state",
    "hedger",
    "access",
)
CATCH_UP_S = 60.0


@pytest.fixture(scope="module")
def desk(version: str) -> Iterator[Stack]:
    with running(Stack(version, FILES, {"TANDEM_TLS": "on"}), *SERVICES) as up:
        yield up


@pytest.fixture(scope="module")
def strategy(desk: Stack) -> Iterator[Commanded]:
    with commanded(desk) as found:
        yield found


def _is_current(desk: Stack, server: str) -> bool:
    """Tell whether a server knows all that the others know, by its own words."""
    try:
        desk.run_in(desk.the(server), *HEALTH)
    except CommandError:
        return False
    return True


async def _all_current(desk: Stack, eventually: Eventually) -> None:
    await eventually(lambda: all(_is_current(desk, one) for one in SERVERS), CATCH_UP_S)


async def test_hedging_goes_on_while_a_server_is_dead_and_when_it_is_back(
    desk: Stack, strategy: Commanded, eventually: Eventually
) -> None:
    await _all_current(desk, eventually)
    strategy.does("quote")
    dead = desk.the("nats")

    docker("kill", dead)
    strategy.does("fill")
    strategy.does("done")
    strategy.hedges()
    assert strategy.is_acknowledged()

    docker("start", dead)
    strategy.hedges()
    strategy.does("balance")


async def test_hedging_goes_on_while_a_server_is_cut_off_and_when_it_is_back(
    desk: Stack, strategy: Commanded, eventually: Eventually
) -> None:
    await _all_current(desk, eventually)
    strategy.does("quote")
    bus, lost = f"{desk.project}_bus", desk.the("nats-2")

    docker("network", "disconnect", bus, lost)
    strategy.does("fill")
    strategy.does("done")
    strategy.hedges()
    assert strategy.is_acknowledged()

    docker("network", "connect", "--alias", "nats-2", bus, lost)
    strategy.hedges()
    strategy.does("balance")


async def test_with_two_servers_gone_nothing_is_acknowledged_or_sent_until_one_returns(
    desk: Stack, strategy: Commanded, eventually: Eventually
) -> None:
    await _all_current(desk, eventually)
    strategy.does("quote")
    gone = [desk.the(server) for server in ("nats-2", "nats-3")]

    docker("kill", *gone)
    assert not strategy.is_acknowledged()
    before = strategy.requests()
    strategy.does("fill")
    assert not strategy.is_acknowledged()
    assert strategy.requests() == before

    docker("start", gone[1])
    strategy.does("done")
    strategy.hedges()
    strategy.does("balance")

    docker("start", gone[0])
    await _all_current(desk, eventually)
    strategy.hedges()
    strategy.does("balance")
