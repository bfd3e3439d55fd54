from decimal import Decimal

import pytest

from services.paper_binance.auth.keyring import PAPER_ACCOUNT
from services.paper_binance.exchange.venue import Venue
from services.paper_exchange.engine.fees import BINANCE_FEES
from tests.unit.services.paper_binance.pure_venue import LIMIT, MARKET, send, venue_with_books

V3_POSITION = {
    "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice",
    "unRealizedProfit", "liquidationPrice", "isolatedMargin", "notional", "marginAsset",
    "isolatedWallet", "initialMargin", "maintMargin", "positionInitialMargin",
    "openOrderInitialMargin", "adl", "bidNotional", "askNotional", "updateTime",
}  # fmt: skip
V2_POSITION = {
    "symbol", "positionSide", "positionAmt", "entryPrice", "breakEvenPrice", "markPrice",
    "unRealizedProfit", "liquidationPrice", "isolatedMargin", "notional", "isolatedWallet",
    "updateTime", "leverage", "maxNotionalValue", "marginType", "isAutoAddMargin",
}  # fmt: skip


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def test_version_3_lists_only_symbols_in_use(venue: Venue) -> None:
    send(venue, "POST", "order", **{**MARKET, "side": "SELL"})

    _, (row,) = send(venue, "GET", "../v3/positionRisk")

    assert set(row) == V3_POSITION
    assert [row[name] for name in ("symbol", "positionAmt", "entryPrice", "notional")] == [
        "SOLUSDT", "-1.00", "149.99", "-150.00000000",
    ]  # fmt: skip


def test_version_2_lists_every_symbol_with_its_settings(venue: Venue) -> None:
    send(venue, "POST", "leverage", symbol="SOLUSDT", leverage="7")

    _, rows = send(venue, "GET", "../v2/positionRisk")

    assert [(row["symbol"], row["leverage"]) for row in rows] == [
        ("BTCUSDT", "20"), ("ETHUSDT", "20"), ("SOLUSDT", "7"),
    ]  # fmt: skip
    assert set(rows[0]) == V2_POSITION


def test_position_query_may_name_a_symbol(venue: Venue) -> None:
    _, rows = send(venue, "GET", "../v2/positionRisk", symbol="ETHUSDT")

    assert [row["symbol"] for row in rows] == ["ETHUSDT"]


def test_hedge_mode_lists_both_sides(venue: Venue) -> None:
    send(venue, "POST", "positionSide/dual", dualSidePosition="true")
    send(venue, "POST", "order", **{**MARKET, "side": "SELL", "positionSide": "SHORT"})

    _, rows = send(venue, "GET", "../v2/positionRisk", symbol="SOLUSDT")

    assert [(row["positionSide"], row["positionAmt"]) for row in rows] == [
        ("LONG", "0.00"), ("SHORT", "-1.00"),
    ]  # fmt: skip


def test_account_totals_follow_position_and_orders(venue: Venue) -> None:
    send(venue, "POST", "order", **MARKET)
    send(venue, "POST", "order", **LIMIT)

    _, account = send(venue, "GET", "../v3/account")

    assert account["totalWalletBalance"] == "999999.92499500"
    assert account["totalPositionInitialMargin"] == "7.50000000"
    assert account["totalOpenOrderInitialMargin"] == "7.47500000"
    assert account["availableBalance"] == "999984.93999500"
    assert account["assets"][0]["availableBalance"] == account["availableBalance"]
    assert [row["positionAmt"] for row in account["positions"]] == ["1.00"]
    assert "canTrade" not in account


def test_account_of_version_2_says_more(venue: Venue) -> None:
    _, account = send(venue, "GET", "../v2/account")

    assert (account["canTrade"], account["feeTier"]) == (True, 0)
    assert [row["isolated"] for row in account["positions"]] == [False] * 3


def test_balance_is_the_wallet(venue: Venue) -> None:
    _, (row,) = send(venue, "GET", "../v3/balance")

    assert (row["asset"], row["balance"]) == ("USDT", "1000000.00000000")


def test_configuration_follows_the_settings(venue: Venue) -> None:
    send(venue, "POST", "multiAssetsMargin", multiAssetsMargin="true")
    send(venue, "POST", "marginType", symbol="SOLUSDT", marginType="ISOLATED")

    _, account = send(venue, "GET", "accountConfig")
    _, (symbol,) = send(venue, "GET", "symbolConfig", symbol="SOLUSDT")

    assert (account["multiAssetsMargin"], account["dualSidePosition"]) == (True, False)
    assert (symbol["marginType"], symbol["leverage"]) == ("ISOLATED", 20)


def test_rates_brackets_and_limits_are_told(venue: Venue) -> None:
    _, rates = send(venue, "GET", "commissionRate", symbol="SOLUSDT")
    _, brackets = send(venue, "GET", "leverageBracket", symbol="SOLUSDT")
    _, limits = send(venue, "GET", "rateLimit/order")

    assert (rates["makerCommissionRate"], rates["takerCommissionRate"]) == ("0.0002", "0.0005")
    assert brackets["brackets"][0]["initialLeverage"] == 100
    assert [row["limit"] for row in limits] == [300, 1200]


OWED, BFUSD = Decimal("-48.11"), Decimal(2850)


def holding_two_assets(venue: Venue) -> None:
    venue.engine.open_account(PAPER_ACCOUNT, OWED, BINANCE_FEES, {"BFUSD": BFUSD})


@pytest.mark.parametrize(("mode", "total"), [("true", "2801.89000000"), ("false", "-48.11000000")])
def test_c9_other_assets_count_in_multi_assets_mode_only(
    venue: Venue, mode: str, total: str
) -> None:
    holding_two_assets(venue)
    send(venue, "POST", "multiAssetsMargin", multiAssetsMargin=mode)

    for path in ("../v3/account", "../v2/account"):
        _, answer = send(venue, "GET", path)
        assert (answer["totalMarginBalance"], answer["totalWalletBalance"]) == (total, total)
        assert [(row["asset"], row["walletBalance"]) for row in answer["assets"]] == [
            ("USDT", "-48.11000000"), ("BFUSD", "2850.00000000"),
        ]  # fmt: skip
    _, balances = send(venue, "GET", "../v3/balance")
    assert [row["asset"] for row in balances] == ["USDT", "BFUSD"]


def test_c9_what_counts_is_margin_for_orders(venue: Venue) -> None:
    holding_two_assets(venue)

    assert send(venue, "POST", "order", **LIMIT)[1]["code"] == -2019

    send(venue, "POST", "multiAssetsMargin", multiAssetsMargin="true")
    assert send(venue, "POST", "order", **LIMIT)[0] == 200
