"""The calls that answer from live local copies, and those that let handlers watch them."""

from decimal import Decimal
from typing import TypeVar

from tandem.client.handles import LiveHedges
from tandem.client.instruments import LaggedPrice, Tables
from tandem.client.mirror.feed import Feed, Subscription
from tandem.client.mirror.handlers import Handler, Listener
from tandem.client.mirror.mirrors import Fills, Hedges, Mirror, Orders, Positions
from tandem.client.rows import OrderHistoryRow
from tandem.domain.errors import InvalidInputError
from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.runtime.clock import Clock

M = TypeVar("M", bound=Mirror)
Handlers = tuple[Handler | None, Handler | None]


class MirrorCalls:
    """One mirror an account and kind, however many handlers watch it."""

    tables: Tables
    _clock: Clock
    _feed: Feed
    _orders: dict[Exc, Orders]
    _positions: dict[Exc, Positions]
    _fills: dict[Exc, Fills]
    _hedges: LiveHedges

    async def orders_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Orders:
        """Return the live page of open orders; handlers get the page, and each changed order."""
        account = self.tables.account(exc)
        mirror = _or_new(self._orders.get(account), Orders(account))
        await self._watch(mirror, subjects.ORDERS_PAGE, account, (on_update, on_delta))
        self._orders[account] = mirror
        return mirror

    def orders_peek(self, exc: str) -> Orders:
        """Return the live page of open orders."""
        return _mirrored(self._orders, self.tables.account(exc), "orders")

    async def positions_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Positions:
        """Return live positions; `on_delta` gets {ticker, amount, delta, entry}."""
        account = self.tables.account(exc)
        mirror = _or_new(self._positions.get(account), Positions(account))
        await self._watch(mirror, subjects.POSITIONS_PAGE, account, (on_update, on_delta))
        self._positions[account] = mirror
        return mirror

    def positions_peek(self, exc: str) -> Positions:
        """Return live positions of an account that is mirrored.

        Raises:
            InvalidInputError: it is not.
        """
        return _mirrored(self._positions, self.tables.account(exc), "positions")

    def get_position(self, exc: str, ticker: str) -> Decimal:
        """Return the signed position, 0 when flat; also of a held ticker that no table lists."""
        amount = self.positions_peek(exc).amount(ticker)
        if not amount:
            self.tables.instrument(exc, ticker)
        return amount

    async def account_fills_mirror(
        self, exc: str, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Fills:
        """Return the newest fills, live; fees follow as a second delta of the same fill."""
        account = self.tables.account(exc)
        mirror = _or_new(self._fills.get(account), Fills(account))
        await self._watch(mirror, subjects.FILLS_PAGE, account, (on_update, on_delta))
        self._fills[account] = mirror
        return mirror

    def fills_peek(self, exc: str) -> Fills:
        """Return the newest fills of an account; raises as `positions_peek` does."""
        return _mirrored(self._fills, self.tables.account(exc), "fills")

    async def hedges_mirror(
        self, on_update: Handler | None = None, on_delta: Handler | None = None
    ) -> Hedges:
        """Return hedges and buckets, live; `on_delta` gets each row that changed.

        That of a hedge has `hedge_id` (HedgeRow); what a pool owes on an instrument has `owed` and
        no `hedge_id` (BucketRow).
        """
        await self._watch(self._hedges, subjects.HEDGES_PAGE, None, (on_update, on_delta))
        return self._hedges

    @property
    def hedges(self) -> LiveHedges:
        """Hedge orders and buckets, live; `handle(hedge_id)` takes one up again."""
        return self._hedges

    @property
    def stale(self) -> tuple[str, ...]:
        """The mirrors that wait for their page: what they show is of before, or nothing yet.

        A page is waited for while its service is away or catching up, and after each reconnect.
        """
        return tuple(_name(one) for one in self._feed.subscriptions if not one.is_current)

    @property
    def backlogs(self) -> dict[str, int]:
        """Changes that the slowest handlers of each mirror have not seen yet, by mirror."""
        return {_name(one): one.backlog for one in self._feed.subscriptions}

    def oid_query(self, exc: str, oid: str) -> OrderHistoryRow | None:
        """Return one order by venue id, open or ended while mirrored, with its history."""
        mirror = self.orders_peek(exc)
        return mirror.query(mirror.by_oid(str(oid)))

    def cloid_query(self, exc: str, cloid: str) -> OrderHistoryRow | None:
        """Return one order by client id, as `oid_query`."""
        mirror = self.orders_peek(exc)
        return mirror.query(mirror.known(str(cloid)))

    def lagged_price(self, exc: str, ticker: str) -> LaggedPrice:
        """Return the last mid and its age; raises UnavailableError before the first."""
        return self.tables.lagged(exc, ticker, self._clock.wall_ns())

    async def _watch(
        self, mirror: Mirror, page_subject: str, exc: Exc | None, handlers: Handlers
    ) -> None:
        """Join a mirror that is not joined yet, and let the handlers listen."""
        known = (one for one in self._feed.subscriptions if one.mirror is mirror)
        subscription = next(known, None)
        if subscription is None:
            subscription = Subscription(mirror, page_subject, exc)
            await self._feed.subscribe(subscription)
        if handlers != (None, None):
            self._feed.listen(subscription, Listener(mirror, *handlers))


def _name(subscription: Subscription) -> str:
    return f"{subscription.page_subject} {subscription.exc or ''}".strip()


def _or_new(known: M | None, new: M) -> M:
    """Return the mirror that is known; an empty one is known too."""
    return new if known is None else known


def _mirrored(mirrors: dict[Exc, M], account: Exc, kind: str) -> M:
    found = mirrors.get(account)
    if found is None:
        raise InvalidInputError("exc", account, f"{kind} are not mirrored for this account")
    return found
