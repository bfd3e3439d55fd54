import pytest

from services.paper_exchange.engine.orders import Side
from services.paper_hyperliquid.exchange.market_stats import trade_row
from services.paper_hyperliquid.info.markets import InfoError
from tests.unit.services.paper_hyperliquid.floor import Floor


def traded(floor: Floor, *prices: str) -> None:
    """Let the tape trade one SOL at each price, a minute apart."""
    for px in prices:
        floor.trade(Side.SELL, px, "1")
        for trade in floor.news().trades:
            stats = floor.info.markets.stats[trade.symbol]
            stats.add(trade, trade_row(trade, ("0xa", "0xb")))
        floor.pass_ms(60_000)


def test_mids_are_known_for_coins_with_a_market() -> None:
    assert Floor().ask("allMids") == {"SOL": "150.0"}


def test_the_universe_keeps_delisted_coins_in_their_place() -> None:
    universe = Floor().ask("meta", dex="")["universe"]
    assert universe[5] == {
        "szDecimals": 2, "name": "SOL", "maxLeverage": 20, "marginTableId": 20,
    }  # fmt: skip
    assert universe[3]["isDelisted"] is True


def test_contexts_are_aligned_with_the_universe() -> None:
    floor = Floor()
    traded(floor, "149", "148")
    meta, contexts = floor.ask("metaAndAssetCtxs")
    assert len(meta["universe"]) == len(contexts)
    sol = contexts[5]
    assert (sol["prevDayPx"], sol["dayBaseVlm"], sol["dayNtlVlm"]) == ("149.0", "2.0", "297.0")
    assert contexts[3]["midPx"] is None
    assert contexts[0]["impactPxs"] is None


def test_open_interest_counts_each_contract_once() -> None:
    floor = Floor()
    floor.take("buy", "3")
    assert floor.ask("metaAndAssetCtxs")[1][5]["openInterest"] == "3.0"


def test_there_is_only_the_main_dex() -> None:
    floor = Floor()
    assert floor.ask("perpDexs") == [None]
    assert floor.ask("allPerpMetas") == [floor.ask("meta")]
    with pytest.raises(InfoError):
        floor.ask("meta", dex="xyz")


def test_spot_is_named_and_does_not_trade() -> None:
    meta, contexts = Floor().ask("spotMetaAndAssetCtxs")
    assert meta == Floor().ask("spotMeta")
    assert meta["universe"][0]["name"] == "PURR/USDC"
    assert contexts[0]["midPx"] is None


def test_the_clock_is_the_venues() -> None:
    floor = Floor()
    assert floor.ask("exchangeStatus") == {"time": floor.now_ms, "specialStatuses": None}


def test_recent_trades_come_newest_first() -> None:
    floor = Floor()
    traded(floor, "149", "148")
    assert [row["px"] for row in floor.ask("recentTrades", coin="SOL")] == ["148.0", "149.0"]


def test_candles_merge_minutes() -> None:
    floor = Floor()
    start = floor.now_ms
    traded(floor, "149", "147", "148")
    day = {"coin": "SOL", "interval": "1d", "startTime": 0}
    candle = floor.ask("candleSnapshot", req=day)[0]
    assert [candle[k] for k in "ohlcvn"] == ["149.0", "149.0", "147.0", "148.0", "3.0", 3]
    minutes = {"coin": "SOL", "interval": "1m", "startTime": start, "endTime": start + 60_000}
    assert [c["c"] for c in floor.ask("candleSnapshot", req=minutes)] == ["147.0"]


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("recentTrades", {"coin": "NONE"}),
        ("fundingHistory", {"coin": "NONE", "startTime": 0}),
        ("candleSnapshot", {"req": {"coin": "SOL", "interval": "2m", "startTime": 0}}),
        ("l2Book", {"coin": "SOL", "nSigFigs": 4, "mantissa": 2}),
    ],
)
def test_bad_arguments_are_an_error(kind: str, members: dict[str, object]) -> None:
    with pytest.raises(InfoError):
        Floor().ask(kind, **members)


def test_no_funding_was_ever_paid() -> None:
    assert Floor().ask("fundingHistory", coin="SOL", startTime=0) == []


def test_a_book_has_twenty_levels_a_side_best_first() -> None:
    levels = Floor().ask("l2Book", coin="SOL")["levels"]
    assert [len(side) for side in levels] == [20, 20]
    assert [side[0] for side in levels] == [
        {"px": "149.99", "sz": "10.0", "n": 1}, {"px": "150.01", "sz": "10.0", "n": 1},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("figures", "mantissa", "bid", "ask"),
    [(4, None, "149.9", "150.1"), (3, None, "149.0", "151.0"), (5, 5, "149.95", "150.05")],
)
def test_a_rounded_book_merges_levels_away_from_the_middle(
    figures: int, mantissa: int | None, bid: str, ask: str
) -> None:
    book = Floor().ask("l2Book", coin="SOL", nSigFigs=figures, mantissa=mantissa)
    assert [side[0]["px"] for side in book["levels"]] == [bid, ask]
    assert sum(level["n"] for level in book["levels"][0]) == 20
    assert "spread" in book
