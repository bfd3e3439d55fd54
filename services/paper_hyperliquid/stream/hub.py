"""Who is connected and who hears what.

1. A subscription is confirmed before its first frame; a repeated one is an error and shows
   nothing new.
2. A connection without room for another subscription or user keeps what it has.
3. A connection that was sent nothing for the idle time is closed by the venue.
4. What faults hold back is told later in order of its due time; what a silence swallows is gone.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

import msgspec
from msgspec import Raw

from services.paper_exchange.faults.garbling import Garbling, garbled
from services.paper_exchange.faults.plan import FaultPlan
from services.paper_exchange.faults.vocabulary import Choice, Fault
from services.paper_exchange.market.channels import Channel, HeldBack, Silences
from services.paper_exchange.units import NS_PER_MS
from services.paper_hyperliquid.auth.limits import Window
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import EVENT_FIELDS, GARBLINGS
from services.paper_hyperliquid.stream.feeds import Feeds
from services.paper_hyperliquid.wire import subscriptions as sub
from services.paper_hyperliquid.wire.frames import confirmed, error_frame, raw_text
from tandem.runtime.clock import Clock


class Sink(Protocol):
    """A socket as a place to write to; False when it is gone."""

    def write(self, payload: bytes) -> bool: ...

    def abort(self) -> None: ...


class Client:
    """One connection and what it asked for."""

    def __init__(self, sink: Sink, ip: str, settings: Settings, now_ns: int) -> None:
        self.sink = sink
        self.ip = ip
        self.subscriptions: dict[sub.Subscription, None] = {}
        self.messages = Window(settings.ws_messages_per_minute_max)
        self.last_sent_ns = now_ns
        self.has_posted = False

    def channels(self) -> set[Channel]:
        """Return what this connection is used for."""
        used = {channel_of(subscription) for subscription in self.subscriptions}
        return used | {Channel.ORDER} if self.has_posted else used

    def users(self) -> set[str]:
        """Return the accounts that this connection follows."""
        users = (sub.user_of(subscription) for subscription in self.subscriptions)
        return {user for user in users if user is not None}


def channel_of(subscription: sub.Subscription) -> Channel:
    return Channel.USER if sub.user_of(subscription) is not None else Channel.MARKET


def name_of(subscription: sub.Subscription) -> str:
    return str(subscription.__struct_config__.tag)


Told = tuple[sub.Subscription, bytes]


class Hub:
    """Every connection's subscriptions."""

    def __init__(
        self, settings: Settings, feeds: Feeds, clock: Clock, plan: FaultPlan | None = None
    ) -> None:
        self._settings = settings
        self._feeds = feeds
        self.clock = clock
        self._clients: dict[Client, None] = {}
        self._listeners: defaultdict[sub.Subscription, dict[Client, None]] = defaultdict(dict)
        self._opened: dict[str, Window] = {}
        self.silences = Silences()
        self._plan = plan or FaultPlan()
        self._swapped: list[Told] = []
        self._later: HeldBack[Told] = HeldBack()

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
        channel = channel_of(subscription)
        if channel is Channel.MARKET and not self._plan.is_idle:
            self._disturb_market(subscription)
        if self._is_silent(channel):
            return
        for client in tuple(self._listeners.get(subscription, ())):
            self.send(client, payload)

    def tell(self, subscription: sub.Subscription, payload: bytes) -> bool:
        """Write an account's news unless a fault meets it; False when it was not written now."""
        choice = self._plan.for_event(name_of(subscription))
        if choice.fault is None:
            self.publish(subscription, payload)
            for told in self._swapped:
                self.publish(*told)
            self._swapped.clear()
            return not self._is_silent(Channel.USER)
        return self._disturb_news((subscription, payload), choice)

    def tell_later(self, subscription: sub.Subscription, payload: bytes, after_ms: int) -> None:
        """Write an account's news when this time has passed."""
        due_ns = self.clock.monotonic_ns() + after_ms * NS_PER_MS
        self._later.add(due_ns, (subscription, payload))

    def release(self) -> None:
        """Write what was held back until now."""
        for told in self._later.take_due(self.clock.monotonic_ns()):
            self.publish(*told)

    def _disturb_news(self, told: Told, choice: Choice) -> bool:
        match choice.fault:
            case Fault.DUPLICATE_EVENT:
                self.publish(*told)
                self.publish(*told)
                return True
            case Fault.GARBLE_EVENT:
                looks = Garbling(choice.looks or GARBLINGS[choice.pick % len(GARBLINGS)])
                for payload in garbled(told[1], looks, EVENT_FIELDS):
                    self.publish(told[0], payload)
                return True
            case Fault.REORDER_EVENT:
                self._swapped.append(told)
            case Fault.DELAY_EVENT:
                self.tell_later(*told, choice.ms)
            case Fault.MUTE_USER:
                self.mute(Channel.USER, choice.ms)
            case Fault.CUT_USER:
                self._abort_listeners(told[0])
            case _:
                pass
        return False

    def _disturb_market(self, subscription: sub.Subscription) -> None:
        choice = self._plan.for_market(name_of(subscription))
        if choice.fault is Fault.CUT_MARKET:
            self._abort_listeners(subscription)
        elif choice.fault is Fault.MUTE_MARKET:
            self.mute(Channel.MARKET, choice.ms)

    def mute(self, channel: Channel, for_ms: int) -> None:
        """Say nothing on a channel for this long."""
        self.silences.begin(channel, self.clock.monotonic_ns() + for_ms * NS_PER_MS)

    def _is_silent(self, channel: Channel) -> bool:
        silences = self.silences
        return silences.were_begun and silences.holds(channel, self.clock.monotonic_ns())

    def _abort_listeners(self, subscription: sub.Subscription) -> None:
        for client in tuple(self._listeners.get(subscription, ())):
            client.sink.abort()

    def cut(self, channel: Channel) -> None:
        """Drop every connection that is used for a channel."""
        for client in tuple(self._clients):
            if channel in client.channels():
                client.sink.abort()

    def idle(self) -> Iterable[Client]:
        """Return the connections that were sent nothing for too long."""
        oldest_ns = self.clock.wall_ns() - self._settings.ws_idle_close_ms * NS_PER_MS
        return [client for client in self._clients if client.last_sent_ns < oldest_ns]
