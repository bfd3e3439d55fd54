"""How a strategy finds the bus: what the call says, then the environment, then a small file.

1. Each of address, key, credentials and authority is taken from the first that names it: the call,
   the environment (`TANDEM_NATS_URL`, …), the connection file.
2. The connection file is the one that TANDEM_CONNECTION names; without it, and without an address,
   that of the desk which `make up` started in this directory or one above it.
3. A key that the server does not know, or knows by another name, is told at once and by name.
"""

from asyncio import timeout
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tandem.bus.access.bus import AccessBus
from tandem.bus.nats.options import DEFAULT_URL, KEY_VARIABLE
from tandem.client.options import ClientOptions
from tandem.domain.errors import ConfigurationError, NotAllowedError, UnavailableError
from tandem.domain.ids import Strategy
from tandem.runtime.clock import Clock
from tandem.runtime.config import Environment

CONNECTION_VARIABLE = "TANDEM_CONNECTION"
CONNECTION_FILE = "connection.json"
RUN_DIRECTORY = ".run"
GREET_AGAIN_S = 0.2


class ConnectionFile(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a connection file says; its paths are relative to where it lies.

    Written by `make up` for everybody, and by `tandem strategy add NAME` for one strategy.
    """

    nats_url: str
    strategy: str | None = None
    nkey_seed_file: str | None = None
    credentials_file: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the bus is and what is shown to it; `source` is what named the address."""

    url: str
    options: ClientOptions
    source: str


def connection(
    url: str | None,
    strategy: Strategy,
    options: ClientOptions,
    values: Mapping[str, str],
    here: Path,
) -> Connection:
    """Find out how to reach the bus.

    Raises:
        ConfigurationError: a file that is not there or not readable, or one of another strategy.
    """
    env = Environment(values)
    named = url or env.optional("TANDEM_NATS_URL")
    path = _file(env, here, is_wanted=named is None)
    told = _read(path, strategy) if path is not None else None
    if named is not None:
        source = "nats_url" if url else "TANDEM_NATS_URL"
    else:
        source = str(path) if told is not None else "the default"
    return Connection(
        url=named or (told.nats_url if told is not None else DEFAULT_URL),
        options=_completed(options, env, told, path),
        source=source,
    )


def _file(env: Environment, here: Path, *, is_wanted: bool) -> Path | None:
    named = env.path(CONNECTION_VARIABLE)
    if named is not None or not is_wanted:
        return named
    places = (place / RUN_DIRECTORY / CONNECTION_FILE for place in (here, *here.parents))
    return next((place for place in places if place.is_file()), None)


def _read(path: Path, strategy: Strategy) -> ConnectionFile:
    try:
        told = msgspec.json.decode(path.read_bytes(), type=ConnectionFile)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            CONNECTION_VARIABLE, path, f"a connection file: {error}"
        ) from error
    if told.strategy is not None and told.strategy != strategy:
        rule = f"{told.strategy}, whose key {path} names"
        raise ConfigurationError("strategy", strategy, rule)
    return told


def _completed(
    options: ClientOptions, env: Environment, told: ConnectionFile | None, path: Path | None
) -> ClientOptions:
    """Fill in what the call did not say; a key of the call is not joined by another's."""
    place = path.parent if path is not None else Path()
    told = told or ConnectionFile("")
    seed, credentials = options.nkey_seed_file, options.credentials_file
    if seed is None and credentials is None:
        seed, credentials = env.path(KEY_VARIABLE), env.path("TANDEM_NATS_CREDS")
    if seed is None and credentials is None:
        seed = _beside(place, "nkey_seed_file", told.nkey_seed_file)
        credentials = _beside(place, "credentials_file", told.credentials_file)
    authority = options.ca_file or env.path("TANDEM_NATS_CA_FILE")
    return replace(
        options,
        nkey_seed_file=seed,
        credentials_file=credentials,
        ca_file=authority or _beside(place, "ca_file", told.ca_file),
    )


def _beside(place: Path, field: str, name: str | None) -> Path | None:
    if name is None:
        return None
    path = place / name
    if not path.is_file():
        raise ConfigurationError(field, path, "an existing file, as the connection file says")
    return path


async def greet(bus: AccessBus, reached: Connection, strategy: Strategy, clock: Clock) -> None:
    """Return once `access` answers this strategy; it learns of a new one within a second.

    Raises:
        ConfigurationError: the key is not this strategy's.
        UnavailableError: nobody answers.
    """
    try:
        async with timeout(reached.options.ready_timeout_s):
            while not await _is_answered(bus, strategy):
                await clock.sleep(GREET_AGAIN_S)
    except TimeoutError as error:
        told = f"{reached.url} lets {strategy} in, but `access` does not answer"
        raise UnavailableError(f"{told}: does it run, and know this strategy?") from error


async def _is_answered(bus: AccessBus, strategy: Strategy) -> bool:
    try:
        await bus.greet()
    except NotAllowedError as error:
        rule = f"the name that the key was made for: {error.rule}"
        raise ConfigurationError("strategy", strategy, rule) from error
    except UnavailableError:
        return False
    return True
