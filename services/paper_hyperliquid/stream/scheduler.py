"""When whole states are sent, timers fire and silent connections close.

1. A book, candle, context or account that changed is sent once per book interval; an account's
   state also every state interval, changed or not.
"""

from typing import Final

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.exchange.venue import Venue
from services.paper_hyperliquid.stream.feeds import Feeds
from services.paper_hyperliquid.stream.hub import Hub
from services.paper_hyperliquid.stream.publisher import Publisher
from services.paper_hyperliquid.wire import subscriptions as sub
from services.paper_hyperliquid.wire.numbers import ms_of

PULSE_MS: Final = 100
# What is a stream of events has no state to repeat.
_EVENTS_ONLY = (
    sub.OrderUpdates
    | sub.UserFillsFeed
    | sub.UserEvents
    | sub.HistoricalOrdersFeed
    | sub.FundingsFeed
    | sub.LedgerFeed
    | sub.TwapSliceFillsFeed
    | sub.TwapHistoryFeed
    | sub.TradesFeed
    | sub.BboFeed
)


class Pulse:
    """What happens by the clock alone."""

    def __init__(self, venue: Venue, feeds: Feeds, hub: Hub, publisher: Publisher) -> None:
        self._venue = venue
        self._feeds = feeds
        self._hub = hub
        self._publisher = publisher
        self._settings: Settings = venue.settings
        self._books_ms = 0
        self._mids_ms = 0
        self._states_ms = 0

    def beat(self, now_ns: int) -> None:
        """Do what is due."""
        now_ms = ms_of(now_ns)
        self._hub.release()
        self._venue.tick(now_ns)
        self._publisher.publish()
        if now_ms - self._mids_ms >= self._settings.mids_interval_ms:
            self._mids_ms = now_ms
            self._send_mids(now_ms)
        if now_ms - self._states_ms >= self._settings.state_interval_ms:
            self._states_ms = now_ms
            self._send_accounts(now_ms)
        if now_ms - self._books_ms >= self._settings.book_interval_ms:
            self._books_ms = now_ms
            self._send_stale(now_ms)

    def _send_mids(self, now_ms: int) -> None:
        for subscription in self._hub.active():
            if isinstance(subscription, sub.AllMidsFeed):
                self._send(subscription, now_ms)

    def _send_accounts(self, now_ms: int) -> None:
        for subscription in self._hub.active():
            if isinstance(subscription, sub.UserSubscription):
                self._send(subscription, now_ms)

    def _send_stale(self, now_ms: int) -> None:
        coins, users = self._publisher.stale_coins, self._publisher.stale_users
        traded = self._publisher.traded_coins
        for subscription in self._hub.active():
            if isinstance(subscription, sub.CandleFeed):
                is_stale = subscription.coin in traded
            elif isinstance(subscription, sub.CoinSubscription):
                is_stale = subscription.coin in coins
            else:
                is_stale = sub.user_of(subscription) in users
            if is_stale:
                self._send(subscription, now_ms)
        coins.clear()
        users.clear()
        traded.clear()

    def _send(self, subscription: sub.Subscription, now_ms: int) -> None:
        if isinstance(subscription, _EVENTS_ONLY):
            return
        frame = self._feeds.state(subscription, now_ms)
        if frame is not None:
            self._hub.publish(subscription, frame)
