"""The venue as the shell sees it."""

import json
from collections.abc import Hashable
from decimal import Decimal
from pathlib import Path

import pytest

from services.gateway_hyperliquid.protocol.identity import Identity
from services.gateway_hyperliquid.protocol.requests import Signer
from services.gateway_hyperliquid.protocol.signing import AgentKey, Network
from services.gateway_hyperliquid.protocol.user_channel import Endpoints
from services.gateway_hyperliquid.protocol.venue import (
    Collateral,
    HyperliquidVenue,
    VenueOptions,
)
from tandem.domain.execution import OutcomeKind
from tandem.domain.ids import ClientOrderId, Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.domain.order import OrderStatus, OrderType, TimeInForce
from tandem.gateway.port.requests import (
    BalanceQuery,
    CancelOne,
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PlaceOrder,
    PositionsQuery,
    RecentOrdersQuery,
    Stamp,
    TimeQuery,
    VenueQueryError,
)
from tandem.gateway.port.venue import VenueProtocol
from tandem.messages.reports import FillReport, OrderReport, PositionReport
from tandem.transport.exchange import RawAnswer, Transport
from tandem.transport.rate_limit import Cost

DATA = Path(__file__).parents[4] / "data" / "hyperliquid"
ACCOUNT = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
CLOID = ClientOrderId("0x0000000000000000000000000000beef")
STAMP = Stamp(call=7, venue_ms=1_790_000_000_000, nonce=1_790_000_000_003, window_ms=1_000)
BTC = Instrument(
    exc=Exc("hyperliquid"),
    ticker=Ticker("BTC"),
    symbol="BTC",
    base_asset="BTC",
    quote_asset="USDC",
    tick=Decimal("0.1"),
    lot=Decimal("0.00001"),
    min_qty=Decimal("0.00001"),
    min_notional=Decimal(10),
    venue_asset_id=0,
)
ORDER = PlaceOrder(
    instrument=BTC,
    client_order_id=CLOID,
    amount=Decimal(1),
    order_type=OrderType.LIMIT,
    price=Decimal(50000),
    time_in_force=TimeInForce.IOC,
)


def venue(
    collateral: Collateral = Collateral.PERP, posts_cost_weight: bool = True
) -> HyperliquidVenue:
    key = AgentKey("22" * 32)
    return HyperliquidVenue(
        Exc("hyperliquid"),
        Endpoints("http://venue", "ws://venue/ws"),
        Signer(key, Network.TESTNET),
        Identity(ACCOUNT, key.address),
        VenueOptions(collateral=collateral, posts_cost_weight=posts_cost_weight),
    )


def answers(name: str) -> list[RawAnswer]:
    return [RawAnswer(Transport.HTTP, 200, (DATA / name).read_bytes(), 10**19)]


def body(text: str) -> list[RawAnswer]:
    return [RawAnswer(Transport.HTTP, 200, text.encode(), 5)]


def test_it_is_what_the_shell_wants() -> None:
    port: VenueProtocol = venue()

    assert [channel.name for channel in port.channels()] == ["orders", "user", "market"]
    assert [channel.is_critical for channel in port.channels()] == [True, True, False]
    assert port.traits.order_channel == "orders"


def test_market_orders_are_priced_by_the_shell() -> None:
    traits = venue().traits

    assert (traits.has_market_orders, traits.has_price_match, traits.has_fok) == (
        False,
        False,
        False,
    )


def test_a_noop_takes_the_nonce_and_the_key_of_the_doubtful_request() -> None:
    doubtful = Stamp(call=3, venue_ms=1_000, nonce=1_008, window_ms=1_000, term=5)
    request = venue().encode_kill(
        doubtful, Stamp(call=9, venue_ms=4_000, nonce=4_001, window_ms=500)
    )

    sent = json.loads(request.body)
    assert request.url == "http://venue/exchange"
    assert (sent["action"], sent["nonce"], sent["expiresAfter"]) == ({"type": "noop"}, 1_008, 4_500)
    assert venue().traits.kills_nonces


@pytest.mark.parametrize(
    ("text", "proves"),
    [
        ('{"status":"ok","response":{"type":"default"}}', True),
        ('{"status":"err","response":"Invalid nonce: duplicate nonce 1008"}', False),
        ('{"status":"ok","response":{"type":"order","data":{"statuses":[]}}}', False),
        ("no answer of the venue's", False),
    ],
)
def test_only_a_noop_that_was_carried_out_proves_that_its_nonce_was_free(
    text: str, proves: bool
) -> None:
    assert venue().is_killed(body(text)[0]) is proves


