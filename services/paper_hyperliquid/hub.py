"""Who is connected and who hears what.

1. A subscription is confirmed before its first frame; a repeated one is an error and shows
   nothing new.
2. A connection without room for another subscription or user keeps what it has.
3. A connection that was sent nothing for the idle time is closed by the venue.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec
from msgspec import Raw

from services.paper_hyperliquid import subscriptions as sub
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.feeds import Feeds
from services.paper_hyperliquid.frames import confirmed, error_frame, raw_text
from services.paper_hyperliquid.limits import Window
from tandem.runtime.clock import Clock

NS_PER_MS: Final = 1_000_000


class Sink(Protocol):
    """A socket as a place to write to; False when it is gone."""

    def write(self, payload: bytes) -> bool: ...


class Client:
    """One connection and what it asked for."""

    def __init__(self, sink: Sink, ip: str, settings: Settings, now_ns: int) -> None:
        self.sink = sink
        self.ip = ip
        self.subscriptions: dict[sub.Subscription, None] = {}
        self.messages = Window(settings.ws_messages_per_minute_max)
        self.last_sent_ns = now_ns

    def users(self) -> set[str]:
        """Return the accounts that this connection follows."""
        users = (sub.user_of(subscription) for subscription in self.subscriptions)
        return {user for user in users if user is not None}


class Hub:
    """Every connection's subscriptions."""

    def __init__(self, settings: Settings, feeds: Feeds, clock: Clock) -> None:
        self._settings = settings
        self._feeds = feeds
        self.clock = clock
        self._clients: dict[Client, None] = {}
        self._listeners: defaultdict[sub.Subscription, dict[Client, None]] = defaultdict(dict)
        self._opened: dict[str, Window] = {}

    def connect(self, sink: Sink, ip: str) -> Client | None:
        """Take in a connection; None when its IP has no room for it."""
        now_ns = self.clock.wall_ns()
        if self._settings.ip_limits and not self._has_room(ip, now_ns // NS_PER_MS):
            return None
        client = Client(sink, ip, self._settings, now_ns)
        self._clients[client] = None
        return client

    def _has_room(self, ip: str, now_ms: int) -> bool:
        open_count = sum(1 for client in self._clients if client.ip == ip)
        if open_count >= self._settings.ws_connections_max:
            return False
        if ip not in self._opened:
            self._opened[ip] = Window(self._settings.ws_new_per_minute_max)
        return self._opened[ip].take(1, now_ms)

    def disconnect(self, client: Client) -> None:
        """Forget a connection."""
        for subscription in client.subscriptions:
            self._drop(client, subscription)
        self._clients.pop(client, None)

    def send(self, client: Client, payload: bytes) -> None:
        """Write one message to one connection."""
        client.last_sent_ns = self.clock.wall_ns()
        client.sink.write(payload)

    def subscribe(self, client: Client, raw: Raw) -> None:
        """Start a subscription, or say why not."""
        subscription = self._decoded(client, raw)
        if subscription is None:
            return
        refusal = self._refusal(client, subscription)
        if refusal is not None:
            self.send(client, error_frame(refusal))
            return
        client.subscriptions[subscription] = None
        self._listeners[subscription][client] = None
        self.send(client, confirmed("subscribe", subscription))
        first = self._feeds.snapshot(subscription, self.clock.wall_ns() // NS_PER_MS)
        if first is not None:
            self.send(client, first)

    def _refusal(self, client: Client, subscription: sub.Subscription) -> str | None:
        text = sub.subscription_text(subscription)
        if subscription in client.subscriptions:
            return f"Already subscribed: {text}"
        if not self._feeds.is_valid(subscription):
            return f"Invalid subscription {text}"
        if not self._settings.ip_limits:
            return None
        if len(client.subscriptions) >= self._settings.ws_subscriptions_max:
            return f"Cannot track more than {self._settings.ws_subscriptions_max} subscriptions."
        user = sub.user_of(subscription)
        users = client.users()
        if user is not None and user not in users and len(users) >= self._settings.ws_users_max:
            return f"Cannot track more than {self._settings.ws_users_max} total users."
        return None

    def unsubscribe(self, client: Client, raw: Raw) -> None:
        """End a subscription, or say that there is none."""
        subscription = self._decoded(client, raw)
        if subscription is None:
            return
        if subscription not in client.subscriptions:
            text = sub.subscription_text(subscription)
            self.send(client, error_frame(f"Already unsubscribed: {text}"))
            return
        del client.subscriptions[subscription]
        self._drop(client, subscription)
        self.send(client, confirmed("unsubscribe", subscription))

    def _decoded(self, client: Client, raw: Raw) -> sub.Subscription | None:
        try:
            return sub.decode_subscription(raw)
        except msgspec.DecodeError:
            self.send(client, error_frame(f"Invalid subscription {raw_text(raw)}"))
            return None

    def _drop(self, client: Client, subscription: sub.Subscription) -> None:
        listeners = self._listeners[subscription]
        listeners.pop(client, None)
        if not listeners:
            del self._listeners[subscription]

    def has(self, subscription: sub.Subscription) -> bool:
        """Return whether anybody listens."""
        return subscription in self._listeners

    def active(self) -> tuple[sub.Subscription, ...]:
        """Return every subscription that somebody holds."""
        return tuple(self._listeners)

    def publish(self, subscription: sub.Subscription, payload: bytes) -> None:
        """Write one message to everybody who listens."""
        for client in tuple(self._listeners.get(subscription, ())):
            self.send(client, payload)

    def idle(self) -> Iterable[Client]:
        """Return the connections that were sent nothing for too long."""
        oldest_ns = self.clock.wall_ns() - self._settings.ws_idle_close_ms * NS_PER_MS
        return [client for client in self._clients if client.last_sent_ns < oldest_ns]
