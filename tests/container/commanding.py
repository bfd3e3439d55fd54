"""The tests' end of the strategist: what it is told to do, and what it must be able to do."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.container.stack import ROOT, Stack

LEAVE_S = 30.0


@dataclass(frozen=True, slots=True)
class Commanded:
    """A strategy in a container of the stack."""

    process: "subprocess.Popen[str]"

    def does(self, command: str) -> dict[str, Any]:
        """Have something done; an answer that it failed is a failure of the test."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the strategist ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        assert "failed" not in answer, f"{command}: {answer['failed']}"
        return answer

    def hedges(self) -> None:
        """Quote, be filled, and be hedged."""
        for command in ("quote", "fill", "done"):
            self.does(command)

    def is_acknowledged(self) -> bool:
        """Ask for an order, and tell whether the log took it."""
        return bool(self.does("order")["acknowledged"])

    def requests(self) -> int:
        return int(self.does("requests")["requests"])


@contextmanager
def commanded(stack: Stack, on_disconnect: str = "cancel") -> Iterator[Commanded]:
    """Let a strategy in under the walkthrough's key; it leaves at the end."""
    tests = f"{ROOT / 'tests'}:/app/tests:ro"
    command = ("python3", "-m", "tests.container.strategist", on_disconnect)
    process = stack.popen("run", "--rm", "-T", "--no-deps", "-v", tests, "demo", *command)
    try:
        yield Commanded(process)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait(LEAVE_S)
