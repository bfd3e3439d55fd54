"""When the venue's instrument table is read and logged.

1. The table is logged when it differs from the last one in the log, and again before that one
   would expire.
2. Its subject follows from its content and from the table before it, so that a market halted and
   resumed is three facts, and two copies log each of them once.
3. What the venue tells or refuses by other rules than those of its table calls for the table at
   once: the next order is right, and what has stopped trading is known.
4. Whoever reads the log needs a table, and nobody else can log one. So a log that was cut is not
   believed to hold it, however long ago it was logged; and now and then the log itself is asked.
"""

from tandem.bus.port import Entry
from tandem.domain.errors import UnavailableError
from tandem.domain.instrument import Instrument
from tandem.domain.units import NS_PER_S
from tandem.gateway.account.inquiry import Inquiry
from tandem.gateway.port.requests import VenueQueryError
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages import subjects
from tandem.messages.facts import subject_of
from tandem.messages.reports import SpecsReport
from tandem.transport.priority import Priority

REFRESH_S = 600.0
SOON_S = 5.0
MOST_PAUSE_NS = 30_000_000_000


class Specs:
    """The instrument table of one account, here and in the log."""

    def __init__(self, core: Core, queries: VenueQueries) -> None:
        self._core = core
        self._queries = queries
        self._logged: tuple[Instrument, ...] = ()
        self._logged_subject = ""
        self._logged_ns = 0
        self._inquiry = Inquiry(MOST_PAUSE_NS)

    def want(self) -> None:
        """Read the table soon: at once, or after a while when that was done just now (3)."""
        wait_ns = self._inquiry.wait_ns(self._core.context.clock.monotonic_ns())
        if wait_ns is not None:
            self._core.context.tasks.spawn(self._refresh_after(wait_ns), "gateway-table")

    async def _refresh_after(self, wait_ns: int) -> None:
        await self._core.context.clock.sleep(wait_ns / NS_PER_S)
        self._inquiry.asked(self._core.context.clock.monotonic_ns())
        await self._try_refresh()

    def read(self, entry: Entry, specs: SpecsReport) -> None:
        """Take the table that the log holds."""
        self._logged, self._logged_subject = specs.instruments, entry.subject
        self._logged_ns = entry.ts_ns

    def forget(self) -> None:
        """The log was cut: what it was seen to hold it may hold no more."""
        self._logged, self._logged_subject, self._logged_ns = (), "", 0

    async def assure(self) -> None:
        """Log the table if the log holds none, whatever this process believes of it."""
        core = self._core
        try:
            stored = await core.context.bus.log.find(subjects.reports_kind_of(core.exc, "specs"))
        except UnavailableError:
            return
        if stored is None and self._logged:
            core.context.log.error("the log holds no instrument table: it is logged again")
            self.forget()
            self.log()

    async def refresh(self, priority: Priority = Priority.UPKEEP) -> int:
        """Read the venue's table, log it if it is news, and return its length.

        Raises:
            VenueQueryError: the venue did not give it; the former one stays.
        """
        table = await self._queries.instruments(priority)
        self._core.take_instruments(table)
        self.log()
        return len(table)

    def log(self) -> None:
        """Log the current table if the log does not end with it."""
        table = tuple(self._core.instruments.values())
        if not table or (table == self._logged and not self._is_old()):
            return
        clock = self._core.context.clock
        now_ns = clock.wall_ns()
        specs = SpecsReport(
            exc=self._core.exc,
            instruments=table,
            previous=self._logged_subject,
            ts_recv_ns=now_ns,
        )
        self._logged, self._logged_subject, self._logged_ns = table, subject_of(specs), now_ns
        self._core.journal.append(specs)

    def _is_old(self) -> bool:
        retention_ns = self._core.context.settings.retention_ns
        return self._core.context.clock.wall_ns() - self._logged_ns > retention_ns // 4

    async def run(self) -> None:
        """Keep the table fresh."""
        while True:
            await self._until_due()
            await self._try_refresh()

    async def _try_refresh(self) -> None:
        try:
            await self.refresh()
        except VenueQueryError as error:
            self._core.context.log.warning("instrument table", error=str(error))

    async def _until_due(self) -> None:
        """Wait for the next time; not for long with a row that the venue's last answer lacked.

        Whether it is gone must be known soon: a venue that no longer lists a symbol refuses every
        question that names it, and with it the list of fills that a backfill asks for.
        """
        clock, retention_s = self._core.context.clock, self._core.context.settings.retention_s
        period_s = min(REFRESH_S, retention_s / 8)
        due_ns = clock.monotonic_ns() + int(period_s * NS_PER_S)
        while clock.monotonic_ns() < due_ns:
            await clock.sleep(min(period_s, SOON_S))
            if self._core.door.is_table_short:
                return
