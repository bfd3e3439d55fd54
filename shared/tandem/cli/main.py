"""The command line: `up`, `down`, `reset` without Docker; on any desk the rest.

Only `up` needs a checkout: `down` and `reset` are for the desk that it started in this directory or
one above it. `halt`, `resume`, `aside`, `alarms`, `backup` and `restore` need nothing but the log;
`status` asks it where nothing was started here. Its address, the key and the authority are taken
from the environment, as a service takes them, or it is the desk that `up` started here.
`strategy add` needs nothing but the directory of the desk's keys.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from tandem.bus.nats.options import DEFAULT_URL, NatsOptions
from tandem.cli import (
    alarms,
    aside,
    backup,
    exposure,
    halting,
    processes,
    stack,
    status,
    strategies,
)
from tandem.cli.processes import Process
from tandem.cli.servers import is_free
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.client.connecting import CONNECTION_FILE, RUN_DIRECTORY, ConnectionFile
from tandem.domain.errors import InvalidInputError, TandemError
from tandem.runtime import logs
from tandem.runtime.config import Environment, LogFormat, LogLevel, nats_options, settings
from tandem.runtime.interrupts import run_command

STACK_FILE = "stack.json"
STOP_TIMEOUT_S = 15.0
NATS_PORT = 4222
LOG_HELP = f"the log; default: TANDEM_NATS_URL, what `up` started, or {DEFAULT_URL}"


class Started(msgspec.Struct, frozen=True):
    """What `up` writes down: its processes by name, the addresses by variable, the versions."""

    processes: dict[str, Process]
    addresses: dict[str, str]
    versions: dict[str, str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(argv)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": up,
        "down": down,
        "reset": reset,
        "status": tell_status,
        "strategy": add_strategy,
        "halt": halt,
        "resume": resume,
        "aside": put_aside,
        "alarms": alarm,
        "backup": save,
        "restore": load,
    }
    try:
        return commands[options.command](options)
    except TandemError as error:
        sys.stderr.write(f"tandem: {error}\n")
        return 1


def run() -> int:
    """Run the command of this process; standard output is left to what was asked for."""
    logs.configure(LogLevel.WARNING, LogFormat.CONSOLE)
    return run_command(main)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tandem", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, does: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=does, description=does)

    _take_up(command("up", "start everything on paper exchanges and leave it running"))
    command("down", "stop what `up` started")
    _take_reset(command("reset", "delete what paper trading with `up` left"))
    telling = command(
        "status", "what runs and where, what is naked; exit 0 where all of it answers"
    )
    _take_strategy(command("strategy", "strategies that may speak to the desk"))
    stopping = command("halt", "let no new risk out, cancel the makers of hedges; print a token")
    stopping.add_argument("--exc", default="", help="one account only")
    stopping.add_argument("--text", default="", help="why, for those whose orders are refused")
    resuming = command("resume", "lift halts")
    resuming.add_argument("--halt", default="", help="one halt only, by its token")
    putting = command(
        "aside", "have every fold pass one message of the log over, as if it had never been"
    )
    putting.add_argument("seq", type=int, help="its sequence in the log, as an alarm has it")
    putting.add_argument("--text", default="", help="why, for those who read of it later")
    showing = command("alarms", "what a person should have looked at")
    showing.add_argument("--follow", action="store_true", help="go on with what comes")
    saving = command("backup", "copy the log into a file while the desk runs")
    saving.add_argument("file", help="where to; - for standard output")
    loading = command("restore", "make the log anew on servers that have none")
    loading.add_argument("file", help="what `backup` wrote; - for standard input")
    for taking in (telling, stopping, resuming, putting, showing, saving, loading):
        taking.add_argument("--nats", default="", help=LOG_HELP)
    return parser


def _take_up(starting: argparse.ArgumentParser) -> None:
    starting.add_argument("--tape", default="", help="recorded market data for both exchanges")
    starting.add_argument("--ticker", default="", help="base asset that the tape is of, e.g. ETH")
    starting.add_argument(
        "--nats-port", type=int, default=0, help="0: NATS's own 4222, or any free one if taken"
    )


def _take_strategy(strategy: argparse.ArgumentParser) -> None:
    adding = strategy.add_subparsers(dest="what", required=True)
    does = "make a key and a connection file for one more, and print where the file is"
    made = adding.add_parser("add", help=does, description=does)
    made.add_argument("name", help="letters, digits, _ and -")
    made.add_argument("--directory", default=".keys", help="where the desk's keys are (.keys)")
    where = f"where it reaches the bus; default: as it was told before, or {DEFAULT_URL}"
    made.add_argument("--url", help=where)


def _take_reset(beginning: argparse.ArgumentParser) -> None:
    of_what = "the log and the exchanges' books; nothing but paper trading can be reset"
    beginning.add_argument("--paper", action="store_true", required=True, help=of_what)
    beginning.add_argument("--yes", action="store_true", help="do not ask")


def up(options: argparse.Namespace) -> int:
    """Start the stack, write down its processes and addresses, and leave."""
    root = checkout()
    directory = root / RUN_DIRECTORY
    if _running(directory):
        sys.stderr.write("tandem: already up; `tandem status` shows it, `tandem down` ends it\n")
        return 1
    paper: dict[str, tuple[str, ...]] = {}
    if options.tape:
        tape = ("--tape", str(Path(options.tape).resolve()))
        symbols = ("--symbols", f"{options.ticker}USDT") if options.ticker else ()
        paper = {"paper-binance": (*tape, *symbols), "paper-hyperliquid": tape}
    port = options.nats_port or (NATS_PORT if is_free(NATS_PORT) else 0)
    plan = StackPlan(root, directory, paper=paper, nats_port=port)
    started = LocalStack(plan)
    started.start()
    _write(directory, started)
    return _tell_local(directory, _running(directory))


def _write(directory: Path, started: LocalStack) -> None:
    addresses = {"TANDEM_NATS_URL": started.nats.url, "TANDEM_REDIS_URL": started.redis.url}
    for name, paper in started.paper.items():
        variable = name.removeprefix("paper-").upper()
        addresses[f"WALKTHROUGH_{variable}_CONTROL"] = paper.control_url
        addresses[f"{variable}_PAPER_URL"] = f"http://127.0.0.1:{paper.port}"
    found = {name: processes.find(pid) for name, pid in started.pids().items()}
    running = {name: one for name, one in found.items() if one is not None}
    written = Started(running, addresses, started.versions)
    draft = directory / f".{STACK_FILE}"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(written)))
    draft.replace(directory / STACK_FILE)
    (directory / CONNECTION_FILE).write_bytes(msgspec.json.encode(ConnectionFile(started.nats.url)))


def down(_: argparse.Namespace) -> int:
    """End every process that `up` started: services first, then the servers."""
    directory = _found()
    found = _running(directory) if directory is not None else {}
    for is_server in (False, True):
        group = [one for name, one in found.items() if (name in {"nats", "redis"}) is is_server]
        processes.end(group, STOP_TIMEOUT_S)
    if directory is not None:
        for file in (STACK_FILE, CONNECTION_FILE):
            (directory / file).unlink(missing_ok=True)
    sys.stdout.write(f"stopped {len(found)} processes\n")
    return 0


def reset(options: argparse.Namespace) -> int:
    """Delete log and books together, so that paper trading begins afresh."""
    directory = _found()
    if directory is None:
        sys.stdout.write("deleted nothing: no desk has run here\n")
        return 0
    if _running(directory):
        sys.stderr.write("tandem: it runs; `tandem down` ends it, then reset\n")
        return 1
    if not options.yes and not _agrees(directory):
        sys.stderr.write("tandem: nothing was deleted\n")
        return 1
    deleted = stack.reset(directory)
    sys.stdout.write(f"deleted {', '.join(deleted) or 'nothing: there was nothing'}\n")
    return 0


def _agrees(directory: Path) -> bool:
    lost = "the log and the paper exchanges' accounts, orders and positions"
    sys.stderr.write(f"This deletes {lost} in {directory}. Type yes to go on: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def tell_status(options: argparse.Namespace) -> int:
    """Print what runs here and the addresses; where nothing was started, what the bus answers."""
    directory = _found()
    running = _running(directory) if directory is not None else {}
    if directory is not None and running and not options.nats:
        return _tell_local(directory, running)
    if not (options.nats or os.environ.get("TANDEM_NATS_URL")):
        sys.stdout.write("nothing runs here; `make up` or `tandem up` starts everything\n")
        sys.stdout.write("a desk elsewhere: TANDEM_NATS_URL or --nats says where its bus is\n")
        return 1
    found = asyncio.run(status.ask(_log(options)))
    sys.stdout.writelines(f"{line}\n" for line in found.lines())
    _tell_exposure(_log(options))
    return 0 if found.is_whole else 1


def add_strategy(options: argparse.Namespace) -> int:
    """Make a strategy's key, and say how it is used."""
    file = strategies.add(Path(options.directory), options.name, options.url).absolute()
    sys.stdout.write(f"export TANDEM_CONNECTION={file}\n")
    sys.stdout.write("# nats-server lets it in once it has read its users anew: kill -HUP, or\n")
    sys.stdout.write("#   docker compose kill -s HUP nats\n")
    return 0


