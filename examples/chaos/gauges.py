"""What the processes count about themselves, summed over all that lived."""

import contextlib
import json
from dataclasses import dataclass, field

import aiohttp

from tandem.cli.stack import LocalStack

ASK_TIMEOUT = aiohttp.ClientTimeout(total=1.0)
ALREADY = "tandem_bus_already"


@dataclass(slots=True)
class Gauges:
    """The last value of each metric of each process, by (name and pid, metric)."""

    session: aiohttp.ClientSession
    last: dict[tuple[str, str], float] = field(default_factory=dict)

    async def sample(self, stack: LocalStack) -> None:
        """Ask every process that answers."""
        for child in list(stack.children.values()):
            if child.name in stack.paper or not child.ready_file.exists():
                continue
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError, OSError):
                await self._sample(f"{child.name} {child.pid}", child.ready_file.read_text())

    async def _sample(self, process: str, run_file: str) -> None:
        url = f"http://127.0.0.1:{json.loads(run_file)['http_port']}/metrics"
        async with self.session.get(url, timeout=ASK_TIMEOUT) as answer:
            text = await answer.text()
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            if name and not line.startswith("#"):
                self.last[process, name] = float(value)

    def total(self, metric: str) -> int:
        return int(sum(value for (_, name), value in self.last.items() if name == metric))
