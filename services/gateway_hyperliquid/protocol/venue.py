"""Hyperliquid as the gateway shell sees it: its traits, limits, channels, encoders, decoders.

1. One IP may use 1200 weight a minute over HTTP and 2000 messages a minute over sockets
   (Hyperliquid docs, Rate limits), whatever copies there are at it. Whether an action over the
   socket also costs weight is not documented: a setting, on by default.
2. The budget of actions by traded volume is the venue's to count: its refusal is NOT_EXECUTED
   and says when to ask again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.gateway_hyperliquid.protocol import queries
from services.gateway_hyperliquid.protocol.fill_ledger import Witness
from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.info_requests import JSON_HEADERS, Info, info_request
from services.gateway_hyperliquid.protocol.instruments import (
    COLLATERAL,
    instruments,
    is_of_main_dex,
)
from services.gateway_hyperliquid.protocol.market_channel import BookOptions, MarketChannel
from services.gateway_hyperliquid.protocol.order_channel import OrdersChannel
from services.gateway_hyperliquid.protocol.outcomes import is_done, outcome
from services.gateway_hyperliquid.protocol.reports import Reading, open_order, position_report
from services.gateway_hyperliquid.protocol.requests import (
    Signer,
    canonical_cloid,
    noop_body,
    request_body,
    request_frame,
)
from services.gateway_hyperliquid.protocol.user_channel import Endpoints, UserChannel
from services.gateway_hyperliquid.protocol.wire import (
    ClearinghouseState,
    OrderUpdate,
    SpotState,
)
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.port.channel import Channel
from tandem.gateway.port.decoding import decode, decode_each, plain, shown
from tandem.gateway.port.fill_windows import FillLimits
from tandem.gateway.port.requests import (
    AccountQuery,
    BalanceQuery,
    CancelOne,
    FillsQuery,
    InstrumentTable,
    Listing,
    OpenOrdersQuery,
    OrderQuery,
    OrderRequest,
    Outcome,
    PlaceOrder,
    PositionsQuery,
    Query,
    RecentOrdersQuery,
    Report,
    Stamp,
    VenueQueryError,
    read_rows,
)
from tandem.gateway.port.venue import Traits
from tandem.messages.queries import VenueBalance
from tandem.transport.exchange import HttpMethod, HttpRequest, RawAnswer, Transport
from tandem.transport.priority import WEIGHT as EVERYTHING
from tandem.transport.rate_limit import Cost, RateLimit, Usage
from tandem.transport.sharing import QUERIES_POOL, Sharing

WEIGHT: Final = "weight"
MESSAGES: Final = "messages"
MINUTE_MS: Final = 60_000
# The venue does not say what is used: the tenth that is left is for what we do not count, such as
# the cancels that a copy makes without an intent in the log.
NINE_TENTHS: Final = Sharing(percent=90)


class Collateral(StrEnum):
    """Where the account keeps its quote balance: unified accounts keep it in the spot state."""

    PERP = "perp"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOptions:
    """What the venue's documents leave open or an account decides; see `config` for the words."""

    collateral: Collateral = Collateral.PERP
    reduce_only_skips_minimum: bool = False
    book: BookOptions = field(default_factory=BookOptions)
    book_max_age_ms: int = 2_000
    window_ms: int = 1_000
    weight_per_minute: int = 1_200
    messages_per_minute: int = 2_000
    sharing: Sharing = NINE_TENTHS
    posts_cost_weight: bool = True
    whole_names: frozenset[str] = frozenset()