def test_both_transports_carry_the_same_signed_body() -> None:
    frame = json.loads(venue().encode_frame(ORDER, STAMP))
    request = venue().encode_http(ORDER, STAMP)

    assert request.url == "http://venue/exchange"
    assert request.headers == (("Content-Type", "application/json"),)
    assert json.loads(request.body) == frame["request"]["payload"]


def test_costs_over_the_socket_count_a_message_too() -> None:
    cancel = CancelOne(instrument=BTC, client_order_id=CLOID)

    assert venue().costs(cancel, Transport.WEBSOCKET) == (Cost("weight", 1), Cost("messages", 1))
    assert venue().costs(ORDER, Transport.HTTP) == (Cost("weight", 1),)
    assert venue().costs(OpenOrdersQuery(), Transport.HTTP) == (
        Cost("weight", 20),
        Cost("queries", 20),
    )


def test_whether_a_post_costs_weight_is_a_setting() -> None:
    costs = venue(posts_cost_weight=False).costs(ORDER, Transport.WEBSOCKET)

    assert costs == (Cost("weight", 0), Cost("messages", 1))


def test_nine_tenths_of_the_address_are_shared_between_two_copies() -> None:
    limits = {limit.pool: (limit.capacity, limit.others) for limit in venue().rate_limits}

    assert limits == {"weight": (605, 475), "queries": (475, 0), "messages": (1800, 0)}


def test_answers_say_nothing_of_budgets() -> None:
    assert venue().usage(body("null")[0]) == ()


def test_client_ids_are_made_canonical() -> None:
    assert venue().canonical_cloid(ClientOrderId(CLOID.upper().replace("0X", "0x"))) == CLOID


def test_questions_name_the_account_not_the_agent() -> None:
    (request,) = venue().encode_query(OpenOrdersQuery(), STAMP)

    assert request.url == "http://venue/info"
    assert json.loads(request.body) == {"type": "frontendOpenOrders", "user": ACCOUNT}


def test_an_outcome_is_judged() -> None:
    answer = RawAnswer(Transport.HTTP, 502, b"", 5)

    assert venue().decode_outcome(ORDER, answer).kind is OutcomeKind.UNKNOWN


def test_the_table_of_instruments() -> None:
    table = venue().decode_instruments(answers("meta.json"))

    assert [instrument.ticker for instrument in table.rows] == ["BTC", "ETH", "OLD", "SOL"]


def test_the_venues_time() -> None:
    assert venue().decode_time(body('{"time":7}')) == 7


def test_an_order_that_the_venue_knows() -> None:
    query = OrderQuery(instrument=BTC, client_order_id=CLOID)

    facts = venue().decode_order(query, answers("order_status.json"))

    assert facts is not None
    (report,) = facts
    assert isinstance(report, OrderReport)
    assert (report.order_status, report.cum_qty) == (OrderStatus.CANCELLED, None)


def test_an_order_that_the_venue_does_not_know() -> None:
    query = OrderQuery(instrument=BTC, client_order_id=CLOID)

    assert venue().decode_order(query, body('{"status":"unknownOid"}')) is None


@pytest.mark.parametrize("text", ['{"status":"order"}', '{"status":"weird"}', "null"])
def test_any_other_answer_about_an_order_proves_nothing(text: str) -> None:
    with pytest.raises(VenueQueryError):
        venue().decode_order(OrderQuery(instrument=BTC, client_order_id=CLOID), body(text))


def test_an_order_in_an_unknown_status_proves_nothing() -> None:
    text = (DATA / "order_status.json").read_text().replace('"canceled"', '"odd"')

    with pytest.raises(VenueQueryError, match="odd"):
        venue().decode_order(OrderQuery(instrument=BTC, client_order_id=CLOID), body(text))


def test_open_orders_of_every_market_are_listed() -> None:
    listing = venue().decode_listing(OpenOrdersQuery(), answers("open_orders.json"))

    tickers = [fact.ticker for fact in listing.facts]
    assert tickers == ["BTC", "@107"]
    assert listing.more is None


def test_recent_orders_are_listed_with_their_ends() -> None:
    row = json.loads((DATA / "order_status.json").read_bytes())["order"]
    odd = {**row, "status": "odd"}
    placed_ms = row["order"]["timestamp"]
    text = json.dumps([row, odd])

    listing = venue().decode_listing(RecentOrdersQuery((), placed_ms), body(text))
    older = venue().decode_listing(RecentOrdersQuery((), placed_ms + 1), body(text))

    (report,) = listing.facts
    assert isinstance(report, OrderReport)
    assert report.order_status is OrderStatus.CANCELLED
    assert older.facts == ()


