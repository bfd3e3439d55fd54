"""Services and servers are killed, frozen, copied and restarted while hedges run.

Each test strikes the one desk of the session while the player quotes, insists that hedges go on,
and has the exchanges' own books judge everything since the desk began.
"""

from functools import partial

import pytest

from tests.conftest import Eventually
from tests.container.playing import Playing
from tests.container.stack import CommandError, Stack, docker

pytestmark = pytest.mark.timeout(240)

GATEWAYS = ("gateway-binance", "gateway-hyperliquid")
SERVICES = (*GATEWAYS, "order-state", "position-state", "hedger", "access")
# The service itself: process 1 is the init that waits for it.
KILL_SERVICE = "kill -9 $(</proc/1/task/1/children)"
PATIENCE_S = 60.0


def _scale(stack: Stack, *copies: str) -> None:
    """As docs/operations.md says. `--wait` would also wait for what is just being removed."""
    scale = [word for one in copies for word in ("--scale", one)]
    stack.compose("up", "-d", *scale, "--no-recreate")


def test_copies_come_and_go(stack: Stack, play: Playing) -> None:
    with play.quoting():
        _scale(stack, "hedger=3", "gateway-binance=2")
        assert [len(stack.ids(name)) for name in ("hedger", "gateway-binance")] == [3, 2]
        play.hedges_run()
        _scale(stack, "hedger=1", "gateway-binance=1")
        assert [len(stack.ids(name)) for name in ("hedger", "gateway-binance")] == [1, 1]
        play.hedges_run()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_restarted(stack: Stack, play: Playing, service: str) -> None:
    with play.quoting():
        stack.compose("restart", service)
        play.hedges_run()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_killed(stack: Stack, play: Playing, service: str) -> None:
    """Docker starts nothing again that somebody killed by hand."""
    with play.quoting():
        docker("kill", stack.the(service))
        stack.compose("start", service)
        play.hedges_run()


async def test_processes_that_die_are_started_again(
    stack: Stack, play: Playing, eventually: Eventually
) -> None:
    with play.quoting():
        containers = [stack.the(service) for service in SERVICES]
        before = [stack.state(one)["RestartCount"] for one in containers]
        for one in containers:
            _end_service(stack, one)
        for one, count in zip(containers, before, strict=True):
            await eventually(partial(_is_back, stack, one, count), PATIENCE_S)
        play.hedges_run()


def _is_back(stack: Stack, container: str, restarts: int) -> bool:
    return stack.state(container)["RestartCount"] > restarts and stack.is_healthy(container)


def _end_service(stack: Stack, container: str) -> None:
    try:
        stack.run_in(container, "bash", "-c", KILL_SERVICE)
    except CommandError:
        # The container ended before the command could say that it did its work.
        assert not stack.is_healthy(container)


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_the_sender_is_frozen(
    stack: Stack, play: Playing, eventually: Eventually, gateway: str
) -> None:
    """Another copy sends while it is; when it wakes it sends nothing that the venue takes."""
    with play.quoting():
        stack.up("--no-recreate", "--no-deps", "--scale", f"{gateway}=2", gateway)
        frozen = stack.sender(gateway)
        assert frozen is not None
        docker("pause", frozen)
        try:
            others = [one for one in stack.ids(gateway) if one != frozen]
            await eventually(lambda: any(map(stack.is_sender, others)), PATIENCE_S)
            play.hedges_run()
        finally:
            docker("unpause", frozen)
        await eventually(lambda: not stack.is_sender(frozen), PATIENCE_S)
        play.hedges_run()
        # Docker's own probes failed while it was frozen; compose goes by the last of them.
        await eventually(lambda: stack.is_healthy(frozen), PATIENCE_S)
        _scale(stack, f"{gateway}=1")


def test_nats_is_killed(stack: Stack, play: Playing) -> None:
    with play.quoting():
        docker("kill", stack.the("nats"))
        stack.compose("start", "nats")
        play.hedges_run()


def test_redis_is_killed(stack: Stack, play: Playing) -> None:
    """Hedges go on without it; its pages are whole again when it is back."""
    with play.quoting():
        docker("kill", stack.the("redis"))
        play.hedges_run()
        stack.compose("start", "redis")
