"""Who hears what: writes user events and market data to the sockets that asked for them.

1. A user event is written to every socket of the account's current listen key before the call
   that caused it returns; market data follows the user events of the same step.
2. A socket whose key is no longer the account's current one stays open and hears nothing.
3. A fill's writing time is taken right before the first frame that tells of it.
4. What faults hold back is told later in order of its due time; what a silence swallows is gone.
"""

from collections.abc import Iterable

import msgspec

from services.paper_binance.auth.listen_keys import Lease, ListenKey
from services.paper_binance.control.faults import (
    ACTION_OF_FAULT,
    EVENT_FIELDS,
    GARBLINGS,
    arranged,
)
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.stream.market_feed import MarketFeed, MarketNews
from services.paper_binance.stream.user_events import UserNews, user_news
from services.paper_binance.wire.numbers import ms
from services.paper_binance.wire.stream_names import (
    CATEGORY_OF,
    Category,
    Connection,
    Stream,
    parse_stream,
)
from services.paper_binance.wire.user_payloads import ListenKeyExpired, UserEvent
from services.paper_exchange.engine.events import Event
from services.paper_exchange.engine.orders import AccountId
from services.paper_exchange.faults.garbling import Garbling, garbled
from services.paper_exchange.faults.vocabulary import Choice, Fault
from services.paper_exchange.market.channels import Channel, HeldBack, Silences
from services.paper_exchange.shell.frames import TextSink, text_frame
from services.paper_exchange.units import NS_PER_MS

ALL_EVENTS: frozenset[str] = frozenset()


class Session:
    """One stream connection: its socket and what it asked for."""

    def __init__(self, sink: TextSink, connection: Connection, opened_ms: int) -> None:
        self.sink = sink
        self.category = connection.category
        self.is_combined = connection.is_combined
        self.opened_ms = opened_ms
        self.names: dict[str, Stream | None] = {}
        self.keys: dict[ListenKey, frozenset[str]] = {}

    @property
    def channel(self) -> Channel:
        return Channel.USER if self.category is Category.PRIVATE else Channel.MARKET

    def hears(self, key: ListenKey, event_name: str) -> bool:
        """Whether this session wants an event of this key."""
        wanted = self.keys.get(key)
        return wanted is not None and (not wanted or event_name in wanted)


