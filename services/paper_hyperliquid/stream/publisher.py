"""Which frames the venue's news become, at once.

1. Of one operation an account hears its fills before its order updates, each in one frame.
2. The time of a fill's first write is taken right before the bytes leave.
3. bbo is sent only when it differs from what was sent before.
"""

from collections import defaultdict
from collections.abc import Callable

from services.paper_exchange.engine.events import Printed
from services.paper_exchange.engine.orders import AccountId, OrderId, Side
from services.paper_hyperliquid.control.faults import FaultSwitches
from services.paper_hyperliquid.control.journal import Journal
from services.paper_hyperliquid.exchange.market_stats import TAPE_ADDRESS, trade_row
from services.paper_hyperliquid.exchange.outbox import FillOf, Forced, UserNews
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.info.info import Info
from services.paper_hyperliquid.info.market_view import bbo
from services.paper_hyperliquid.info.orders import aggregated
from services.paper_hyperliquid.stream.hub import Hub
from services.paper_hyperliquid.wire import subscriptions as sub
from services.paper_hyperliquid.wire.frames import (
    CancelledRef,
    FillsEvent,
    HistoryData,
    LedgerData,
    LiquidationData,
    LiquidationEvent,
    NonUserCancelEvent,
    UserFillsData,
    channel_frame,
    order_updates_frame,
)
from services.paper_hyperliquid.wire.market_payloads import BookLevel, TradeRow
from services.paper_hyperliquid.wire.numbers import ms_of, text_of
from services.paper_hyperliquid.wire.rows import fill_row, historical_order, order_update

Best = tuple[BookLevel | None, BookLevel | None]


