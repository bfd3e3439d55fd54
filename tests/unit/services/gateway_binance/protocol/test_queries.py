import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from services.gateway_binance.protocol import queries
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Ticker
from tandem.domain.instrument import Instrument
from tandem.gateway.port.requests import (
    FillsQuery,
    OpenOrdersQuery,
    OrderQuery,
    PositionsQuery,
    RecentOrdersQuery,
    TimeQuery,
    VenueQueryError,
)
from tandem.messages.reports import FillCost, FillReport, OrderReport, PositionReport
from tandem.transport.exchange import RawAnswer, Transport

Payload = Callable[[str], bytes]
EXC = Exc("binance")
TIME = b'{"serverTime":1790000000500}'


ASKED = OrderQuery(
    instrument=Instrument(
        exc=EXC,
        ticker=Ticker("BTCUSDT"),
        symbol="BTCUSDT",
        base_asset="BTC",
        quote_asset="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        min_notional=Decimal(100),
    ),
    client_order_id=ClientOrderId("oms-01J9Z-7"),
)


def _answer(body: bytes, status: int = 200) -> RawAnswer:
    return RawAnswer(Transport.HTTP, status, body, 9)


ONE_ASSET = _answer(b'{"multiAssetsMargin":false}')
ALL_ASSETS = _answer(b'{"multiAssetsMargin":true,"dualSidePosition":false}')


def test_time_is_read() -> None:
    assert queries.decode_time((_answer(TIME),)) == 1790000000500


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"", "HTTP 503"),
        (429, b'{"code":-1003,"msg":"Too many requests"}', "HTTP 429 -1003 Too many requests"),
        (200, b"{}", "unreadable body"),
        (200, b"\xff", "unreadable body"),
    ],
)
def test_answer_that_proves_nothing_raises(status: int, body: bytes, said: str) -> None:
    with pytest.raises(VenueQueryError, match=said):
        queries.decode_time((_answer(body, status),))


def test_known_order_is_reported_from_its_query(payload: Payload) -> None:
    facts = queries.decode_order(EXC, ASKED, (_answer(payload("order_query")),))
    assert facts is not None
    (report,) = facts
    assert isinstance(report, OrderReport)
    assert (report.source, report.avg_px) == (ReportSource.QUERY, Decimal("63999.5"))


def test_order_the_venue_does_not_know_is_none() -> None:
    answer = _answer(b'{"code":-2013,"msg":"Order does not exist."}', 400)
    assert queries.decode_order(EXC, ASKED, (answer,)) is None


def test_any_other_refusal_of_an_order_query_raises() -> None:
    with pytest.raises(VenueQueryError):
        queries.decode_order(EXC, ASKED, (_answer(b'{"code":-1021,"msg":"Timestamp"}', 400),))


def test_order_in_a_state_this_version_does_not_know_raises(payload: Payload) -> None:
    row = {**json.loads(payload("order_query")), "status": "HALF_OPEN"}
    with pytest.raises(VenueQueryError, match="HALF_OPEN"):
        queries.decode_order(EXC, ASKED, (_answer(json.dumps(row).encode()),))


def test_open_orders_of_anybody_on_the_account_are_listed(payload: Payload) -> None:
    listing = queries.decode_listing(EXC, OpenOrdersQuery(), (_answer(payload("open_orders")),))
    cloids = [fact.client_order_id for fact in listing.facts if isinstance(fact, OrderReport)]
    assert cloids == ["oms-01J9Z-7", "web_abc"]


def test_open_orders_of_several_symbols_are_one_list(payload: Payload, btc: Instrument) -> None:
    answers = (_answer(payload("open_orders")), _answer(b"[]"))
    listing = queries.decode_listing(EXC, OpenOrdersQuery((btc, btc)), answers)
    assert len(listing.facts) == 2


def test_recent_orders_that_cannot_be_read_hide_no_others(
    payload: Payload, btc: Instrument
) -> None:
    good = json.loads(payload("order_query"))
    answer = _answer(json.dumps([{**good, "status": "HALF_OPEN"}, good]).encode())
    listing = queries.decode_listing(EXC, RecentOrdersQuery((btc,), 0), (answer,))
    assert [type(fact) for fact in listing.facts] == [OrderReport]


