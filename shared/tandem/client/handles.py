"""What a strategy holds while an order, a cancel or a hedge is on its way."""

from asyncio import timeout
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from tandem.client.arguments import text
from tandem.client.mirror.feed import Feed
from tandem.client.mirror.mirrors import Hedges, Orders
from tandem.domain.errors import InvalidInputError, UnavailableError
from tandem.domain.ids import ClientOrderId, Exc, HedgeId
from tandem.domain.order import OrderStatus
from tandem.messages.deltas import HedgeState, HedgeView, OrderView
from tandem.messages.intents import CancelOrder


class OrderHandle:
    """One order of ours: its client id, its live row, and its milestones."""

    def __init__(
        self, cloid: ClientOrderId, exc: Exc, orders: Orders, feed: Feed, pending_timeout_s: float
    ) -> None:
        self.cloid, self.exc = cloid, exc
        self._orders, self._feed, self._pending_timeout_s = orders, feed, pending_timeout_s
        self._is_taken_up = False

    def taken_up(self) -> "OrderHandle":
        """Learn that the order was asked for before this client began: it may have ended then."""
        self._is_taken_up = True
        return self

    @property
    def order(self) -> OrderView | None:
        """The order's row, or None until order-state has read the intent."""
        return self._orders.known(self.cloid)

    async def acknowledged(self, timeout_s: float | None = None) -> OrderView:
        """Return the row once the venue has answered (accepted, refused or filled).

        Of a refused order the row has the class in `reason`, the venue's code and words in `text`.

        Raises:
            UnavailableError: still pending after the timeout: the outcome is unknown.
        """
        limit_s = self._pending_timeout_s if timeout_s is None else timeout_s
        return await self._until(_left_pending, limit_s)

    async def done(self, timeout_s: float | None = None) -> OrderView:
        """Return the row once the order has ended; raises as `acknowledged` does."""
        return await self._until(_has_ended, timeout_s)

    async def _until(
        self, holds: Callable[[OrderView], bool], timeout_s: float | None
    ) -> OrderView:
        def reached() -> bool:
            return (row := self.order) is not None and holds(row)

        try:
            async with timeout(timeout_s):
                if self._is_taken_up and self.order is None:
                    await self._feed.settle(self._orders, self.cloid, None)
                await self._feed.until(reached)
        except TimeoutError as error:
            raise UnavailableError(self._unknown_yet()) from error
        row = self.order
        if row is None:
            raise UnavailableError(f"order {self.cloid}: left the mirror")
        return row

    def _unknown_yet(self) -> str:
        """Say that the outcome is unknown, and what the venue said of it, if it said anything."""
        text = f"order {self.cloid}: outcome unknown yet"
        row = self.order
        return f"{text}: {row.text}" if row is not None and row.text else text


def _left_pending(row: OrderView) -> bool:
    return row.order_status is not OrderStatus.PENDING


def _has_ended(row: OrderView) -> bool:
    return row.order_status.is_terminal


