"""Every shape in which a venue tells a fill, from its bytes to what the desk makes of it.

The shapes are those of the venues' documents: which members a fill has, what they hold, and by
which source it is told. What counts is whose order it was; nothing else may change the answer.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.gateway_binance.protocol import stream_wire, wire
from services.gateway_binance.protocol.reports import (
    Received,
    order_update_reports,
    trade_lite_report,
    trade_row_reports,
)
from services.gateway_hyperliquid.protocol.reports import Reading, fill_report
from services.gateway_hyperliquid.protocol.wire import FillRow
from services.order_state.fold import OrderFold
from services.order_state.registry import Registry
from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Ticker, taker_cloid
from tandem.domain.order import OrderType
from tandem.messages import subjects
from tandem.messages.facts import subject_of
from tandem.messages.hedges import Alarm
from tandem.messages.intents import LegSpec, MakerSpec, NewOrder
from tandem.messages.queries import OrdersPage, PageRequest
from tandem.messages.reports import FillReport, OrderReport
from tandem.runtime.fold.port import Append, Head, LogEvent
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    STRATEGY,
    Desk,
    instrument,
)

ACCOUNT = "0x" + "cd" * 20
TAKER = taker_cloid("0" * 12, 0, 1, 0)
STRATEGYS = "0x7a4f" + "0" * 28
ASKED = "0x" + "ab" * 16
STRANGERS = "0x" + "99" * 16
OURS, FOREIGN, NOTE, UNTOLD = "ours", "foreign", "a note", "waits for its order"


class Place:
    """A desk that quotes on one account and hedges on the other, and order-state beside it."""

    def __init__(self, hedged: Exc, ticker: Ticker) -> None:
        self.desk = Desk()
        self.desk.specs(instrument(BINANCE, SOLUSDT), instrument(HYPERLIQUID, SOL))
        here = (HYPERLIQUID, SOL) if hedged == BINANCE else (BINANCE, SOLUSDT)
        there = (BINANCE, SOLUSDT) if hedged == BINANCE else (HYPERLIQUID, SOL)
        maker = MakerSpec(exc=here[0], ticker=here[1], amount=Decimal(-3), price=Decimal(100))
        self.desk.hedge("h1", "-3", LegSpec(exc=there[0], ticker=there[1]), maker=maker)
        self.orders, self.registry = OrderFold(), Registry()
        self.notes: list[str] = []
        order = NewOrder(
            exc=hedged,
            ticker=ticker,
            client_order_id=ClientOrderId(ASKED),
            amount=Decimal("-2.5"),
            order_type=OrderType.MARKET,
            strategy=STRATEGY,
        )
        self.read(order, subjects.new_order(hedged, STRATEGY, order.client_order_id))

    def read(self, fact: Any, subject: str) -> None:
        self.desk.read(fact, subject)
        event = LogEvent(self.desk.seq, self.desk.now_ns, subject, fact)
        for effect in self.orders.apply(self.registry, event):
            if isinstance(effect, Append) and isinstance(effect.fact, Alarm):
                self.notes.append(effect.fact.text)

    def judged(self, *facts: Any) -> str:
        """Return what the desk makes of a trade that these facts tell."""
        for fact in facts:
            self.read(fact, subject_of(fact))
        if self.desk.cancels():
            assert self.desk.alarms()[0].endswith("the makers that hedge there are cancelled")
            assert self.notes
            return FOREIGN
        if self.notes:
            return NOTE
        return UNTOLD if self.desk.state.orphans else OURS

    def live_rows(self) -> int:
        head = Head(0, self.desk.seq, self.desk.now_ns)
        page = self.orders.answer(self.registry, head, subjects.ORDERS_PAGE, PageRequest())
        assert isinstance(page, OrdersPage)
        return sum(one.strategy is None for one in page.orders)


def hyperliquid(**more: object) -> FillReport:
    said: dict[str, object] = {
        "coin": "SOL", "px": "140.1", "sz": "2.5", "side": "A", "time": 1_700_000_000_100,
        "startPosition": "2.5", "dir": "Close Long", "closedPnl": "12.3", "hash": "0x" + "a" * 64,
        "oid": 194_000_000_001, "crossed": True, "fee": "0.0", "tid": 771_300_000_000_001,
        "feeToken": "USDC",
    }  # fmt: skip
    row = msgspec.json.decode(json.dumps(said | more), type=FillRow)
    return fill_report(row, Reading(HYPERLIQUID, ACCOUNT, 1, ReportSource.EVENT))


LIQUIDATED = {"liquidatedUser": ACCOUNT, "markPx": "140", "method": "market"}
SOMEBODY = {"liquidatedUser": "0x" + "ee" * 20, "markPx": "140", "method": "backstop"}
DIRS = (
    "Open Long", "Open Short", "Close Long", "Close Short", "Long > Short", "Short > Long", "Buy",
    "Sell", "Auto-Deleveraging", "Liquidated Cross Long", "Liquidated Isolated Short", "Settlement",
    "Spot Dust Conversion", "Net Child Vaults",
)  # fmt: skip


@pytest.mark.parametrize("dir_", DIRS)
@pytest.mark.parametrize("liquidation", [None, LIQUIDATED, SOMEBODY, {"method": "market"}])
@pytest.mark.parametrize("tid", [0, 771_300_000_000_001])
@pytest.mark.parametrize("oid", [0, 194_000_000_001])
def test_c1_a_hyperliquid_fill_without_a_client_id_is_foreign_whatever_else_it_says(
    dir_: str, liquidation: object, tid: int, oid: int
) -> None:
    if tid and not oid:
        return  # a trade of an order has the order's id
    more = {} if liquidation is None else {"liquidation": liquidation}
    place = Place(HYPERLIQUID, SOL)

    told = hyperliquid(dir=dir_, tid=tid, oid=oid, **more)

    assert place.judged(told) == FOREIGN
    assert place.live_rows() == 0


@pytest.mark.parametrize("dir_", DIRS)
@pytest.mark.parametrize("liquidation", [None, LIQUIDATED, SOMEBODY])
@pytest.mark.parametrize(
    ("cloid", "becomes"),
    [
        (TAKER, OURS),
        (ASKED.upper().replace("X", "x"), OURS),
        (STRATEGYS, NOTE),  # a strategy's, by its form; the log has lost that it was asked for
        (STRANGERS, FOREIGN),
    ],
)
def test_c1_a_hyperliquid_fill_is_whose_its_client_id_is(
    dir_: str, liquidation: object, cloid: str, becomes: str
) -> None:
    more = {} if liquidation is None else {"liquidation": liquidation}
    place = Place(HYPERLIQUID, SOL)

    assert place.judged(hyperliquid(dir=dir_, cloid=cloid, **more)) == becomes
    assert place.live_rows() == 0


# What a row may have beside what each has, or may lack (Hyperliquid docs, user fills).
BESIDE: tuple[dict[str, object], ...] = (
    {"twapId": 5},
    {"builderFee": "0.01"},
    {"fee": "-0.01"},
    {"feeToken": "USDH"},
    {"crossed": False},
    {"side": "B", "startPosition": "-2.5"},
    {"side": "B", "startPosition": "0.0"},
    {"hash": "0x" + "0" * 64, "tid": 0},
)


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize(("cloid", "becomes"), [(None, FOREIGN), (TAKER, OURS)])
def test_c1_what_else_a_hyperliquid_fill_has_changes_nothing(
    beside: dict[str, object], cloid: str | None, becomes: str
) -> None:
    more = beside if cloid is None else beside | {"cloid": cloid}
    place = Place(HYPERLIQUID, SOL)

    assert place.judged(hyperliquid(**more)) == becomes
    assert place.live_rows() == 0


@pytest.mark.parametrize("coin", ["xyz:TSLA", "PURR/USDC", "@107", "#20", "BTC"])
@pytest.mark.parametrize("more", [{}, {"tid": 0}, {"tid": 0, "oid": 0}, {"cloid": STRANGERS}])
def test_c1_a_hyperliquid_fill_of_a_coin_that_nobody_hedges_is_a_note(
    coin: str, more: dict[str, object]
) -> None:
    assert Place(HYPERLIQUID, SOL).judged(hyperliquid(coin=coin, **more)) == NOTE


AT = Received(BINANCE, ReportSource.EVENT, 1)
NOT_OURS = (
    "autoclose-1790000000700000001", "adl_autoclose", "settlement_autoclose-1",
    "delivery_autoclose-1", "web_abc", "ios_abc", "android_abc", "x-cvBPrNm9abc", "anything",
    STRANGERS,
)  # fmt: skip
Facts = tuple[FillReport | OrderReport | object, ...]


def order_update(cloid: str, **more: object) -> Facts:
    said = {
        "s": "SOLUSDT", "c": cloid, "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "2.5", "p": "0",
        "ap": "140.1", "x": "TRADE", "X": "FILLED", "i": 9_000_000_000_000_000_123, "l": "2.5",
        "z": "2.5", "L": "140.1", "n": "0.1", "N": "USDT", "T": 1_700_000_000_100, "t": 700_000_123,
        "m": False, "R": True, "ps": "BOTH", "rp": "12.3",
    }  # fmt: skip
    frame = {"e": "ORDER_TRADE_UPDATE", "E": 1_700_000_000_130, "T": 1_700_000_000_125}
    event = stream_wire.decode_user_frame(json.dumps(frame | {"o": said | more}).encode())
    assert isinstance(event, stream_wire.OrderTradeUpdate)
    return order_update_reports(event, AT)


def calculated(cloid: str) -> Facts:
    """A liquidation: its own type and execution type, and no commission."""
    return order_update(cloid, o="LIQUIDATION", x="CALCULATED", n=None, N=None)


def without_trade_id(cloid: str) -> Facts:
    """A close that names no trade: only the order says how much of it filled."""
    return order_update(cloid, x="CALCULATED", t=0)


def trade_lite(cloid: str) -> Facts:
    said = {
        "e": "TRADE_LITE", "E": 1_700_000_000_130, "T": 1_700_000_000_125, "s": "SOLUSDT",
        "q": "2.5", "p": "0", "m": False, "c": cloid, "S": "SELL", "L": "140.1", "l": "2.5",
        "t": 700_000_123, "i": 9_000_000_000_000_000_123,
    }  # fmt: skip
    event = stream_wire.decode_user_frame(json.dumps(said).encode())
    assert isinstance(event, stream_wire.TradeLite)
    return (trade_lite_report(event, AT),)


def trade_row(_cloid: str = "") -> Facts:
    said = {
        "id": 700_000_123, "orderId": 9_000_000_000_000_000_123, "symbol": "SOLUSDT",
        "side": "SELL", "price": "140.1", "qty": "2.5", "time": 1_700_000_000_125,
        "commission": "0.1", "commissionAsset": "USDT", "realizedPnl": "12.3",
    }  # fmt: skip
    row = msgspec.json.decode(json.dumps(said), type=wire.TradeRow)
    return trade_row_reports(row, Received(BINANCE, ReportSource.QUERY, 1))


def row_then_order(cloid: str) -> Facts:
    """A fill that only the trade list told, and its order when it was asked for by its id."""
    return (*trade_row(), order_update(cloid)[1])


def expired(cloid: str) -> Facts:
    """A forced close as captures show it: the venue's order expires whole."""
    return order_update(cloid, o="LIQUIDATION", x="CALCULATED", X="EXPIRED")