class Publisher:
    """Turns the venue's news into frames; remembers which whole states became stale."""

    def __init__(
        self, venue: Venue, info: Info, hub: Hub, journal: Journal, faults: FaultSwitches
    ) -> None:
        self._venue = venue
        self._info = info
        self._hub = hub
        self._clock = hub.clock
        self._journal = journal
        self._faults = faults
        self._best: dict[str, Best] = {}
        self.stale_coins: set[str] = set()
        self.stale_users: set[str] = set()
        self.traded_coins: set[str] = set()

    def publish(self) -> int:
        """Send what happened since the last call; return how many fills it held."""
        self._venue.journal.commit()
        news = self._venue.take_news()
        fills_count = 0
        for account, user_news in news.users.items():
            fills_count += len(user_news.fills)
            self._publish_user(account, user_news)
        if news.trades:
            self._publish_trades(news.trades)
        for coin in news.books:
            self._publish_bbo(coin)
        return fills_count

    def _publish_user(self, account: AccountId, news: UserNews) -> None:
        self.stale_users.add(account)
        faults = self._faults.now
        if faults.mute_users:
            return
        if faults.updates_first:
            self._publish_updates(account, news)
        self._publish_fills(account, news)
        if faults.repeat_fills:
            self._publish_fills(account, news)
        if not faults.updates_first:
            self._publish_updates(account, news)
        self._publish_rarities(account, news)

    def _publish_rarities(self, account: AccountId, news: UserNews) -> None:
        """Send what the account did not ask for, and keep back what is told late."""
        for late in news.late_fills:
            for feed, payload in self._fill_frames(account, (late.fill,)):
                self._hub.tell_later(feed, payload(), late.after_ms)
        for fill in news.fills:
            if fill.forced is Forced.LIQUIDATION:
                self._publish_liquidation(account, fill)
        if news.transfers and self._hub.has(ledger := sub.LedgerFeed(account)):
            data = LedgerData(account, tuple(news.transfers))
            self._hub.tell(ledger, channel_frame("userNonFundingLedgerUpdates", data))
        if news.non_user_cancels:
            feed = sub.UserEvents(account)
            if self._hub.has(feed):
                refs = tuple(CancelledRef(r.coin, r.oid) for r in news.non_user_cancels)
                self._hub.tell(feed, channel_frame("user", NonUserCancelEvent(refs)))

    def _publish_fills(self, account: AccountId, news: UserNews) -> None:
        if not news.fills:
            return
        exec_ids = tuple(fill.fill.exec_id for fill in news.fills)
        for feed, payload in self._fill_frames(account, tuple(news.fills)):
            mono_ns = self._clock.monotonic_ns()
            if self._hub.tell(feed, payload()):
                self._journal.note_written(exec_ids, mono_ns)

    def _fill_frames(
        self, account: AccountId, told: tuple[FillOf, ...]
    ) -> list[tuple[sub.Subscription, Callable[[], bytes]]]:
        """Return who listens to fills, and what makes the frame for each."""
        events, fills = sub.UserEvents(account), sub.UserFillsFeed(account)
        merged = sub.UserFillsFeed(account, aggregate_by_time=True)
        listened = [feed for feed in (fills, events, merged) if self._hub.has(feed)]
        if not listened:
            return []
        rows = tuple(fill_row(fill) for fill in told)
        frames = {
            fills: lambda: channel_frame("userFills", UserFillsData(account, rows)),
            events: lambda: channel_frame("user", FillsEvent(rows)),
            merged: lambda: channel_frame("userFills", UserFillsData(account, aggregated(rows))),
        }
        return [(feed, frames[feed]) for feed in listened]

    def _publish_liquidation(self, account: AccountId, fill: FillOf) -> None:
        feed = sub.UserEvents(account)
        if not self._hub.has(feed):
            return
        data = LiquidationData(
            lid=fill.fill.match_id,
            liquidator=TAPE_ADDRESS,
            liquidated_user=account,
            liquidated_ntl_pos=text_of(fill.fill.px * fill.fill.qty),
            liquidated_account_value=text_of(self._venue.engine.account(account).wallet_balance),
        )
        self._hub.tell(feed, channel_frame("user", LiquidationEvent(data)))

    def _publish_updates(self, account: AccountId, news: UserNews) -> None:
        if not news.updates:
            return
        feed = sub.OrderUpdates(account)
        if self._hub.has(feed):
            updates = tuple(order_update(record) for record in news.updates)
            self._hub.tell(feed, order_updates_frame(updates))
        history = sub.HistoricalOrdersFeed(account)
        if self._hub.has(history):
            rows = tuple(historical_order(record) for record in news.updates)
            self._hub.tell(
                history, channel_frame("userHistoricalOrders", HistoryData(account, rows))
            )

    def _publish_trades(self, trades: list[Printed]) -> None:
        rows: defaultdict[str, list[TradeRow]] = defaultdict(list)
        for trade in trades:
            row = trade_row(trade, self._users(trade))
            self._info.markets.stats[trade.symbol].add(trade, row)
            rows[trade.symbol].append(row)
        self.traded_coins.update(rows)
        for coin, coin_rows in rows.items():
            feed = sub.TradesFeed(coin)
            if self._hub.has(feed):
                self._hub.publish(feed, channel_frame("trades", tuple(coin_rows)))

    def _users(self, trade: Printed) -> tuple[str, str]:
        taker, maker = self._owner(trade.taker_order_id), self._owner(trade.maker_order_id)
        return (taker, maker) if trade.side is Side.BUY else (maker, taker)

    def _owner(self, order_id: OrderId | None) -> AccountId:
        return TAPE_ADDRESS if order_id is None else self._venue.engine.order(order_id).account_id

    def _publish_bbo(self, coin: str) -> None:
        self.stale_coins.add(coin)
        feed = sub.BboFeed(coin)
        if not self._hub.has(feed):
            return
        row = bbo(self._venue.engine, coin, ms_of(self._clock.wall_ns()))
        if self._best.get(coin) != row.bbo:
            self._best[coin] = row.bbo
            self._hub.publish(feed, channel_frame("bbo", row))
