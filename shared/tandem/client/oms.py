"""The client a strategy imports: intents out, live mirrors in; it needs a NATS URL, no venue key.

1. A call that appends an intent returns once the log has it; what the venue makes of it comes
   through the handle and the mirrors.
2. A call refused here has appended nothing. The refusal names field, value and rule.
3. Mirror calls answer from memory; venue calls ask the gateway and may raise UnavailableError.
"""

import os
from asyncio import Future, timeout
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TypedDict, Unpack

import structlog

from tandem.bus.access.bus import AccessBus
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import KEY_VARIABLE, NatsOptions
from tandem.bus.permissions import inbox_prefix, strategy_user
from tandem.bus.port import Entry, LogState, StrategyBus
from tandem.client.arguments import text, whole
from tandem.client.clocks import ClockCallback, run_clock
from tandem.client.connecting import CONNECTION_VARIABLE, connection, greet
from tandem.client.exposure_calls import ExposureCalls
from tandem.client.handles import LiveHedges
from tandem.client.instruments import InstrumentCalls, Tables
from tandem.client.later import LaterCalls
from tandem.client.mirror.calls import MirrorCalls
from tandem.client.mirror.feed import Feed, FeedOptions, Subscription
from tandem.client.mirror.mirrors import Fills, Orders, Positions
from tandem.client.options import ClientOptions
from tandem.client.order_calls import OrderCalls
from tandem.client.presence import DisconnectOptions, Presence, disconnect
from tandem.client.resend import Offers
from tandem.client.standing_intents import Standing
from tandem.client.stream_reader import Reactions, Reading, ReadingPorts
from tandem.client.venue_calls import VenueCalls
from tandem.domain.errors import (
    ConfigurationError,
    InvalidInputError,
    NotYetSupportedError,
    UnavailableError,
)
from tandem.domain.ids import Exc, Strategy
from tandem.domain.units import MS_PER_S
from tandem.messages import facts, subjects
from tandem.messages.hedges import Epoch
from tandem.messages.reports import SpecsReport
from tandem.runtime.clock import SystemClock, TaskOwner

NS = 1_000_000_000
TABLES_POLL_S = 0.02
__all__ = ["OMS", "ClientOptions"]


class MirroredExchanges(TypedDict, total=False):
    """The accounts whose pages `init` joins; None or absent means the default.

    Orders of every account are always mirrored; positions too unless given, fills only if given.
    """

    orders_mirrored_exchanges: Sequence[str] | None
    positions_mirrored_exchanges: Sequence[str] | None
    fills_mirrored_exchanges: Sequence[str] | None


class OmsParameters(MirroredExchanges, DisconnectOptions, total=False):
    """What an OMS may be given besides."""


