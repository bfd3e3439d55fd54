"""Where a test may kill the process: named points that cost nothing otherwise.

`TANDEM_CRASH_AT=<point>[:n]` kills with SIGKILL at the n-th pass (1 when not given), and only
when `TANDEM_TESTING=1` is set as well.
"""

import os
import signal
from collections.abc import Callable, Mapping

from tandem.domain.errors import ConfigurationError

Seam = Callable[[str], None]


def no_seam(point: str) -> None:
    """Pass every point."""


def seam_from(values: Mapping[str, str], kill: Callable[[], None] | None = None) -> Seam:
    """Return the seam that the environment asks for."""
    wanted = values.get("TANDEM_CRASH_AT", "")
    if not wanted or values.get("TANDEM_TESTING") != "1":
        return no_seam
    point, _, text = wanted.partition(":")
    if text and not (text.isdecimal() and int(text) > 0):
        raise ConfigurationError("TANDEM_CRASH_AT", wanted, "<point> or <point>:<positive number>")
    return _counting(point, int(text or 1), kill or _kill)


def _counting(wanted: str, passes: int, kill: Callable[[], None]) -> Seam:
    left = passes

    def pass_point(point: str) -> None:
        nonlocal left
        if point != wanted:
            return
        left -= 1
        if left == 0:
            kill()

    return pass_point


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
