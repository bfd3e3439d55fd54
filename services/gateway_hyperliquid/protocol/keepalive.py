"""When a connection is ready, when to ping it, and when it is of no more use.

1. Ready means that the venue confirmed every subscription asked for at opening, or answered a
   ping where nothing is subscribed.
2. The venue drops a connection to which it sent nothing for 60 s (Hyperliquid docs, WebSocket):
   a ping every 20 s keeps it, and 60 s without any frame mean that it is dead.
3. A confirmation that does not come in 5 s ends the connection.
4. A frame that cannot be read is reported, never raised.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway_hyperliquid.protocol.wire import Frame
from tandem.gateway.port.channel import (
    ChannelItem,
    ChannelReady,
    ChannelStep,
    ReopenNeeded,
    SendFrame,
)
from tandem.gateway.port.decoding import UnreadableError, decode, shown, unsound

PING: Final = b'{"method":"ping"}'
PING_EVERY_NS: Final = 20_000_000_000
SILENCE_NS_MAX: Final = 60_000_000_000
CONFIRM_NS_MAX: Final = 5_000_000_000


class Subscription(Struct, frozen=True, omit_defaults=True):
    """What to be told about; `fast` asks for 5 levels each 0.5 s instead of 20 less often."""

    type: str
    user: str | None = None
    coin: str | None = None
    fast: bool = False

    @property
    def key(self) -> "Key":
        return _key(self.type, self.coin, self.user)


class Echo(Struct, frozen=True):
    """The part of a subscription by which the venue's echo is known; it adds fields of its own."""

    type: str
    user: str | None = None
    coin: str | None = None

    @property
    def key(self) -> "Key":
        return _key(self.type, self.coin, self.user)


Key = tuple[str, str]


def _key(kind: str, coin: str | None, user: str | None) -> Key:
    return kind, coin or (user or "").lower()


PONG: Final[Key] = ("pong", "")


class Subscribe(Struct, frozen=True, tag_field="method", tag="subscribe"):
    subscription: Subscription


class Confirmation(Struct, frozen=True):
    subscription: Echo


_frame: Final = msgspec.json.Decoder(Frame)
_confirmation: Final = msgspec.json.Decoder(Confirmation)
_echo: Final = msgspec.json.Decoder(Echo)
_text: Final = msgspec.json.Decoder(str)
_ALREADY: Final = "Already subscribed"
# A bare text frame that some connections begin with.
_GREETING: Final = b"Websocket connection"

Items = tuple[ChannelItem, ...]


class Session:
    """One connection's keepalive and confirmations; times are the machine's monotonic clock."""

    def __init__(self) -> None:
        self._pending: set[Key] = set()
        self._is_ready = False
        self._heard = True
        self._heard_ns = 0
        self._pinged_ns = 0
        self._asked_ns = 0

    def open(self, subscriptions: Iterable[Subscription]) -> tuple[bytes, ...]:
        """Forget the former connection and return the first frames of the new one."""
        wanted = tuple(subscriptions)
        self._pending = {subscription.key for subscription in wanted} or {PONG}
        self._is_ready = False
        self._heard = True
        self._pinged_ns = self._asked_ns = 0
        return (*_frames(wanted), PING)

    def add(self, subscriptions: Iterable[Subscription]) -> tuple[bytes, ...]:
        """Return the frames that subscribe more; each is awaited too."""
        wanted = tuple(subscriptions)
        self._pending.update(subscription.key for subscription in wanted)
        self._asked_ns = 0
        return _frames(wanted)

    def read(self, frame: bytes, take: Callable[[Frame], Items]) -> Items:
        """Decode one frame; what is about data goes to `take`."""
        self._heard = True
        try:
            envelope = decode(_frame, frame)
            control = self._control(envelope)
            return take(envelope) if control is None else control
        except UnreadableError as error:
            return () if frame.startswith(_GREETING) else (unsound("frame", error),)

    def _control(self, envelope: Frame) -> Items | None:
        match envelope.channel:
            case "pong":
                return self._confirmed(PONG)
            case "subscriptionResponse":
                return self._confirmed(decode(_confirmation, bytes(envelope.data)).subscription.key)
            case "error":
                return self._already(decode(_text, bytes(envelope.data)))
            case _:
                return None

    def _already(self, text: str) -> Items | None:
        """Take a duplicate subscription as confirmed: the events come all the same."""
        start = text.find("{")
        if not text.startswith(_ALREADY) or start < 0:
            return None
        return self._confirmed(decode(_echo, text[start:].encode()).key)

    def _confirmed(self, key: Key) -> Items:
        self._pending.discard(key)
        if self._pending or self._is_ready:
            return ()
        self._is_ready = True
        return (ChannelReady(),)

    def tick(self, mono_ns: int) -> tuple[ChannelStep, ...]:
        """Return what is due: a ping, or the end of the connection."""
        self._note_times(mono_ns)
        if mono_ns - self._heard_ns > SILENCE_NS_MAX:
            return (ReopenNeeded("nothing received for 60 s"),)
        if self._pending and mono_ns - self._asked_ns > CONFIRM_NS_MAX:
            names = ", ".join(sorted(" ".join(key) for key in self._pending))
            return (ReopenNeeded(f"not confirmed in 5 s: {names}"),)
        if mono_ns - self._pinged_ns < PING_EVERY_NS:
            return ()
        self._pinged_ns = mono_ns
        return (SendFrame(PING),)

    def _note_times(self, mono_ns: int) -> None:
        if self._heard:
            self._heard_ns, self._heard = mono_ns, False
        if self._asked_ns == 0:
            self._asked_ns = mono_ns
        if self._pinged_ns == 0:
            self._pinged_ns = mono_ns


def _frames(subscriptions: tuple[Subscription, ...]) -> tuple[bytes, ...]:
    return tuple(msgspec.json.encode(Subscribe(one)) for one in subscriptions)


def excerpt(envelope: Frame) -> str:
    """Return the beginning of a frame's data, to be read by a person."""
    return shown(bytes(envelope.data))
