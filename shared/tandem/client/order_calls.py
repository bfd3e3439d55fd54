"""The calls that append an intent: orders, cancels, hedges.

1. A call returns once the log has the intent; what comes of it is told by what it returns.
2. A call refused here has appended nothing. The refusal names field, value and rule.
"""

from asyncio import timeout
from collections.abc import Sequence
from typing import Unpack

from msgspec.structs import replace

from tandem.bus.port import StrategyBus
from tandem.client import arguments
from tandem.client.arguments import HedgeLeg, MakerOrder, Number, OrderOptions
from tandem.client.handles import (
    AllOrders,
    CancelReceipt,
    LinkHandle,
    LiveHedges,
    OrderHandle,
)
from tandem.client.identities import rand_cloid, rand_token
from tandem.client.instruments import Tables
from tandem.client.mirror.feed import Feed
from tandem.client.mirror.mirrors import Orders
from tandem.client.presence import Disconnect
from tandem.client.resend import Offers
from tandem.domain.errors import (
    ConflictError,
    InvalidInputError,
    MalformedMessageError,
    UnavailableError,
)
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Strategy, Token
from tandem.domain.order import OrderType
from tandem.domain.order_rules import Draft
from tandem.messages import facts
from tandem.messages.intents import (
    CancelOrder,
    Halt,
    HedgeOrder,
    NewOrder,
    Resume,
    StopHedge,
)
from tandem.messages.pairing import check_pairs
from tandem.runtime.clock import Clock

Intent = NewOrder | CancelOrder | HedgeOrder | StopHedge | Halt | Resume


