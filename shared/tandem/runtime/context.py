"""What a service is given when it is built: everything it may touch, and nothing global."""

from dataclasses import dataclass
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from tandem.bus.port import Bus
from tandem.runtime.clock import Clock, TaskOwner
from tandem.runtime.config import Environment, Settings
from tandem.runtime.failpoints import Seam
from tandem.runtime.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """The bus is connected and its streams exist; `tasks` ends the process when one of them fails.

    `env` reads the settings that only this service has; `seam` passes a named crash point; `run`
    is a token that no other process has.
    """

    name: str
    settings: Settings
    env: Environment
    bus: Bus
    clock: Clock
    tasks: TaskOwner
    log: FilteringBoundLogger
    metrics: Metrics
    seam: Seam
    run: str


class Service(Protocol):
    """What `build` returns. `start` returns once work is under way; long work goes to tasks."""

    async def start(self) -> None: ...

    async def drain(self) -> None:
        """Take nothing new, finish and store what was accepted."""
        ...

    def unready(self) -> str:
        """Return why this copy is not ready for work, or the empty text."""
        ...


class Build(Protocol):
    """Wires a service; decides nothing. Called once, inside the running loop."""

    def __call__(self, context: ServiceContext, /) -> Service: ...
