import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from services.gateway_binance.protocol.requests import RestRequests
from services.gateway_binance.protocol.settings import Endpoints, PrivateForm, VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner
from services.gateway_binance.protocol.user_channel import UserChannel
from tandem.domain.execution import OutcomeKind, ReportSource
from tandem.domain.ids import Exc, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus
from tandem.gateway.port.channel import (
    CallHttp,
    ChannelItem,
    ChannelReady,
    RenewNeeded,
    ReopenNeeded,
    ResyncNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import Unsound
from tandem.gateway.port.requests import Outcome, Stamp, VenueQueryError
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tandem.transport.exchange import HttpMethod, RawAnswer, Transport

Payload = Callable[[str], bytes]
STAMP = Stamp(8, 1790000000000, 1790000000000, 1000)
SECOND = 1_000_000_000
KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
ENDPOINTS = Endpoints("http://venue", "ws://venue", "ws://venue/ws-fapi/v1")
REST = RestRequests("http://venue", HmacSigner("key", b"secret"))


def _answer(body: bytes, status: int = 200) -> RawAnswer:
    return RawAnswer(Transport.HTTP, status, body, 5)


def _key_answer(key: str = KEY) -> RawAnswer:
    return _answer(json.dumps({"listenKey": key}).encode())


def _channel(**settings: object) -> UserChannel:
    form = settings.get("form", PrivateForm.EVENTS)
    assert isinstance(form, PrivateForm)
    lite = bool(settings.get("trade_lite", True))
    channel = UserChannel(
        Exc("binance"),
        VenueSettings(endpoints=ENDPOINTS, private_form=form, trade_lite=lite),
        REST,
    )
    channel.open(_key_answer(), STAMP, ())
    return channel


def _ready_channel(**settings: object) -> UserChannel:
    channel = _channel(**settings)
    channel.tick(0, STAMP)
    return channel


def _kinds(items: tuple[ChannelItem, ...]) -> list[type]:
    return [type(item) for item in items]


def _acknowledged(status: OrderStatus = OrderStatus.NEW) -> Outcome:
    report = OrderReport(
        exc=Exc("binance"),
        ticker=Ticker("BTCUSDT"),
        order_status=status,
        source=ReportSource.ACK,
        ts_event_ns=1,
        venue_order_id=VenueOrderId("9000000000000000123"),
        cum_qty=Decimal(0),
    )
    return Outcome(kind=OutcomeKind.ACCEPTED, facts=(report,))


def test_each_connection_asks_for_the_key_first() -> None:
    request = _channel().prepare(STAMP)
    assert request is not None
    assert (request.method, request.url) == (HttpMethod.POST, "http://venue/fapi/v1/listenKey")


def test_key_goes_into_the_address() -> None:
    opening = _channel().open(_key_answer("k2"), STAMP, ())
    assert opening.url.startswith("ws://venue/private/ws?listenKey=k2&events=")
    assert opening.frames == ()


def test_subscribe_form_names_the_key_in_a_frame() -> None:
    channel = _channel(form=PrivateForm.SUBSCRIBE)
    opening = channel.open(_key_answer("k2"), STAMP, ())
    assert opening.url == "ws://venue/private/stream"
    assert json.loads(opening.frames[0]) == {"method": "SUBSCRIBE", "params": ["k2"], "id": 8}


def test_no_usable_key_is_no_connection() -> None:
    with pytest.raises(VenueQueryError, match="HTTP 401 -2015"):
        _channel().open(_answer(b'{"code":-2015,"msg":"Invalid API-key"}', 401), STAMP, ())
    with pytest.raises(VenueQueryError, match="no listen key"):
        _channel().open(None, STAMP, ())


def test_stream_that_confirms_nothing_is_ready_at_the_first_tick() -> None:
    channel = _channel()
    assert channel.tick(0, STAMP) == (ChannelReady(),)
    assert channel.tick(SECOND, STAMP) == ()


def test_first_event_shows_that_the_stream_works(payload: Payload) -> None:
    items = _channel().receive(payload("trade_lite"), 5)
    assert _kinds(items) == [ChannelReady, FillReport]


def test_subscribe_form_waits_for_its_confirmation() -> None:
    channel = _channel(form=PrivateForm.SUBSCRIBE)
    assert channel.tick(0, STAMP) == ()
    assert channel.receive(b'{"result":null,"id":8}', 5) == (ChannelReady(),)
    assert channel.tick(10 * SECOND, STAMP) == ()


def test_refused_subscription_opens_anew() -> None:
    (item,) = _channel(form=PrivateForm.SUBSCRIBE).receive(b'{"code":2,"msg":"no","id":8}', 5)
    assert item == ReopenNeeded("the private stream refused: 2 no")


def test_trade_becomes_its_reports(payload: Payload) -> None:
    items = _ready_channel().receive(payload("order_trade_update_partial"), 5)
    assert _kinds(items) == [FillReport, OrderReport, FillCost]


def test_early_hint_can_be_switched_off(payload: Payload) -> None:
    assert _ready_channel(trade_lite=False).receive(payload("trade_lite"), 5) == ()


def test_position_change_becomes_a_report(payload: Payload) -> None:
    items = _ready_channel().receive(payload("account_update_order"), 5)
    assert _kinds(items) == [PositionReport]


def test_funding_without_positions_says_nothing(payload: Payload) -> None:
    assert _ready_channel().receive(payload("account_update_funding"), 5) == ()


def test_positions_of_hedge_mode_are_counted(payload: Payload) -> None:
    items = _ready_channel().receive(payload("account_update_hedge_mode"), 5)
    assert items == (
        UnknownEvent("position of BTCUSDT with positionSide LONG"),
        UnknownEvent("position of BTCUSDT with positionSide SHORT"),
    )


def test_fill_without_a_trade_id_asks_for_the_trades(payload: Payload) -> None:
    items = _ready_channel().receive(payload("order_trade_update_adl_no_trade_id"), 5)
    assert _kinds(items) == [OrderReport, ResyncNeeded]


def test_margin_call_asks_for_the_account(payload: Payload) -> None:
    assert _kinds(_ready_channel().receive(payload("margin_call"), 5)) == [ResyncNeeded]


@pytest.mark.parametrize(
    "name", ["account_config_leverage", "account_config_multi_assets", "algo_update"]
)
def test_events_about_nothing_we_keep_are_passed_over(payload: Payload, name: str) -> None:
    assert _ready_channel().receive(payload(name), 5) == ()


def test_unknown_event_is_counted(payload: Payload) -> None:
    items = _ready_channel().receive(payload("strategy_update"), 5)
    assert items == (UnknownEvent("STRATEGY_UPDATE"),)


def test_event_that_cannot_be_read_asks_for_the_account() -> None:
    items = _ready_channel().receive(b'{"e":"ACCOUNT_UPDATE"}', 5)
    assert _kinds(items) == [Unsound]


def test_state_this_version_does_not_know_asks_for_the_account(payload: Payload) -> None:
    frame = payload("order_trade_update_new").replace(b'"X":"NEW"', b'"X":"PAUSED"')
    (fault,) = _ready_channel().receive(frame, 5)
    assert fault == Unsound(
        "ORDER_TRADE_UPDATE", "status", "PAUSED", "a word of this venue's contract"
    )


def test_expired_key_opens_anew(payload: Payload) -> None:
    (item,) = _ready_channel().receive(payload("listen_key_expired"), 5)
    assert item == ReopenNeeded("the listen key expired")


def test_expiry_of_another_key_is_not_ours(payload: Payload) -> None:
    channel = _channel()
    channel.open(_key_answer("another"), STAMP, ())
    channel.tick(0, STAMP)
    assert channel.receive(payload("listen_key_expired"), 5) == ()


def test_silence_after_an_acknowledgement_changes_the_form() -> None:
    channel = _ready_channel()
    channel.acknowledged(_acknowledged())
    assert channel.tick(SECOND, STAMP) == ()
    (step,) = channel.tick(5 * SECOND, STAMP)
    assert step == ReopenNeeded(
        "no event for acknowledged order BTCUSDT 9000000000000000123 on form events; next is query"
    )
    assert "events=" not in channel.open(_key_answer(), STAMP, ()).url


def test_event_of_the_acknowledged_order_keeps_the_form(payload: Payload) -> None:
    channel = _ready_channel()
    channel.receive(payload("order_trade_update_new"), 5)
    channel.acknowledged(_acknowledged())
    channel.tick(SECOND, STAMP)
    assert channel.tick(60 * SECOND, STAMP) == ()


def test_acknowledged_cancel_wants_an_event_of_its_own(payload: Payload) -> None:
    channel = _ready_channel()
    channel.receive(payload("order_trade_update_new"), 5)
    channel.acknowledged(_acknowledged(OrderStatus.CANCELLED))
    channel.tick(SECOND, STAMP)
    (step,) = channel.tick(5 * SECOND, STAMP)
    assert isinstance(step, ReopenNeeded)


def test_fill_among_acknowledged_facts_wants_no_event_of_its_own(payload: Payload) -> None:
    (_, fill) = _channel().receive(payload("trade_lite"), 5)
    assert isinstance(fill, FillReport)
    channel = _ready_channel()
    channel.acknowledged(Outcome(kind=OutcomeKind.ACCEPTED, facts=(fill,)))
    channel.tick(SECOND, STAMP)
    assert channel.tick(60 * SECOND, STAMP) == ()


def test_key_is_renewed_and_stays() -> None:
    channel = _ready_channel()
    (step,) = channel.tick(25 * 60 * SECOND, STAMP)
    assert isinstance(step, CallHttp)
    assert step.request.method is HttpMethod.PUT
    assert channel.answered(_key_answer()) == ()
    assert channel.answered(_answer(b"{}")) == ()


def test_another_key_of_the_account_opens_anew() -> None:
    assert _kinds(_ready_channel().answered(_key_answer("another"))) == [ReopenNeeded]


def test_key_the_venue_forgot_opens_anew() -> None:
    answer = _answer(b'{"code":-1125,"msg":"This listenKey does not exist."}', 400)
    assert _kinds(_ready_channel().answered(answer)) == [ReopenNeeded]


def test_failed_renewal_is_counted_and_the_stream_stays() -> None:
    (item,) = _ready_channel().answered(_answer(b"", 503))
    assert item == UnknownEvent("listen key renewal: HTTP 503")


def test_channel_has_no_market_data() -> None:
    channel = _channel()
    assert channel.watch(()) == ()
    assert (channel.name, channel.is_critical) == ("user", True)


def test_day_old_connection_asks_for_its_successor() -> None:
    channel = _ready_channel()
    (step,) = (one for one in channel.tick(23 * 3_600 * SECOND, STAMP) if _renews(one))
    assert isinstance(step, RenewNeeded)
    assert (
        step.channel.open(_key_answer(), STAMP, ()).url
        == channel.open(_key_answer(), STAMP, ()).url
    )


def _renews(step: object) -> bool:
    return isinstance(step, RenewNeeded)


def test_server_that_says_that_it_goes_down_is_left() -> None:
    channel = _ready_channel()
    assert channel.receive(b'{"e":"serverShutdown","E":1790000000000}', 5) == ()
    assert any(_renews(step) for step in channel.tick(SECOND, STAMP))


def test_successor_expects_the_events_that_were_awaited_before_it() -> None:
    channel = _ready_channel()
    successor = channel.successor()
    channel.acknowledged(_acknowledged())
    successor.tick(0, STAMP)
    (step,) = successor.tick(10 * SECOND, STAMP)
    assert isinstance(step, ReopenNeeded)
