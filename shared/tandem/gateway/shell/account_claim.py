"""Whose log this is: the first gateway of an account says so, and none of another works on it.

1. Before log and account are known to belong together, a gateway sends, logs and answers nothing.
2. Who comes first is decided by the store, which replaces a record only for one who names what it
   replaces. The record outlives every fact; the log holds the same as a fact, for who reads it.
3. A desk that is of another network or account ends this process, by name: waiting cannot help.
"""

from tandem.domain.errors import ConfigurationError, MalformedMessageError, UnavailableError
from tandem.domain.network import Network
from tandem.domain.units import MS_PER_S
from tandem.gateway.port.requests import VenueQueryError
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages import codec, subjects
from tandem.messages.facts import read_fact
from tandem.messages.reports import IdentityReport
from tandem.transport.backoff import Backoff

REMEDY = "each account of each network has a log of its own (docs/operations.md)"
PAPER_REMEDY = "the exchange began anew without it; `tandem reset --paper` begins both afresh"


class AccountClaim:
    """Claims the log for one account, or finds that it is another's."""

    def __init__(self, core: Core, queries: VenueQueries) -> None:
        self._core = core
        self._queries = queries
        self._own: IdentityReport | None = None
        self._logged_ns = 0

    async def claim(self) -> None:
        """Return once the log is known to be this account's, however long that takes.

        Raises:
            ConfigurationError: it is another's.
        """
        core, tries = self._core, 0
        backoff = Backoff(f"{core.exc}:claim")
        while True:
            try:
                own = await self._identity()
                await self._compare(own)
                return
            except (VenueQueryError, UnavailableError) as error:
                tries += 1
                core.context.log.warning("whose log it is, is not known yet", error=str(error))
                await core.context.clock.sleep(backoff.delay_ms(tries) / MS_PER_S)

    async def _identity(self) -> IdentityReport:
        if self._own is None:
            core, account = self._core, await self._queries.account()
            self._own = IdentityReport(exc=core.exc, network=core.venue.network, account=account)
        return self._own

    async def _compare(self, own: IdentityReport) -> None:
        """Compare with the record and the fact, and write the record if there is none."""
        bus, subject = self._core.context.bus, subjects.identity(own.exc)
        while (record := await bus.leases.newest(subject)) is None:
            fact = await bus.log.find(subjects.identity_report(own.exc))
            held = None if fact is None else _read(own, fact.payload)
            if held is not None:
                _require_same(own, held)
            await bus.leases.replace(subject, codec.encode(own), 0)
        held = _read(own, record.payload)
        if held is None:
            rule = "it does not decode: the administrator has to look at it"
            raise ConfigurationError("record", subject, rule)
        _require_same(own, held)

    def log(self) -> None:
        """Log the fact, and again before the log expires it."""
        context = self._core.context
        now_ns = context.clock.wall_ns()
        is_old = now_ns - self._logged_ns > context.settings.retention_ns // 4
        if self._own is not None and is_old:
            self._logged_ns = now_ns
            self._core.journal.append(self._own)

    def forget(self) -> None:
        """The log was cut: it may not hold the fact any more."""
        self._logged_ns = 0


def _read(own: IdentityReport, payload: bytes) -> IdentityReport | None:
    """Return what was said of this account's name; None: it is no such message."""
    try:
        held = read_fact(subjects.identity_report(own.exc), payload)
    except MalformedMessageError:
        return None
    return held if isinstance(held, IdentityReport) else None


def _require_same(own: IdentityReport, held: IdentityReport) -> None:
    """Refuse a log that another network or account has claimed."""
    if (held.network, held.account) == (own.network, own.account):
        return
    is_paper = held.network == own.network == Network.PAPER
    rule = f"this log is of {_named(held)}: {PAPER_REMEDY if is_paper else REMEDY}"
    raise ConfigurationError(f"the account of {own.exc}", _named(own), rule)


def _named(identity: IdentityReport) -> str:
    return f"{identity.account} on {identity.network}"
