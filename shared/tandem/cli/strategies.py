"""`tandem strategy add NAME`: a key for one more strategy, and the file by which it finds the bus.

What the desk has otherwise - accounts, other strategies, certificates - stays as it is.
"""

from dataclasses import replace
from pathlib import Path

from tandem.bus import permissions
from tandem.cli import keys
from tandem.client.connecting import CONNECTION_FILE
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Strategy


def add(directory: Path, name: str, url: str | None = None) -> Path:
    """Make a strategy's key, let the servers know it, and return its connection file.

    Without an address it keeps the one that it was told before, if any.

    Raises:
        ConfigurationError: no keys of a desk lie there, or the name is none for a strategy.
    """
    accounts = directory / permissions.ACCESS / keys.ACCOUNTS_FILE
    if not accounts.is_file():
        raise ConfigurationError(
            "--directory", directory, "where `make keys` has put a desk's keys"
        )
    strategies = tuple(sorted({*keys.strategies_of(directory), name}))
    desk = keys.Desk(tuple(accounts.read_text().split()), strategies, url=url)
    keys.make_users(directory, desk)
    keys.tell_strategies(directory, replace(desk, strategies=(name,)))
    return directory / permissions.strategy_user(Strategy(name)) / CONNECTION_FILE