class StreamHub:
    """All stream connections of the venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._feed = MarketFeed(venue)
        self._encoder = msgspec.json.Encoder()
        self._sessions: set[Session] = set()
        self._held: list[UserNews] = []
        self._later: HeldBack[UserNews] = HeldBack()
        self.silences = Silences()
        self._listeners: dict[ListenKey, list[Session]] = {}
        self._watchers: dict[Stream, list[tuple[Session, str]]] = {}

    @property
    def watched_count(self) -> int:
        """How many market streams somebody hears."""
        return len(self._watchers)

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens to a user stream."""
        return any(self._listeners.values())

    def open(self, session: Session, connection: Connection) -> None:
        """Take on a connection with what its address asks for."""
        self._sessions.add(session)
        for key, events in zip(connection.listen_keys, connection.events, strict=True):
            self._listen(session, key, events)
        for name in connection.streams:
            self.subscribe(session, name)

    def close(self, session: Session) -> None:
        """Forget a connection."""
        self._sessions.discard(session)
        for name in (*session.names, *session.keys):
            self.unsubscribe(session, name)

    def close_older_than(self, opened_ms: int) -> None:
        """Drop the connections that were opened before this time."""
        for session in [s for s in self._sessions if s.opened_ms < opened_ms]:
            session.sink.abort()

    def cut(self, channel: Channel) -> None:
        """Drop every connection of a channel."""
        for session in [s for s in self._sessions if s.channel is channel]:
            session.sink.abort()

    def refuses(self, session: Session, name: str) -> bool:
        """Whether a subscription to this name is refused: there is no stream of its form."""
        is_market = session.category is not Category.PRIVATE
        refuses = self._venue.switches.refuse_unknown_streams
        return refuses and is_market and parse_stream(name) is None

    def subscribe(self, session: Session, name: str) -> None:
        """Add a stream, or on a private connection a listen key; others stay silent."""
        if session.category is Category.PRIVATE:
            self._listen(session, name, ALL_EVENTS)
            return
        if name in session.names:
            return
        stream = parse_stream(name)
        is_carried = stream is not None and CATEGORY_OF[stream.kind] is session.category.carries
        session.names[name] = stream if is_carried else None
        if stream is not None and is_carried:
            self._watchers.setdefault(stream, []).append((session, name))
            self._feed.watch(stream, session.opened_ms)

    def unsubscribe(self, session: Session, name: str) -> None:
        key = ListenKey(name)
        if key in session.keys:
            del session.keys[key]
            self._listeners[key].remove(session)
            return
        stream = session.names.pop(name, None)
        if stream is not None:
            watchers = self._watchers[stream]
            watchers.remove((session, name))
            if not watchers:
                del self._watchers[stream]
                self._feed.unwatch(stream)

    def _listen(self, session: Session, name: str, events: frozenset[str]) -> None:
        key = ListenKey(name)
        if key not in session.keys:
            self._listeners.setdefault(key, []).append(session)
        session.keys[key] = events

    def engine_events(self, events: list[Event], now_ns: int, modify_id: str) -> None:
        """Write what the engine reports: users first, then the market streams."""
        if self._listeners:
            for news in user_news(self._venue, events, now_ns, modify_id):
                self._tell_arranged(news)
        if self._watchers:
            self._write_market(self._feed.observe(events, ms(now_ns)))

    def late_events(self, events: list[Event], now_ns: int, after_ms: int) -> None:
        """Keep users' news for later; the market hears at once."""
        due_ns = self._venue.mono_ns() + after_ms * NS_PER_MS
        for news in user_news(self._venue, events, now_ns, ""):
            self._later.add(due_ns, news)
        if self._watchers:
            self._write_market(self._feed.observe(events, ms(now_ns)))

    def release(self) -> None:
        """Tell what was held back until now."""
        for news in self._later.take_due(self._venue.mono_ns()):
            self._tell(news)

    def user_event(self, account_id: AccountId, event: UserEvent) -> None:
        self._tell_arranged(UserNews(account_id, event))

    def keys_ended(self, leases: tuple[Lease, ...], now_ms: int) -> None:
        """Tell the listeners of keys that ran out."""
        for lease in leases:
            self._tell_key(lease.key, ListenKeyExpired(event_ms=now_ms, key=lease.key))

    def tick(self, now_ms: int) -> None:
        """Write the market streams that are due."""
        if self._watchers:
            self._write_market(self._feed.tick(now_ms))

    def _tell_arranged(self, news: UserNews) -> None:
        choice = self._venue.faults.event_choice(_name(news.event))
        if choice.fault is None or choice.fault in ACTION_OF_FAULT:
            action = None if choice.fault is None else ACTION_OF_FAULT[choice.fault]
            for told in arranged(action, news, self._held):
                self._tell(told)
        else:
            self._disturb(news, choice)

    def _disturb(self, news: UserNews, choice: Choice) -> None:
        until_ns = self._venue.mono_ns() + choice.ms * NS_PER_MS
        match choice.fault:
            case Fault.DELAY_EVENT:
                self._later.add(until_ns, news)
            case Fault.GARBLE_EVENT:
                self._tell(news, Garbling(choice.looks or GARBLINGS[choice.pick % len(GARBLINGS)]))
            case Fault.MUTE_USER:
                self.silences.begin(Channel.USER, until_ns)
            case Fault.CUT_USER:
                self._cut_account(news.account_id)
            case _:
                self._tell(news)
                self._venue.expire_key(news.account_id, news.event.event_ms)

    def _cut_account(self, account_id: AccountId) -> None:
        key = self._venue.listen_keys.current(account_id)
        for session in list(self._listeners.get(key, ())) if key is not None else ():
            session.sink.abort()

    def _tell(self, news: UserNews, garbling: Garbling | None = None) -> None:
        key = self._venue.listen_keys.current(news.account_id)
        if key is None or self._is_silent(Channel.USER):
            return
        mono_ns = self._tell_key(key, news.event, garbling)
        if news.exec_id is not None and mono_ns is not None:
            self._venue.audit.written(news.exec_id, mono_ns)

    def _tell_key(
        self, key: ListenKey, event: UserEvent, garbling: Garbling | None = None
    ) -> int | None:
        """Write an event to a key's listeners; return when the first write began."""
        name = _name(event)
        listeners = [s for s in self._listeners.get(key, ()) if s.hears(key, name)]
        if not listeners:
            return None
        payload = self._encoder.encode(event)
        payloads = (payload,) if garbling is None else garbled(payload, garbling, EVENT_FIELDS)
        began = [self._write(key, one, session) for session in listeners for one in payloads]
        return next((mono_ns for mono_ns in began if mono_ns is not None), None)

    def _write(self, key: ListenKey, payload: bytes, session: Session) -> int | None:
        """Write a user event to a connection; return when, None if it is not written."""
        frame = text_frame(_wrapped(key, payload) if session.is_combined else payload)
        began_ns = self._venue.mono_ns()
        return began_ns if session.sink.write_frame(frame) else None

    def _write_market(self, all_news: Iterable[MarketNews]) -> None:
        for news in all_news:
            if self._is_kept_back(news):
                continue
            payload = self._encoder.encode(news.payload)
            raw_frame = text_frame(payload)
            for session, name in self._watchers.get(news.stream, ()):
                if session.is_combined:
                    session.sink.write(_wrapped(name, payload))
                else:
                    session.sink.write_frame(raw_frame)

    def _is_kept_back(self, news: MarketNews) -> bool:
        """Whether a silence or a fault swallows this market data."""
        choice = self._venue.faults.plan.for_market(news.stream.kind)
        if choice.fault is Fault.CUT_MARKET:
            self.cut(Channel.MARKET)
        elif choice.fault is Fault.MUTE_MARKET:
            self.silences.begin(Channel.MARKET, self._venue.mono_ns() + choice.ms * NS_PER_MS)
        return self._is_silent(Channel.MARKET)

    def _is_silent(self, channel: Channel) -> bool:
        silences = self.silences
        return silences.were_begun and silences.holds(channel, self._venue.mono_ns())


def _name(event: UserEvent) -> str:
    return str(event.__struct_config__.tag)


def _wrapped(stream: str, payload: bytes) -> bytes:
    return b'{"stream":"' + stream.encode() + b'","data":' + payload + b"}"
