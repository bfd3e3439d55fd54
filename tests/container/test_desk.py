"""What `docker compose up` leaves on a machine: a desk that hedges, and no more than it needs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.container.stack import ROOT, CommandError, Stack, docker, inspect

pytestmark = pytest.mark.timeout(300)

ONE_SHOTS = {"keys", "streams", "demo"}
USER = "10001"
NO_CAPABILITY = "0" * 16
AUDITED = "/tmp/audited"  # noqa: S108 - a file of the container
CONTROL_PORT = 8081
PAPER = ("paper-binance", "paper-hyperliquid")
KEYS = tuple(path.read_text().strip() for path in (ROOT / "examples/paper_keys").iterdir())
# Everything that a container's processes were started with.
STARTED_WITH = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline"
# Every page in Redis, as its reader sees it.
READ_PAGES = """
import pathlib
import redis
password = pathlib.Path("/keys/reader/redis.password").read_text()
pages = redis.Redis.from_url("redis://reader@redis:6379", password=password)
for key in pages.scan_iter("tandem:page:*"):
    print(key, pages.hgetall(key))
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


@pytest.fixture
def containers(stack: Stack) -> list[dict[str, Any]]:
    return inspect(*stack.ids(with_ended=True))


def _running(containers: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in containers:
        if one["State"]["Running"]:
            yield _service(one), one["Id"]


def _service(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def test_the_walkthrough_s_audit_passes(stack: Stack) -> None:
    """`up --wait` ended well, so the demo wrote its audit; the same line is the last of its log."""
    said = stack.compose("logs", "--no-color", "--no-log-prefix", "demo").strip().splitlines()
    audit = json.loads(said[-1][said[-1].index("{") :])  # compose may begin a line with a control
    assert (audit["conserved"], audit["books_agree"], audit["owed"]) == (True, True, "0")
    assert json.loads(stack.run_in(stack.the("demo"), "cat", AUDITED)) == audit


def test_every_container_is_confined(containers: list[dict[str, Any]]) -> None:
    assert len(containers) == 13
    for one in containers:
        name, host = _service(one), one["HostConfig"]
        assert one["Config"]["User"].startswith(USER), name
        assert (host["ReadonlyRootfs"], host["Privileged"]) == (True, False), name
        assert (host["CapDrop"], host["CapAdd"] or []) == (["ALL"], []), name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0, name
        assert host["LogConfig"]["Type"] == "json-file", name
        assert {"max-size", "max-file"} <= host["LogConfig"]["Config"].keys(), name
        policy = "no" if name in ONE_SHOTS else "unless-stopped"
        assert host["RestartPolicy"]["Name"] == policy, name


def test_no_process_is_root_or_can_become_it(
    stack: Stack, containers: list[dict[str, Any]]
) -> None:
    for name, container in _running(containers):
        status = dict(
            line.split(":", 1)
            for line in stack.run_in(container, "cat", "/proc/1/status").splitlines()
        )
        assert status["Uid"].split() == [USER] * 4, name
        for which in ("CapEff", "CapPrm", "CapBnd"):
            assert status[which].strip() == NO_CAPABILITY, name


def test_only_nats_is_published_and_only_to_this_machine(
    stack: Stack, containers: list[dict[str, Any]]
) -> None:
    published = {
        (_service(one), port, bound["HostIp"], bound["HostPort"])
        for one in containers
        for port, bindings in one["NetworkSettings"]["Ports"].items()
        for bound in bindings or ()
    }
    assert published == {("nats", "4222/tcp", "127.0.0.1", str(stack.nats_port))}


def test_control_ports_are_reached_from_within_only(stack: Stack) -> None:
    image = f"tandem-oms:{stack.version}"
    for name in PAPER:
        stack.run_in(stack.the("demo"), "python3", "-c", CONNECT, name, str(CONTROL_PORT))
        networks = inspect(stack.the(name))[0]["NetworkSettings"]["Networks"]
        for address in (one["IPAddress"] for one in networks.values()):
            with pytest.raises(CommandError, match="Error"):
                docker("run", "--rm", image, "python3", "-c", CONNECT, address, str(CONTROL_PORT))


def test_a_venue_s_key_is_nowhere_but_in_its_gateway_s_file(
    stack: Stack, containers: list[dict[str, Any]]
) -> None:
    texts = {
        "inspect": json.dumps(containers),
        "logs": stack.compose("logs", "--no-color"),
        **{
            f"{name}'s processes": stack.run_in(container, "sh", "-c", STARTED_WITH)
            for name, container in _running(containers)
        },
    }
    assert [(place, key) for place, text in texts.items() for key in KEYS if key in text] == []
    gateway = stack.the("gateway-binance")
    assert "paper-binance-secret" in stack.run_in(gateway, "cat", "/run/secrets/binance_api_secret")


def test_a_venue_s_key_is_in_no_message_and_no_page(stack: Stack) -> None:
    """The bus keeps its messages in files as they were sent."""
    pages = stack.compose("run", "--rm", "-T", "--no-deps", "keys", "python3", "-c", READ_PAGES)
    assert '"strategy":"walkthrough"' in pages
    assert _found(stack, "SOLUSDT") != []
    for key in KEYS:
        assert key not in pages
        assert _found(stack, key) == []


def _found(stack: Stack, text: str) -> list[str]:
    command = f"grep -rlF -e '{text}' /data || true"
    return stack.run_in(stack.the("nats"), "sh", "-c", command).split()


def test_no_key_and_no_test_lies_in_the_image(stack: Stack) -> None:
    image = f"tandem-oms:{stack.version}"
    listed = docker("run", "--rm", image, "sh", "-c", "ls -a /app; ls /give/* /keys")
    assert not {"tests", ".keys", ".secrets", ".env"} & set(listed.split())
    assert "nats.seed" not in listed
