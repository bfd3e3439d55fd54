"""What the processes count about themselves, summed over all that lived."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from examples.chaos.figures.uptime import service_of
from tandem.cli.stack import SERVICES, Child, LocalStack

ASK_TIMEOUT = aiohttp.ClientTimeout(total=0.5)
ALREADY = "tandem_bus_already"
IS_SENDER = "tandem_gateway_is_sender"


@dataclass(slots=True)
class Gauges:
    """The last value of each metric of each process, by (name and pid, metric)."""

    session: aiohttp.ClientSession
    last: dict[tuple[str, str], float] = field(default_factory=dict)

    async def sample(self, stack: LocalStack) -> None:
        """Ask every process that answers."""
        for child in list(stack.children.values()):
            if service_of(child.name) in SERVICES:
                for name, value in (await self.of(child)).items():
                    self.last[f"{child.name} {child.pid}", name] = value

    async def of(self, child: Child) -> dict[str, float]:
        """Return what one process counts now; nothing when it does not answer."""
        try:
            port = json.loads(child.ready_file.read_text())["http_port"]
            url = f"http://127.0.0.1:{port}/metrics"
            async with self.session.get(url, timeout=ASK_TIMEOUT) as answer:
                return dict(_values(await answer.text()))
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
            return {}

    async def sends(self, child: Child) -> bool:
        """Tell whether this copy of a gateway is the one that sends."""
        return bool((await self.of(child)).get(IS_SENDER))

    def total(self, metric: str) -> int:
        return int(sum(value for (_, name), value in self.last.items() if name == metric))


def _values(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name and not line.startswith("#"):
            yield name, float(value)
