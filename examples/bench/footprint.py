"""What the desk in containers costs: image, time to the first hedge, idle processor time, memory.

`python -m examples.bench.footprint`, where Docker is; one JSON line. The images are built before
the time is taken. Idle: both tapes stand still, every session with a venue is up, and the health
probes count. Memory is the resident memory of all processes, after MESSAGES more in the log.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tandem.cli.servers import free_port
from tandem.cli.stack import checkout
from tandem.domain.ids import is_taker_cloid
from tandem.domain.units import NS_PER_MS, NS_PER_US
from tandem.runtime.clock import SystemClock
from tandem.runtime.interrupts import run_command

TAG = "footprint"
PROJECT = "tandem-footprint"
IMAGE = f"tandem-oms:{TAG}"
SETTLE_S = 20.0
MB = 1_000_000
KIB = 1_024
PAPER = ("paper-binance", "paper-hyperliquid")
LABEL = '{{.ID}} {{.Label "com.docker.compose.service"}}'
TRADES = "http://paper-hyperliquid:8081/control/trades"
GET = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
PAUSE = (
    "import sys, urllib.request as r; r.urlopen(r.Request(f'http://{sys.argv[1]}:8081/control/tape',"
    " data=b'{\"action\": \"pause\"}', headers={'Content-Type': 'application/json'}))"
)
# Version 2 of control groups, else version 1: microseconds or nanoseconds of processor time.
CPU = "cd /sys/fs/cgroup && grep -s usage_usec cpu.stat || cat cpuacct/cpuacct.usage"
RSS = "cat /proc/[0-9]*/status 2>/dev/null | grep VmRSS"


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time of a container and when it was read, both in ns."""

    cpu_ns: int
    at_ns: int


def main() -> int:
    """Measure, print the line, and leave nothing running."""
    parser = argparse.ArgumentParser(prog="footprint", description=__doc__)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to stand idle for")
    parser.add_argument("--messages", type=int, default=100_000, help="messages to log")
    options = parser.parse_args()
    _compose("build")
    line: dict[str, object] = {"footprint": "tandem", **_image()}
    try:
        line |= _first_hedge()
        line |= _idle(options.idle)
        line |= _memory(options.messages)
    finally:
        _compose("down", "-v")
    sys.stdout.write(json.dumps(line) + "\n")
    return 0


def _docker(*words: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own words
        ("docker", *words),  # noqa: S607 - docker is found on the path
        cwd=checkout(),
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _compose(*words: str) -> str:
    port = os.environ.get("TANDEM_NATS_PORT") or str(free_port())
    environment = {"TANDEM_VERSION": TAG, "TANDEM_NATS_PORT": port}
    os.environ["TANDEM_NATS_PORT"] = port  # the same in every call
    return _docker("compose", "-p", PROJECT, *words, environment=environment)


def _image() -> dict[str, object]:
    """Return the size of the image, of what it stands on, and of what we add to it."""
    dockerfile = (checkout() / "services" / "Dockerfile").read_text()
    (base,) = re.findall(r"^ARG PYTHON=(\S+)$", dockerfile, re.MULTILINE)
    whole, below = (int(_docker("inspect", "-f", "{{.Size}}", one)) for one in (IMAGE, base))
    return {
        "image_mb": round(whole / MB, 1),
        "base": base,
        "base_mb": round(below / MB, 1),
        "layers_mb": round((whole - below) / MB, 1),
    }


def _first_hedge() -> dict[str, object]:
    """Start everything cold; the exchange's books say when the first taker traded."""
    clock = SystemClock()
    began_ns = clock.wall_ns()
    _compose("up", "--wait")
    up_ms = (clock.wall_ns() - began_ns) // NS_PER_MS
    trades = json.loads(_in("demo", "python3", "-c", GET, TRADES))
    first_ms = min(one["time_ms"] for one in trades if is_taker_cloid(one["client_order_id"]))
    hedge_ms = first_ms - began_ns // NS_PER_MS
    return {"first_hedge_s": hedge_ms / 1_000, "up_and_audited_s": up_ms / 1_000}


def _in(service: str, *words: str) -> str:
    return _compose("exec", "-T", service, *words)


def _idle(seconds: float) -> dict[str, object]:
    for name in PAPER:
        _in("demo", "python3", "-c", PAUSE, name)
    _wait(SETTLE_S)
    before = {name: _used(container) for container, name in _containers().items()}
    _wait(seconds)
    after = {name: _used(container) for container, name in _containers().items()}
    percent = {name: _percent(before[name], now) for name, now in after.items()}
    return {"idle_cpu_percent": round(sum(percent.values()), 1), "idle_cpu_percent_of": percent}


def _containers() -> dict[str, str]:
    listed = _docker("ps", "--filter", f"label=com.docker.compose.project={PROJECT}",
                     "--format", LABEL)  # fmt: skip
    return dict(line.split() for line in sorted(listed.splitlines()))


def _used(container: str) -> Used:
    said = _docker("exec", container, "sh", "-c", CPU).split()
    number = int(said[-1])
    cpu_ns = number * NS_PER_US if said[0] == "usage_usec" else number
    return Used(cpu_ns, SystemClock().monotonic_ns())


def _percent(before: Used, after: Used) -> float:
    return round((after.cpu_ns - before.cpu_ns) / (after.at_ns - before.at_ns) * 100, 2)


def _memory(messages: int) -> dict[str, object]:
    """Log facts of an account that no gateway serves, as the administrator."""
    load = ("python3", "-m", "examples.bench.load", str(messages))
    _compose("run", "--rm", "-T", "--no-deps", "streams", *load)
    _wait(SETTLE_S)
    rss = {name: _rss_mib(container) for container, name in _containers().items()}
    return {"rss_mib": round(sum(rss.values())), "rss_mib_of": rss, "log_messages": messages}


def _rss_mib(container: str) -> float:
    said = _docker("exec", container, "sh", "-c", RSS)
    return round(sum(int(kib) for kib in re.findall(r"(\d+) kB", said)) / KIB, 1)


def _wait(seconds: float) -> None:
    asyncio.run(SystemClock().sleep(seconds))


if __name__ == "__main__":
    sys.exit(run_command(main))
