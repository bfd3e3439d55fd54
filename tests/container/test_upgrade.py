"""A new version takes over service by service while hedges run, with other rules and messages.

The next version's messages carry a field that this one does not know, and its hedger decides by
another version of the fold, which comes into force by one message.
"""

import secrets
from collections.abc import Iterator

import pytest

from tests.container.playing import Playing
from tests.container.stack import Stack, docker, docker_build, inspect

pytestmark = pytest.mark.timeout(400)

OTHERS = ("order-state", "position-state", "gateway-binance", "gateway-hyperliquid", "access")
NEXT = """
FROM tandem-oms:{version}
USER root
RUN sed -i 's/^FOLD_VERSION = .*/FOLD_VERSION = "hedger-next"/' \\
        /app/services/hedger/policy/rules.py \\
    && cd /venv/lib/python3*/site-packages/tandem/messages \\
    && sed -i 's/^SCHEMA_VERSION = .*/SCHEMA_VERSION = 2/' message.py \\
    && echo '    from_next: str = "new in this version"' >> message.py
USER tandem
"""


@pytest.fixture(scope="module")
def following(version: str) -> Iterator[str]:
    """The tag of an image that behaves as a next version would."""
    tag = f"next-{secrets.token_hex(4)}"
    docker_build(NEXT.format(version=version), f"tandem-oms:{tag}")
    yield tag
    docker("rmi", "-f", f"tandem-oms:{tag}")


def _up(stack: Stack, version: str, *words: str) -> None:
    given = {"TANDEM_VERSION": version}
    stack.compose("up", "--wait", "--no-deps", *words, timeout_s=240.0, environment=given)


def test_a_next_version_takes_over_service_by_service(
    stack: Stack, play: Playing, following: str
) -> None:
    with play.quoting():
        (old,) = stack.ids("hedger")
        _up(stack, following, "--no-recreate", "--scale", "hedger=2", "hedger")
        play.hedges_run()
        (new,) = set(stack.ids("hedger")) - {old}
        assert _rules(stack, new) != _rules(stack, old)
        stack.run_in(new, "python3", "-m", "services.hedger.activate")
        play.hedges_run()
        docker("stop", old)
        docker("rm", old)
        for service in OTHERS:
            _up(stack, following, service)
            play.hedges_run()
    services = [one for name in ("hedger", *OTHERS) for one in stack.ids(name)]
    images = {one["Config"]["Image"] for one in inspect(*services)}
    assert images == {f"tandem-oms:{following}"}


def _rules(stack: Stack, container: str) -> str:
    ask = "from services.hedger.policy.rules import *; print(to_fact(DEFAULT_RULES).rules)"
    return stack.run_in(container, "python3", "-c", ask)
