"""Bad input of every kind: refused by name, never on the wire, and nothing stops."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.gateway_binance.protocol.settings import Endpoints as BinanceEndpoints
from services.gateway_binance.protocol.settings import VenueSettings
from services.gateway_binance.protocol.signing import Ed25519Signer
from services.gateway_binance.protocol.venue import BinanceVenue
from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.requests import Signer
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network
from services.gateway_hyperliquid.protocol.user_channel import Endpoints
from services.gateway_hyperliquid.protocol.venue import HyperliquidVenue, VenueOptions
from tandem import OMS
from tandem.cli.stack import LocalStack, StackPlan, checkout
from tandem.domain.errors import InvalidInputError
from tandem.domain.order import OrderStatus
from tandem.gateway.port.channel import (
    ChannelReady,
    ReopenNeeded,
    Replied,
    ResyncNeeded,
    UnknownEvent,
)
from tandem.gateway.port.decoding import UnreadableError, Unsound
from tandem.gateway.port.requests import Stamp
from tandem.messages import subjects
from tandem.transport.exchange import RawAnswer, Transport
from tests.integration import bad_input
from tests.integration.bad_input import (
    BINANCE,
    CANCELS,
    HEDGES,
    HYPERLIQUID,
    TICKERS,
    Aftermath,
    Raw,
)
from tests.integration.state_services import connect

B, H = BINANCE, HYPERLIQUID
MAKER = {"exc": B, "ticker": "SOLUSDT", "amount": -1, "price": 200}
LEG = {"exc": H, "ticker": "SOL"}
Call = Callable[[OMS], Awaitable[object]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One whole desk for all tests here."""
    with LocalStack(StackPlan(checkout(), tmp_path_factory.mktemp("desk"))) as running:
        yield running


@pytest.fixture(scope="module")
def aftermath(stack: LocalStack) -> Aftermath:
    return asyncio.run(bad_input.publish_everything(stack))


def limit(*what: Any, **options: Any) -> Call:
    return lambda oms: oms.limit_order(*what, **options)


def market(*what: Any, **options: Any) -> Call:
    return lambda oms: oms.market_order(*what, **options)


def hedge(maker: Any = MAKER, legs: Any = LEG, delay: Any = 0) -> Call:
    return lambda oms: oms.hedge_order(maker, legs, delay)


def cancel(*what: Any, **names: Any) -> Call:
    return lambda oms: oms.cancel_order(*what, **names)