def in_part(cloid: str) -> Facts:
    return order_update(cloid, X="PARTIALLY_FILLED", q="5")


def with_a_rebate(cloid: str) -> Facts:
    return order_update(cloid, m=True, n="-0.01", f="GTC")


SOURCES = (
    order_update,
    calculated,
    expired,
    with_a_rebate,
    without_trade_id,
    trade_lite,
    row_then_order,
)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("cloid", NOT_OURS)
def test_c1_a_binance_fill_is_foreign_by_its_orders_client_id_whichever_source_told_it(
    source: Callable[[str], Facts], cloid: str
) -> None:
    place = Place(BINANCE, SOLUSDT)

    assert place.judged(*source(cloid)) == FOREIGN
    assert place.live_rows() == 0


def test_c1_a_part_of_somebody_elses_order_is_foreign_and_the_order_lives_on() -> None:
    place = Place(BINANCE, SOLUSDT)

    assert place.judged(*in_part("web_abc")) == FOREIGN
    assert place.live_rows() == 1
    ended: Any = order_update("web_abc", X="CANCELED", x="CANCELED", q="5", t=0, l="0")[-1]
    place.read(ended, subject_of(ended))
    assert place.live_rows() == 0


@pytest.mark.parametrize("source", [*SOURCES, in_part])
@pytest.mark.parametrize("cloid", [TAKER, ASKED])
def test_c1_a_binance_fill_of_an_order_that_was_asked_for_is_ours(
    source: Callable[[str], Facts], cloid: str
) -> None:
    assert Place(BINANCE, SOLUSDT).judged(*source(cloid)) == OURS


@pytest.mark.parametrize("source", [order_update, trade_lite])
def test_c1_a_binance_event_that_names_no_client_id_is_foreign(
    source: Callable[[str], Facts],
) -> None:
    assert Place(BINANCE, SOLUSDT).judged(*source("")) == FOREIGN


def test_c1_a_binance_trade_list_names_nobody_and_proves_nothing() -> None:
    assert Place(BINANCE, SOLUSDT).judged(*trade_row()) == UNTOLD


def test_c1_the_makers_account_may_be_traded_on() -> None:
    """What is hedged elsewhere is not moved by it."""
    place = Place(HYPERLIQUID, SOL)

    assert place.judged(*order_update("adl_autoclose")) == NOTE
    assert HedgeId("h1") in place.desk.state.links
