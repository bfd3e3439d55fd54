import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway_binance.protocol.settings import Endpoints, VenueSettings
from services.gateway_binance.protocol.signing import Ed25519Signer, HmacSigner, Signer
from services.gateway_binance.protocol.venue import BinanceVenue
from tandem.domain.errors import InvalidInputError, InvariantError
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderType, TimeInForce
from tandem.gateway.port.channel import ReopenNeeded
from tandem.gateway.port.requests import (
    BalanceQuery,
    CancelOne,
    InstrumentsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PlaceOrder,
    Stamp,
    TimeQuery,
)
from tandem.gateway.port.venue import VenueProtocol
from tandem.transport.exchange import RawAnswer, Transport
from tandem.transport.rate_limit import Cost, Usage

Payload = Callable[[str], bytes]
STAMP = Stamp(8, 1790000000000, 1790000000000, 1000)
SECOND = 1_000_000_000
SETTINGS = VenueSettings(endpoints=Endpoints("http://venue", "ws://venue", "ws://venue/ws-fapi/v1"))
ED25519 = Ed25519Signer("key", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def _venue(signer: Signer = ED25519) -> BinanceVenue:
    return BinanceVenue(Exc("binance"), SETTINGS, signer)


def _answer(body: bytes, status: int = 200) -> RawAnswer:
    return RawAnswer(Transport.HTTP, status, body, 5)


@pytest.fixture
def place(btc: Instrument) -> PlaceOrder:
    return PlaceOrder(
        instrument=btc,
        client_order_id=ClientOrderId("oms-01J9Z-7"),
        amount=Decimal("0.01"),
        order_type=OrderType.LIMIT,
        price=Decimal(64000),
        time_in_force=TimeInForce.GTC,
    )


def test_venue_is_what_the_shell_wants() -> None:
    venue: VenueProtocol = _venue()
    assert venue.exc == "binance"
    assert venue.traits.order_channel in {channel.name for channel in venue.channels()}


def test_there_is_no_nonce_to_kill() -> None:
    venue = _venue()
    assert not venue.traits.kills_nonces
    assert not venue.is_killed(RawAnswer(Transport.HTTP, 200, b"{}", 1))
    with pytest.raises(InvariantError):
        venue.encode_kill(STAMP, STAMP)


def test_orders_and_user_events_are_critical_and_market_data_is_not() -> None:
    critical = {channel.name: channel.is_critical for channel in _venue().channels()}
    assert critical == {"orders": True, "user": True, "market": False, "marks": False}


def test_books_and_marks_are_on_connections_of_their_category(btc: Instrument) -> None:
    openings = {
        channel.name: channel.open(None, STAMP, (btc,))
        for channel in _venue().channels()
        if not channel.is_critical
    }
    assert openings["market"].url == "ws://venue/public/stream"
    assert json.loads(openings["market"].frames[0])["params"] == [
        "btcusdt@bookTicker",
        "btcusdt@depth20@100ms",
    ]
    assert openings["marks"].url == "ws://venue/market/stream"
    assert json.loads(openings["marks"].frames[0])["params"] == ["btcusdt@markPrice@1s"]


@pytest.mark.parametrize("cloid", ["0x" + "a" * 32, "A.b:c/d_e-f", "x", "9" * 36])
def test_legal_client_ids_stay_as_they_are(cloid: str) -> None:
    assert _venue().canonical_cloid(ClientOrderId(cloid)) == cloid


@pytest.mark.parametrize("cloid", ["", "a" * 37, "a b", "é", "a\n", "a&b", "autoclose-1"])
def test_client_ids_that_the_venue_does_not_take_are_refused(cloid: str) -> None:
    with pytest.raises(InvalidInputError, match="cloid="):
        _venue().canonical_cloid(ClientOrderId(cloid))


def test_request_is_signed_until_the_session_is_logged_on(
    place: PlaceOrder, payload: Payload
) -> None:
    venue = _venue()
    before = json.loads(venue.encode_frame(place, STAMP))
    venue.channels()[0].receive(payload("ws_logon"), 5)
    after = json.loads(venue.encode_frame(place, STAMP))
    assert "signature" in before["params"]
    assert "signature" not in after["params"]


def test_fallback_over_http_always_signs(place: PlaceOrder, payload: Payload) -> None:
    venue = _venue()
    venue.channels()[0].receive(payload("ws_logon"), 5)
    assert "&signature=" in venue.encode_http(place, STAMP).url


def test_accepted_order_arms_the_private_streams_watchdog(
    place: PlaceOrder, payload: Payload
) -> None:
    venue = _venue(HmacSigner("key", b"secret"))
    user = venue.channels()[1]
    user.open(_answer(b'{"listenKey":"k"}'), STAMP, ())
    outcome = venue.decode_outcome(place, _answer(payload("order_ack_slim")))
    assert outcome.kind is OutcomeKind.ACCEPTED
    user.tick(0, STAMP)
    assert isinstance(user.tick(10 * SECOND, STAMP)[0], ReopenNeeded)


def test_refused_order_arms_nothing(place: PlaceOrder) -> None:
    venue = _venue()
    user = venue.channels()[1]
    user.open(_answer(b'{"listenKey":"k"}'), STAMP, ())
    venue.decode_outcome(place, _answer(b'{"code":-2019,"msg":""}', 400))
    user.tick(0, STAMP)
    assert user.tick(10 * SECOND, STAMP) == ()


def test_limits_follow_the_instrument_table(payload: Payload) -> None:
    venue = _venue()
    before = {limit.pool: limit.capacity for limit in venue.rate_limits}
    table = venue.decode_instruments((_answer(payload("exchange_info")),))
    after = {limit.pool: limit.capacity for limit in venue.rate_limits}
    assert (before["weight"], after["weight"]) == (1076, 2688)
    assert "BTCUSDT" in {each.ticker for each in table.rows}


def test_questions_and_answers_go_through(payload: Payload, btc: Instrument) -> None:
    venue = _venue()
    order = OrderQuery(instrument=btc, client_order_id=ClientOrderId("oms-01J9Z-7"))
    orders = venue.decode_listing(OpenOrdersQuery(), (_answer(payload("open_orders")),))
    balance = venue.decode_balance(
        (_answer(payload("account_v3")), _answer(b'{"multiAssetsMargin":false}'))
    )
    assert venue.decode_time((_answer(b'{"serverTime":7}'),)) == 7
    assert venue.decode_order(order, (_answer(payload("order_query")),)) is not None
    assert len(orders.facts) == 2
    assert balance.asset == "USDT"
    assert len(venue.encode_query(InstrumentsQuery(), STAMP)) == 1


def test_costs_and_usage_go_through(btc: Instrument) -> None:
    venue = _venue()
    cancel = CancelOne(instrument=btc, client_order_id=ClientOrderId("a"))
    answer = RawAnswer(Transport.HTTP, 200, b"", 0, (("x-mbx-used-weight-1m", "3"),))
    assert venue.costs(cancel, Transport.WEBSOCKET) == (Cost("weight", 1),)
    assert venue.costs(TimeQuery(), Transport.HTTP) == (Cost("weight", 1), Cost("queries", 1))
    assert venue.order_costs(CancelOne, Transport.HTTP) == (Cost("weight", 1),)
    assert venue.costs(BalanceQuery(), Transport.HTTP) == (Cost("weight", 10), Cost("queries", 10))
    assert venue.usage(answer) == (Usage("weight", 3),)


def test_d9_an_odd_limit_hides_neither_the_table_nor_the_other_limits(payload: Payload) -> None:
    venue = _venue()
    info = json.loads(payload("exchange_info"))
    info["rateLimits"].append({"rateLimitType": "REQUEST_WEIGHT", "limit": "many"})

    table = venue.decode_instruments((_answer(json.dumps(info).encode()),))

    after = {limit.pool: limit.capacity for limit in venue.rate_limits}
    assert (len(table.rows), after["weight"]) == (4, 2688)
