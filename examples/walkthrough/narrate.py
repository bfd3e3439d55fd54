"""How the walkthrough speaks: one line an event, colours off when nobody watches a terminal."""

from collections.abc import Mapping
from time import perf_counter_ns

from rich.console import Console
from rich.markup import escape

NS_PER_MS = 1_000_000


class Narrator:
    """Prints steps and events with the milliseconds since it began."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began_ns = perf_counter_ns()

    def step(self, number: int, title: str) -> None:
        self._console.print(f"\n[bold]{number}. {escape(title)}[/bold]")

    def event(self, source: str, text: str) -> None:
        elapsed_ms = (perf_counter_ns() - self._began_ns) / NS_PER_MS
        line = f"[dim]{elapsed_ms:9.1f} ms[/dim]  [cyan]{escape(source):<24}[/cyan] {escape(text)}"
        self._console.print(line)

    def check(self, text: str) -> None:
        self._console.print(f"[green]{'':>12} ✓ {escape(text)}[/green]")

    def failure(self, text: str) -> None:
        self._console.print(f"[bold red]✗ {escape(text)}[/bold red]")

    def last(self, line: str) -> None:
        """Print a bare line that programs read."""
        self._console.print(line, markup=False, soft_wrap=True)


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
