"""One gateway without its sockets: what bytes pass through from the wire to the log.

Codec, channel, door and the machines behind it are the real ones; only the network is left out.
"""

import json
from collections.abc import Callable
from decimal import Decimal

from services.gateway_binance.protocol.settings import Endpoints as BinanceEndpoints
from services.gateway_binance.protocol.settings import VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner
from services.gateway_binance.protocol.venue import BinanceVenue
from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.requests import Signer
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network
from services.gateway_hyperliquid.protocol.user_channel import Endpoints
from services.gateway_hyperliquid.protocol.venue import HyperliquidVenue, VenueOptions
from tandem.bus.memory.bus import MemoryBus
from tandem.domain.errors import ConfigurationError
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, TimeInForce
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.stream_monitor import Heard
from tandem.gateway.core import pricing
from tandem.gateway.port.channel import BookUpdate, Channel, ChannelItem, MarkUpdate, Replied
from tandem.gateway.port.decoding import UnreadableError, Unsound, unsound
from tandem.gateway.port.requests import (
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    Outcome,
    PlaceOrder,
    PositionsQuery,
    Query,
    Report,
    VenueQueryError,
)
from tandem.gateway.port.venue import VenueProtocol
from tandem.gateway.settings import GatewaySettings
from tandem.gateway.shell.state import Core, make_core
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import Environment, settings
from tandem.runtime.context import ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.transport.exchange import RawAnswer, Transport
from tandem.transport.network import Internet
from tests.fuzz.cases import BINANCE, SEEDS, Case
from tests.fuzz.oracle import check_fact, check_number, expect
from tests.simulation.quiet import null_metrics, trace_log

ACCOUNT = "0x" + "1" * 40
NOW_MS = {BINANCE: 1790000000125, "hyperliquid": 1770118781600}
LONGEST_WAIT_MS = 7 * 24 * 3_600 * 1_000
MAX_KIND = 300
ONE_ASSET = b'{"multiAssetsMargin":false}'
LISTINGS: dict[str, Callable[[Instrument], Query]] = {
    "open-orders": lambda _one: OpenOrdersQuery(),
    "fills": lambda one: FillsQuery((one,), 0),
    "positions": lambda _one: PositionsQuery(),
}


def _venue(name: str) -> VenueProtocol:
    if name == BINANCE:
        endpoints = BinanceEndpoints("http://v", "ws://v", "ws://v/ws-fapi/v1")
        return BinanceVenue(
            Exc(name), VenueSettings(endpoints=endpoints), HmacSigner("key", b"secret")
        )
    key = AgentKey("0x" + "11" * 32)
    return HyperliquidVenue(
        Exc(name),
        Endpoints("http://v", "ws://v/ws"),
        Signer(key, Network.TESTNET),
        Identity(ACCOUNT, key.address),
        VenueOptions(),
    )


def _core(name: str) -> Core:
    env, clock = Environment({}), SystemClock()
    context = ServiceContext(
        name="gateway-fuzz",
        settings=settings(env, "gateway-fuzz"),
        env=env,
        bus=MemoryBus(clock),
        clock=clock,
        tasks=TaskOwner(),
        log=trace_log(None),
        metrics=null_metrics(),
        seam=no_seam,
        run="fuzz",
    )
    return make_core(context, _venue(name), GatewaySettings(()), Internet(clock))