CALLS: tuple[tuple[str, str, Call], ...] = (
    ("unknown account", "exc", limit("kraken", "SOL", 1, price=100)),
    ("account is a list", "exc", limit([], "SOL", 1, price=100)),
    ("account is None", "exc", market(None, "SOL", 1)),
    ("unknown ticker", "ticker", limit(B, "SOLUSD", 1, price=100)),
    ("ticker is a number", "ticker", limit(B, 7, 1, price=100)),
    ("amount is zero", "amount", limit(B, "SOLUSDT", 0, price=100)),
    ("amount is nan", "amount", limit(B, "SOLUSDT", float("nan"), price=100)),
    ("amount is infinite", "amount", limit(B, "SOLUSDT", Decimal("-Infinity"), price=100)),
    ("amount is text", "amount", limit(B, "SOLUSDT", "one", price=100)),
    ("amount is None", "amount", limit(B, "SOLUSDT", None, price=100)),
    ("amount is a flag", "amount", limit(B, "SOLUSDT", True, price=100)),
    ("amount is huge", "amount", limit(B, "SOLUSDT", Decimal("1e400"), price=100)),
    ("amount is below the lot", "amount", limit(B, "SOLUSDT", "0.001", price=100)),
    ("amount is off the lot", "amount", limit(B, "SOLUSDT", "1.001", price=100)),
    ("notional is too small", "amount", limit(H, "SOL", "0.01", price=100)),
    ("no price", "price", limit(B, "SOLUSDT", 1)),
    ("two prices", "price_match", limit(B, "SOLUSDT", 1, price=100, price_match="QUEUE")),
    ("negative price", "price", limit(B, "SOLUSDT", 1, price=-100)),
    ("price is zero", "price", limit(B, "SOLUSDT", 1, price=0)),
    ("price is off the tick", "price", limit(B, "SOLUSDT", 1, price="100.001")),
    ("price of six figures", "price", limit(H, "SOL", 1, price="100.123")),
    ("price is text", "price", limit(B, "SOLUSDT", 1, price="cheap")),
    ("unknown price match", "price_match", limit(B, "SOLUSDT", 1, price_match="QUEUE_3")),
    ("unknown tif", "tif", limit(B, "SOLUSDT", 1, price=100, tif="DAY")),
    ("post-only ioc", "tif", limit(B, "SOLUSDT", 1, price=100, tif="IOC", post_only=True)),
    ("flag is text", "reduce_only", limit(B, "SOLUSDT", 1, price=100, reduce_only="yes")),
    ("take profit", "tp", limit(B, "SOLUSDT", 1, price=100, tp=120)),
    ("stop loss", "sl", limit(B, "SOLUSDT", 1, price=100, sl=80)),
    ("unknown option", "leverage", limit(B, "SOLUSDT", 1, price=100, leverage=5)),
    ("cloid with a space", "cloid", limit(B, "SOLUSDT", 1, price=100, cloid="my order")),
    ("cloid is a number", "cloid", limit(B, "SOLUSDT", 1, price=100, cloid=5)),
    ("cloid of a taker", "cloid", limit(B, "SOLUSDT", 1, price=100, cloid="0x7a4d" + "0" * 28)),
    ("upper-case cloid", "cloid", limit(H, "SOL", 1, price=100, cloid="0x" + "AB" * 16)),
    ("no validity", "valid_for_ms", limit(B, "SOLUSDT", 1, price=100, valid_for_ms=0)),
    ("validity is text", "valid_for_ms", limit(B, "SOLUSDT", 1, price=100, valid_for_ms="1s")),
    ("slippage of a limit", "max_slippage_bp", limit(B, "SOLUSDT", 1, price=9, max_slippage_bp=5)),
    ("market with price", "price", market(B, "SOLUSDT", 1, price=100)),
    ("market post-only", "post_only", market(B, "SOLUSDT", 1, post_only=True)),
    ("negative slippage", "max_slippage_bp", market(H, "SOL", 1, max_slippage_bp=-1)),
    ("rounds to nothing", "amount", market(B, "SOLUSDT", "0.001", round_to_specs=True)),
    ("cancel of nothing", "ticker", cancel(B)),
    ("cancel of two names", "oid", cancel(B, oid="5", cloid="c")),
    ("cancel by number", "oid", cancel(B, oid=5)),
    ("cancel at unknown account", "exc", cancel("kraken", cloid="c")),
    ("cancel of unknown ticker", "ticker", cancel(B, ticker="NOPE")),
    ("cancel all nowhere", "exc", lambda oms: oms.cancel_open_orders("kraken")),
    ("hedge without maker", "maker_order", hedge(maker=None)),
    ("hedge of unknown field", "size", hedge(maker=MAKER | {"size": 1})),
    ("hedge without amount", "maker_order.amount", hedge(maker={"exc": B, "ticker": "SOLUSDT"})),
    ("hedge without account", "maker_order.exc", hedge(maker={"amount": 1})),
    ("hedge of two prices", "price_match", hedge(maker=MAKER | {"price_match": "QUEUE"})),
    ("hedge off the tick", "price", hedge(maker=MAKER | {"price": "200.001"})),
    ("hedge without legs", "legs", hedge(legs=[])),
    ("legs are text", "hedge_order", hedge(legs="SOL")),
    ("leg is a number", "hedge_order", hedge(legs=[5])),
    ("leg twice", "legs", hedge(legs=[LEG, LEG])),
    ("leg of no ratio", "legs[0].ratio", hedge(legs=LEG | {"ratio": 0})),
    ("unknown ratio kind", "ratio_kind", hedge(legs=LEG | {"ratio_kind": "beta"})),
    ("leg not listed", "ticker", hedge(legs={"exc": H, "ticker": "NOPE"})),
    ("leg nowhere", "exc", hedge(legs={"exc": "kraken", "ticker": "SOL"})),
    ("delay is text", "trigger_after_ms", hedge(delay="soon")),
    ("negative delay", "coalesce_ms", hedge(delay=-1)),
    ("amend", "amend_order", lambda oms: oms.amend_order(B, "c", amount=1)),
    ("portfolio delta", "hedge_portfolio_delta", lambda oms: oms.hedge_portfolio_delta([], H)),
    ("positions of nowhere", "exc", lambda oms: oms.positions_get("kraken")),
    ("mirror of nowhere", "exc", lambda oms: oms.orders_mirror("kraken")),
    ("clock of no interval", "interval_ms", lambda oms: oms.add_clock_callback(print, "c", 0)),
    ("clock of nothing", "callback", lambda oms: oms.add_clock_callback(None)),  # type: ignore[arg-type]
)  # fmt: skip