def test_fills_come_with_their_costs(payload: Payload, btc: Instrument) -> None:
    query = FillsQuery((btc,), 0)
    listing = queries.decode_listing(EXC, query, (_answer(payload("user_trades")),))
    kinds = [type(fact) for fact in listing.facts]
    assert kinds == [FillReport, FillCost, FillReport, FillCost]
    assert listing.more is None


def test_cut_list_of_fills_asks_on_for_its_symbol_alone(payload: Payload, btc: Instrument) -> None:
    row = json.loads(payload("user_trades"))[0]
    rows = [{**row, "id": number, "time": 1790000000000 + number} for number in range(1000)]
    eth = replace(btc, symbol="ETHUSDT")
    answers = (_answer(json.dumps(rows).encode()), _answer(b"[]"))
    listing = queries.decode_listing(EXC, FillsQuery((btc, eth), 0), answers)
    assert listing.more == FillsQuery((btc,), 1790000000999, after=(ExecId("999"),))


def test_list_filled_by_one_millisecond_goes_on_within_it(
    payload: Payload, btc: Instrument
) -> None:
    row = json.loads(payload("user_trades"))[0]
    at_ms = row["time"]
    answers = (_full(row, first_id=1),)
    listing = queries.decode_listing(EXC, FillsQuery((btc,), at_ms), answers)
    assert listing.more == FillsQuery((btc,), at_ms, after=(ExecId("1000"),))


def test_each_symbol_of_a_cut_list_goes_on_after_its_own_last_fill(
    payload: Payload, btc: Instrument
) -> None:
    row = json.loads(payload("user_trades"))[0]
    eth = replace(btc, symbol="ETHUSDT")
    later = {**row, "symbol": "ETHUSDT", "time": row["time"] + 5}
    answers = (_full(row, first_id=1), _full(later, first_id=7001))
    listing = queries.decode_listing(EXC, FillsQuery((btc, eth), 0), answers)
    assert listing.more == FillsQuery(
        (btc, eth), row["time"], after=(ExecId("1000"), ExecId("8000"))
    )


@pytest.mark.parametrize("is_past", [False, True])
def test_list_that_goes_on_by_id_ends_where_it_has_passed_its_window(
    payload: Payload, btc: Instrument, is_past: bool
) -> None:
    row = json.loads(payload("user_trades"))[0]
    query = FillsQuery((btc,), 0, row["time"] - is_past, (ExecId("1"),))
    listing = queries.decode_listing(EXC, query, (_full(row, first_id=2),))
    assert len([fact for fact in listing.facts if isinstance(fact, FillReport)]) == 1_000
    assert (listing.more is None) is is_past


def test_full_list_without_one_fill_goes_on_by_time(payload: Payload, btc: Instrument) -> None:
    row = json.loads(payload("user_trades"))[0]
    listing = queries.decode_listing(
        EXC, FillsQuery((btc,), 5), (_full({**row, "qty": "NaN"}, first_id=1),)
    )
    assert listing.more == FillsQuery((btc,), row["time"], after=(None,))


def _full(row: dict[str, object], first_id: int) -> RawAnswer:
    return _answer(json.dumps([{**row, "id": first_id + n} for n in range(1_000)]).encode())


def test_list_of_fills_means_something_for_the_symbols_asked_about_alone(btc: Instrument) -> None:
    listing = queries.decode_listing(EXC, FillsQuery((btc,), 0), (_answer(b"[]"),))
    assert (listing.covers(btc.ticker), listing.covers(Ticker("SOLUSDT"))) == (True, False)


def test_positions_are_listed_as_of_the_time_asked_before(payload: Payload) -> None:
    answers = (_answer(TIME), _answer(payload("position_risk_v3")))
    listing = queries.decode_listing(EXC, PositionsQuery(), answers)
    (position,) = listing.facts
    assert isinstance(position, PositionReport)
    assert (position.ticker, position.amount) == ("BTCUSDT", Decimal("-0.01"))
    assert listing.venue_ms == 1790000000500


def test_position_of_hedge_mode_is_refused_by_name() -> None:
    body = b'[{"symbol":"BTCUSDT","positionSide":"LONG","positionAmt":"1","entryPrice":"2"}]'
    with pytest.raises(VenueQueryError, match="positionSide=LONG: the account must be in one-way"):
        queries.decode_listing(EXC, PositionsQuery(), (_answer(TIME), _answer(body)))


