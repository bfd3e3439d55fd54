"""The command line and environment of a paper exchange, the same for both venues.

Each option `--tape-file x` may also come from `<PREFIX>_TAPE_FILE`; the command line wins.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

SYNTHETIC = "synthetic"
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FAULTS_HELP = """\
faults, set through the control port (docs/paper-exchanges.md lists them all):
  GET  /control/faults   what can be set, what is on, how often each fired
  POST /control/faults   {"seed": 7, "chances": {"lose_answer": 0.02}, "delay_ms": [1500, 4000]}
                         {"script": [{"fault": "drop_event", "on": "ORDER_TRADE_UPDATE"}]}
                         {"cut": ["user"]}  {"down": {"for_ms": 5000}}  {"reset": true}
  POST /control/listing  {"symbol": "SOLUSDT", "status": "SETTLING", "tick": "0.05"}
  POST /control/act      {"action": "place"|"cancel"|"liquidate"|"deleverage"|"settle", ...}
"""
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


class PaperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How one paper exchange runs; port 0 asks the system for a free one."""

    host: str
    port: int
    control_host: str
    control_port: int
    tape: str
    seed: int
    speed: float
    offset_ms: int
    paused: bool
    restarts: bool
    symbols: tuple[str, ...]
    basis: Decimal
    basis_offset: Decimal
    books: str
    log_level: str


class Option(msgspec.Struct, frozen=True):
    """One option: its name, default as text, parser and help line."""

    name: str
    default: str
    parse: Callable[[str], object]
    help_line: str


def parse_options(
    prog: str, prefix: str, argv: Sequence[str], environ: Mapping[str, str]
) -> PaperOptions:
    """Return the options from the command line, then the environment, then the defaults."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=f"A paper exchange on localhost; environment prefix {prefix}_.",
        epilog=FAULTS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in OPTIONS:
        variable = f"{prefix}_{option.name.replace('-', '_').upper()}"
        parser.add_argument(
            f"--{option.name}",
            type=option.parse,
            default=environ.get(variable, option.default),
            nargs="?" if option.parse is _flag else None,
            const=True if option.parse is _flag else None,
            help=f"{option.help_line} (default {option.default or 'none'}; {variable})",
        )
    return msgspec.convert(vars(parser.parse_args(argv)), PaperOptions)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} must not be negative")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text} is not a decimal number") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _flag(text: str) -> bool:
    if text.lower() in TRUE_WORDS:
        return True
    if text.lower() in FALSE_WORDS:
        return False
    raise argparse.ArgumentTypeError(f"{text} is neither true nor false")


OPTIONS = (
    Option("host", "127.0.0.1", str, "address the exchange listens on"),
    Option("port", "0", _natural, "port of the exchange, 0 for any free one"),
    Option("control-host", "127.0.0.1", str, "address the control port listens on"),
    Option("control-port", "0", _natural, "control port, 0 for any free one"),
    Option("tape", SYNTHETIC, str, f"recorded market data file, or {SYNTHETIC}"),
    Option("seed", "1", int, "seed of the synthetic tape"),
    Option("speed", "1", _positive, "how many times faster than recorded the tape runs"),
    Option("offset-ms", "0", _natural, "where in the tape to begin"),
    Option("paused", "false", _flag, "begin with the tape paused"),
    Option("restarts", "true", _flag, "begin the tape again at its end"),
    Option("symbols", "", _names, "comma-separated symbols to trade, all when empty"),
    Option("basis", "1", _decimal, "factor on every price of the tape"),
    Option("basis-offset", "0", _decimal, "amount added to every price of the tape"),
    Option("books", "", str, "directory of the books, kept over restarts; none: in memory only"),
    Option("log-level", "warning", str, "least severe log level written"),
)