@pytest.mark.parametrize(("field", "call"), [row[1:] for row in CALLS], ids=[r[0] for r in CALLS])
async def test_bad_call_is_refused_and_nothing_is_appended(
    stack: LocalStack, field: str, call: Call
) -> None:
    bus = await connect(stack.nats.url)
    async with OMS(stack.nats.url, strategy="bad", exchanges=[B, H]) as oms:
        before = await _strategy_facts(bus)
        with pytest.raises(InvalidInputError) as caught:
            await call(oms)
        after = await _strategy_facts(bus)
    await bus.close()
    assert caught.value.field == field
    assert caught.value.rule
    assert after == before


async def _strategy_facts(bus: Any) -> list[int]:
    """Return the newest sequences of what strategies append; gateways write meanwhile."""
    found = [await bus.log.find(name) for name in (subjects.ALL_INTENTS, subjects.ALL_CONTROL)]
    return [entry.seq if entry else 0 for entry in found]


RAW = bad_input.raw_orders()


@pytest.mark.parametrize("place", range(len(RAW)), ids=[f"{raw.exc}-{raw.id}" for raw in RAW])
def test_raw_order_is_rejected_once_by_name(aftermath: Aftermath, place: int) -> None:
    raw: Raw = RAW[place]
    cloid = bad_input.order_cloid(place, raw)
    mine = [one for one in aftermath.reports if (one.exc, one.client_order_id) == (raw.exc, cloid)]
    assert [one.order_status for one in mine] == [OrderStatus.REJECTED]
    assert raw.field in mine[0].text
    assert cloid not in aftermath.wire[raw.exc]


@pytest.mark.parametrize("place", range(len(CANCELS)), ids=[row[0] for row in CANCELS])
def test_raw_cancel_is_refused_once_by_name(aftermath: Aftermath, place: int) -> None:
    subject = bad_input.cancel_subject(place)
    mine = [one for one in aftermath.intents if one.subject == subject]
    assert [one.field_name for one in mine] == [CANCELS[place][1]]
    assert mine[0].rule


@pytest.mark.parametrize("place", range(len(HEDGES)), ids=[row[0] for row in HEDGES])
def test_raw_hedge_is_refused_once_by_name(aftermath: Aftermath, place: int) -> None:
    mine = [one for one in aftermath.hedges if one.hedge_id == bad_input.hedge_id(place)]
    assert len(mine) == 1
    assert HEDGES[place][1] in mine[0].field_name
    assert mine[0].rule


def test_only_the_good_orders_reached_the_venues(aftermath: Aftermath) -> None:
    good = {exc: row.client_order_id for exc, row in aftermath.good.items()}
    assert {exc: set(aftermath.wire[exc]) for exc in TICKERS} == {
        exc: {cloid} for exc, cloid in good.items()
    }


def test_nothing_stopped(stack: LocalStack, aftermath: Aftermath) -> None:
    assert {row.order_status for row in aftermath.good.values()} == {OrderStatus.NEW}
    assert [name for name, child in stack.children.items() if child.has_ended] == []


SETTINGS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("order_state", "TANDEM_HTTP_PORT", {"TANDEM_HTTP_PORT": "seventy"}),
    ("order_state", "TANDEM_HTTP_PORT", {"TANDEM_HTTP_PORT": "70000"}),
    ("order_state", "TANDEM_LOG_LEVEL", {"TANDEM_LOG_LEVEL": "loud"}),
    ("position_state", "TANDEM_RETENTION", {"TANDEM_RETENTION": "48"}),
    ("position_state", "TANDEM_NATS_CREDS", {"TANDEM_NATS_CREDS": "/no/such/file"}),
    ("position_state", "TANDEM_SNAPSHOT_EVERY", {"TANDEM_SNAPSHOT_EVERY": "-1"}),
    ("hedger", "TANDEM_HEDGE_BANDS_BP", {"TANDEM_HEDGE_BANDS_BP": "5,wide"}),
    ("hedger", "TANDEM_HEDGE_HARD_CAP_BP", {"TANDEM_HEDGE_HARD_CAP_BP": "-5"}),
    ("gateway_binance", "BINANCE_NETWORK", {"BINANCE_NETWORK": "moon"}),
    ("gateway_binance", "BINANCE_RECV_WINDOW_MS", {"BINANCE_RECV_WINDOW_MS": "5"}),
    ("gateway_binance", "BINANCE_API_KEY", {"BINANCE_NETWORK": "live"}),
    ("gateway_binance", "TANDEM_BACKFILL_SECONDS", {"TANDEM_BACKFILL_SECONDS": "often"}),
    ("gateway_hyperliquid", "HYPERLIQUID_NETWORK", {"HYPERLIQUID_NETWORK": "moon"}),
    ("gateway_hyperliquid", "HYPERLIQUID_ACCOUNT", {"HYPERLIQUID_ACCOUNT": "0x12"}),
    ("gateway_hyperliquid", "HYPERLIQUID_AGENT_KEY", {"HYPERLIQUID_AGENT_KEY": "secret"}),
)


