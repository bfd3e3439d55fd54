"""The official SDK, unchanged, against the paper exchange: REST, user stream, WebSocket API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_derivatives_trading_usds_futures import derivatives_trading_usds_futures as sdk

from services.paper_binance.auth.keyring import (
    PAPER_ED25519_KEY,
    PAPER_HMAC_KEY,
    PAPER_HMAC_SECRET,
)
from tests.integration.paper_binance import PaperClient, paper_binance

# RFC 8032 §7.1, test 1: the private half of the documented paper key.
ED25519_PRIVATE = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""
# The SDK hands aiohttp a number where it now wants a structure.
pytestmark = pytest.mark.filterwarnings(
    "ignore:parameter 'timeout' of type 'float':DeprecationWarning"
)
Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
async def paper() -> AsyncIterator[PaperClient]:
    async with paper_binance() as client:
        yield client


def client_of(paper: PaperClient, **keys: str) -> Any:
    websocket = f"ws://127.0.0.1:{paper.port}"
    return sdk.DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(**keys, base_path=paper.base),
        config_ws_api=ConfigurationWebSocketAPI(**keys, stream_url=f"{websocket}/ws-fapi/v1"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{websocket}/stream"),
    )


def hmac_client(paper: PaperClient) -> Any:
    return client_of(paper, api_key=PAPER_HMAC_KEY, api_secret=PAPER_HMAC_SECRET)


async def test_rest_places_queries_fills_and_cancels(paper: PaperClient) -> None:
    rest = hmac_client(paper).rest_api

    def trade() -> dict[str, Any]:
        placed = rest.new_order(
            symbol="SOLUSDT", side="SELL", type="LIMIT", time_in_force="GTC",
            quantity=3.0, price=150.05, new_client_order_id="sdk-1",
        ).data()  # fmt: skip
        found = rest.query_order(symbol="SOLUSDT", order_id=placed.order_id).data()
        cancelled = rest.cancel_order(symbol="SOLUSDT", orig_client_order_id="sdk-1").data()
        bought = rest.new_order(
            symbol="SOLUSDT", side="BUY", type="MARKET", quantity=7.0, new_order_resp_type="RESULT"
        ).data()
        trades = rest.account_trade_list(symbol="SOLUSDT").data()
        positions = rest.position_information_v3(symbol="SOLUSDT").data()
        return {
            "placed": placed.status,
            "found": (found.status, found.avg_price),
            "cancelled": cancelled.status,
            "bought": (bought.status, bought.executed_qty),
            "trades": [row.qty for row in trades],
            "position": positions[0].position_amt,
        }

    assert await asyncio.to_thread(trade) == {
        "placed": "NEW",
        "found": ("NEW", "0.000000"),
        "cancelled": "CANCELED",
        "bought": ("FILLED", "7.00"),
        "trades": ["5.00", "2.00"],
        "position": "7.00",
    }


async def test_rest_reads_market_account_and_settings(paper: PaperClient) -> None:
    rest = hmac_client(paper).rest_api

    def read() -> list[object]:
        info = rest.exchange_information().data()
        return [
            [symbol.symbol for symbol in info.symbols],
            rest.order_book(symbol="SOLUSDT", limit=5).data().bids[0],
            rest.futures_account_balance_v3().data()[0].balance,
            rest.account_information_v3().data().total_wallet_balance,
            rest.account_information_v2().data().can_trade,
            rest.get_current_position_mode().data().dual_side_position,
            rest.change_initial_leverage(symbol="SOLUSDT", leverage=7).data().leverage,
            rest.user_commission_rate(symbol="SOLUSDT").data().taker_commission_rate,
            rest.check_server_time().data().server_time > 0,
        ]

    assert await asyncio.to_thread(read) == [
        ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
        ["149.9900", "5.00"],
        "1000000.00000000",
        "1000000.00000000",
        True,
        False,
        7,
        "0.0005",
        True,
    ]


async def test_d2_strictly_typed_models_take_every_answer(paper: PaperClient) -> None:
    """The models refuse a number where the documentation has text, and text where it has one."""
    rest = hmac_client(paper).rest_api
    await paper.order(symbol="SOLUSDT", side="BUY", type="MARKET", quantity="1")

    def read() -> dict[str, Any]:
        brackets = rest.notional_and_leverage_brackets(symbol="SOLUSDT").data().actual_instance
        everything = rest.notional_and_leverage_brackets().data().actual_instance
        return {
            "ratio": brackets.brackets[0].maint_margin_ratio,
            "symbols": len(everything),
            "income": [row.income_type for row in rest.get_income_history().data()],
            "interest": rest.open_interest(symbol="SOLUSDT").data().open_interest,
            "fundings": rest.get_funding_rate_history().data(),
            "forced": rest.users_force_orders().data(),
            "queue": rest.position_adl_quantile_estimation().data()[2].symbol,
            "algo": rest.current_all_algo_open_orders().data(),
            "margin": rest.account_information_v2().data().assets[0].margin_available,
            "leverage": rest.position_information_v2().data()[2].leverage,
            "rpi": rest.recent_trades_list(symbol="SOLUSDT").data()[0].is_rpi_trade,
            "candles": len(rest.kline_candlestick_data(symbol="SOLUSDT", interval="1m").data()),
        }

    assert await asyncio.to_thread(read) == {
        "ratio": 0.005, "symbols": 3, "income": ["COMMISSION"], "interest": "1.00", "fundings": [],
        "forced": [], "queue": "SOLUSDT", "algo": [], "margin": True, "leverage": "20",
        "rpi": False, "candles": 1,
    }  # fmt: skip


async def test_ed25519_signs_rest_requests(paper: PaperClient) -> None:
    keys = {"api_key": PAPER_ED25519_KEY, "private_key": ED25519_PRIVATE}
    rest = client_of(paper, **keys).rest_api

    def place() -> Any:
        return rest.new_order(
            symbol="SOLUSDT", side="BUY", type="LIMIT", time_in_force="GTX",
            quantity=1.0, price=149.0,
        ).data()  # fmt: skip

    assert (await asyncio.to_thread(place)).status == "NEW"


async def test_user_stream_tells_of_a_maker_fill(
    paper: PaperClient, eventually: Eventually
) -> None:
    client = hmac_client(paper)
    streams = await client.websocket_streams.create_connection()
    heard: list[Any] = []
    user_data = await streams.user_data(await paper.listen_key())
    user_data.on("message", lambda message: heard.append(message.actual_instance))
    await eventually(lambda: paper.exchange.hub.is_heard)

    await paper.limit("SELL", "3", "150.05", newClientOrderId="sdk-2")
    await paper.trade("buy", "151", "1.25")

    await eventually(lambda: len(heard) == 4)
    await streams.close_connection()
    assert [type(event).__name__ for event in heard] == [
        "OrderTradeUpdate",
        "TradeLite",
        "AccountUpdate",
        "OrderTradeUpdate",
    ]
    assert (heard[3].o.c, heard[3].o.l, heard[3].o.m) == ("sdk-2", "1.25", True)


async def test_market_streams_reach_the_sdk(paper: PaperClient, eventually: Eventually) -> None:
    client = hmac_client(paper)
    streams = await client.websocket_streams.create_connection()
    tickers: list[Any] = []
    trades: list[Any] = []
    book = await streams.individual_symbol_book_ticker_streams(symbol="SOLUSDT")
    book.on("message", tickers.append)
    printed = await streams.aggregate_trade_streams(symbol="SOLUSDT")
    printed.on("message", trades.append)
    await eventually(lambda: paper.exchange.hub.watched_count == 2)

    await paper.trade("sell", "149.99", "1")
    await paper.limit("BUY", "1", "150")

    await eventually(lambda: tickers and trades)
    await streams.close_connection()
    assert (tickers[-1].b, trades[0].q) == ("150.0000", "1.00")


async def test_d3_candles_and_tickers_reach_the_sdk(
    paper: PaperClient, eventually: Eventually
) -> None:
    client = hmac_client(paper)
    streams = await client.websocket_streams.create_connection()
    heard: list[Any] = []
    for stream in (
        await streams.kline_candlestick_streams(symbol="SOLUSDT", interval="1m"),
        await streams.individual_symbol_ticker_streams(symbol="SOLUSDT"),
        await streams.all_market_mini_tickers_stream(),
    ):
        stream.on("message", heard.append)
    await eventually(lambda: paper.exchange.hub.watched_count == 3)

    await paper.trade("sell", "149.99", "1")

    def kinds() -> set[str]:
        return {type(one[0] if isinstance(one, list) else one).__name__ for one in heard}

    await eventually(lambda: len(kinds()) == 3)
    await streams.close_connection()
    assert any("Kline" in kind for kind in kinds())


async def test_websocket_api_places_queries_and_cancels(paper: PaperClient) -> None:
    client = hmac_client(paper)
    connection = await client.websocket_api.create_connection()

    placed = await connection.new_order(
        symbol="SOLUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity=1.0, price=149.0
    )
    order_id = placed.data().result.order_id
    found = await connection.query_order(symbol="SOLUSDT", order_id=order_id)
    cancelled = await connection.cancel_order(symbol="SOLUSDT", order_id=order_id)
    balance = await connection.futures_account_balance_v2()

    await connection.close_connection()
    statuses = [answer.data().result.status for answer in (placed, found, cancelled)]
    assert statuses == ["NEW", "NEW", "CANCELED"]
    assert balance.data().result[0].balance == "1000000.00000000"


async def test_ed25519_signs_websocket_requests(paper: PaperClient) -> None:
    keys = {"api_key": PAPER_ED25519_KEY, "private_key": ED25519_PRIVATE}
    client = client_of(paper, **keys)
    connection = await client.websocket_api.create_connection()
    placed = await connection.new_order(
        symbol="SOLUSDT", side="SELL", type="LIMIT", time_in_force="GTC", quantity=1.0, price=151.0
    )

    await connection.close_connection()
    assert placed.data().result.status == "NEW"
