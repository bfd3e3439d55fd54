"""What a strategy reads and passes is typed key by key: a misspelt key is found before it runs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tandem.client import rows
from tandem.client.arguments import leg_spec, maker_spec
from tandem.client.mirror import mirrors, plain_rows
from tandem.domain.errors import InvalidInputError
from tandem.messages import deltas
from tests.unit.tandem.client.rows import fill, order, position

ROOT = Path(__file__).resolve().parents[2]
STRATEGY = """
from tandem import OMS

async def play(oms: OMS) -> None:
    oms.contract_specs("binance", "SOLUSDT")["tick"]
    oms.contract_specs("binance", "SOLUSDT")["tik"]  # wrong
    oms.orders_peek("binance").as_dict()["c"]["filled_sz"]
    oms.orders_peek("binance").as_dict()["c"]["filled"]  # wrong
    oms.orders_peek("binance").as_list()[0]["stauts"]  # wrong
    oms.positions_peek("binance").as_dict()["SOLUSDT"]["entyr"]  # wrong
    oms.fills_peek("binance").as_list()[0]["px"]  # wrong
    (await oms.positions_get("binance"))["SOLUSDT"]["amuont"]  # wrong
    (await oms.orders_get("binance"))["5"]["statsu"]  # wrong
    (await oms.get_balance("binance"))["equty"]  # wrong
    found = oms.cloid_query("binance", "c")
    if found is not None:
        found["history"][0]["ord_status"]
        found["history"][0]["status"]  # wrong
    await oms.hedge_order(
        {"exc": "binance", "ticker": "SOLUSDT", "amount": -3, "price_match": "QUEUE_5"},
        {"exc": "hyperliquid", "ticker": "SOL"},
    )
    await oms.hedge_order({"exc": "b", "tickr": "S", "amount": 1, "price": 1}, [])  # wrong
    await oms.hedge_order({"exc": "b", "ticker": "S", "price": 1}, [])  # wrong
    await oms.hedge_order({"exc": "b", "ticker": "S", "amount": 1}, {"exc": "h"})  # wrong
    await oms.hedge_order({"exc": "b", "ticker": "S", "amount": 1}, [{"tickr": "S"}])  # wrong
    await oms.limit_order("b", "S", 1, pirce=1)  # wrong
"""


@pytest.mark.parametrize(
    ("row", "view"),
    [
        (rows.OrderRow, deltas.OrderView),
        (rows.FillRow, deltas.FillView),
        (rows.HedgeRow, deltas.HedgeView),
        (rows.LegRow, deltas.LegView),
        (rows.BucketRow, deltas.BucketView),
    ],
)
def test_f11_a_row_has_the_keys_that_its_type_names(row: Any, view: Any) -> None:
    told = [field.encode_name for field in msgspec.structs.fields(view)]
    assert list(row.__annotations__) == told


def test_f11_what_is_made_by_hand_has_them_too() -> None:
    found = mirrors.Orders(order().exc).query(order())
    assert found is not None
    assert set(found) == set(rows.OrderHistoryRow.__annotations__)
    assert set(plain_rows.position_row(position("1"))) == set(rows.PositionRow.__annotations__)
    assert set(plain_rows.plain(fill())) == set(rows.FillRow.__annotations__)


def test_f11_a_misspelt_key_is_named_at_run_time() -> None:
    with pytest.raises(InvalidInputError, match="tickr"):
        maker_spec({"exc": "b", "tickr": "S", "amount": 1})
    with pytest.raises(InvalidInputError, match="tickr"):
        leg_spec({"exc": "b", "tickr": "S"})


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f11_the_type_checker_finds_each_misspelt_key(tmp_path: Path) -> None:
    file = tmp_path / "strategy.py"
    file.write_text(STRATEGY)
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    found = {int(line) for line in re.findall(r"strategy\.py:(\d+): error", told)}
    wrong = {n for n, line in enumerate(STRATEGY.splitlines(), 1) if line.endswith("# wrong")}
    assert found == wrong, told
