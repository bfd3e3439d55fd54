"""The private stream: what each event means for the log, and when the stream itself is suspect.

1. Every event that proves something becomes reports; an event that cannot be read makes the
   account be asked over REST; an unknown one is counted.
2. `listenKeyExpired` leaves the socket open and mute: the connection is opened anew. A renewal
   without an answer proves nothing of the kind and is tried again.
3. Acknowledged orders without an event in time change the form of connection (session.py, 3).
4. Before the venue ends the connection, or when it says that it will, the next one is opened
   beside it; both watch for the same events.
"""

from collections.abc import Sequence

from services.gateway_binance.protocol import stream_wire, vocabulary, wire
from services.gateway_binance.protocol.answers import OK, refusal_of
from services.gateway_binance.protocol.errors import LISTEN_KEY_GONE
from services.gateway_binance.protocol.keepalive import (
    EventWatchdog,
    KeyRenewal,
    Lifetime,
    next_form,
    private_url,
)
from services.gateway_binance.protocol.reports import (
    Received,
    account_update_reports,
    lacks_trade_id,
    order_update_reports,
    trade_lite_report,
)
from services.gateway_binance.protocol.requests import RestRequests, subscribe_frame
from services.gateway_binance.protocol.settings import PrivateForm, VenueSettings
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus
from tandem.gateway.port.channel import (
    CallHttp,
    ChannelItem,
    ChannelReady,
    ChannelStep,
    Opening,
    RenewNeeded,
    ReopenNeeded,
    ResyncNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import UnreadableError, decode, shown, unsound
from tandem.gateway.port.requests import Outcome, Stamp, VenueQueryError
from tandem.messages.reports import OrderReport
from tandem.transport.exchange import HttpMethod, HttpRequest, RawAnswer

USER = "user"


class UserChannel:
    """The connection on which the account's events arrive."""

    name = USER
    is_critical = True

    def __init__(self, exc: Exc, settings: VenueSettings, rest: RestRequests) -> None:
        self._exc = exc
        self._settings = settings
        self._rest = rest
        self._watchdog = EventWatchdog(settings.event_timeout_ms)
        self._lifetime = Lifetime()
        self._renewal = KeyRenewal(settings.keep_key_s)
        self._is_ready = False
        self._is_leaving = False
        self._key = ""
        self.form = settings.private_form

    def successor(self) -> "UserChannel":
        """Return the channel of the connection that is to replace this one."""
        channel = UserChannel(self._exc, self._settings, self._rest)
        channel.form, channel._watchdog = self.form, self._watchdog
        return channel

    def prepare(self, _stamp: Stamp) -> HttpRequest | None:
        return self._rest.listen_key(HttpMethod.POST)

    def open(
        self, prepared: RawAnswer | None, stamp: Stamp, _watched: Sequence[Instrument]
    ) -> Opening:
        if prepared is None:
            raise VenueQueryError("no listen key was asked for")
        self._key = wire.decode_rows(wire.listen_key_row, prepared).listen_key
        self._lifetime, self._renewal = Lifetime(), KeyRenewal(self._settings.keep_key_s)
        self._is_ready = self._is_leaving = False
        self._watchdog.forget()
        subscribe = self.form is PrivateForm.SUBSCRIBE
        frames = (subscribe_frame(stamp.call, (self._key,)),) if subscribe else ()
        return Opening(private_url(self._settings.endpoints.stream, self.form, self._key), frames)

    def watch(self, _instruments: Sequence[Instrument]) -> tuple[bytes, ...]:
        return ()

    def acknowledged(self, outcome: Outcome) -> None:
        """Expect an event for what the venue just acknowledged."""
        for fact in outcome.facts:
            if isinstance(fact, OrderReport):
                self._watchdog.acknowledged(_watch_key(fact))

    def receive(self, frame: bytes, recv_ns: int) -> tuple[ChannelItem, ...]:
        event = stream_wire.decode_user_frame(frame)
        if isinstance(event, stream_wire.ControlReply):
            return self._subscribed(event)
        items = self._items(event, Received(self._exc, ReportSource.EVENT, recv_ns))
        for item in items:
            if isinstance(item, OrderReport):
                self._watchdog.mentioned(_watch_key(item))
        return (*self._now_ready(), *items)

    def _items(self, event: stream_wire.UserEvent, at: Received) -> tuple[ChannelItem, ...]:
        try:
            return self._translated(event, at)
        except UnreadableError as error:
            return (unsound(_name_of(event), error),)

    def _translated(self, event: stream_wire.UserEvent, at: Received) -> tuple[ChannelItem, ...]:
        match event:
            case stream_wire.OrderTradeUpdate():
                return (*order_update_reports(event, at), *_untold_fill(event.order))
            case stream_wire.TradeLite():
                return (trade_lite_report(event, at),) if self._settings.trade_lite else ()
            case stream_wire.AccountUpdate():
                return (*account_update_reports(event, at), *_two_way(event))
            case stream_wire.ListenKeyExpired():
                return self._expired(event)
            case stream_wire.MarginCall():
                return (ResyncNeeded("MARGIN_CALL: positions are at risk"),)
            case stream_wire.UnknownEvent():
                return self._other(event)
            case stream_wire.BrokenFrame():
                return (event.fault,)
            case _:
                return ()

    def _other(self, event: stream_wire.UnknownEvent) -> tuple[ChannelItem, ...]:
        if event.name != stream_wire.SHUTDOWN:
            return (UnknownEvent(event.name),)
        self._is_leaving = True
        return ()

    def _expired(self, event: stream_wire.ListenKeyExpired) -> tuple[ChannelItem, ...]:
        if event.listen_key not in {"", self._key}:
            return ()
        return (ReopenNeeded("the listen key expired"),)

    def _subscribed(self, reply: stream_wire.ControlReply) -> tuple[ChannelItem, ...]:
        if reply.error:
            return (ReopenNeeded(f"the private stream refused: {reply.error}"),)
        return self._now_ready()

    def _now_ready(self) -> tuple[ChannelReady, ...]:
        if self._is_ready:
            return ()
        self._is_ready = True
        return (ChannelReady(),)

    def tick(self, mono_ns: int, _stamp: Stamp) -> tuple[ChannelStep, ...]:
        self._lifetime.age_ns(mono_ns)
        steps: list[ChannelStep] = []
        if self.form is not PrivateForm.SUBSCRIBE:
            # The venue confirms nothing when the address itself names the key.
            steps += self._now_ready()
        fault = self._lifetime.fault(mono_ns, is_ready=self._is_ready) or self._silence(mono_ns)
        if fault:
            return (ReopenNeeded(fault),)
        if self._renewal.is_due(mono_ns):
            steps.append(CallHttp(self._rest.listen_key(HttpMethod.PUT)))
        if self._is_leaving or self._lifetime.is_to_renew(mono_ns, self._settings.renew_s):
            steps.append(RenewNeeded("the venue is about to end it", self.successor()))
        return tuple(steps)

    def _silence(self, mono_ns: int) -> str:
        order = self._watchdog.overdue(mono_ns)
        if not order:
            return ""
        silent, self.form = self.form, next_form(self.form)
        return f"no event for acknowledged order {order} on form {silent}; next is {self.form}"

    def answered(self, answer: RawAnswer) -> tuple[ChannelItem, ...]:
        """Take the answer to a renewal: only "no such key" ends the connection."""
        if answer.status == OK:
            self._renewal.renewed()
            return self._other_key(answer)
        if refusal_of(answer).code == LISTEN_KEY_GONE:
            return (ReopenNeeded("the venue knows no such listen key"),)
        return (UnknownEvent(f"listen key renewal: HTTP {answer.status}"),)

    def _other_key(self, answer: RawAnswer) -> tuple[ChannelItem, ...]:
        try:
            key = decode(wire.listen_key_row, answer.body).listen_key
        except UnreadableError:
            return ()
        return () if key == self._key else (ReopenNeeded("the account has another listen key"),)


def _name_of(event: stream_wire.UserEvent) -> str:
    return str(type(event).__struct_config__.tag or "frame")


def _watch_key(report: OrderReport) -> str:
    ended = report.order_status is OrderStatus.CANCELLED
    return f"{report.ticker} {report.venue_order_id}{' cancelled' if ended else ''}"


def _untold_fill(order: stream_wire.OrderUpdate) -> tuple[ChannelItem, ...]:
    """A liquidation may fill without a trade id: the trade list has it."""
    if not lacks_trade_id(order):
        return ()
    return (ResyncNeeded(f"a fill of {order.symbol} order {order.order_id} without trade id"),)


def _two_way(event: stream_wire.AccountUpdate) -> tuple[ChannelItem, ...]:
    """Positions of hedge mode have no place in one-way books: counted, and said."""
    return tuple(
        UnknownEvent(shown(f"position of {each.symbol} with positionSide {each.position_side}"))
        for each in event.account.positions
        if each.position_side != vocabulary.ONE_WAY
    )
