"""What others may ask the venue through this gateway, and how the answers look.

Questions go last: they share answers, and too many are refused (`questions`).
"""

import functools
from decimal import Decimal

from tandem.domain.errors import MalformedMessageError
from tandem.domain.instrument import notional
from tandem.domain.order import OrderType
from tandem.domain.units import NS_PER_MS, ZERO
from tandem.gateway.port.requests import OpenOrdersQuery, PositionsQuery, VenueQueryError
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.instruments import Specs
from tandem.gateway.shell.venue.shared_answers import Questions, TooManyQuestionsError
from tandem.gateway.shell.venue.venue_client import VenueQueries
from tandem.messages import codec, subjects
from tandem.messages.deltas import OrderView, PositionView
from tandem.messages.queries import (
    AskKind,
    QueryFailed,
    SpecsRefreshed,
    VenueAsk,
    VenueBalance,
    VenueOrders,
    VenuePositions,
)
from tandem.messages.reports import OrderReport, PositionReport
from tandem.transport.priority import Priority

VenueAnswer = VenuePositions | VenueOrders | VenueBalance | SpecsRefreshed | QueryFailed


class Asks:
    """Answers `tandem.ask.<exc>`."""

    def __init__(self, core: Core, queries: VenueQueries, specs: Specs) -> None:
        self._core = core
        self._queries = queries
        self._specs = specs
        self._questions: Questions[VenueAnswer] = Questions(core.context.clock, core.context.tasks)
        refused = core.context.metrics.counter("gateway_questions_refused", "too many were open")
        self._refused = refused
        is_open = core.context.metrics.gauge("gateway_questions_open", "asked and not answered")
        is_open.set_function(lambda: float(self._questions.open))

    async def serve(self) -> None:
        subject = subjects.venue_ask(self._core.exc)
        await self._core.context.bus.serve(
            subject, self._answer, queue=f"gateway-{subjects.token(self._core.exc)}"
        )

    async def _answer(self, payload: bytes) -> bytes:
        try:
            query = codec.decode_query(payload)
        except MalformedMessageError as error:
            return codec.encode(QueryFailed(text=str(error), retryable=False))
        if not isinstance(query, VenueAsk):
            return codec.encode(QueryFailed(text="a gateway answers venue_ask", retryable=False))
        try:
            ask = functools.partial(self._ask, query.kind)
            return codec.encode(await self._questions.answer(query.kind, ask))
        except TooManyQuestionsError as error:
            self._refused.inc()
            return codec.encode(QueryFailed(text=f"{self._core.exc}: {error}"))
        except VenueQueryError as error:
            return codec.encode(QueryFailed(text=f"{self._core.exc}: {error}"))

    async def _ask(self, kind: AskKind) -> VenueAnswer:
        match kind:
            case AskKind.POSITIONS:
                return await self._positions()
            case AskKind.ORDERS:
                return await self._orders()
            case AskKind.BALANCE:
                return await self._queries.balance()
            case AskKind.REFRESH_SPECS:
                return SpecsRefreshed(instruments=await self._specs.refresh(Priority.QUESTION))

    async def _positions(self) -> VenuePositions:
        listing = await self._queries.listing(PositionsQuery(), Priority.QUESTION)
        return VenuePositions(
            positions=tuple(
                self._position(fact) for fact in listing.facts if isinstance(fact, PositionReport)
            )
        )

    def _position(self, report: PositionReport) -> PositionView:
        return PositionView(
            exc=report.exc,
            ticker=report.ticker,
            amount=report.amount,
            entry=report.entry,
            value=self._value(report),
            unrealized_pnl=report.unrealized_pnl,
            timestamp=report.ts_event_ns // NS_PER_MS,
        )

    def _value(self, report: PositionReport) -> Decimal:
        instrument = self._core.instruments.get(report.ticker)
        if instrument is None:
            return report.amount * report.entry
        worth = notional(instrument, report.amount, report.entry)
        return worth.copy_sign(report.amount)

    async def _orders(self) -> VenueOrders:
        listing = await self._queries.listing(OpenOrdersQuery(), Priority.QUESTION)
        return VenueOrders(
            orders=tuple(order_view(one) for one in listing.facts if isinstance(one, OrderReport))
        )


def order_view(report: OrderReport) -> OrderView:
    """Return an order as the venue lists it."""
    return OrderView(
        exc=report.exc,
        ticker=report.ticker,
        amount=report.amount if report.amount is not None else ZERO,
        price=report.price,
        client_order_id=report.client_order_id,
        venue_order_id=report.venue_order_id,
        order_status=report.order_status,
        order_type=report.order_type or OrderType.LIMIT,
        cum_qty=report.cum_qty if report.cum_qty is not None else ZERO,
        last_qty=ZERO,
        timestamp=report.ts_event_ns // NS_PER_MS,
        avg_px=report.avg_px,
        time_in_force=report.time_in_force,
        reduce_only=bool(report.reduce_only),
        trigger_px=report.trigger_px or None,
    )