def _tell_local(directory: Path, running: dict[str, Process]) -> int:
    """Print what runs here, ready to be pasted into another terminal."""
    written = _started(directory)
    if written is None:
        return 1
    for name, version in written.versions.items():
        sys.stdout.write(f"# {name} {version}\n")
    for name, process in running.items():
        sys.stdout.write(f"# {name:<22} pid {process.pid}\n")
    for name, value in written.addresses.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.write(f"# logs: {directory / 'logs'}\n")
    _tell_exposure(NatsOptions(written.addresses["TANDEM_NATS_URL"], "operator"))
    return 0


def _tell_exposure(nats: NatsOptions) -> None:
    sys.stdout.writelines(f"# {line}\n" for line in exposure.lines(nats))


def halt(options: argparse.Namespace) -> int:
    """Halt, and print the token that lifts it."""
    sys.stdout.write(f"{halting.halt(_log(options), options.exc, options.text)}\n")
    return 0


def resume(options: argparse.Namespace) -> int:
    """Lift one halt or all."""
    halting.resume(_log(options), options.halt)
    return 0


def put_aside(options: argparse.Namespace) -> int:
    """Put one message aside."""
    fact = aside.put_aside(_log(options), options.seq, options.text)
    sys.stdout.write(f"message {fact.seq} is put aside: {fact.subject}\n")
    return 0


