"""What the account's own stream says: order states and fills, with no order among them.

1. It is opened only after the venue confirmed that our key may act for the account: with an
   agent's own address every stream and answer would be empty, without an error. Further keys are
   confirmed one by one once it is open, before their term comes as a rule.
2. orderUpdates are never replayed and userFills begin with a snapshot (Hyperliquid docs,
   WebSocket): what was missed comes from the resync that follows a reconnect.
3. An unknown status, or a frame that cannot be read, asks for a resync: nothing is guessed.
4. Once a day the next connection is opened beside this one: streams were seen to go stale after
   one to two days with their socket open.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec
from msgspec import structs

from services.gateway_hyperliquid.protocol.fill_ledger import Witness
from services.gateway_hyperliquid.protocol.identity import Identity, check_role
from services.gateway_hyperliquid.protocol.info_requests import Info, info_request
from services.gateway_hyperliquid.protocol.keepalive import Items, Session, Subscription, excerpt
from services.gateway_hyperliquid.protocol.reports import Reading
from services.gateway_hyperliquid.protocol.wire import Frame, OrderUpdate, UserFills
from tandem.domain.errors import ConfigurationError
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc
from tandem.domain.instrument import Instrument
from tandem.gateway.port.channel import (
    CallHttp,
    ChannelItem,
    ChannelStep,
    Opening,
    RenewNeeded,
    ReopenNeeded,
    ResyncNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import UnreadableError, decode, shown, unsound
from tandem.gateway.port.requests import Stamp, VenueQueryError
from tandem.transport.exchange import HttpRequest, RawAnswer

RENEW_NS: Final = 23 * 3_600 * 1_000_000_000
ASK_AGAIN_NS: Final = 10_000_000_000
SPREAD_NS: Final = 3_600 * 1_000_000_000
REFUSALS_BELIEVED: Final = 3

_updates: Final = msgspec.json.Decoder(tuple[OrderUpdate, ...])
_fills: Final = msgspec.json.Decoder(UserFills)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the venue answers questions and where it streams."""

    api_url: str
    ws_url: str


class UserChannel:
    """Order states and fills of one account."""

    name = "user"
    is_critical = True

    def __init__(
        self, exc: Exc, endpoints: Endpoints, identity: Identity, witness: Witness
    ) -> None:
        self._exc = exc
        self._endpoints = endpoints
        self._identity = identity
        self._witness = witness
        self._session = Session()
        self._is_checked = False
        self._unchecked = list(identity.others)
        self._asked_ns: int | None = None
        self._refusals = 0
        self._began_ns: int | None = None

    def successor(self) -> "UserChannel":
        """Return the channel of the connection that is to replace this one."""
        channel = UserChannel(self._exc, self._endpoints, self._identity, self._witness)
        channel._is_checked, channel._unchecked = self._is_checked, self._unchecked
        return channel

    def prepare(self, stamp: Stamp) -> HttpRequest | None:  # noqa: ARG002  (the port's)
        if self._is_checked:
            return None
        return info_request(self._endpoints.api_url, Info("userRole", self._identity.signer))

    def open(
        self,
        prepared: RawAnswer | None,
        stamp: Stamp,  # noqa: ARG002  (the port's)
        watched: Sequence[Instrument],  # noqa: ARG002  (the port's)
    ) -> Opening:
        if prepared is not None:
            self._check_role(self._identity, prepared)
            self._is_checked = True
        self._began_ns = None
        return Opening(self._endpoints.ws_url, self._session.open(self._subscriptions()))

    def _check_role(self, identity: Identity, answer: RawAnswer) -> None:
        """Refuse a key that may not sign; one answer may be wrong, a few in a row are believed.

        Raises:
            ConfigurationError: the venue keeps saying so; the process ends.
            VenueQueryError: no usable answer, or a refusal to be asked for again.
        """
        try:
            check_role(identity, answer)
        except ConfigurationError as error:
            self._refusals += 1
            if self._refusals < REFUSALS_BELIEVED:
                raise VenueQueryError(f"asked for again: {error}") from error
            raise
        self._refusals = 0

    def _subscriptions(self) -> tuple[Subscription, ...]:
        user = self._identity.queried
        return Subscription("orderUpdates", user), Subscription("userFills", user)

    def watch(self, instruments: Sequence[Instrument]) -> tuple[bytes, ...]:  # noqa: ARG002
        return ()

    def receive(self, frame: bytes, recv_ns: int) -> Items:
        reading = Reading(self._exc, self._identity.queried, recv_ns, ReportSource.EVENT)
        items = self._session.read(frame, lambda envelope: self._taken(envelope, reading))
        unread = next((item for item in items if isinstance(item, UnknownEvent)), None)
        return items if unread is None else (*items, ResyncNeeded(unread.kind))

    def _taken(self, envelope: Frame, reading: Reading) -> Items:
        match envelope.channel:
            case "orderUpdates":
                updates = decode(_updates, bytes(envelope.data))
                return _of_rows("orderUpdates", updates, lambda one: self._order(one, reading))
            case "userFills":
                told = decode(_fills, bytes(envelope.data))
                at = _of_list(reading) if told.is_snapshot else reading
                return _of_rows("userFills", told.fills, lambda row: self._witness.fill(row, at))
            case "error":
                return (ReopenNeeded(excerpt(envelope)),)
            case other:
                return (UnknownEvent(shown(other)),)

    def _order(self, update: OrderUpdate, reading: Reading) -> Items:
        report = self._witness.order(update, reading)
        return (_unlisted(update) if report is None else report,)

    def tick(self, mono_ns: int, stamp: Stamp) -> tuple[ChannelStep, ...]:  # noqa: ARG002
        if self._began_ns is None:
            self._began_ns = mono_ns
        steps = (*self._session.tick(mono_ns), *self._check(mono_ns))
        if mono_ns - self._began_ns < RENEW_NS + self._began_ns % SPREAD_NS:
            return steps
        return (*steps, RenewNeeded("it is a day old", self.successor()))

    def _check(self, mono_ns: int) -> tuple[ChannelStep, ...]:
        """Ask for the role of the next key that signs in turn."""
        asked_ns = self._asked_ns
        if not self._unchecked or (asked_ns is not None and mono_ns - asked_ns < ASK_AGAIN_NS):
            return ()
        self._asked_ns = mono_ns
        info = Info("userRole", self._unchecked[0])
        return (CallHttp(info_request(self._endpoints.api_url, info)),)

    def answered(self, answer: RawAnswer) -> Items:
        """Take the role of a further key; one that may not sign ends the process."""
        if self._unchecked:
            identity = replace(self._identity, signer=self._unchecked[0])
            with contextlib.suppress(VenueQueryError):  # asked again in a while
                self._check_role(identity, answer)
                del self._unchecked[0]
                self._asked_ns = None
        return ()


def _unlisted(update: OrderUpdate) -> UnknownEvent:
    return UnknownEvent(f"order status {shown(update.status)}")


def _of_list(reading: Reading) -> Reading:
    """A snapshot is a list that the stream tells: its fills may be as old as any list's."""
    return structs.replace(reading, source=ReportSource.QUERY)


RowT = TypeVar("RowT")


def _of_rows(what: str, rows: Iterable[RowT], items_of: Callable[[RowT], Items]) -> Items:
    """Return what each row tells; a row that cannot be so takes no other with it."""
    items: list[ChannelItem] = []
    for row in rows:
        try:
            items += items_of(row)
        except UnreadableError as error:
            items.append(unsound(what, error))
    return tuple(items)
