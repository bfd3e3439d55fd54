"""Where a test may kill or freeze the process: named points that cost nothing otherwise.

`TANDEM_CRASH_AT=<point>[:n]` kills with SIGKILL at the n-th pass (1 when not given),
`TANDEM_FREEZE_AT` stops with SIGSTOP there until somebody sends SIGCONT; both only when
`TANDEM_TESTING=1` is set as well.
"""

import os
import signal
from collections.abc import Callable, Mapping
from functools import partial

from tandem.domain.errors import ConfigurationError

Seam = Callable[[str], None]
SIGNALS = {"TANDEM_CRASH_AT": signal.SIGKILL, "TANDEM_FREEZE_AT": signal.SIGSTOP}


def no_seam(point: str) -> None:
    """Pass every point."""


def seam_from(values: Mapping[str, str], kill: Callable[[], None] | None = None) -> Seam:
    """Return the seam that the environment asks for; `kill` stands in for either signal."""
    if values.get("TANDEM_TESTING") != "1":
        return no_seam
    for variable, number in SIGNALS.items():
        if wanted := values.get(variable, ""):
            return _counting(_place(variable, wanted), kill or partial(_signal, number))
    return no_seam


def _place(variable: str, wanted: str) -> tuple[str, int]:
    point, _, text = wanted.partition(":")
    if text and not (text.isdecimal() and int(text) > 0):
        raise ConfigurationError(variable, wanted, "<point> or <point>:<positive number>")
    return point, int(text or 1)


def _counting(place: tuple[str, int], strike: Callable[[], None]) -> Seam:
    wanted, left = place

    def pass_point(point: str) -> None:
        nonlocal left
        if point != wanted:
            return
        left -= 1
        if left == 0:
            strike()

    return pass_point


def _signal(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