def alarm(options: argparse.Namespace) -> int:
    """Print the alarms of the log."""
    alarms.show(_log(options), follow=options.follow)
    return 0


def save(options: argparse.Namespace) -> int:
    """Copy the log, and tell on standard error what was copied."""
    _tell("copied", backup.backup(_log(options), options.file))
    return 0


def load(options: argparse.Namespace) -> int:
    """Make the log from a copy."""
    replicas = settings(Environment(os.environ), "restore").stream_replicas
    _tell("restored", backup.restore(_log(options), options.file, replicas))
    return 0


def _tell(what: str, streams: Sequence[backup.Copied]) -> None:
    for one in streams:
        sys.stderr.write(f"{what} {one.stream}: {one.messages} messages, {one.size} bytes\n")


def _log(options: argparse.Namespace) -> NatsOptions:
    named = nats_options(Environment(os.environ), "operator")
    if not options.nats and os.environ.get("TANDEM_NATS_URL"):
        return named
    return replace(named, url=options.nats or _local_url())


def _local_url() -> str:
    """Return where the log is that `up` started here, or where a desk's log is as a rule."""
    directory = _found()
    started = _started(directory) if directory is not None else None
    return DEFAULT_URL if started is None else started.addresses["TANDEM_NATS_URL"]


def _found() -> Path | None:
    """Return the run directory of a desk here or in a directory above, where there is one."""
    here = Path.cwd()
    places = (place / RUN_DIRECTORY for place in (here, *here.parents))
    return next((place for place in places if _is_of_a_desk(place)), None)


def _is_of_a_desk(directory: Path) -> bool:
    return any((directory / name).exists() for name in (STACK_FILE, *stack.KEPT))


def _running(directory: Path) -> dict[str, Process]:
    """Return the processes of a desk that still run, by name."""
    found = _started(directory)
    known = found.processes.items() if found is not None else ()
    return {name: one for name, one in known if processes.is_running(one)}


def _started(directory: Path) -> Started | None:
    """Return what `up` has written down; None where it has not.

    Raises:
        InvalidInputError: it cannot be read, so what runs is not known and nothing is touched.
    """
    path = directory / STACK_FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Started)
    except msgspec.MsgspecError as error:
        rule = (
            f"not what this version of `tandem up` writes ({error}); end its desk, then remove it"
        )
        raise InvalidInputError("file", path, rule) from error


if __name__ == "__main__":
    sys.exit(run())
