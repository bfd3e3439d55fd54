"""Binance USDⓈ-M as the gateway's shell wants it: one object, every answer from the parts.

1. Nothing here reads a clock or a socket: times come in stamps, bytes in answers.
2. An account is in one-way mode; positions of hedge mode are refused by name.
"""

import re
from collections.abc import Sequence

from services.gateway_binance.protocol import limits, queries, wire
from services.gateway_binance.protocol.instruments import instruments_of
from services.gateway_binance.protocol.market_channel import MarketChannel
from services.gateway_binance.protocol.order_channel import ORDERS, OrderChannel
from services.gateway_binance.protocol.outcomes import decode_outcome
from services.gateway_binance.protocol.requests import (
    TRADES_KEPT_MS,
    TRADES_WINDOW_MS,
    RestRequests,
    mark_stream_name,
    order_frame,
    stream_names,
)
from services.gateway_binance.protocol.settings import VenueSettings
from services.gateway_binance.protocol.signing import Signer
from services.gateway_binance.protocol.user_channel import UserChannel
from services.gateway_binance.protocol.vocabulary import SYSTEM_PREFIXES
from services.gateway_binance.protocol.wire import LimitRow
from tandem.domain.errors import InvalidInputError, InvariantError
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc
from tandem.domain.instrument import Instrument
from tandem.domain.network import Network
from tandem.gateway.port.channel import Channel
from tandem.gateway.port.fill_windows import FillLimits
from tandem.gateway.port.requests import (
    InstrumentTable,
    Listing,
    OrderQuery,
    OrderRequest,
    Outcome,
    Query,
    Report,
    Stamp,
)
from tandem.gateway.port.venue import Traits
from tandem.messages.queries import VenueBalance
from tandem.transport.exchange import HttpRequest, RawAnswer, Transport
from tandem.transport.rate_limit import Cost, RateLimit, Usage

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
CLIENT_ID_RULE = "1 to 36 of the characters A-Z a-z 0-9 . : / _ -"
SYSTEM_ID_RULE = "not a prefix that the venue keeps for its own orders"


class BinanceVenue:
    """Every encoder and decoder, the four channels, and the limits of one account."""

    def __init__(self, exc: Exc, settings: VenueSettings, signer: Signer) -> None:
        self._exc = exc
        self._settings = settings
        self._signer = signer
        self._rest = RestRequests(settings.endpoints.rest, signer)
        self._pools = limits.Pools(settings.shared_weight, settings.sharing)
        self._limits: tuple[LimitRow, ...] = limits.DOCUMENTED
        self._orders = OrderChannel(settings.endpoints.ws_api, signer)
        self._user = UserChannel(exc, settings, self._rest)

    @property
    def exc(self) -> Exc:
        return self._exc

    @property
    def network(self) -> Network:
        return self._settings.network

    @property
    def traits(self) -> Traits:
        return Traits(
            venue="Binance",
            order_channel=ORDERS,
            has_market_orders=True,
            has_price_match=True,
            has_fok=True,
            reduce_only_skips_min_notional=True,
            window_ms=self._settings.window_ms,
            book_max_age_ms=self._settings.book_max_age_ms,
            refused_price_match=self._settings.refused_price_match,
            fills=FillLimits(window_ms=TRADES_WINDOW_MS, kept_ms=TRADES_KEPT_MS),
        )

    @property
    def rate_limits(self) -> tuple[RateLimit, ...]:
        return limits.rate_limits(self._limits, self._pools)

    def channels(self) -> tuple[Channel, ...]:
        stream = self._settings.endpoints.stream
        books = MarketChannel("market", f"{stream}/public/stream", self._book_streams)
        marks = MarketChannel("marks", f"{stream}/market/stream", _mark_streams)
        return (self._orders, self._user, books, marks)

    def _book_streams(self, instrument: Instrument) -> tuple[str, ...]:
        return stream_names(instrument.symbol, self._settings.depth_ms)

    def costs(self, request: OrderRequest | Query, transport: Transport) -> tuple[Cost, ...]:
        return limits.costs(request, transport, self._pools)

    def order_costs(self, kind: type[OrderRequest], transport: Transport) -> tuple[Cost, ...]:
        return limits.order_costs(kind, transport, self._pools)

    def extra_costs(self, query: Query, answer: RawAnswer) -> tuple[Cost, ...]:  # noqa: ARG002
        """Return nothing: a question's weight does not depend on its answer."""
        return ()

    def usage(self, answer: RawAnswer) -> tuple[Usage, ...]:
        return limits.usage(answer, self._pools)

    def canonical_cloid(self, cloid: ClientOrderId) -> ClientOrderId:
        """Return the client id unchanged: the venue keeps case."""
        if not CLIENT_ID.fullmatch(cloid):
            raise InvalidInputError("cloid", cloid, CLIENT_ID_RULE)
        if cloid.startswith(SYSTEM_PREFIXES):
            raise InvalidInputError("cloid", cloid, SYSTEM_ID_RULE)
        return cloid

    def encode_frame(self, request: OrderRequest, stamp: Stamp) -> bytes:
        signer = None if self._orders.is_logged_on else self._signer
        return order_frame(request, self._settings.order, stamp, signer)

    def encode_http(self, request: OrderRequest, stamp: Stamp) -> HttpRequest:
        return self._rest.order(request, self._settings.order, stamp)

    def encode_kill(self, doubtful: Stamp, stamp: Stamp) -> HttpRequest:
        """Refuse: Binance has no nonces; `traits.kills_nonces` says so."""
        raise InvariantError(f"{self.exc}: no nonce to kill for {doubtful} at {stamp}")

    def is_killed(self, answer: RawAnswer) -> bool:  # noqa: ARG002  (the port's)
        return False

    def decode_outcome(self, request: OrderRequest, answer: RawAnswer) -> Outcome:
        outcome = decode_outcome(self._exc, request, answer)
        if outcome.kind is OutcomeKind.ACCEPTED:
            self._user.acknowledged(outcome)
        return outcome

    def encode_query(self, query: Query, stamp: Stamp) -> tuple[HttpRequest, ...]:
        return self._rest.query(query, stamp)

    def decode_instruments(self, answers: Sequence[RawAnswer]) -> InstrumentTable:
        """Return the instrument table; the limits it states are kept from then on."""
        info = wire.decode_rows(wire.exchange_info, answers[0])
        self._limits = limits.readable(info.rate_limits) or self._limits
        return instruments_of(self._exc, info.symbols, self._settings.whole_names)

    def decode_time(self, answers: Sequence[RawAnswer]) -> int:
        return queries.decode_time(answers)

    def decode_order(
        self, query: OrderQuery, answers: Sequence[RawAnswer]
    ) -> tuple[Report, ...] | None:
        return queries.decode_order(self._exc, query, answers)

    def decode_listing(self, query: Query, answers: Sequence[RawAnswer]) -> Listing:
        return queries.decode_listing(self._exc, query, answers)

    def decode_account(self, answers: Sequence[RawAnswer]) -> str:
        return queries.decode_account(answers)

    def decode_balance(self, answers: Sequence[RawAnswer]) -> VenueBalance:
        return queries.decode_balance(self._settings.balance_asset, answers)


def _mark_streams(instrument: Instrument) -> tuple[str, ...]:
    return (mark_stream_name(instrument.symbol),)
