"""How what the sockets missed gets into the log: the venue's own lists, under the same identities.

1. A run asks for positions, fills and open orders; each order that the log holds live and the
   venue does not list is asked for by itself, and so is each whose end is told without its
   quantity, and each of which only a fill is known.
2. Positions are asked for first and logged after the fills, which explain them.
3. Fills are asked from before the last run that succeeded, so that runs overlap; of a ticker not
   asked about before, from where the first run began. A run that began before a look-back was
   asked for proves nothing of it.
4. Runs never overlap each other; what asks for one during a run gets another after it. After a
   failure it is asked for anew: a session that came up says that the venue is back.
5. A list with a row that cannot be so proves nothing of its time: it is asked for again, a few
   times; what the venue keeps telling so is passed over, and alarmed.
6. What a run finds and the stream did not tell in time is the proof that the stream is mute.
7. Fills are listed window by window, as the venue lists them, from the last that is known. What it
   keeps no longer is an alarm that says from when to when, and so is what the log keeps no longer.
8. What can be listed is listed, though the account is in a mode that nothing here works in: such
   a run fails, and after all its fills and orders.
9. Runs that fail in a row are told of: after the third nobody knows how the account stands.
10. A run that is due and not done within its interval is an alarm in the log, once a spell: what
   the stream lost is not hedged meanwhile.
11. What a run fails by may be what it asked for. It is not while the venue is away or has too much
   to do, or for the account's mode: then nothing more is asked. It would take the room of the runs
   that make up for the failure.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from tandem.domain.ids import Ticker
from tandem.domain.units import MS_PER_S, NS_PER_MS, NS_PER_S
from tandem.gateway.account import reconcile
from tandem.gateway.account.failed_runs import Setbacks
from tandem.gateway.account.known_order import KnownOrder
from tandem.gateway.account.overdue import Overdue
from tandem.gateway.account.reconcile import Doubts, Rota, Strangers
from tandem.gateway.account.stream_monitor import GRACE_MS, Heard, Missed
from tandem.gateway.port.requests import (
    FillsQuery,
    Listing,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    Report,
    UnansweredError,
    UnfitAccountError,
    VenueQueryError,
)
from tandem.gateway.port.venue import no_ticker
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages.hedges import Alarm
from tandem.messages.reports import OrderReport, PositionReport
from tandem.transport.backoff import Backoff
from tandem.transport.priority import Priority

MARGIN_MS = 60_000
MAX_ASKED = 100
MOST_PAUSE_MS = 2_500


class Backfill:
    """Runs when asked and every `backfill_s`; sooner while orders are live."""

    def __init__(self, core: Core, queries: VenueQueries) -> None:
        self.begun = 0
        self.is_whole = False
        self.heard = Heard()
        self.on_missed: Callable[[Missed], None] | None = None
        self.on_unsound: Callable[[], None] | None = None
        self.on_failed: Callable[[], None] | None = None
        self.on_broken: Callable[[], None] | None = None
        self.on_mended: Callable[[], None] | None = None
        self._ended = self._looks_back = 0
        self._lost_since_ms: int | None = None
        self._core = core
        self._queries = queries
        self._wanted = asyncio.Event()
        self._done = asyncio.Event()
        self._first_ms: int | None = None
        self._filled_to_ms: int | None = None
        self._filled: set[Ticker] = set()
        self._doubts = Doubts()
        self._rota = Rota()
        self._strangers = Strangers()
        self._backoff = Backoff(f"{core.exc}:backfill", first_ms=250, most_ms=MOST_PAUSE_MS)
        self._overdue = Overdue()
        self._setbacks = Setbacks()
        self._error = "it waits for room or for the venue's answers"
        self._ran = core.context.metrics.counter("gateway_backfills", "runs", ("result",))
        waits = core.context.metrics.gauge(
            "gateway_backfill_waits_seconds", "since a run is due that is not done"
        )
        waits.set_function(lambda: self._overdue.waits_ns(self._mono_ns()) / NS_PER_S)

    def look_back(self, since_ms: int) -> None:
        """Ask for everything since then again: the log may have lost any of it."""
        self._first_ms, self._filled_to_ms = since_ms, None
        self._filled.clear()
        self._looks_back += 1

    def want(self) -> None:
        """Ask for a run soon."""
        self._wanted.set()

    async def until_run_after(self, begun: int) -> None:
        """Wait for the end of a run that was not among the first `begun` to begin."""
        while self._ended <= begun:
            self._done.clear()
            await self._done.wait()

    async def run(self) -> None:
        """Run again and again."""
        tries, retry_after_ms = 0, 0
        while True:
            if tries:
                await self._pause(self._backoff.delay_ms(tries), retry_after_ms)
            else:
                await self._until_due()
            self._wanted.clear()
            self._overdue.due(self._mono_ns())
            self.begun += 1
            try:
                await self._run_once()
            except VenueQueryError as error:
                tries, retry_after_ms = tries + 1, error.retry_after_ms
                self._error = str(error)
                self._ran.labels("failed").inc()
                self._core.context.log.warning("backfill", error=str(error))
                self._fail(error)
                continue
            tries = 0
            self._overdue.done()
            self._ended = self.begun
            self._ran.labels("done").inc()
            self._done.set()
            if self._setbacks.done() and self.on_mended is not None:
                self.on_mended()
            self._judge_stream()

    def _fail(self, error: VenueQueryError) -> None:
        """Tell of a run that failed by what it asked (11), and of the one too many in a row (9)."""
        is_other = isinstance(error, UnansweredError | UnfitAccountError)
        if self.on_failed is not None and not is_other and not error.retry_after_ms:
            self.on_failed()
        if self._setbacks.failed() and self.on_broken is not None:
            self.on_broken()

    @property
    def fault(self) -> str:
        """Why nobody knows how the account stands, or the empty text (9)."""
        if not self._setbacks.are_too_many:
            return ""
        return f"{self._setbacks.in_a_row} backfills failed in a row: {self._error}"

    async def _pause(self, wait_ms: int, retry_after_ms: int) -> None:
        """Wait after a failure: as long as the venue asked, and then until it is heard again."""
        await self._core.context.clock.sleep(retry_after_ms / MS_PER_S)
        left_ms = max(0, wait_ms - retry_after_ms)
        with suppress(TimeoutError):
            async with asyncio.timeout(left_ms / MS_PER_S):
                await self._wanted.wait()

    def tick(self) -> None:
        """Say so when a run is overdue."""
        core, mono_ns = self._core, self._mono_ns()
        allowed_s = max(self._interval_s(), float(core.settings.backfill_live_s))
        if not self._overdue.is_news(mono_ns, int(allowed_s * NS_PER_S)):
            return
        source, key = f"gateway-{core.exc}", f"backfill-{core.context.run}-{self._overdue.spells}"
        waited_s = self._overdue.waits_ns(mono_ns) // NS_PER_S
        text = f"the backfill waits for {waited_s} s, at most {allowed_s:g}: {self._error}"
        core.context.log.error("backfill overdue", reason=text)
        core.journal.append(Alarm(source=source, key=key, text=text))

    def _mono_ns(self) -> int:
        return self._core.context.clock.monotonic_ns()

    async def _until_due(self) -> None:
        """Wait until the next run is due; an order that comes alive meanwhile makes it sooner."""
        clock, step_s = self._core.context.clock, self._core.settings.backfill_live_s
        began_ns = clock.monotonic_ns()
        while (left_s := self._interval_s() - (clock.monotonic_ns() - began_ns) / NS_PER_S) > 0:
            try:
                async with asyncio.timeout(min(left_s, step_s)):
                    await self._wanted.wait()
            except TimeoutError:
                continue
            return

    def _interval_s(self) -> float:
        settings = self._core.settings
        interval_s = float(settings.backfill_s)
        if self._core.known.live:
            interval_s = min(interval_s, settings.backfill_live_s)
        if self.heard.is_waiting:
            interval_s = min(interval_s, GRACE_MS / MS_PER_S)
        return interval_s

    def _judge_stream(self) -> None:
        missed = self.heard.judge(self._core.now().venue_ms)
        if missed is not None and self.on_missed is not None:
            self.on_missed(missed)

    async def _run_once(self) -> None:
        core, self.is_whole = self._core, True
        self._doubts.begin()
        started_ms = core.now().venue_ms or await self._queries.time_ms()
        if self._first_ms is None:
            self._first_ms = core.known.fills_since_ms(started_ms, MARGIN_MS)
        maybe_open = core.known.maybe_open()
        positions, unfit = await self._positions()
        await self._fills(started_ms, self._first_ms, positions)
        self._tell_old()
        self._log(positions.facts, is_lasting=True)
        self._heed(positions)
        # A row that cannot be so is missing here, and flat is what a whole list does not show.
        if positions.more is None and not positions.unsound:
            covered = [ticker for ticker in maybe_open if positions.covers(ticker)]
            at_ms = positions.venue_ms or started_ms
            self._log(reconcile.flat_positions(core.exc, covered, positions.facts, at_ms))
        orders = await self._orders(started_ms)
        core.journal.forget_lasting((*positions.facts, *orders.facts))
        if unfit is not None:
            raise unfit

    async def _positions(self) -> tuple[Listing, UnfitAccountError | None]:
        """Return the positions, or why the account's are none that can be worked with (8)."""
        try:
            return await self._queries.listing(PositionsQuery(), Priority.BACKFILL), None
        except UnfitAccountError as error:
            return Listing((), covers=no_ticker), error

    async def _fills(self, started_ms: int, first_ms: int, positions: Listing) -> None:
        looks_back = self._looks_back
        since_ms = first_ms if self._filled_to_ms is None else self._filled_to_ms - MARGIN_MS
        tickers = self._traded(positions)
        former = await self._list_fills(self._filled & tickers, since_ms)
        others = {one for one in tickers if not former.covers(one)}
        newer = await self._list_fills(others, first_ms) if others else former
        self._tell_lost(first_ms if newer is not former else since_ms, former, newer)
        if looks_back != self._looks_back:
            return
        self._filled |= tickers
        cut = [one.more.since_ms for one in (former, newer) if isinstance(one.more, FillsQuery)]
        doubtful = [since_ms] if self._heed(former) else []
        doubtful += [first_ms] if newer is not former and self._heed(newer) else []
        self._filled_to_ms = min([started_ms, *cut, *doubtful])
        if cut:
            self._go_on()

    def _tell_old(self) -> None:
        """Say so when a list told of fills that are too old to be logged (7)."""
        alarm = self._core.old_fills.alarm()
        if alarm is not None:
            self._core.context.log.error("fills too old for the log", reason=alarm.text)
            self._core.journal.append(alarm)

    def _tell_lost(self, since_ms: int, *lists: Listing) -> None:
        """Say so when fills may be missing that the venue no longer lists; once for each stretch.

        Positions are right all the same, and so is each order's cumulative quantity.
        """
        core = self._core
        until_ms = max(one.lost_until_ms or 0 for one in lists)
        if not until_ms or since_ms == self._lost_since_ms:
            return
        self._lost_since_ms = since_ms
        began, ended = _utc(since_ms), _utc(until_ms)
        text = f"fills from {began} to {ended} may be missing: {core.exc} no longer lists them"
        core.context.log.error("fills that the venue does not keep", reason=text)
        key = f"fills-{core.context.run}-{until_ms}"
        core.journal.append(Alarm(source=f"gateway-{core.exc}", key=key, text=text))

    def _heed(self, listing: Listing) -> bool:
        """Tell whether what a list stands for is to be asked for again: rows of it cannot be so."""
        if not self._doubts.are_new(listing.unsound):
            return False
        self.is_whole = False
        if self.on_unsound is not None:
            self.on_unsound()
        return True

    def _traded(self, positions: Listing) -> set[Ticker]:
        """Return the tickers in which the account may have traded."""
        core = self._core
        held = {fact.ticker for fact in positions.facts if isinstance(fact, PositionReport)}
        live = {order.ticker for order in core.known.live_orders()}
        return (core.known.dealt | held | live | core.watched.keys()) & core.instruments.keys()

    async def _list_fills(self, tickers: Iterable[Ticker], since_ms: int) -> Listing:
        instruments = tuple(self._core.instruments[one] for one in sorted(tickers))
        query = FillsQuery(instruments, since_ms)
        return await self._queries.listing(query, Priority.BACKFILL, self._log)

    async def _orders(self, started_ms: int) -> Listing:
        known = self._core.known
        live = known.live_orders()
        listing = await self._queries.listing(OpenOrdersQuery(), Priority.BACKFILL)
        self._heed(listing)
        self._log(listing.facts, is_lasting=True)
        missing = reconcile.orders_to_ask(live, listing.facts, started_ms * NS_PER_MS)
        strangers = self._strangers.orders(known.has_oid)
        due = (*missing, *known.unproven_orders(), *strangers)
        turn = self._rota.turn(due, MAX_ASKED)
        shown = await self._recent(turn)
        for order in turn:
            name = order.cloid if order.oid is None else (order.ticker, order.oid)
            if name not in shown:
                await self._ask(order)
        if len(due) > MAX_ASKED:
            self._go_on()
        return listing

    async def _recent(self, orders: tuple[KnownOrder, ...]) -> set[object]:
        """Log what one list shows of many orders; return the names of those it shows to the end."""
        table = self._core.instruments
        tickers = {order.ticker for order in orders if order.first_ns and order.ticker in table}
        since_ms = min((order.first_ns for order in orders if order.first_ns), default=0)
        facts = await self._queries.recent(
            tuple(table[ticker] for ticker in sorted(tickers)),
            since_ms // NS_PER_MS - MARGIN_MS,
            len(orders),
            Priority.BACKFILL,
        )
        wanted = {(order.ticker, order.oid) for order in orders}
        cloids = {order.cloid for order in orders} - {None}
        shown: set[object] = set()
        for fact in facts or ():
            if not isinstance(fact, OrderReport):
                continue
            names = {fact.client_order_id, (fact.ticker, fact.venue_order_id)}
            if not names & (wanted | cloids):
                continue
            self._log((fact,), at_any_age=True)
            if fact.cum_qty is not None and fact.order_status.is_terminal:
                shown |= names
        return shown

    def _go_on(self) -> None:
        """There was more than one run may ask for."""
        self.is_whole = False
        self.want()

    async def _ask(self, order: KnownOrder) -> None:
        core, instrument = self._core, self._core.instruments.get(order.ticker)
        if instrument is None:
            return
        query = OrderQuery(
            instrument=instrument, client_order_id=order.cloid, venue_order_id=order.oid
        )
        facts = await self._queries.order(query, Priority.BACKFILL)
        self._rota.asked(order)
        self._strangers.asked(order, is_found=facts is not None)
        if facts is None:
            core.context.log.warning(
                "the venue does not know an order whose end the log does not prove",
                cloid=order.cloid,
                oid=order.oid,
            )
            return
        self._log(facts, at_any_age=True)

    def _log(
        self, facts: Iterable[Report], *, at_any_age: bool = False, is_lasting: bool = False
    ) -> None:
        venue_ms, journal = self._core.now().venue_ms, self._core.journal
        for fact in facts:
            self.heard.listed(fact, venue_ms)
            self._strangers.see(fact)
            if is_lasting:
                journal.log_lasting(fact)
            else:
                journal.log(fact, at_any_age=at_any_age)
            self._core.sender.take_fact(fact)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / MS_PER_S, UTC).isoformat(timespec="seconds")