def test_what_a_list_of_fills_adds_to_its_cost() -> None:
    rows = body("[" + ",".join(['{"tid":7}'] * 20) + "]")[0]
    assert venue().extra_costs(FillsQuery((), 0), rows) == (Cost("weight", 1), Cost("queries", 1))
    assert venue().extra_costs(OpenOrdersQuery(), rows) == ()


def fills_text() -> str:
    frame = json.loads((DATA / "user_fills.json").read_bytes())
    return json.dumps(frame["data"]["fills"])


def test_fills_are_listed_with_their_costs() -> None:
    listing = venue().decode_listing(FillsQuery((), 5), body(fills_text()))

    assert len(listing.facts) == 10
    assert listing.more is None


def test_a_complete_list_of_fills_closes_an_ended_order() -> None:
    here = venue()
    here.decode_order(
        OrderQuery(instrument=BTC, client_order_id=CLOID),
        body((DATA / "order_status.json").read_text()),
    )

    listing = here.decode_listing(
        FillsQuery((), 0), [RawAnswer(Transport.HTTP, 200, b"[]", 10**19)]
    )

    (end,) = listing.facts
    assert isinstance(end, OrderReport)
    assert end.cum_qty == 0


def test_a_list_of_fills_is_as_old_as_its_question() -> None:
    """The venue answers slowly: what it says may be from before the order's last fill."""
    here, asked = venue(), OrderQuery(instrument=BTC, client_order_id=CLOID)
    told = (DATA / "order_status.json").read_text()
    ended_ns, settled_ns = 10**18, 6 * 10**9
    here.decode_order(asked, [RawAnswer(Transport.HTTP, 200, told.encode(), ended_ns)])

    def listed(took_ns: int) -> int:
        answer = RawAnswer(Transport.HTTP, 200, b"[]", ended_ns + settled_ns, took_ns=took_ns)
        return len(here.decode_listing(FillsQuery((), 0), [answer]).facts)

    assert (listed(4 * 10**9), listed(10**9)) == (0, 1)


def test_a_list_that_may_be_cut_names_the_next_question_and_proves_no_end() -> None:
    rows = json.loads(fills_text())[:1] * 600

    listing = venue().decode_listing(FillsQuery((), 5), body(json.dumps(rows)))

    assert listing.more == FillsQuery((), 1770118781558)
    assert not [fact for fact in listing.facts if isinstance(fact, OrderReport)]
    assert len({fact.exec_id for fact in listing.facts if isinstance(fact, FillReport)}) == 1


def test_d7_as_many_fills_as_the_venue_keeps_may_have_had_older_ones() -> None:
    limits, query = venue().traits.fills, FillsQuery((), 5)
    told: dict[Hashable, int] = dict.fromkeys(range(10_000), 7_000_000)

    assert limits.lost_until_ms(query, told, STAMP.venue_ms) == 7
    del told[0]
    assert limits.lost_until_ms(query, told, STAMP.venue_ms) is None


def test_positions_carry_the_venues_time() -> None:
    listing = venue().decode_listing(PositionsQuery(), answers("clearinghouse_state.json"))

    assert listing.venue_ms == 1770118781558
    assert [fact.ticker for fact in listing.facts if isinstance(fact, PositionReport)] == [
        "BTC",
        "xyz:TSLA",
    ]


def test_absence_of_another_dexs_coin_from_the_positions_means_nothing() -> None:
    listing = venue().decode_listing(PositionsQuery(), answers("clearinghouse_state.json"))

    assert [listing.covers(Ticker(coin)) for coin in ("SOL", "xyz:GOLD", "@107")] == [
        True,
        False,
        False,
    ]


def test_other_questions_are_no_listings() -> None:
    with pytest.raises(VenueQueryError, match="TimeQuery is no listing"):
        venue().decode_listing(TimeQuery(), body("[]"))


def test_the_balance_of_a_perp_account() -> None:
    balance = venue().decode_balance(answers("clearinghouse_state.json"))

    assert (balance.asset, balance.equity, balance.balance, balance.available) == (
        "USDC",
        Decimal("179.0"),
        Decimal("181.8"),
        Decimal("174.2"),
    )


def test_the_balance_of_a_unified_account_is_in_its_spot_state() -> None:
    here = venue(Collateral.SPOT)
    text = '{"balances":[{"coin":"USDC","token":0,"total":"12.5","hold":"2.5","entryNtl":"0.0"}]}'

    (request,) = here.encode_query(BalanceQuery(), STAMP)
    balance = here.decode_balance(body(text))

    assert json.loads(request.body)["type"] == "spotClearinghouseState"
    assert (balance.equity, balance.available) == (Decimal("12.5"), Decimal(10))


def test_an_empty_spot_state_is_no_money() -> None:
    assert venue(Collateral.SPOT).decode_balance(body('{"balances":[]}')).equity == 0
