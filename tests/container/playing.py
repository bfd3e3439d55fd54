"""The tests' end of the player: hedges begin, are counted, and are judged."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.container.stack import Stack

FILES = (Path("compose.yaml"), Path("tests/container/compose.player.yaml"))
ENVIRONMENT = {"TANDEM_STRATEGIES": "player"}
PATIENCE_S = 60
HEDGES = 4


def playing_stack(version: str) -> Stack:
    """Return a desk on which a player may trade."""
    return Stack(version, FILES, ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Playing:
    """A player at work; `hedges` counts trades on the hedge venue by its own books."""

    process: "subprocess.Popen[str]"

    def ask(self, *words: str) -> dict[str, Any]:
        """Let the player do one thing; its answer, or an error that says that it is gone."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the player ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    @contextmanager
    def quoting(self) -> Iterator[None]:
        """Let hedges run; at the end the exchanges' books judge everything since the beginning."""
        self.ask("quote")
        self.hedges_run()
        yield
        self.audit()

    def hedges_run(self) -> None:
        """Insist that more hedges are done from now on."""
        assert self.ask("hedges", str(HEDGES), str(PATIENCE_S))["hedges"] >= HEDGES

    def audit(self) -> dict[str, Any]:
        """End the quoting; assert by the exchanges' books that nothing is lost or doubled."""
        verdict = self.ask("audit", str(PATIENCE_S))
        assert verdict["findings"] == [], verdict
        return verdict


@contextmanager
def playing(stack: Stack) -> Iterator[Playing]:
    """Let a player in; it leaves at the end."""
    process = stack.popen("run", "--rm", "-T", "--no-deps", "player")
    try:
        yield Playing(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(30.0)
        if process.stdout is not None:
            process.stdout.close()