class HyperliquidVenue:
    """Satisfies `tandem.gateway.port.venue.VenueProtocol`."""

    def __init__(
        self,
        exc: Exc,
        endpoints: Endpoints,
        signer: Signer,
        identity: Identity,
        options: VenueOptions,
    ) -> None:
        self.exc = exc
        self.network = identity.network
        self.traits = _traits(options)
        self.rate_limits = (
            *options.sharing.weight(WEIGHT, options.weight_per_minute, MINUTE_MS, queries.DEAREST),
            _messages(options),
        )
        self._endpoints = endpoints
        self._signer = signer
        self._identity = identity
        self._options = options
        self._witness = Witness()

    def channels(self) -> tuple[Channel, ...]:
        ws_url = self._endpoints.ws_url
        return (
            OrdersChannel(ws_url),
            UserChannel(self.exc, self._endpoints, self._identity, self._witness),
            MarketChannel(ws_url, self._options.book),
        )

    def costs(self, request: OrderRequest | Query, transport: Transport) -> tuple[Cost, ...]:
        if isinstance(request, PlaceOrder | CancelOne):
            return self.order_costs(type(request), transport)
        units = queries.weight_of(request)
        return Cost(WEIGHT, units), Cost(QUERIES_POOL, units)

    def order_costs(
        self,
        kind: type[OrderRequest],  # noqa: ARG002  (the port's)
        transport: Transport,
    ) -> tuple[Cost, ...]:
        if transport is Transport.HTTP:
            return (Cost(WEIGHT, 1),)
        posted = Cost(WEIGHT, int(self._options.posts_cost_weight))
        return posted, Cost(MESSAGES, 1)

    def extra_costs(self, query: Query, answer: RawAnswer) -> tuple[Cost, ...]:
        units = queries.extra_weight(query, answer.body)
        return (Cost(WEIGHT, units), Cost(QUERIES_POOL, units)) if units else ()

    def usage(self, answer: RawAnswer) -> tuple[Usage, ...]:  # noqa: ARG002  (the port's)
        """Return nothing: the venue's answers do not say what is used."""
        return ()

    def canonical_cloid(self, cloid: ClientOrderId) -> ClientOrderId:
        return canonical_cloid(cloid)

    def encode_frame(self, request: OrderRequest, stamp: Stamp) -> bytes:
        return request_frame(request, stamp, self._signer)

    def encode_http(self, request: OrderRequest, stamp: Stamp) -> HttpRequest:
        body = request_body(request, stamp, self._signer)
        url = f"{self._endpoints.api_url}/exchange"
        return HttpRequest(HttpMethod.POST, url, JSON_HEADERS, body)

    def encode_kill(self, doubtful: Stamp, stamp: Stamp) -> HttpRequest:
        body = noop_body(doubtful, stamp, self._signer)
        url = f"{self._endpoints.api_url}/exchange"
        return HttpRequest(HttpMethod.POST, url, JSON_HEADERS, body)

    def is_killed(self, answer: RawAnswer) -> bool:
        return is_done(answer)

    def decode_outcome(self, request: OrderRequest, answer: RawAnswer) -> Outcome:
        return outcome(request, answer, self.exc)

    def encode_query(self, query: Query, stamp: Stamp) -> tuple[HttpRequest, ...]:  # noqa: ARG002
        if isinstance(query, AccountQuery):
            return ()  # the account is named by its address, which the settings say
        user = self._identity.queried
        info = queries.info_of(query, user)
        if isinstance(query, BalanceQuery) and self._options.collateral is Collateral.SPOT:
            info = Info("spotClearinghouseState", user)
        return (info_request(self._endpoints.api_url, info),)

    def decode_instruments(self, answers: Sequence[RawAnswer]) -> InstrumentTable:
        meta = queries.decoded(queries.META, answers)
        return instruments(meta, self.exc, self._options.whole_names)

    def decode_time(self, answers: Sequence[RawAnswer]) -> int:
        return queries.decoded(queries.TIME, answers).time

    def decode_order(
        self,
        query: OrderQuery,
        answers: Sequence[RawAnswer],
    ) -> tuple[Report, ...] | None:
        found = queries.decoded(queries.ORDER, answers)
        if found.status == "unknownOid":
            return None
        if found.order is None:
            raise VenueQueryError(f"orderStatus: {shown(found.status)} without an order")
        with queries.usable_values():
            queries.check_order(found.order.order, query)
            report = self._witness.order(found.order, self._reading(answers))
        if report is None:
            raise VenueQueryError(f"orderStatus: unknown status {shown(found.order.status)}")
        return (report,)

    def decode_listing(self, query: Query, answers: Sequence[RawAnswer]) -> Listing:
        match query:
            case OpenOrdersQuery():
                return self._open_orders(answers)
            case RecentOrdersQuery():
                return self._history(query, answers)
            case FillsQuery():
                return self._fills(query, answers)
            case PositionsQuery():
                return self._positions(answers)
            case _:
                raise VenueQueryError(f"{type(query).__name__} is no listing")

    def _open_orders(self, answers: Sequence[RawAnswer]) -> Listing:
        reading = self._reading(answers)
        raw = queries.decoded(queries.ROWS, answers)
        rows, unreadable = decode_each("openOrders", raw, queries.OPEN_ORDER)
        facts, faults = read_rows(
            "openOrders", rows, lambda row: self._order(open_order(row), reading)
        )
        return Listing(tuple(facts), unsound=(*unreadable, *faults))

    def _order(self, update: OrderUpdate, reading: Reading) -> tuple[Report, ...]:
        report = self._witness.order(update, reading)
        return () if report is None else (report,)

    def _positions(self, answers: Sequence[RawAnswer]) -> Listing:
        reading, state = self._reading(answers), queries.decoded(queries.STATE, answers)
        rows, unreadable = decode_each("clearinghouseState", state.asset_positions, queries.HELD)
        facts, faults = read_rows(
            "clearinghouseState",
            rows,
            lambda held: (position_report(held.position, state.time, reading),),
        )
        wrong = (*unreadable, *faults)
        return Listing(tuple(facts), state.time, covers=is_of_main_dex, unsound=wrong)

    def _history(self, query: RecentOrdersQuery, answers: Sequence[RawAnswer]) -> Listing:
        """Return the newest orders; one may be listed with each status that it had."""
        reading = self._reading(answers)
        raw = queries.decoded(queries.ROWS, answers)
        rows, unreadable = decode_each("historicalOrders", raw, queries.HISTORY_ROW)
        recent = [row for row in rows if row.order.timestamp >= query.since_ms]
        facts, faults = read_rows("historicalOrders", recent, lambda row: self._order(row, reading))
        return Listing(tuple(facts), unsound=(*unreadable, *faults))

    def _fills(self, query: FillsQuery, answers: Sequence[RawAnswer]) -> Listing:
        reading = self._reading(answers)
        raw = queries.decoded(queries.ROWS, answers)
        rows, unreadable = decode_each("userFillsByTime", raw, queries.FILL)
        facts, wrong = read_rows(
            "userFillsByTime", rows, lambda row: self._witness.fill(row, reading)
        )
        faults = (*unreadable, *wrong)
        more = queries.next_fills(query, rows, len(raw))
        asked_ns = reading.recv_ns - max(answer.took_ns for answer in answers)
        until_ns = asked_ns if more is None else more.since_ms * NS_PER_MS
        ends = () if faults else self._witness.listed(query.since_ms, until_ns)
        return Listing((*facts, *ends), more=more, unsound=faults)

    def decode_account(self, answers: Sequence[RawAnswer]) -> str:  # noqa: ARG002  (the port's)
        return self._identity.digest

    def decode_balance(self, answers: Sequence[RawAnswer]) -> VenueBalance:
        with queries.usable_values():
            if self._options.collateral is Collateral.SPOT:
                return _spot_balance(queries.decoded(queries.SPOT, answers))
            return _perp_balance(queries.decoded(queries.STATE, answers))

    def _reading(self, answers: Sequence[RawAnswer]) -> Reading:
        user = self._identity.queried
        return Reading(self.exc, user, answers[0].recv_ns, ReportSource.QUERY)