class World:
    """One account's gateway, with the venue's clock and table read."""

    def __init__(self, name: str) -> None:
        self.core, self._name = _core(name), name
        self._heard = Heard()
        now_ns = self.core.context.clock.monotonic_ns()
        self.core.venue_clock.observe(NOW_MS[name], now_ns, now_ns)
        body = json.dumps(SEEDS[name]["instruments"][0]).encode()
        self.core.take_instruments(self.core.venue.decode_instruments((_answer(body),)).rows)
        # Of the order that the real answers of Binance are about.
        self._cloid = ClientOrderId("oms-01J9Z-7")
        self._tickers = {str(ticker) for ticker in self.core.instruments}
        self._instrument = self.core.instruments[Ticker("BTCUSDT" if name == BINANCE else "BTC")]

    async def close(self) -> None:
        await self.core.journal.drain()
        await self.core.network.close()

    def feed(self, case: Case) -> None:
        """Take a case in, as the gateway would.

        Raises:
            OracleError: something came out that must not; any other error is one too.
        """
        if case.kind in {"user", "market", "marks", "orders"}:
            self._stream(case)
            return
        answer = RawAnswer(
            Transport.HTTP,
            case.status,
            case.payloads[0],
            NOW_MS[self._name] * NS_PER_MS,
            case.headers,
        )
        try:
            self._answer(case, answer)
        except VenueQueryError as error:
            expect(0 <= error.retry_after_ms <= LONGEST_WAIT_MS, f"wait {error.retry_after_ms}")

    def _stream(self, case: Case) -> None:
        channel = self._opened(case.kind)
        now_ns = self.core.context.clock.monotonic_ns()
        for payload in case.payloads:
            try:
                items = channel.receive(payload, NOW_MS[self._name] * NS_PER_MS)
            except UnreadableError as error:
                items = (unsound("frame", error),)
            for item in items:
                self._take(item)
            channel.tick(now_ns, self.core.stamp())

    def _opened(self, kind: str) -> Channel:
        channel = next(one for one in self.core.venue.channels() if one.name == kind)
        stamp = self.core.stamp()
        prepared = None
        if channel.prepare(stamp) is not None:
            role = {"role": "agent", "data": {"user": ACCOUNT}, "listenKey": "key"}
            prepared = _answer(json.dumps(role).encode())
        channel.open(prepared, stamp, (self._instrument,))
        return channel

    def _take(self, item: ChannelItem) -> None:
        match item:
            case OrderReport() | FillReport() | FillCost() | PositionReport():
                self._believe(self.core.door.facts((item,)))
            case BookUpdate() | MarkUpdate():
                self._price(item)
            case Replied():
                self._replied(item)
            case Unsound():
                self.core.door.refuse(item)
                expect(len(item.text) < MAX_KIND, f"{item.text:.80}: too long")
            case _:
                expect(len(str(item)) < 2 * MAX_KIND, f"{item!s:.80}: too long")

    def _believe(self, facts: tuple[Report, ...]) -> None:
        for fact in facts:
            check_fact(fact, NOW_MS[self._name], self._tickers)
            self._heard.told(fact)
            self._heard.listed(fact, NOW_MS[self._name])
            match fact:
                case OrderReport():
                    self.core.known.take_order(fact)
                case FillReport():
                    self.core.known.take_fill(fact)
                case PositionReport():
                    self.core.known.take_position(fact)
                case FillCost():
                    pass

    def _price(self, price: BookUpdate | MarkUpdate) -> None:
        core, now_ns = self.core, self.core.context.clock.monotonic_ns()
        if isinstance(price, MarkUpdate):
            if core.door.mark(price):
                check_number("last_px", str(price.mark))
                core.market.take_mark(price, now_ns)
        elif core.door.book(price):
            for level in (*price.bids, *price.asks):
                check_number("last_px", str(level.price))
                check_number("filled_sz", str(level.qty))
            core.market.take_book(price, now_ns)
        book, mark = core.market.books.get(price.ticker), core.market.marks.get(price.ticker)
        for amount in (Decimal(1), Decimal(-1)):
            at = pricing.reference(book, mark, amount, now_ns, core.desk.pricing)
            if isinstance(at, pricing.Reference):
                check_number("last_px", str(at.price))

    def _replied(self, replied: Replied) -> None:
        self._spend(replied.answer)
        for request in self._requests():
            self._settle(self.core.venue.decode_outcome(request, replied.answer))
        self.core.venue.is_killed(replied.answer)

    def _requests(self) -> tuple[PlaceOrder, CancelOne]:
        cloid = self._cloid
        order = PlaceOrder(
            instrument=self._instrument,
            client_order_id=cloid,
            amount=Decimal(1),
            order_type=OrderType.LIMIT,
            price=Decimal(60000),
            time_in_force=TimeInForce.IOC,
        )
        return order, CancelOne(instrument=self._instrument, client_order_id=cloid)

    def _settle(self, outcome: Outcome) -> None:
        outcome = self.core.door.outcome(outcome)
        expect(outcome.kind in OutcomeKind, "no outcome")
        expect(0 <= outcome.retry_after_ms <= LONGEST_WAIT_MS, f"wait {outcome.retry_after_ms}")
        expect(len(outcome.text) <= MAX_KIND, f"{outcome.text:.80}: too long")
        self._believe(outcome.facts)

    def _spend(self, answer: RawAnswer) -> None:
        core = self.core
        core.budgets.observe(
            core.venue.usage(answer), core.context.clock.monotonic_ns() // NS_PER_MS
        )

    def _answer(self, case: Case, answer: RawAnswer) -> None:
        core, venue = self.core, self.core.venue
        self._spend(answer)
        if case.kind in LISTINGS:
            query = LISTINGS[case.kind](self._instrument)
            time = _answer(b'{"serverTime":%d}' % NOW_MS[BINANCE])
            both = (
                (time, answer) if case.kind == "positions" and self._name == BINANCE else (answer,)
            )
            self._believe(core.door.listing(venue.decode_listing(query, both)).facts)
            return
        match case.kind:
            case "order":
                query = OrderQuery(instrument=self._instrument, client_order_id=self._cloid)
                self._believe(core.door.order(venue.decode_order(query, (answer,)) or ()))
            case "outcome-http" | "refused":
                self._replied(Replied(1, answer))
            case "outcome-websocket":
                frame = RawAnswer(Transport.WEBSOCKET, answer.status, answer.body, answer.recv_ns)
                self._replied(Replied(1, frame))
            case "time":
                expect(0 < core.door.time_ms(venue.decode_time((answer,))) < 2**63, "no time")
            case "balance":
                balance = venue.decode_balance((answer, _answer(ONE_ASSET)))
                for number in (balance.balance, balance.equity, balance.available):
                    check_number("amount", str(number))
            case "instruments":
                self._table(core.door.table(venue.decode_instruments((answer,))))
            case _:
                self._session_answer(answer)

    def _table(self, table: tuple[Instrument, ...]) -> None:
        names = [one.ticker for one in table]
        expect(bool(names) and len(set(names)) == len(names), "a table of nothing, or of one twice")
        for one in table:
            for step in (one.tick, one.lot, one.min_qty):
                check_number("last_px", str(step))
            check_number("filled_sz", str(one.min_notional))
        for limit in self.core.venue.rate_limits:
            expect(limit.capacity > 0 and limit.period_ms > 0, f"{limit}: no limit")

    def _session_answer(self, answer: RawAnswer) -> None:
        """Take what a connection's own questions bring: the listen key, the role of a key."""
        channel = next(one for one in self.core.venue.channels() if one.name == "user")
        try:
            channel.open(answer, self.core.stamp(), ())
        except ConfigurationError:
            return
        for item in channel.answered(answer):
            self._take(item)


def _answer(body: bytes) -> RawAnswer:
    return RawAnswer(Transport.HTTP, 200, body, 5)