def test_empty_side_of_hedge_mode_is_passed_over() -> None:
    body = b'[{"symbol":"BTCUSDT","positionSide":"LONG","positionAmt":"0","entryPrice":"0"}]'
    listing = queries.decode_listing(EXC, PositionsQuery(), (_answer(TIME), _answer(body)))
    assert listing.facts == ()


def test_question_that_asks_for_no_list_raises() -> None:
    with pytest.raises(VenueQueryError, match="TimeQuery"):
        queries.decode_listing(EXC, TimeQuery(), ())


def test_balance_is_that_of_the_chosen_asset(payload: Payload) -> None:
    balance = queries.decode_balance("USDT", (_answer(payload("account_v3")), ONE_ASSET))
    assert balance.asset == "USDT"
    assert balance.balance == Decimal("99999.8720004")
    assert balance.equity == Decimal("99999.7700004")
    assert balance.available == Decimal("99967.7700004")


def test_balance_of_an_asset_not_held_raises(payload: Payload) -> None:
    with pytest.raises(VenueQueryError, match="asset=USDC"):
        queries.decode_balance("USDC", (_answer(payload("account_v3")), ONE_ASSET))


def _account(**totals: str) -> RawAnswer:
    """An account that owes USDT and holds far more of an asset that stands for it."""
    assets = [
        {"asset": name, "walletBalance": held, "marginBalance": held, "availableBalance": "0"}
        for name, held in (("BFUSD", "2850"), ("USDT", "-45.32"))
    ]
    return _answer(json.dumps({"assets": assets, **totals}).encode())


def test_c9_in_multi_assets_mode_the_accounts_own_totals_count() -> None:
    account = _account(
        totalWalletBalance="2801.00", totalMarginBalance="2802.89", availableBalance="2700.5"
    )

    balance = queries.decode_balance("USDT", (account, ALL_ASSETS))

    assert (balance.asset, balance.balance) == ("USD", Decimal(2801))
    assert (balance.equity, balance.available) == (Decimal("2802.89"), Decimal("2700.5"))
    assert queries.decode_balance("USDT", (account, ONE_ASSET)).equity == Decimal("-45.32")


@pytest.mark.parametrize("config", [b"{}", b'{"multiAssetsMargin":"yes"}', b""])
def test_c9_a_mode_that_is_not_told_concludes_nothing(config: bytes) -> None:
    account = _account(totalMarginBalance="2802.89")
    with pytest.raises(VenueQueryError, match="unreadable"):
        queries.decode_balance("USDT", (account, _answer(config)))
    with pytest.raises(VenueQueryError, match="totalWalletBalance"):
        queries.decode_balance("USDT", (account, ALL_ASSETS))


@pytest.mark.parametrize(
    ("field", "value"), [("symbol", "ETHUSDT"), ("clientOrderId", "another"), ("orderId", 0)]
)
def test_e4_answer_about_another_order_proves_nothing(
    payload: Payload, field: str, value: object
) -> None:
    row = {**json.loads(payload("order_query")), field: value}
    with pytest.raises(VenueQueryError, match=field if field != "orderId" else "order id"):
        queries.decode_order(EXC, ASKED, (_answer(json.dumps(row).encode()),))


def test_e4_trade_of_another_symbol_is_named_and_takes_no_other_with_it(payload: Payload) -> None:
    trades = json.loads(payload("user_trades"))
    asked = FillsQuery((ASKED.instrument,), 0)
    whole = queries.decode_listing(EXC, asked, (_answer(json.dumps(trades).encode()),))
    other = [{**trades[0], "symbol": "ETHUSDT"}, *trades[1:]]
    listing = queries.decode_listing(EXC, asked, (_answer(json.dumps(other).encode()),))
    assert [(fault.field, fault.value) for fault in listing.unsound] == [("symbol", "ETHUSDT")]
    assert listing.facts == whole.facts[-len(listing.facts) :]
    assert len(listing.facts) < len(whole.facts)


def test_the_account_is_named_by_its_unique_code() -> None:
    rows = b'[{"accountAlias":"SgsR","asset":"BNB"},{"accountAlias":"SgsR","asset":"USDT"}]'
    assert queries.decode_account((_answer(rows),)) == "SgsR"


@pytest.mark.parametrize("rows", [b"[]", b'[{"accountAlias":""}]', b'[{"asset":"USDT"}]', b"{}"])
def test_an_account_that_is_not_named_is_not_guessed(rows: bytes) -> None:
    with pytest.raises(VenueQueryError):
        queries.decode_account((_answer(rows),))