class OMS(InstrumentCalls, MirrorCalls, OrderCalls, VenueCalls, ExposureCalls, LaterCalls):
    """One strategy's view of all accounts.

    Args:
        nats_url: the servers of the bus, comma-separated; None: what TANDEM_NATS_URL or a
            connection file says (connecting.py), with the strategy's key.
        strategy: this strategy's name; hedges of one strategy share remainders.
        exchanges: accounts that must be there at `init`; None takes those that have logged
            their instruments by then.
        pending_timeout: milliseconds after which an unanswered order's `acknowledged` gives up.
        given: the accounts whose pages `init` joins, see MirroredExchanges, and what becomes of
            resting orders when this strategy is gone, see DisconnectOptions.
    """

    def __init__(
        self,
        nats_url: str | None = None,
        *,
        strategy: str,
        exchanges: Sequence[str] | None = None,
        pending_timeout: int = 5000,
        options: ClientOptions | None = None,
        **given: Unpack[OmsParameters],
    ) -> None:
        self.strategy = Strategy(text("strategy", strategy))
        self.tables = Tables()
        self._reached = connection(
            nats_url, self.strategy, options or ClientOptions(), os.environ, Path.cwd()
        )
        self._url, self._options = self._reached.url, self._reached.options
        self._wanted = _accounts("exchanges", exchanges)
        self._mirrored = _mirrored_accounts(given)
        self._disconnect = disconnect(given)
        self._pending_timeout_s = whole("pending_timeout", pending_timeout) / MS_PER_S
        self._append_timeout_s = self._options.append_timeout_s
        self._clock = SystemClock()
        self._log = structlog.get_logger("tandem.client")
        self._orders: dict[Exc, Orders] = {}
        self._positions: dict[Exc, Positions] = {}
        self._fills: dict[Exc, Fills] = {}
        self._hedges = LiveHedges(self._hedge_handle)
        self._readings: list[Reading] = []
        self._presence: Presence | None = None
        self._tasks: TaskOwner | None = None

    @property
    def exchanges(self) -> tuple[Exc, ...]:
        """The accounts this client works with, from `init` on."""
        return self.tables.connected

    async def __aenter__(self) -> "OMS":
        await self.init()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.cleanup()

    async def init(self, include_funding: bool = False) -> None:
        """Connect, load instrument tables, join the mirrors.

        Raises:
            UnavailableError: NATS, an account or a state service is not there in time.
            NameInUseError: another client works under this strategy's name.
        """
        if include_funding:
            raise NotYetSupportedError("include_funding", True, "not yet: funding comes later")
        self._bus = await self._connect()
        self._tasks = TaskOwner()
        self._tasks.failed.add_done_callback(self._tell_failure)
        try:
            await self._join()
        except BaseException:
            await self.cleanup()
            raise

    async def _join(self) -> None:
        ports = self._ports()
        options = self._options
        self._feed = Feed(
            self._bus,
            ports,
            FeedOptions(
                ready_timeout_s=options.ready_timeout_s,
                drain_timeout_s=options.drain_timeout_s,
                most_waiting=options.most_waiting,
                few_waiting=options.most_waiting // 10,
                seam=options.seam,
            ),
        )
        presence = await self._begin(ports)
        standing = Standing(self._orders, self._hedges)
        self._offers = Offers(self._bus, ports, standing, options.offers_kept_s * NS)
        self._bus.on_reconnect(lambda: self._offers.offer_again(self._feed.epoch))
        ports.tasks.spawn(self._offers.run(), "offers")
        await self._feed.start()
        await self._load_tables(ports)
        await self._join_mirrors()
        await self._await_prices(ports)
        await presence.join()

    async def _begin(self, ports: ReadingPorts) -> Presence:
        """Say that this strategy lives, before it asks for anything."""
        is_shared = self._disconnect.is_shared
        presence = self._presence = Presence(self._bus, self.strategy, ports, is_shared=is_shared)
        try:
            async with timeout(self._options.ready_timeout_s):
                await presence.begin()
        except TimeoutError as error:
            raise UnavailableError("nobody hears that this client lives") from error
        return presence

    async def cleanup(self) -> None:
        """Let handlers finish, stop callbacks and mirrors, leave the bus; intents stay logged."""
        if self._tasks is None:
            return
        tasks, self._tasks = self._tasks, None
        if self._presence is not None:
            await self._presence.leave()
        for reading in self._readings:
            await reading.close()
        await self._feed.close()
        await tasks.close()
        await self._bus.close()

    def _ports(self) -> ReadingPorts:
        if self._tasks is None:
            raise UnavailableError("not connected: call init first")
        return ReadingPorts(self._clock, self._log, self._tasks)

    def _tell_failure(self, failed: "Future[None]") -> None:
        if not failed.cancelled() and (error := failed.exception()) is not None:
            self._log.error("a part of the client ended", exc_info=error)

    def _inbox(self) -> str:
        options = self._options
        user = strategy_user(self.strategy) if options.has_user else None
        return options.inbox_prefix or inbox_prefix(user)

    async def _connect(self) -> StrategyBus:
        options = NatsOptions(
            url=self._url,
            name=strategy_user(self.strategy),
            creds_file=self._options.credentials_file,
            nkey_seed_file=self._options.nkey_seed_file,
            ca_file=self._options.ca_file,
            inbox_prefix=self._inbox(),
        )
        try:
            async with timeout(self._options.ready_timeout_s):
                line = await NatsBus.connect(options, self._clock)
        except TimeoutError as error:
            told = f"no NATS server at {self._url} (from {self._reached.source})"
            raise UnavailableError(told) from error
        except ConfigurationError as error:
            raise self._not_let_in(error) from error
        if not self._options.has_user:
            return line
        bus = AccessBus(line, self.strategy, self._clock)
        try:
            await greet(bus, self._reached, self.strategy, self._clock)
        except BaseException:
            await bus.close()
            raise
        return bus

    def _not_let_in(self, error: ConfigurationError) -> ConfigurationError:
        """Say which file would let this strategy in, and how it comes by one."""
        if error.field != KEY_VARIABLE:
            return error
        made = f"`tandem strategy add {self.strategy}` makes one"
        rule = f"{error.rule}; {made}, and a file for {CONNECTION_VARIABLE} to name"
        return ConfigurationError(error.field, error.value, rule)

    async def _load_tables(self, ports: ReadingPorts) -> None:
        reactions = Reactions(self._on_fact, _from_the_start)
        # One filter each: a consumer of one filter is what the server can hold a strategy to.
        specs = Reading(self._bus.log, (subjects.reports_kind("specs"),), reactions, ports)
        epochs = Reading(self._bus.log, (subjects.ALL_EPOCHS,), reactions, ports)
        priced = Reactions(self._on_mark, _from_the_start)
        marks = Reading(self._bus.marks, (subjects.ALL_MARKS,), priced, ports)
        self._readings = [specs, epochs, marks]
        try:
            async with timeout(self._options.ready_timeout_s):
                specs.start()
                epochs.start()
                marks.start()
                while not self._has_tables(specs):
                    await self._clock.sleep(TABLES_POLL_S)
        except TimeoutError as error:
            missing = set(self._wanted or ("any account",)) - set(self.tables.instruments)
            names = ", ".join(sorted(missing))
            raise UnavailableError(f"no instrument table of {names}: is its gateway up?") from error
        self.tables.connected = self._wanted or tuple(self.tables.instruments)

    def _has_tables(self, specs: Reading) -> bool:
        if self._wanted is None:
            return bool(self.tables.instruments) and not specs.has_pending
        return set(self._wanted) <= set(self.tables.instruments)

    def _on_fact(self, entry: Entry) -> None:
        match facts.read_fact(entry.subject, entry.payload):
            case SpecsReport() as specs:
                self.tables.learn(specs)
            case Epoch() as epoch:
                self._feed.epoch_began(epoch.epoch)
            case _:
                pass

    def _on_mark(self, entry: Entry) -> None:
        mark = facts.read_mark(entry.subject, entry.payload)
        self.tables.marks[mark.exc, mark.ticker] = mark

    async def _join_mirrors(self) -> None:
        hedges = Subscription(self._hedges, subjects.HEDGES_PAGE, None)
        self._feed.join_later(hedges)
        for exc in self.exchanges:
            await self.orders_mirror(exc)
        for exc in self._mirrored.get("positions", self.exchanges):
            await self.positions_mirror(exc)
        for exc in self._mirrored.get("fills", ()):
            await self.account_fills_mirror(exc)
        try:
            await self._feed.until(lambda: hedges.is_current, self._options.hedger_timeout_s)
        except TimeoutError:
            self._log.warning("no hedger answers: orders can be placed, hedges wait for it")

    async def _await_prices(self, ports: ReadingPorts) -> None:
        """Return once there is a price of all that is held or has open orders, as far as told.

        A gateway that is away tells none: `lagged_price` then says so, and init goes on.
        """
        prices = self._readings[-1]
        try:
            async with timeout(self._options.prices_timeout_s):
                while prices.has_pending or self._unpriced():
                    await self._clock.sleep(TABLES_POLL_S)
        except TimeoutError:
            ports.log.warning("no price yet", tickers=self._unpriced())

    def _unpriced(self) -> list[str]:
        pages: list[Orders | Positions] = [*self._orders.values(), *self._positions.values()]
        named = {(row.exc, row.ticker) for page in pages for row in page}
        return sorted(" ".join(one) for one in named - self.tables.marks.keys())

    async def add_clock_callback(
        self, callback: ClockCallback, name: str = "CLOCK", interval_ms: int = 500
    ) -> None:
        """Call back every `interval_ms` until `cleanup`; one that raises is logged and goes on."""
        if not callable(callback):
            raise InvalidInputError("callback", callback, "a function without arguments")
        if whole("interval_ms", interval_ms) <= 0:
            raise InvalidInputError("interval_ms", interval_ms, "a positive number")
        ports = self._ports()
        ports.tasks.spawn(run_clock(ports.clock, ports.log, callback, interval_ms), name)


def _from_the_start(_state: LogState) -> int:
    return 0


def _accounts(name: str, given: Sequence[str] | None) -> tuple[Exc, ...] | None:
    if isinstance(given, str):
        raise InvalidInputError(name, given, "a list of account names")
    return None if given is None else tuple(Exc(text(name, exc)) for exc in given)


def _mirrored_accounts(given: OmsParameters) -> dict[str, tuple[Exc, ...]]:
    wanted = {}
    for name, accounts in given.items():
        if name in DisconnectOptions.__annotations__:
            continue
        if name not in MirroredExchanges.__annotations__:
            raise InvalidInputError(name, accounts, "OMS has no such parameter")
        parsed = _accounts(name, accounts)  # type: ignore[arg-type]
        if parsed is not None:
            wanted[name.partition("_")[0]] = parsed
    return wanted
