"""What a bus needs of a clock: `tandem.runtime.clock` provides it, a simulation its own."""

from typing import Protocol


class Timing(Protocol):
    """Wall time for stamps, monotonic time for signs of life, and waiting."""

    def wall_ns(self) -> int: ...

    def monotonic_ns(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...
