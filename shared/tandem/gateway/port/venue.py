"""What a venue's `protocol/` package must provide: every encoder, decoder, channel and limit.

1. Everything here is a value or sans I/O: bytes and times in, values out. The shell owns every
   socket, clock, retry and decision to send.
2. Encoding is synchronous: from a decision in the log to the bytes on the socket nothing waits.
3. A decoder never guesses: what does not prove an outcome is `OutcomeKind.UNKNOWN`.
4. Facts carry the identity of what happened: every source of one fact gives the same subject.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.network import Network
from tandem.domain.order import PriceMatch
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
from tandem.messages.queries import VenueBalance
from tandem.transport.exchange import HttpRequest, RawAnswer, Transport
from tandem.transport.rate_limit import Cost, RateLimit, Usage


def no_ticker(_ticker: Ticker) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a venue has and has not; the shell's checks speak in these terms.

    Attributes:
        venue: its name in refusals, such as "Hyperliquid".
        order_channel: name of the channel on which orders are sent.
        has_market_orders: False: a MARKET becomes an aggressive IOC limit.
        has_price_match: False: the gateway takes the price from the book, and says so.
        reduce_only_skips_min_notional: the minimum notional spares reduce-only orders.
        window_ms: how long a request may live (recvWindow, expiresAfter).
        book_max_age_ms: a book not heard of for longer gives no reference.
        kills_nonces: a request can be made void by using up its nonce (`encode_kill`).
        refused_price_match: modes that the venue has suspended.
        is_elsewhere: whether a ticker is of another market of the venue, whose instruments are
            not in the table while its fills and positions are told all the same.
        fills: what its list of fills is bound by.
    """

    venue: str
    order_channel: str
    has_market_orders: bool
    has_price_match: bool
    has_fok: bool
    reduce_only_skips_min_notional: bool
    window_ms: int = 1_000
    book_max_age_ms: int = 500
    kills_nonces: bool = False
    refused_price_match: frozenset[PriceMatch] = frozenset()
    is_elsewhere: Callable[[Ticker], bool] = no_ticker
    fills: FillLimits = field(default_factory=FillLimits)


class VenueProtocol(Protocol):
    """A venue: every encoder and decoder, its channels and its limits. No method does I/O."""

    @property
    def exc(self) -> Exc: ...

    @property
    def network(self) -> Network: ...

    @property
    def traits(self) -> Traits: ...

    @property
    def rate_limits(self) -> tuple[RateLimit, ...]: ...

    def channels(self) -> tuple[Channel, ...]:
        """Return fresh channels; called once."""
        ...

    def costs(self, request: OrderRequest | Query, transport: Transport) -> tuple[Cost, ...]: ...

    def order_costs(self, kind: type[OrderRequest], transport: Transport) -> tuple[Cost, ...]:
        """Return what any request of that kind costs."""
        ...

    def extra_costs(self, query: Query, answer: RawAnswer) -> tuple[Cost, ...]:
        """Return what an answer costs beyond what its question did; never raises."""
        ...

    def usage(self, answer: RawAnswer) -> tuple[Usage, ...]:
        """Return what the venue says about its budgets in this answer; often nothing."""
        ...

    def canonical_cloid(self, cloid: ClientOrderId) -> ClientOrderId:
        """Return the client id as the venue will spell it.

        Raises:
            InvalidInputError: the venue does not take it.
        """
        ...

    def encode_frame(self, request: OrderRequest, stamp: Stamp) -> bytes:
        """Return the signed text frame for the order channel. On the hot path."""
        ...

    def encode_http(self, request: OrderRequest, stamp: Stamp) -> HttpRequest:
        """Return the same request for HTTP, for when the channel cannot be written to."""
        ...

    def encode_kill(self, doubtful: Stamp, stamp: Stamp) -> HttpRequest:
        """Return an action that only uses up the nonce of `doubtful`; it dies as `stamp` says.

        Called only where `traits.kills_nonces`.
        """
        ...

    def is_killed(self, answer: RawAnswer) -> bool:
        """Tell whether the answer proves that the nonce was free until then; never raises."""
        ...

    def decode_outcome(self, request: OrderRequest, answer: RawAnswer) -> Outcome:
        """Return what an answer proves; anything unclear is UNKNOWN; never raises."""
        ...

    def encode_query(self, query: Query, stamp: Stamp) -> tuple[HttpRequest, ...]:
        """Return the requests that together answer `query`; the answers come in this order."""
        ...

    def decode_instruments(self, answers: Sequence[RawAnswer]) -> InstrumentTable:
        """Return the instrument table, sorted by ticker; raises VenueQueryError.

        A row that cannot be used is left out and named; it takes no other with it.
        """
        ...

    def decode_time(self, answers: Sequence[RawAnswer]) -> int:
        """Return the venue's time in milliseconds; raises VenueQueryError."""
        ...

    def decode_order(
        self, query: OrderQuery, answers: Sequence[RawAnswer]
    ) -> tuple[Report, ...] | None:
        """Return the order's facts, or None when the venue says it knows no such order.

        Raises:
            VenueQueryError: any other answer.
        """
        ...

    def decode_listing(self, query: Query, answers: Sequence[RawAnswer]) -> Listing:
        """Return open orders, fills or positions; raises VenueQueryError."""
        ...

    def decode_account(self, answers: Sequence[RawAnswer]) -> str:
        """Return what names the account at the venue; raises VenueQueryError.

        `encode_query(AccountQuery())` asks for it: nothing where the settings say it.
        """
        ...

    def decode_balance(self, answers: Sequence[RawAnswer]) -> VenueBalance:
        """Return the balance; raises VenueQueryError."""
        ...
