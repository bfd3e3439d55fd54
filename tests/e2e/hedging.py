"""A hedge on a running stack, its maker filled by hand, and its audit by the venues' books."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import aiohttp

from examples.walkthrough import audit
from examples.walkthrough.venue_books import Trade, VenueBooks
from tandem import OMS
from tandem.cli.stack import LocalStack
from tandem.client.handles import LinkHandle
from tandem.client.mirror.mirrors import ENDED_HEDGES
from tandem.client.oms import ClientOptions
from tandem.domain.errors import UnavailableError
from tandem.domain.ids import MAKER_TAG, HedgeId, is_taker_cloid
from tandem.domain.units import ZERO
from tandem.runtime.clock import SystemClock

PRICE = Decimal("150.00")
PIECES = tuple(map(Decimal, ("0.50", "0.02", "0.60", "0.03", "0.01", "0.84")))
POLL_S = 0.02
QUOTE_S = 80.0  # an account that somebody else traded on is barred for a minute
QUOTE_AGAIN_S = 0.5
LEVELS = 20
HEDGE_MIN_NOTIONAL = Decimal(10)


@dataclass(slots=True)
class Hedging:
    """The client and both exchanges' books; `pieces` are what the maker is filled in."""

    oms: OMS
    binance: VenueBooks
    hyperliquid: VenueBooks
    pieces: Sequence[Decimal] = field(default=PIECES)

    async def quote(self) -> LinkHandle:
        """Place a hedge whose maker rests alone at its price, and wait until it rests.

        A maker that waited past its validity for a gateway that was down is refused as it should
        be, and one that came while no hedger stood at the head of the log is cancelled; then it is
        quoted again. What the log does not confirm, for it is between two leaders, is asked for
        again under its own id.
        """
        clock = SystemClock()
        deadline_ns = clock.monotonic_ns() + int(QUOTE_S * 1e9)
        while True:
            link = await self._confirmed(self.oms.rand_hedge_id(), deadline_ns)
            await self.until(partial(self._is_answered, link))
            if not _ended_unfilled(link):
                return link
            assert clock.monotonic_ns() < deadline_ns, f"still refused: {link.link}"
            await clock.sleep(QUOTE_AGAIN_S)

    def _is_answered(self, link: LinkHandle) -> bool:
        return self._rests(link) or _ended_unfilled(link)

    async def _confirmed(self, hedge_id: HedgeId, deadline_ns: int) -> LinkHandle:
        clock = SystemClock()
        while True:
            try:
                return await self._quote_once(hedge_id)
            except UnavailableError:
                if clock.monotonic_ns() > deadline_ns:
                    raise
            await clock.sleep(QUOTE_AGAIN_S)

    async def _quote_once(self, hedge_id: HedgeId) -> LinkHandle:
        amount = -sum(self.pieces, ZERO)
        return await self.oms.hedge_order(
            {"exc": "binance", "ticker": "SOLUSDT", "amount": amount, "price": PRICE},
            {"exc": "hyperliquid", "ticker": "SOL"},
            hedge_id=hedge_id,
        )

    def _rests(self, link: LinkHandle) -> bool:
        row = link.link
        order = self.oms.orders_peek("binance").known(row.maker_cloid) if row else None
        return order is not None and order.venue_order_id is not None

    async def fill(self) -> None:
        """Let somebody buy the maker, piece by piece."""
        for qty in self.pieces:
            await self.binance.trade("SOLUSDT", "buy", PRICE, qty)
            await SystemClock().sleep(POLL_S)

    async def until(self, holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
        clock = SystemClock()
        deadline = clock.monotonic_ns() + int(timeout_s * 1e9)
        while not holds():
            assert clock.monotonic_ns() < deadline, f"not in time: {holds}, {self._shown()}"
            await clock.sleep(POLL_S)

    def _shown(self) -> str:
        orders = {exc: tuple(self.oms.orders_peek(exc)) for exc in ("binance", "hyperliquid")}
        return f"{orders}, {self.oms.hedges.links.rows}, {self.oms.hedges.buckets.rows}"

    async def balance(self) -> None:
        """Assert by the exchanges' books that nothing is lost, doubled or left unhedged."""
        owed = await self._owed()
        bucket = self.oms.hedges.bucket("hyperliquid", "SOL", self.oms.strategy)
        assert bucket is not None
        assert (bucket.owed, bucket.in_flight) == (owed, ZERO)
        assert abs(owed) * PRICE < HEDGE_MIN_NOTIONAL
        for exc, venue in (("binance", self.binance), ("hyperliquid", self.hyperliquid)):
            books = await venue.books()
            assert audit.orders_agree(tuple(self.oms.orders_peek(exc)), books) == []
            assert audit.positions_agree(tuple(self.oms.positions_peek(exc)), books) == []
        await self._no_order_twice()

    async def _owed(self) -> Decimal:
        """Return what the makers' trades call for less what the takers' trades have covered."""
        makers = await _tagged(self.binance, f"0x{MAKER_TAG}")
        takers = [t for t in await self.hyperliquid.trades() if is_taker_cloid(t.client_order_id)]
        return -_sum(makers) - _sum(takers)

    async def _no_order_twice(self) -> None:
        for venue in (self.binance, self.hyperliquid):
            names = [order.client_order_id for order in (await venue.books()).orders]
            ours = [name for name in names if name.startswith("0x7a4")]
            assert len(ours) == len(set(ours))

    async def settled(self) -> bool:
        """Tell whether the pages have caught up with the exchanges, and so has the bucket."""
        bucket = self.oms.hedges.bucket("hyperliquid", "SOL", self.oms.strategy)
        shown = bucket is not None and (bucket.owed, bucket.in_flight) == (await self._owed(), ZERO)
        return shown and await self.pages_agree()

    async def pages_agree(self) -> bool:
        """Tell whether orders and positions are the exchanges' own."""
        found: list[str] = []
        for exc, venue in (("binance", self.binance), ("hyperliquid", self.hyperliquid)):
            books = await venue.books()
            found += audit.orders_agree(tuple(self.oms.orders_peek(exc)), books)
            found += audit.positions_agree(tuple(self.oms.positions_peek(exc)), books)
        return not found


def _ended_unfilled(link: LinkHandle) -> bool:
    row = link.link
    return row is not None and row.state in ENDED_HEDGES and not row.maker_filled


def _sum(trades: Sequence[Trade]) -> Decimal:
    return sum((trade.amount for trade in trades), ZERO)


async def _tagged(venue: VenueBooks, prefix: str) -> list[Trade]:
    return [trade for trade in await venue.trades() if trade.client_order_id.startswith(prefix)]


async def scripted_book(binance: VenueBooks) -> None:
    """Stop Binance's tape and leave 150.00 empty between bids and asks."""
    await binance.pause()
    step = Decimal("0.01")
    bids = [[str(PRICE - 10 * step - n * step), "500"] for n in range(LEVELS)]
    asks = [[str(PRICE + 10 * step + n * step), "500"] for n in range(LEVELS)]
    depth = {"kind": "depth", "symbol": "SOLUSDT", "bids": bids, "asks": asks, "replace": True}
    await binance.post("market", depth)


def client_of(stack: LocalStack, strategy: str) -> OMS:
    """Return a client that may be silent for a minute: tests start processes on its loop."""
    return OMS(
        stack.nats.url,
        strategy=strategy,
        exchanges=("binance", "hyperliquid"),
        options=ClientOptions(ready_timeout_s=30.0),
        disconnect_after_ms=60_000,
    )


def books_of(stack: LocalStack, session: aiohttp.ClientSession) -> tuple[VenueBooks, VenueBooks]:
    binance, hyperliquid = stack.paper["paper-binance"], stack.paper["paper-hyperliquid"]
    return VenueBooks(session, binance.control_url), VenueBooks(session, hyperliquid.control_url)
