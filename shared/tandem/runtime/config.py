"""Which settings a service takes from its environment, and what is wrong with a bad one.

1. A setting that is missing or malformed is an error that names its variable.
2. A secret may be given directly (`NAME`) or as a file (`NAME_FILE`), never both.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tandem.bus.nats.options import DEFAULT_URL, NatsOptions
from tandem.bus.permissions import inbox_prefix
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Exc
from tandem.domain.units import MS_PER_S
from tandem.runtime.resend_buffer import KEPT_S

E = TypeVar("E", bound=enum.StrEnum)
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, for `--help`."""

    name: str
    meaning: str
    default: str = ""


class LogFormat(enum.StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(enum.StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


GATHER = Variable(
    "TANDEM_GATHER_READS_MS", "pause after each read of the bus, off the hedge path", "0"
)
COMMON_VARIABLES = (
    Variable("TANDEM_NATS_URL", "servers of the bus, comma-separated", DEFAULT_URL),
    Variable("TANDEM_NATS_CREDS", "credentials file for the bus"),
    Variable("TANDEM_NATS_NKEY_SEED_FILE", "file with the nkey seed for the bus"),
    Variable("TANDEM_NATS_USER", "whose key it is: answers go to that user's own inbox"),
    Variable("TANDEM_NATS_CA_FILE", "file with the authority that vouches for the bus (TLS)"),
    GATHER,
    Variable("TANDEM_REDIS_URL", "where pages are kept for any reader; empty: no Redis"),
    Variable("TANDEM_REDIS_PASSWORD", "password of the URL's user; _FILE: a file that holds it"),
    Variable("TANDEM_HTTP_HOST", "address of /healthz, /readyz and /metrics", "127.0.0.1"),
    Variable("TANDEM_HTTP_PORT", "their port; 0: any free one", "0"),
    Variable("TANDEM_LOG_LEVEL", "debug, info, warning or error", "info"),
    Variable("TANDEM_LOG_FORMAT", "json or console", "json"),
    Variable("TANDEM_RETENTION", "how long facts are kept: 30s, 90m, 48h or 7d", "48h"),
    Variable("TANDEM_DELTAS_RETENTION", "how long deltas are kept, at most as facts", "2h"),
    Variable("TANDEM_OFFERS_KEPT", "how long what was logged is kept to be offered again", "10m"),
    Variable("TANDEM_STREAM_REPLICAS", "servers that keep each stream", "1"),
    Variable("TANDEM_SNAPSHOT_EVERY", "messages between two snapshots of a fold", "20000"),
    Variable("TANDEM_RUN_FILE", "file for pid and HTTP port, written once ready"),
)
BUS_VARIABLES = tuple(one for one in COMMON_VARIABLES if one.name.startswith("TANDEM_NATS_"))
ACCOUNT_VARIABLE = Variable("TANDEM_EXC", "name of the account this gateway serves")


UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Environment:
    """Typed reading of a mapping of variables."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def text(self, name: str, default: str | None = None) -> str:
        """Return the variable, or the default; with no default it is required."""
        value = self.values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise ConfigurationError(name, "", "required, but not set")
        return default

    def optional(self, name: str) -> str | None:
        """Return the variable, or None when it is unset or empty."""
        return self.text(name, "") or None

    def integer(self, name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
        text = self.text(name, str(default))
        try:
            value = int(text)
        except ValueError as error:
            raise ConfigurationError(name, text, "a whole number") from error
        if not least <= value <= most:
            raise ConfigurationError(name, text, f"within {least} and {most}")
        return value

    def duration_s(self, name: str, default: str, *, least: int, most: int) -> int:
        """Return the seconds of a whole number with its unit, such as `30s` or `48h`."""
        text = self.text(name, default)
        number, unit = text[:-1], text[-1:]
        if not (number.isascii() and number.isdigit() and unit in UNITS_S):
            raise ConfigurationError(name, text, f"a whole number and one of {', '.join(UNITS_S)}")
        value = int(number) * UNITS_S[unit]
        if not least <= value <= most:
            raise ConfigurationError(name, text, f"within {least}s and {most}s")
        return value

    def choice(self, name: str, kind: type[E], default: E) -> E:
        text = self.text(name, default.value)
        try:
            return kind(text.lower())
        except ValueError as error:
            raise ConfigurationError(name, text, f"one of {', '.join(kind)}") from error

    def path(self, name: str) -> Path | None:
        """Return the path of an existing file, or None when the variable is unset."""
        text = self.optional(name)
        if text is not None and not Path(text).is_file():
            raise ConfigurationError(name, text, "an existing file")
        return Path(text) if text is not None else None

    def secret(self, name: str) -> str | None:
        """Return a secret given in `name` or in the file that `name_FILE` names; None: neither."""
        direct, file = self.optional(name), self.path(f"{name}_FILE")
        if direct is not None and file is not None:
            raise ConfigurationError(f"{name}_FILE", file, f"not together with {name}")
        return file.read_text().strip() if file is not None else direct

    def words(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated list."""
        text = self.text(name, ",".join(default))
        return tuple(word.strip() for word in text.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Settings:
    """What every service is told. `redis_url` and `run_file` are None when not wanted."""

    nats: NatsOptions
    redis_url: str | None = None
    redis_password: str | None = field(default=None, repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 0
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.JSON
    retention_s: int = 48 * 3_600
    deltas_s: int = 2 * 3_600
    offers_kept_s: int = KEPT_S
    stream_replicas: int = 1
    snapshot_every: int = 20_000
    run_file: Path | None = None

    @property
    def retention_ns(self) -> int:
        return self.retention_s * NS

    @property
    def loggable_ns(self) -> int:
        """How old a fact may be when it is logged: its identity must hold for a while yet."""
        return self.retention_ns - min(3_600 * NS, self.retention_ns // 4)

    @property
    def kept_ns(self) -> int:
        """How long what was logged is kept to be offered again: never past its own expiry."""
        return min(self.offers_kept_s * NS, self.retention_ns // 2)


def settings(env: Environment, name: str, gather_ms: int = 0) -> Settings:
    """Read the common settings of the service `name`."""
    run_file = env.optional("TANDEM_RUN_FILE")
    return Settings(
        nats=nats_options(env, name, gather_ms),
        redis_url=env.optional("TANDEM_REDIS_URL"),
        redis_password=env.secret("TANDEM_REDIS_PASSWORD"),
        http_host=env.text("TANDEM_HTTP_HOST", "127.0.0.1"),
        http_port=env.integer("TANDEM_HTTP_PORT", 0, most=65_535),
        log_level=env.choice("TANDEM_LOG_LEVEL", LogLevel, LogLevel.INFO),
        log_format=env.choice("TANDEM_LOG_FORMAT", LogFormat, LogFormat.JSON),
        retention_s=env.duration_s("TANDEM_RETENTION", "48h", least=10, most=365 * 86_400),
        deltas_s=env.duration_s("TANDEM_DELTAS_RETENTION", "2h", least=10, most=365 * 86_400),
        offers_kept_s=env.duration_s("TANDEM_OFFERS_KEPT", f"{KEPT_S}s", least=1, most=86_400),
        stream_replicas=env.integer("TANDEM_STREAM_REPLICAS", 1, least=1, most=5),
        snapshot_every=env.integer("TANDEM_SNAPSHOT_EVERY", 20_000, least=1),
        run_file=Path(run_file) if run_file is not None else None,
    )


def nats_options(env: Environment, name: str, gather_ms: int = 0) -> NatsOptions:
    """Read how to reach the bus; `gather_ms` is the service's own default pause between reads."""
    return NatsOptions(
        url=env.text("TANDEM_NATS_URL", DEFAULT_URL),
        name=name,
        creds_file=env.path("TANDEM_NATS_CREDS"),
        nkey_seed_file=env.path("TANDEM_NATS_NKEY_SEED_FILE"),
        ca_file=env.path("TANDEM_NATS_CA_FILE"),
        inbox_prefix=inbox_prefix(env.optional("TANDEM_NATS_USER")),
        gather_s=env.integer(GATHER.name, gather_ms, most=100) / MS_PER_S,
    )


def account(env: Environment, default: str) -> Exc:
    """Read the account that a gateway serves."""
    return Exc(env.text(ACCOUNT_VARIABLE.name, default))
