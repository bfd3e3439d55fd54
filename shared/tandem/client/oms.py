"""The client a strategy imports: intents out, live mirrors in; it needs a NATS URL, no venue key.

1. A call that appends an intent returns once the log has it; what the venue makes of it comes
   through the handle and the mirrors.
2. A call refused here has appended nothing. The refusal names field, value and rule.
3. Mirror calls answer from memory; venue calls ask the gateway and may raise UnavailableError.
"""

from asyncio import timeout
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack

import structlog

from tandem.bus.nats_bus import NatsBus
from tandem.bus.nats_options import NatsOptions
from tandem.bus.port import Bus, Entry, Following
from tandem.client import arguments
from tandem.client.arguments import Number, OrderOptions
from tandem.client.clocks import ClockCallback, run_clock
from tandem.client.feed import Feed, FeedOptions, Handler, Mirror, Subscriber
from tandem.client.handles import CancelReceipt, LinkHandle, OrderHandle
from tandem.client.later import LaterCalls
from tandem.client.mirrors import Fills, Hedges, Orders, Plain, Positions
from tandem.client.tables import InstrumentCalls, LaggedPrice, Tables
from tandem.client.venue import VenueCalls
from tandem.domain.errors import InvalidInputError, NotYetSupportedError, UnavailableError
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Strategy, Ticker, VenueOrderId
from tandem.domain.order import OrderType
from tandem.messages import codec, subjects
from tandem.messages.intents import CancelOrder, NewOrder, StopHedge
from tandem.messages.message import Message
from tandem.messages.reports import MarkReport, SpecsReport
from tandem.messages.rules import check_cancel
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.seam import Seam, no_seam

MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to reach NATS and how long to wait for it and for the state services."""

    credentials_file: Path | None = None
    nkey_seed_file: Path | None = None
    inbox_prefix: str = "_INBOX"
    ready_timeout_s: float = 10.0
    append_timeout_s: float = 5.0
    seam: Seam = no_seam


class OMS(InstrumentCalls, VenueCalls, LaterCalls):
    """One strategy's view of all accounts.

    Args:
        nats_url: the servers of the bus, comma-separated.
        strategy: this strategy's name; hedges of one strategy share remainders.
        exchanges: accounts that must be there at `init`; None takes those that have logged
            their instruments by then.
        pending_timeout: milliseconds after which an unanswered order's `acknowledged` gives up.
        mirrored: `orders_mirrored_exchanges`, `positions_mirrored_exchanges` and
            `fills_mirrored_exchanges`, the accounts whose pages `init` joins. Orders of every
            exchange are always mirrored; positions too unless given, fills only if given.
    """

    def __init__(
        self,
        nats_url: str = "nats://127.0.0.1:4222",
        *,
        strategy: str,
        exchanges: Sequence[str] | None = None,
        pending_timeout: int = 5000,
        options: ClientOptions | None = None,
        **mirrored: Sequence[str] | None,
    ) -> None:
        self.strategy = Strategy(strategy)
        self.tables = Tables()
        self._url, self._options = nats_url, options or ClientOptions()
        self._wanted = None if exchanges is None else tuple(Exc(exc) for exc in exchanges)
        self.exchanges = self._wanted or ()
        self._mirrored = _mirrored_accounts(mirrored)
        self._pending_timeout_s = pending_timeout / MS_PER_S
        self._clock = SystemClock()
        self._log = structlog.get_logger("tandem.client")
        self._orders: dict[Exc, Orders] = {}
        self._positions: dict[Exc, Positions] = {}
        self._fills: dict[Exc, Fills] = {}
        self._hedges = Hedges()
        self._readers: list[Following] = []

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
        """
        if include_funding:
            raise NotYetSupportedError("include_funding", True, "not yet: funding comes later")
        self._tasks = TaskOwner()
        self._bus = await self._connect()
        feed_options = FeedOptions(self._options.ready_timeout_s, self._options.seam)
        self._feed = Feed(self._bus, self._clock, self._log, feed_options)
        await self._feed.start()
        await self._load_tables()
        self.exchanges = self._wanted or tuple(self.tables.instruments)
        await self._join_mirrors()

    async def cleanup(self) -> None:
        """Stop callbacks and mirrors and leave the bus; appended intents stay appended."""
        await self._tasks.close()
        for reader in self._readers:
            await reader.close()
        await self._feed.close()
        await self._bus.close()

    async def _connect(self) -> Bus:
        options = NatsOptions(
            url=self._url,
            name=f"strategy-{self.strategy}",
            creds_file=self._options.credentials_file,
            nkey_seed_file=self._options.nkey_seed_file,
            inbox_prefix=self._options.inbox_prefix,
        )
        try:
            async with timeout(self._options.ready_timeout_s):
                return await NatsBus.connect(options, self._clock)
        except TimeoutError as error:
            raise UnavailableError(f"no NATS server at {self._url}") from error

    async def _load_tables(self) -> None:
        specs = await self._bus.log.follow((subjects.reports_kind("specs"),), 0, self._on_fact)
        marks = await self._bus.marks.follow((subjects.ALL_MARKS,), 0, self._on_fact)
        self._readers = [specs, marks]
        try:
            async with timeout(self._options.ready_timeout_s):
                while not self._has_tables():
                    await self._clock.sleep(0.02)
        except TimeoutError as error:
            missing = set(self._wanted or ("any account",)) - set(self.tables.instruments)
            names = ", ".join(sorted(missing))
            raise UnavailableError(f"no instrument table of {names}: is its gateway up?") from error

    def _has_tables(self) -> bool:
        if self._wanted is None:
            return bool(self.tables.instruments) and self._readers[0].pending == 0
        return set(self._wanted) <= set(self.tables.instruments)

    def _on_fact(self, entry: Entry) -> None:
        fact = codec.decode_fact(entry.payload)
        if isinstance(fact, SpecsReport):
            self.tables.learn(fact)
        elif isinstance(fact, MarkReport):
            self.tables.marks[fact.exc, fact.ticker] = fact

    async def _join_mirrors(self) -> None:
        await self._feed.subscribe(Subscriber(self._hedges, subjects.HEDGES_PAGE, None))
        for exc in self.exchanges:
            self._orders[exc] = Orders(exc)
            await self._join(self._orders[exc], subjects.ORDERS_PAGE, exc)
        for exc in self._mirrored.get("positions", self.exchanges):
            await self.positions_mirror(exc)
        for exc in self._mirrored.get("fills", ()):
            await self.account_fills_mirror(exc)

    async def _join(
        self,
        mirror: Mirror,
        page: str,
        exc: Exc,
        handlers: tuple[Handler | None, Handler | None] = (None, None),
    ) -> None:
        await self._feed.subscribe(Subscriber(mirror, page, exc, *handlers))

    def _account(self, exc: str) -> Exc:
        if exc not in self.exchanges:
            known = ", ".join(self.exchanges) or "none"
            raise InvalidInputError("exc", exc, f"a connected account ({known})")
        return Exc(exc)

    async def orders_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Orders:
        """Return a live page of open orders; handlers get the page, and each changed order."""
        mirror = Orders(self._account(exc))
        await self._join(mirror, subjects.ORDERS_PAGE, mirror.exc, (on_update, on_delta))
        self._orders[mirror.exc] = mirror
        return mirror

    def orders_peek(self, exc: str) -> Orders:
        return self._orders[self._account(exc)]

    async def positions_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Positions:
        """Return live positions; `on_delta` gets {ticker, amount, delta, entry}."""
        mirror = Positions(self._account(exc))
        await self._join(mirror, subjects.POSITIONS_PAGE, mirror.exc, (on_update, on_delta))
        self._positions[mirror.exc] = mirror
        return mirror

    def positions_peek(self, exc: str) -> Positions:
        """Return the live positions of an account that is mirrored.

        Raises:
            InvalidInputError: it is not.
        """
        found = self._positions.get(self._account(exc))
        if found is None:
            raise InvalidInputError("exc", exc, "positions are not mirrored for this account")
        return found

    def get_position(self, exc: str, ticker: str) -> Decimal:
        """Return the signed position, 0 when flat."""
        self.tables.instrument(exc, ticker)
        return self.positions_peek(exc).amount(ticker)

    async def account_fills_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Fills:
        """Return the newest fills, live; fees follow as a second delta of the same fill."""
        mirror = Fills(self._account(exc))
        await self._join(mirror, subjects.FILLS_PAGE, mirror.exc, (on_update, on_delta))
        self._fills[mirror.exc] = mirror
        return mirror

    def fills_peek(self, exc: str) -> Fills:
        found = self._fills.get(self._account(exc))
        if found is None:
            raise InvalidInputError("exc", exc, "fills are not mirrored for this account")
        return found

    @property
    def hedges(self) -> Hedges:
        """Hedge orders and buckets, live."""
        return self._hedges

    def oid_query(self, exc: str, oid: str) -> Plain | None:
        mirror = self.orders_peek(exc)
        return mirror.query(mirror.by_oid(oid))

    def cloid_query(self, exc: str, cloid: str) -> Plain | None:
        mirror = self.orders_peek(exc)
        return mirror.query(mirror.known(cloid))

    def lagged_price(self, exc: str, ticker: str) -> LaggedPrice:
        """Return the last mid and its age; raises UnavailableError before the first."""
        return self._lagged(exc, ticker, self._clock.wall_ns())

    def rand_cloid(self, exc: str) -> ClientOrderId:
        self._account(exc)
        return arguments.rand_cloid()

    async def limit_order(
        self, exc: str, ticker: str, amount: Number, **options: Unpack[OrderOptions]
    ) -> OrderHandle:
        """Append a limit order (`price` or `price_match`); returns once it is in the log."""
        instrument = self.tables.instrument(exc, ticker)
        order = arguments.new_order(instrument, amount, OrderType.LIMIT, self.strategy, options)
        return await self._submit(order)

    async def market_order(
        self,
        exc: str,
        ticker: str,
        amount: Number,
        round_to_specs: bool = False,
        **options: Unpack[OrderOptions],
    ) -> OrderHandle:
        """Append a market order; `round_to_specs` cuts the amount to the lot first."""
        instrument = self.tables.instrument(exc, ticker)
        exact = arguments.number("amount", amount)
        if round_to_specs:
            exact = self.rounded_lots(exc, ticker, exact)
        order = arguments.new_order(instrument, exact, OrderType.MARKET, self.strategy, options)
        return await self._submit(order)

    async def _submit(self, order: NewOrder) -> OrderHandle:
        self._account(order.exc)
        subject = subjects.new_order(order.exc, order.client_order_id)
        await self._append(subject, order)
        return self._handle(order.exc, order.client_order_id)

    def _handle(self, exc: Exc, cloid: ClientOrderId) -> OrderHandle:
        orders = self._orders[exc]
        return OrderHandle(cloid, exc, orders, self._feed, self._pending_timeout_s)

    async def _append(self, subject: str, intent: Message) -> None:
        """Log an intent under its identity.

        Raises:
            ConflictError: the id was used before for something else.
            UnavailableError: not confirmed in time; it may still be logged later.
        """
        try:
            async with timeout(self._options.append_timeout_s):
                await self._bus.log.append(subject, codec.encode(intent), same=True)
        except TimeoutError as error:
            raise UnavailableError(f"{subject}: the log did not confirm in time") from error

    async def cancel_order(
        self,
        exc: str,
        ticker: str | None = None,
        oid: str | None = None,
        cloid: str | None = None,
    ) -> CancelReceipt:
        """Append a cancel; with neither id, of every open order of the ticker."""
        if oid is None and cloid is None and ticker is None:
            raise InvalidInputError("ticker", None, "give a ticker, an oid or a cloid")
        cancel = self._cancel(exc, ticker, oid, cloid)
        return await self._submit_cancel(cancel)

    async def cancel_open_orders(self, exc: str, ticker: str | None = None) -> CancelReceipt:
        """Append a cancel of every open order; its receipt ends when each is proven gone."""
        return await self._submit_cancel(self._cancel(exc, ticker, None, None))

    def _cancel(
        self, exc: str, ticker: str | None, oid: str | None, cloid: str | None
    ) -> CancelOrder:
        if ticker is not None:
            self.tables.instrument(exc, ticker)
        cancel = CancelOrder(
            exc=self._account(exc),
            token=arguments.rand_token(),
            strategy=self.strategy,
            ticker=None if ticker is None else Ticker(ticker),
            venue_order_id=None if oid is None else VenueOrderId(str(oid)),
            client_order_id=None if cloid is None else ClientOrderId(cloid),
        )
        check_cancel(cancel)
        return cancel

    async def _submit_cancel(self, cancel: CancelOrder) -> CancelReceipt:
        cloids = self._named_by(cancel)
        await self._append(_cancel_subject(cancel), cancel)
        return CancelReceipt(tuple(self._handle(cancel.exc, cloid) for cloid in cloids))

    def _named_by(self, cancel: CancelOrder) -> tuple[ClientOrderId, ...]:
        mirror = self._orders[cancel.exc]
        if cancel.client_order_id is not None:
            return (cancel.client_order_id,)
        rows = [
            row
            for row in mirror
            if (cancel.venue_order_id or row.venue_order_id) == row.venue_order_id
            and (cancel.ticker or row.ticker) == row.ticker
        ]
        return tuple(row.client_order_id for row in rows if row.client_order_id is not None)

    async def hedge_order(
        self,
        maker_order: Mapping[str, Any],
        hedge_order: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        trigger_after_ms: int = 0,
    ) -> LinkHandle:
        """Append a hedge order: quote the maker, hedge each of its fills on every leg.

        `maker_order` takes exc, ticker, amount, price or price_match, tif, post_only,
        reduce_only; each leg exc, ticker, ratio (-1), ratio_kind (base).
        """
        legs = [hedge_order] if isinstance(hedge_order, Mapping) else list(hedge_order)
        maker = arguments.maker_spec(maker_order)
        intent = arguments.hedge(
            maker, tuple(map(arguments.leg_spec, legs)), self.strategy, trigger_after_ms
        )
        instrument = self.tables.instrument(maker.exc, maker.ticker)
        arguments.check_against(
            instrument, maker.amount, maker.price, reduce_only=maker.reduce_only
        )
        for leg in intent.legs:
            self.tables.instrument(leg.exc, leg.ticker)
        await self._append(subjects.hedge_intent(intent.hedge_id), intent)
        return LinkHandle(intent.hedge_id, self._hedges, self._feed, self._stop_hedge)

    async def _stop_hedge(self, hedge_id: HedgeId) -> None:
        stop = StopHedge(hedge_id=hedge_id, token=arguments.rand_token(), strategy=self.strategy)
        await self._append(subjects.stop_hedge(stop.token), stop)

    async def add_clock_callback(
        self, callback: ClockCallback, name: str = "CLOCK", interval_ms: int = 500
    ) -> None:
        """Call back every `interval_ms` until `cleanup`; one that raises is logged and goes on."""
        if interval_ms <= 0:
            raise InvalidInputError("interval_ms", interval_ms, "a positive number")
        work = run_clock(self._clock, self._log, callback, interval_ms)
        self._tasks.spawn(work, name)


def _cancel_subject(cancel: CancelOrder) -> str:
    if cancel.client_order_id is not None:
        return subjects.cancel_order(cancel.exc, cancel.client_order_id, cancel.token)
    if cancel.venue_order_id is not None:
        return subjects.cancel_by_oid(cancel.exc, cancel.venue_order_id, cancel.token)
    return subjects.cancel_all(cancel.exc, cancel.token)


_MIRROR_WORDS = {
    "orders_mirrored_exchanges": "orders",
    "positions_mirrored_exchanges": "positions",
    "fills_mirrored_exchanges": "fills",
}


def _mirrored_accounts(given: Mapping[str, Sequence[str] | None]) -> dict[str, tuple[Exc, ...]]:
    wanted = {}
    for name, accounts in given.items():
        if name not in _MIRROR_WORDS:
            raise InvalidInputError(name, accounts, "OMS has no such parameter")
        if accounts is not None:
            wanted[_MIRROR_WORDS[name]] = tuple(Exc(exc) for exc in accounts)
    return wanted