def _messages(options: VenueOptions) -> RateLimit:
    """Return the budget of orders and cancels over the socket: the one who sends has all of it."""
    return RateLimit(
        MESSAGES, options.sharing.capacity(options.messages_per_minute), MINUTE_MS, EVERYTHING
    )


def _traits(options: VenueOptions) -> Traits:
    return Traits(
        venue="Hyperliquid",
        order_channel=OrdersChannel.name,
        has_market_orders=False,
        has_price_match=False,
        has_fok=False,
        reduce_only_skips_min_notional=options.reduce_only_skips_minimum,
        window_ms=options.window_ms,
        kills_nonces=True,
        is_elsewhere=lambda ticker: not is_of_main_dex(ticker),
        book_max_age_ms=options.book_max_age_ms,
        fills=FillLimits(kept_count=queries.FILLS_KEPT),
    )


def _perp_balance(state: ClearinghouseState) -> VenueBalance:
    equity = plain(state.margin_summary.account_value, "accountValue")
    held = [decode(queries.HELD, bytes(row)).position for row in state.asset_positions]
    profits = [one.unrealized_pnl or ZERO for one in held]
    open_profit = sum((plain(profit, "unrealizedPnl") for profit in profits), ZERO)
    return VenueBalance(
        asset=COLLATERAL,
        balance=equity - open_profit,
        equity=equity,
        available=plain(state.withdrawable, "withdrawable"),
    )


def _spot_balance(state: SpotState) -> VenueBalance:
    held = next((one for one in state.balances if one.coin == COLLATERAL), None)
    total, hold = (held.total, held.hold) if held is not None else (ZERO, ZERO)
    total, hold = plain(total, "total"), plain(hold, "hold")
    return VenueBalance(asset=COLLATERAL, balance=total, equity=total, available=total - hold)