@pytest.mark.parametrize(("service", "variable", "values"), SETTINGS)
def test_bad_setting_ends_a_service_with_its_name(
    stack: LocalStack, service: str, variable: str, values: dict[str, str]
) -> None:
    environment = os.environ | {"TANDEM_NATS_URL": stack.nats.url} | values
    ran = subprocess.run(
        [sys.executable, "-m", f"services.{service}"],
        cwd=stack.plan.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ran.returncode == 2, ran.stderr
    assert variable in ran.stderr.splitlines()[-1]


COUNTED = {UnknownEvent, Unsound, ResyncNeeded, ReopenNeeded, Replied}
KEY = Ed25519Signer("key", Ed25519PrivateKey.from_private_bytes(bytes(32)))
AGENT = AgentKey("22" * 32)
STAMP = Stamp(call=1, venue_ms=1_790_000_000_000, nonce=1_790_000_000_000, window_ms=1_000)
FRAMES: dict[str, bytes] = {
    "empty": b"",
    "not utf-8": b"\xff\xfe\x00",
    "not json": b"<html>502 Bad Gateway</html>",
    "cut short": b'{"e":"ORDER_TRADE_UPDATE","o":{"s":"BTCUS',
    "null": b"null",
    "a number": b"5",
    "a list": b"[[1],2]",
    "an empty object": b"{}",
    "an unknown event": b'{"e":"SOMETHING_NEW","E":1}',
    "an order without fields": b'{"e":"ORDER_TRADE_UPDATE","E":1,"T":1,"o":{}}',
    "an order of odd types": b'{"e":"ORDER_TRADE_UPDATE","E":"x","T":[],"o":{"s":1,"z":"NaN"}}',
    "a fill without fields": b'{"e":"TRADE_LITE"}',
    "an account without fields": b'{"e":"ACCOUNT_UPDATE","a":5}',
    "a book without fields": b'{"stream":"x@bookTicker","data":{"e":"bookTicker","b":"cheap"}}',
    "depth of text": b'{"stream":"x@depth","data":{"e":"depthUpdate","b":"x","a":7}}',
    "a reply of no request": b'{"status":"fine","result":7}',
    "an unknown channel": b'{"channel":"weather","data":1}',
    "a channel of no data": b'{"channel":"orderUpdates"}',
    "an update of odd types": b'{"channel":"orderUpdates","data":[{"order":5,"status":[]}]}',
    "fills of text": b'{"channel":"userFills","data":{"fills":"none"}}',
    "a book of text": b'{"channel":"l2Book","data":{"coin":"BTC","levels":"x","time":"now"}}',
    "a post of no id": b'{"channel":"post","data":{"response":{}}}',
    "an error": b'{"channel":"error","data":"Invalid subscription"}',
    "deep": b'{"channel":' + b"[" * 5_000,
}


def _channels() -> list[Any]:
    binance = BinanceVenue(
        B, VenueSettings(endpoints=BinanceEndpoints("http://v", "ws://v", "ws://v/a")), KEY
    )
    hyperliquid = HyperliquidVenue(
        H,
        Endpoints("http://v", "ws://v/ws"),
        Signer(AGENT, Network.TESTNET),
        Identity("0x" + "19" * 20, AGENT.address),
        VenueOptions(),
    )
    channels = [*binance.channels(), *hyperliquid.channels()]
    for channel in channels:
        asked = channel.prepare(STAMP)
        body = b'{"listenKey":"k","role":"agent","data":{"user":"0x%s"}}' % (b"19" * 20)
        channel.open(RawAnswer(Transport.HTTP, 200, body, 1) if asked else None, STAMP, ())
    return channels


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_garbage_from_a_venue_is_counted_or_the_one_error_that_connections_count(
    frame: bytes,
) -> None:
    for channel in _channels():
        try:
            items = channel.receive(frame, 1)
        except UnreadableError:
            continue
        counted = [item for item in items if not isinstance(item, ChannelReady)]
        assert counted
        assert {type(item) for item in counted} <= COUNTED
