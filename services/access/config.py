"""Which strategies are let in, and how much each may ask for."""

from dataclasses import dataclass
from pathlib import Path

from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Strategy, is_plain_name
from tandem.runtime.config import Environment, Variable

STRATEGIES = Variable("TANDEM_STRATEGIES", "the strategies that are let in, comma-separated")
STRATEGIES_FILE = Variable(
    "TANDEM_STRATEGIES_FILE", "or a file with one a line, as tandem.cli.keys writes it; read anew"
)
ACCOUNTS_FILE = Variable(
    "TANDEM_ACCOUNTS_FILE", "the accounts that there are, one a line, as tandem.cli.keys writes it"
)
INTENTS = Variable("TANDEM_ACCESS_INTENTS_PER_S", "intents a second of one strategy", "100")
INTENTS_BURST = Variable("TANDEM_ACCESS_INTENTS_BURST", "intents at once of one strategy", "500")
INTENTS_DAY = Variable("TANDEM_ACCESS_INTENTS_PER_DAY", "intents a day of one strategy", "500000")
INTENT_BYTES = Variable("TANDEM_ACCESS_INTENT_BYTES", "size of one intent, bytes", "16384")
OPEN_CALLS = Variable("TANDEM_ACCESS_OPEN_CALLS", "unanswered calls of one strategy", "256")
READERS = Variable("TANDEM_ACCESS_READERS", "streams that one strategy reads at once", "32")
ASKS = Variable("TANDEM_ACCESS_VENUE_ASKS_PER_MIN", "questions to venues a minute", "60")
OPEN_ASKS = Variable("TANDEM_ACCESS_OPEN_VENUE_ASKS", "unanswered questions to venues", "4")
PAGES = Variable("TANDEM_ACCESS_PAGES_PER_S", "pages a second", "5")
HISTORIES = Variable("TANDEM_ACCESS_HISTORIES_PER_S", "order histories a second", "50")
EPOCHS = Variable("TANDEM_ACCESS_EPOCHS_PER_MIN", "epochs begun on request a minute", "6")
EPOCHS_DAY = Variable("TANDEM_ACCESS_EPOCHS_PER_DAY", "epochs begun on request a day", "50")
CALLS = Variable("TANDEM_ACCESS_CALLS_PER_S", "calls a second taken of one strategy", "2000")
BYTES = Variable("TANDEM_ACCESS_BYTES_PER_S", "bytes of calls a second taken of one", "4194304")
LOOKUPS = Variable("TANDEM_ACCESS_LOOKUPS_PER_S", "messages and states looked up a second", "100")
OPENINGS = Variable(
    "TANDEM_ACCESS_OPENINGS_PER_S", "searches and places read from anew a second", "2"
)
VARIABLES = (
    STRATEGIES,
    STRATEGIES_FILE,
    ACCOUNTS_FILE,
    INTENTS,
    INTENTS_BURST,
    INTENTS_DAY,
    INTENT_BYTES,
    OPEN_CALLS,
    READERS,
    ASKS,
    OPEN_ASKS,
    PAGES,
    HISTORIES,
    EPOCHS,
    EPOCHS_DAY,
    CALLS,
    BYTES,
    LOOKUPS,
    OPENINGS,
)


@dataclass(frozen=True, slots=True)
class FairUse:
    """What one strategy may ask for, by one copy of this service."""

    intents_per_s: int = 100
    intents_burst: int = 500
    intents_per_day: int = 500_000
    intent_bytes: int = 16_384
    open_calls: int = 256
    readers: int = 32
    venue_asks_per_min: int = 60
    open_venue_asks: int = 4
    pages_per_s: int = 5
    histories_per_s: int = 50
    epochs_per_min: int = 6
    epochs_per_day: int = 50
    calls_per_s: int = 2_000
    bytes_per_s: int = 4_194_304
    lookups_per_s: int = 100
    openings_per_s: int = 2


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`strategies_file` is None where a variable names them, `accounts_file` where nothing does."""

    fair_use: FairUse
    named: tuple[Strategy, ...] = ()
    strategies_file: Path | None = None
    accounts_file: Path | None = None

    def accounts(self) -> frozenset[str] | None:
        """Return which accounts there are, as the file says at this moment; None: any may be.

        Raises:
            ConfigurationError: a name that no account has.
        """
        if self.accounts_file is None:
            return None
        words = self.accounts_file.read_text().split()
        return frozenset(_names(ACCOUNTS_FILE.name, words))

    def strategies(self) -> tuple[Strategy, ...]:
        """Return who is let in, as the file says at this moment.

        Raises:
            ConfigurationError: a name that no strategy has.
        """
        if self.strategies_file is None:
            return self.named
        return _names(STRATEGIES_FILE.name, self.strategies_file.read_text().split())


def access_settings(env: Environment) -> AccessSettings:
    """Read the settings of this service.

    Raises:
        ConfigurationError: a bad one, or both ways to name strategies, or neither.
    """
    named, file = env.words(STRATEGIES.name), env.path(STRATEGIES_FILE.name)
    if bool(named) == (file is not None):
        rule = f"either this or {STRATEGIES_FILE.name}"
        raise ConfigurationError(STRATEGIES.name, ",".join(named), rule)
    accounts = env.path(ACCOUNTS_FILE.name)
    found = AccessSettings(_fair_use(env), _names(STRATEGIES.name, named), file, accounts)
    found.strategies()
    found.accounts()
    return found


def _names(variable: str, words: tuple[str, ...] | list[str]) -> tuple[Strategy, ...]:
    for word in words:
        if not is_plain_name(word):
            raise ConfigurationError(variable, word, "names of letters, digits, _ and -")
    return tuple(Strategy(word) for word in words)


def _fair_use(env: Environment) -> FairUse:
    def most(variable: Variable) -> int:
        return env.integer(variable.name, int(variable.default), least=1)

    return FairUse(
        intents_per_s=most(INTENTS),
        intents_burst=most(INTENTS_BURST),
        intents_per_day=most(INTENTS_DAY),
        intent_bytes=most(INTENT_BYTES),
        open_calls=most(OPEN_CALLS),
        readers=most(READERS),
        venue_asks_per_min=most(ASKS),
        open_venue_asks=most(OPEN_ASKS),
        pages_per_s=most(PAGES),
        histories_per_s=most(HISTORIES),
        epochs_per_min=most(EPOCHS),
        epochs_per_day=most(EPOCHS_DAY),
        calls_per_s=most(CALLS),
        bytes_per_s=most(BYTES),
        lookups_per_s=most(LOOKUPS),
        openings_per_s=most(OPENINGS),
    )
