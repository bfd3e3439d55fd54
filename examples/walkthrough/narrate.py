"""How the walkthrough speaks: one line an event, colours off when nobody watches a terminal."""

import os
import sys
from collections.abc import Mapping
from time import perf_counter_ns

from tandem.domain.units import NS_PER_MS

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "1;31", "32", "36"


class Narrator:
    """Prints steps and events with the milliseconds since it began."""

    def __init__(self) -> None:
        self._has_colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._began_ns = perf_counter_ns()

    def step(self, number: int, title: str) -> None:
        self._say("\n" + self._in(BOLD, f"{number}. {title}"))

    def event(self, source: str, text: str) -> None:
        elapsed_ms = (perf_counter_ns() - self._began_ns) / NS_PER_MS
        when, who = self._in(DIM, f"{elapsed_ms:9.1f} ms"), self._in(CYAN, f"{source:<24}")
        self._say(f"{when}  {who} {text}")

    def check(self, text: str) -> None:
        self._say(self._in(GREEN, f"{'':>12} ✓ {text}"))

    def failure(self, text: str) -> None:
        self._say(self._in(RED, f"✗ {text}"))

    def last(self, line: str) -> None:
        """Print a bare line that programs read."""
        self._say(line)

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text

    def _say(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def order_line(change: Mapping[str, object]) -> str:
    """Say an order's change in one line."""
    flags = "".join(f" {name}" for name in ("cancel_pending", "in_doubt") if change[name])
    filled = f" filled {change['filled_sz']}" if change["filled_sz"] else ""
    price = f" @ {change['price']}" if change["price"] else ""
    tail = f" ({change['text']})" if change["text"] else ""
    return (
        f"{change['ord_status']:<9} {change['ticker']} {change['amount']}{price}{filled}"
        f" oid={change['oid']}{flags}{tail}"
    )


def position_line(change: Mapping[str, object]) -> str:
    return (
        f"{change['ticker']} amount={change['amount']} delta={change['delta']}"
        f" entry={change['entry']}"
    )