class CancelReceipt:
    """A cancel on its way, at `seq` of the log: over when each order it names is proven gone."""

    def __init__(self, orders: Orders, feed: Feed, seq: int, cancel: CancelOrder) -> None:
        self.seq = seq
        self._orders, self._feed, self._cancel = orders, feed, cancel

    async def done(self, timeout_s: float | None = None) -> tuple[OrderView, ...]:
        """Return the last row of each order that the cancel names.

        Raises:
            UnavailableError: one is still open, or unknown, when the timeout is over.
        """
        names: tuple[str, ...] = ()
        try:
            async with timeout(timeout_s):
                names = await self._named()
                await self._feed.until(lambda: not self._open(names))
        except TimeoutError as error:
            still = ", ".join(map(self._said, self._open(names))) or "what it names"
            raise UnavailableError(f"cancel {self.seq}: not proven gone: {still}") from error
        rows = (self._row(name) for name in names)
        return tuple(row for row in rows if row is not None)

    async def _named(self) -> tuple[str, ...]:
        """Return the orders meant; of a cancel of many, those open at its place in the log."""
        cloid, oid = self._cancel.client_order_id, self._cancel.venue_order_id
        name = cloid or oid
        if name is None:
            await self._feed.passed(self._orders, self.seq)
            return self._orders.named_by(self._cancel, self.seq)
        if self._row(name) is None:
            await self._feed.settle(self._orders, cloid, oid)
        return (name,)

    def _row(self, name: str) -> OrderView | None:
        by_oid = self._cancel.venue_order_id is not None
        return self._orders.by_oid(name) if by_oid else self._orders.known(name)

    def _said(self, name: str) -> str:
        """Return an order's name, and why it was not cancelled where that was said."""
        row = self._row(name)
        return f"{name} ({row.text})" if row is not None and row.text else name

    def _open(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the names that are not known to have ended."""
        rows = {name: self._row(name) for name in names}
        return tuple(name for name, row in rows.items() if row is None or not _has_ended(row))


class LinkHandle:
    """One hedge order: live numbers of its legs, and how it ends."""

    def __init__(
        self,
        hedge_id: HedgeId,
        hedges: Hedges,
        feed: Feed,
        stop: Callable[[HedgeId], Awaitable[None]],
    ) -> None:
        self.hedge_id = hedge_id
        self._hedges, self._feed, self._stop = hedges, feed, stop

    @property
    def link(self) -> HedgeView | None:
        """The hedge's row, or None until the hedger has read the intent."""
        return self._hedges.get(self.hedge_id)

    @property
    def owed(self) -> Decimal:
        """What the legs still call for, unsigned, summed over legs."""
        legs = self.link.legs if self.link else ()
        return sum((abs(leg.owed) for leg in legs), Decimal(0))

    @property
    def maker_filled(self) -> Decimal:
        return self.link.maker_filled if self.link else Decimal(0)

    async def done(self, timeout_s: float | None = None) -> HedgeView:
        """Return the row once the maker has ended and only dust is owed, or it was refused.

        Raises:
            UnavailableError: not within the timeout.
        """

        def ended() -> bool:
            row = self.link
            return row is not None and row.state in (HedgeState.DONE, HedgeState.REFUSED)

        try:
            await self._feed.until(ended, timeout_s)
        except TimeoutError as error:
            raise UnavailableError(f"hedge {self.hedge_id}: not done yet") from error
        row = self.link
        if row is None:
            raise UnavailableError(f"hedge {self.hedge_id}: left the mirror")
        return row

    async def stop(self) -> None:
        """Ask for the makers to be cancelled and what they filled to be hedged."""
        await self._stop(self.hedge_id)


class LiveHedges(Hedges):
    """The hedges' mirror, with a handle of any of them."""

    def __init__(self, make: Callable[[HedgeId], LinkHandle]) -> None:
        super().__init__()
        self._make = make

    def handle(self, hedge_id: str) -> LinkHandle:
        """Return the live handle of a hedge, also of one that an earlier process asked for.

        Its `link` is None where the hedger has not told of it, or no longer does.
        """
        return self._make(HedgeId(text("hedge_id", hedge_id)))


class AllOrders:
    """The orders of every account that this client mirrors."""

    def __init__(
        self,
        orders: Mapping[Exc, Orders],
        account: Callable[[str], Exc],
        make: Callable[[Exc, ClientOrderId], OrderHandle],
    ) -> None:
        self._orders, self._account, self._make = orders, account, make

    def handle(self, cloid: str, exc: str | None = None) -> OrderHandle:
        """Return the live handle of an order, also of one that an earlier process placed.

        An order that is not open needs its account, where there are several.
        """
        name = ClientOrderId(text("cloid", cloid))
        account = self._account(exc) if exc is not None else self._holder(name)
        return self._make(account, name).taken_up()

    def _holder(self, cloid: ClientOrderId) -> Exc:
        known = [exc for exc, orders in self._orders.items() if orders.known(cloid) is not None]
        found = known or list(self._orders)
        if len(found) == 1:
            return found[0]
        rule = f"open on one account; name it with exc, one of {', '.join(found)}"
        raise InvalidInputError("cloid", cloid, rule)