class OrderCalls:
    """Intents of one strategy."""

    strategy: Strategy
    tables: Tables
    _bus: StrategyBus
    _feed: Feed
    _offers: Offers
    _clock: Clock
    _orders: dict[Exc, Orders]
    _hedges: LiveHedges
    _pending_timeout_s: float
    _append_timeout_s: float
    _disconnect: Disconnect

    @property
    def orders(self) -> AllOrders:
        """The orders of every account; `handle(cloid)` takes one up again."""
        return AllOrders(self._orders, self.tables.account, self._order_handle)

    def _order_handle(self, exc: Exc, cloid: ClientOrderId) -> OrderHandle:
        orders, patience_s = self._orders[exc], self._pending_timeout_s
        return OrderHandle(cloid, exc, orders, self._feed, patience_s)

    def rand_cloid(self, exc: str) -> ClientOrderId:
        """Return a new client id that is legal on that venue."""
        self.tables.account(exc)
        return rand_cloid()

    def rand_hedge_id(self) -> HedgeId:
        """Return a new name for a hedge, to be asked for again under it."""
        return HedgeId(rand_token())

    async def limit_order(
        self, exc: str, ticker: str, amount: Number, **options: Unpack[OrderOptions]
    ) -> OrderHandle:
        """Append a limit order (`price` or `price_match`); returns once it is in the log."""
        return await self._order(OrderType.LIMIT, (exc, ticker, amount), options)

    async def market_order(
        self,
        exc: str,
        ticker: str,
        amount: Number,
        round_to_specs: bool = False,
        **options: Unpack[OrderOptions],
    ) -> OrderHandle:
        """Append a market order; `round_to_specs` cuts the amount to the lot first."""
        if arguments.flag("round_to_specs", round_to_specs):
            amount = self.tables.rounded_lots(exc, ticker, amount)
        return await self._order(OrderType.MARKET, (exc, ticker, amount), options)

    async def _order(
        self, kind: OrderType, what: tuple[str, str, Number], options: OrderOptions
    ) -> OrderHandle:
        instrument = self.tables.instrument(what[0], what[1])
        named = {"cloid": rand_cloid()} | options
        order = arguments.new_order(instrument, what[2], kind, self.strategy, named)
        if kind is OrderType.LIMIT:
            order = replace(order, disconnect_after_ms=self._disconnect.after_ms)
        return await self._submit(order)

    async def _submit(self, order: NewOrder) -> OrderHandle:
        cloid = order.client_order_id
        order = replace(order, ts_sent_ns=self._clock.wall_ns())
        try:
            await self._append(order)
        except ConflictError:
            if not await self._was_asked(order):
                raise
        return self._order_handle(order.exc, cloid)

    async def _was_asked(self, order: NewOrder) -> bool:
        """Tell whether the log holds this very order, asked for at another time: a repetition."""
        stored = await self._bus.log.find(facts.subject_of(order))
        if stored is None:
            return False
        try:
            asked = facts.read_fact(stored.subject, stored.payload)
        except MalformedMessageError:
            return False
        return isinstance(asked, NewOrder) and replace(asked, ts_sent_ns=order.ts_sent_ns) == order

    async def _append(self, intent: Intent) -> int:
        """Log an intent under its identity; returns its place in the log.

        Raises:
            ConflictError: the id was used before for something else.
            UnavailableError: not confirmed in time; it may still be logged later.
        """
        subject, payload = facts.written(intent)
        try:
            async with timeout(self._append_timeout_s):
                stored = await self._bus.log.append(subject, payload, same=True)
        except TimeoutError as error:
            raise UnavailableError(f"{subject}: the log did not confirm in time") from error
        if not (isinstance(intent, Resume) and intent.halt is None):
            # Offered again behind a halt of another's that came later, it would lift that too.
            self._offers.keep(stored.seq, subject, payload)
        return stored.seq

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
        return await self._cancel(exc, ticker, oid, cloid)

    async def cancel_open_orders(self, exc: str, ticker: str | None = None) -> CancelReceipt:
        """Append a cancel of every open order; its receipt ends when each is proven gone."""
        return await self._cancel(exc, ticker, None, None)

    async def _cancel(
        self, exc: str, ticker: str | None, oid: str | None, cloid: str | None
    ) -> CancelReceipt:
        account = self.tables.account(exc)
        if ticker is not None:
            self.tables.instrument(exc, ticker)
        cancel = arguments.cancel(account, self.strategy, rand_token(), (ticker, oid, cloid))
        seq = await self._append(cancel)
        return CancelReceipt(self._orders[account], self._feed, seq, cancel)

    async def hedge_order(
        self,
        maker_order: MakerOrder,
        hedge_order: HedgeLeg | Sequence[HedgeLeg],
        trigger_after_ms: int = 0,
        pool: str | None = None,
        hedge_id: str | None = None,
        *,
        cross_asset: bool = False,
    ) -> LinkHandle:
        """Append a hedge order: quote the maker, hedge each of its fills on every leg.

        `maker_order` takes exc, ticker, amount, price or price_match, tif, post_only,
        reduce_only; each leg exc, ticker, ratio (-1), ratio_kind (base). Hedges that name one
        `pool` share remainders, whichever strategy they belong to; default: the strategy's own.
        Each leg must be in the maker's coin (of `quote_of_fill`: in what it is quoted in) and,
        without a ratio, be worth the same to 5 % at the last prices, unless `cross_asset`.
        After UnavailableError the hedge may live all the same. Asked again under the `hedge_id` of
        the first time (`rand_hedge_id`) it is that same hedge, which can then be stopped.
        """
        orders = arguments.maker_spec(maker_order), arguments.leg_specs(hedge_order)
        given = self.rand_hedge_id() if hedge_id is None else hedge_id
        name = HedgeId(arguments.text("hedge_id", given))
        intent = arguments.hedge(
            name, self.strategy, orders, trigger_after_ms, pool, cross_asset=cross_asset
        )
        intent = replace(intent, disconnect_after_ms=self._disconnect.after_ms)
        self._check_instruments(intent)
        await self._append(intent)
        return self._hedge_handle(name)

    def _hedge_handle(self, hedge_id: HedgeId) -> LinkHandle:
        return LinkHandle(hedge_id, self._hedges, self._feed, self._stop_hedge)

    def _check_instruments(self, hedge: HedgeOrder) -> None:
        maker = hedge.maker
        quoted = self.tables.priced(maker.exc, maker.ticker)
        draft = Draft(maker.amount, maker.price, maker.price, skips_min_notional=maker.reduce_only)
        arguments.check_against(quoted.instrument, draft)
        legs = [self.tables.priced(leg.exc, leg.ticker) for leg in hedge.legs]
        for leg in legs:
            arguments.check_tradable(leg.instrument)
        check_pairs(hedge, quoted, legs)

    async def _stop_hedge(self, hedge_id: HedgeId) -> None:
        stop = StopHedge(hedge_id=hedge_id, token=rand_token(), strategy=self.strategy)
        await self._append(stop)

    async def halt(self, text: str = "", exc: str | None = None) -> Token:
        """Let no new risk out, on one account or all, and cancel the makers of hedges.

        What has filled is hedged, and reduce-only orders go. Returns the token that `resume` takes.
        """
        account = self.tables.account(exc) if exc is not None else None
        halt = Halt(token=rand_token(), strategy=self.strategy, exc=account, text=text)
        await self._append(halt)
        return halt.token

    async def resume(self, halt: str | None = None) -> None:
        """Lift one halt, or without its token every one."""
        named = Token(halt) if halt is not None else None
        resume = Resume(token=rand_token(), strategy=self.strategy, halt=named)
        await self._append(resume)
