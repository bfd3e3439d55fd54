"""Every shape of a fill that the venue's documents show, and the position that it leads to.

Coins beside the main perpetuals are in no list of positions: what is held of them is what their
fills say, and the start of each is in the fill itself.
"""

import itertools
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.instruments import is_of_main_dex
from services.gateway_hyperliquid.protocol.reports import Reading, fill_cost, fill_report
from services.gateway_hyperliquid.protocol.wire import FillRow
from services.position_state import holding as holdings
from services.position_state.holding import Holdings
from tandem.domain.execution import ReportSource
from tandem.domain.ids import Exc, Ticker

READING = Reading(Exc("hyperliquid"), "0x" + "1" * 40, 7, ReportSource.EVENT)
COINS = ("SOL", "kPEPE", "PURR/USDC", "@107", "xyz:TSLA", "#20")
# Display text that is never read (Hyperliquid docs, and what captures show), the side, the position
# before, the size; and what the position is afterwards.
MOVES = (
    ("Open Long", "B", "0.0", "2.5", "2.5"),
    ("Open Long", "B", "1.0", "2.5", "3.5"),
    ("Close Long", "A", "2.5", "2.5", "0"),
    ("Close Long", "A", "10.0", "2.5", "7.5"),
    ("Open Short", "A", "0.0", "2.5", "-2.5"),
    ("Close Short", "B", "-2.5", "2.5", "0"),
    ("Long > Short", "A", "1.0", "2.5", "-1.5"),
    ("Short > Long", "B", "-1.0", "2.5", "1.5"),
    ("Buy", "B", "0.0", "2.5", "2.5"),
    ("Sell", "A", "2.5", "2.5", "0"),
    ("Spot Dust Conversion", "A", "0.003", "0.003", "0"),
    ("Net Child Vaults", "A", "2.5", "2.5", "0"),
    ("Settlement", "A", "2.5", "2.5", "0"),
    ("Auto-Deleveraging", "A", "2.5", "2.5", "0"),
    ("Liquidated Isolated Long", "A", "2.5", "2.5", "0"),
)
# What a row may have beside what each has.
EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {"tid": 0, "oid": 0},
    {"cloid": "0x" + "ab" * 16},
    {"liquidation": {"liquidatedUser": "0x" + "1" * 40, "markPx": "140.0", "method": "market"}},
    {"liquidation": {"markPx": "140.0", "method": "backstop"}},
    {"twapId": 5, "builderFee": "0.01", "feeToken": "USDH"},
    {"fee": "-0.01", "closedPnl": "12.3"},
    {"fee": None},
)


def row(coin: str, move: tuple[str, str, str, str, str], extra: dict[str, Any]) -> FillRow:
    text, side, start, size, _ = move
    told = {
        "coin": coin,
        "px": "140.1",
        "sz": size,
        "side": side,
        "time": 1_790_000_000_100,
        "startPosition": start,
        "dir": text,
        "closedPnl": "0.0",
        "hash": "0x" + "0" * 64,
        "oid": 194_000_000_001,
        "crossed": True,
        "fee": "0.0",
        "tid": 771_300_000_000_001,
        "feeToken": "USDC",
        "twapId": None,
    } | extra
    if told["fee"] is None:
        del told["fee"], told["feeToken"], told["closedPnl"]
    return msgspec.json.decode(msgspec.json.encode(told), type=FillRow)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0]} of {move[2]}")
def test_c6_each_shape_of_a_fill_becomes_the_position_that_it_says(
    move: tuple[str, str, str, str, str],
) -> None:
    for coin, extra in itertools.product(COINS, EXTRAS):
        fill = fill_report(row(coin, move, extra), READING)
        state = Holdings()
        held = holdings.holding_of(state, fill.exc, fill.ticker)
        before = holdings.amount_before(held, fill)

        assert holdings.join_fill(held, fill)

        shown = holdings.view(state, held)
        assert (shown.ticker, shown.amount, shown.is_listed) == (coin, D(move[4]), False)
        assert shown.amount - before == fill.signed_qty
        assert fill_cost(row(coin, move, extra), READING.exc).exec_id == fill.exec_id


@pytest.mark.parametrize("coin", COINS)
def test_c6_only_main_perpetuals_are_in_the_list_of_positions(coin: str) -> None:
    assert is_of_main_dex(Ticker(coin)) == (coin in {"SOL", "kPEPE"})
