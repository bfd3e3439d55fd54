"""The exception tree, split by what the caller should do.

TandemError
├── InvalidInputError        fix the call: names the field, the value and the rule; nothing changed
│   ├── UnknownInstrumentError    no such ticker; carries the nearest names
│   ├── LimitReachedError    ask less often: nothing changed, and later the same may be asked
│   ├── NotYetSupportedError      a call of the contract that this version does not have
│   ├── NotAllowedError      the bus does not let this user say it
│   ├── NameInUseError           another client works under the strategy's name
│   ├── UnwritableError           a message that the server takes from nobody
│   └── ConfigurationError        a setting from the environment is missing or malformed
├── MalformedMessageError    reject it: a message of the wire contract that cannot be decoded
├── ConflictError            reconcile: the id is already used by a different fact
├── SupersededError          drop it: somebody else has the say now
├── UnavailableError         try again: nobody answered, or not in time
└── InvariantError           stop: the state contradicts itself
"""


class TandemError(Exception):
    """Root of everything this library raises on purpose."""


class InvalidInputError(TandemError, ValueError):
    """A value that breaks a rule: nothing was changed, nothing was sent.

    Attributes:
        field: the parameter or message field, as the caller spelled it.
        value: what was given, as text.
        rule: what it must satisfy.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}={value!s}: {rule}")
        self.field = field
        self.value = str(value)
        self.rule = rule


class UnknownInstrumentError(InvalidInputError):
    """A ticker the venue does not list; `nearest` holds the closest names."""

    def __init__(self, exc: str, ticker: str, nearest: tuple[str, ...]) -> None:
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__("ticker", ticker, f"not listed on {exc}{hint}")
        self.nearest = nearest


class LimitReachedError(InvalidInputError):
    """More than this strategy's share: `value` is what was asked for, `rule` the limit."""


class NotYetSupportedError(InvalidInputError):
    """A call that the contract names and this version does not have yet."""


class NotAllowedError(InvalidInputError):
    """The bus does not let this user say what was asked: another user's key would be needed."""


class NameInUseError(InvalidInputError):
    """Another client works under this strategy's name; `client` is the token that it goes by."""

    def __init__(self, strategy: str, client: str) -> None:
        rule = (
            f"in use by another client ({client}); stop that one, take another name, or have both "
            f"work under it with share_strategy=True"
        )
        super().__init__("strategy", strategy, rule)
        self.client = client


class UnwritableError(InvalidInputError):
    """A message that is too large, or whose subject is too long: no retry and no right helps."""


class ConfigurationError(InvalidInputError):
    """A setting that is missing or malformed; `field` is the environment variable."""


MAX_FAULT_TEXT = 400


class MalformedMessageError(TandemError, ValueError):
    """A message that breaks the wire contract; `field` is a path such as `maker.amount`.

    Both texts may repeat what the message says, which may be long: they are cut.
    """

    def __init__(self, field: str, rule: str) -> None:
        self.field = field[:MAX_FAULT_TEXT]
        self.rule = rule[:MAX_FAULT_TEXT]
        super().__init__(f"{self.field}: {self.rule}")


class SupersededError(TandemError):
    """A message whose sender no longer has the say: it was not stored, and never will be."""


class ConflictError(TandemError):
    """The identity of a fact is already taken by a different content: `id already used`."""


class UnavailableError(TandemError):
    """Nobody answered in time; whether the request had an effect is unknown."""


class InvariantError(TandemError):
    """The state contradicts itself; the process must stop rather than trade on it."""
