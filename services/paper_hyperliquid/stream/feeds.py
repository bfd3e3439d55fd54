"""What each subscription shows: its first frame, and its frame after something happened."""

from functools import singledispatchmethod

from msgspec import Struct
from msgspec.structs import replace

from services.paper_exchange.engine.orders import AccountId
from services.paper_hyperliquid.exchange.market_stats import candle_row
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.info import market_view
from services.paper_hyperliquid.info.info import Info
from services.paper_hyperliquid.info.market_view import FAST_LEVELS, Rounding
from services.paper_hyperliquid.info.markets import InfoError
from services.paper_hyperliquid.wire import subscriptions as sub
from services.paper_hyperliquid.wire.frames import (
    AllDexsData,
    AssetCtxData,
    ClearinghouseData,
    FundingsData,
    HistoryData,
    LedgerData,
    MidsData,
    OpenOrdersData,
    PerpDexState,
    TwapHistoryData,
    TwapSliceFillsData,
    UserFillsData,
    UserStateData,
    WebData3,
    channel_frame,
)
from services.paper_hyperliquid.wire.rows import historical_order


class Feeds:
    """Renders the state of the venue for subscriptions; `state` None means no such frame."""

    def __init__(self, venue: Venue, info: Info) -> None:
        self._venue = venue
        self._info = info

    def is_valid(self, subscription: sub.Subscription) -> bool:
        """Return whether the subscription names something that exists."""
        if isinstance(subscription, sub.L2BookFeed) and not market_view.is_rounding(
            subscription.n_sig_figs, subscription.mantissa
        ):
            return False
        if isinstance(subscription, sub.CoinSubscription | sub.ActiveAssetDataFeed):
            return subscription.coin in self._venue.engine.contracts
        return True

    def snapshot(self, subscription: sub.Subscription, now_ms: int) -> bytes | None:
        """Return the frame that follows the confirmation of a subscription, if it has one."""
        if isinstance(subscription, sub.UserFillsFeed):
            return self._fills_snapshot(subscription)
        return self.state(subscription, now_ms)

    def _fills_snapshot(self, subscription: sub.UserFillsFeed) -> bytes:
        count = self._venue.settings.user_fills_snapshot_max
        rows = self._info.orders.fill_rows(AccountId(subscription.user), count)
        return channel_frame("userFills", UserFillsData(subscription.user, rows, True))

    @singledispatchmethod
    def state(self, _subscription: Struct, _now_ms: int) -> bytes | None:
        """Return the whole state a subscription shows; None for one that only reports events."""
        return None

    @state.register
    def _open_orders(self, feed: sub.OpenOrdersFeed, _now_ms: int) -> bytes:
        orders = () if feed.dex else self._info.orders.frontend_orders(AccountId(feed.user))
        return channel_frame("openOrders", OpenOrdersData(feed.dex, feed.user, orders))

    @state.register
    def _clearinghouse(self, feed: sub.ClearinghouseFeed, now_ms: int) -> bytes:
        state = self._info.accounts.clearinghouse_state(AccountId(feed.user), now_ms)
        data = ClearinghouseData(feed.dex, feed.user, state)
        return channel_frame("clearinghouseState", data)

    @state.register
    def _all_dexs(self, feed: sub.AllDexsClearinghouseFeed, now_ms: int) -> bytes:
        state = self._info.accounts.clearinghouse_state(AccountId(feed.user), now_ms)
        return channel_frame("allDexsClearinghouseState", AllDexsData(feed.user, (("", state),)))

    @state.register
    def _spot(self, feed: sub.SpotStateFeed, _now_ms: int) -> bytes:
        return channel_frame("spotState", {"user": feed.user, "spotState": {"balances": ()}})

    @state.register
    def _web(self, feed: sub.WebData3Feed, now_ms: int) -> bytes:
        account = AccountId(feed.user)
        agent = next((a for a in self._venue.signers.agents_of(account) if not a.name), None)
        state = UserStateData(
            agent_address=agent.address if agent is not None else None,
            agent_valid_until=agent.valid_until_ms if agent is not None else None,
            cum_ledger=self._info.accounts.cum_ledger(account),
            server_time=now_ms,
            user=feed.user,
        )
        return channel_frame("webData3", WebData3(state, (PerpDexState(),)))

    @state.register
    def _active_data(self, feed: sub.ActiveAssetDataFeed, _now_ms: int) -> bytes | None:
        try:
            data = self._info.accounts.active_asset(AccountId(feed.user), feed.coin)
        except InfoError:
            # An address without an account has nothing to show.
            return None
        return channel_frame("activeAssetData", data)

    @state.register
    def _history(self, feed: sub.HistoricalOrdersFeed, _now_ms: int) -> bytes:
        history = self._venue.desk.records.history(AccountId(feed.user))
        rows = tuple(historical_order(record) for record in history)
        return channel_frame("userHistoricalOrders", HistoryData(feed.user, rows, True))

    @state.register
    def _fundings(self, feed: sub.FundingsFeed, _now_ms: int) -> bytes:
        return channel_frame("userFundings", FundingsData(feed.user))

    @state.register
    def _ledger(self, feed: sub.LedgerFeed, _now_ms: int) -> bytes:
        rows = self._venue.actions.transfers.of(AccountId(feed.user))
        return channel_frame("userNonFundingLedgerUpdates", LedgerData(feed.user, rows, True))

    @state.register
    def _twap_fills(self, feed: sub.TwapSliceFillsFeed, _now_ms: int) -> bytes:
        return channel_frame("userTwapSliceFills", TwapSliceFillsData(feed.user))

    @state.register
    def _twaps(self, feed: sub.TwapHistoryFeed, _now_ms: int) -> bytes:
        return channel_frame("userTwapHistory", TwapHistoryData(feed.user))

    @state.register
    def _bbo(self, feed: sub.BboFeed, now_ms: int) -> bytes:
        return channel_frame("bbo", market_view.bbo(self._venue.engine, feed.coin, now_ms))

    @state.register
    def _book(self, feed: sub.L2BookFeed, now_ms: int) -> bytes:
        engine = self._venue.engine
        if feed.n_sig_figs is not None:
            rounding = Rounding(feed.n_sig_figs, feed.mantissa or 1)
            book = market_view.rounded_book(engine, feed.coin, now_ms, rounding)
        else:
            depth = FAST_LEVELS if feed.fast else market_view.BOOK_LEVELS
            book = market_view.book(engine, feed.coin, now_ms, depth)
        if feed.fast:
            book = replace(book, fast=True)
        return channel_frame("l2Book", book)

    @state.register
    def _trades(self, feed: sub.TradesFeed, _now_ms: int) -> bytes:
        recent = self._info.markets.stats[feed.coin].recent
        return channel_frame("trades", tuple(recent))

    @state.register
    def _candle(self, feed: sub.CandleFeed, now_ms: int) -> bytes | None:
        bar = self._info.markets.stats[feed.coin].latest(feed.interval, now_ms)
        if bar is None:
            return None
        return channel_frame("candle", candle_row(feed.coin, feed.interval, bar))

    @state.register
    def _mids(self, _feed: sub.AllMidsFeed, _now_ms: int) -> bytes:
        return channel_frame("allMids", MidsData(market_view.mids(self._venue.engine)))

    @state.register
    def _ctx(self, feed: sub.ActiveAssetCtxFeed, now_ms: int) -> bytes:
        ctx = self._info.markets.asset_ctx(feed.coin, now_ms)
        return channel_frame("activeAssetCtx", AssetCtxData(feed.coin, ctx))
