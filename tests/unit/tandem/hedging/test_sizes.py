from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument
from tandem.hedging import sizes

LISTED = Instrument(
    exc=Exc("hyperliquid"),
    ticker=Ticker("SOL"),
    symbol="SOL",
    base_asset="SOL",
    quote_asset="USDC",
    tick=D("0.001"),
    lot=D("0.01"),
    min_qty=D("0.02"),
    min_notional=D(10),
)
CAP_BP = D(50)


@pytest.mark.parametrize(
    ("quantity", "reference", "is_dust"),
    [
        ("0", "100", True),  # less than a lot
        ("0.01", "1000", True),  # less than the minimum quantity
        ("0.1", "100.4", True),  # worth 10.04, and 10.05 is needed with the cap as margin
        ("0.1", "100.5", False),
        ("-0.1", "100.5", False),
        ("0.02", None, False),  # no price: the venue is the judge
    ],
)
def test_what_cannot_be_traded_is_dust(quantity: str, reference: str | None, is_dust: bool) -> None:
    at = D(reference) if reference is not None else None
    assert sizes.is_dust(LISTED, D(quantity), at, CAP_BP) is is_dust


@pytest.mark.parametrize(
    "wrong",
    [{"lot": D(0)}, {"tick": D(0)}, {"multiplier": D(0)}, {"max_sig_figs": 0},
     {"max_sig_figs": 65}, {"max_sig_figs": 2**62}],
)  # fmt: skip
def test_a_row_without_steps_to_compute_by_is_of_no_use(wrong: dict[str, Any]) -> None:
    assert not sizes.is_usable(replace(LISTED, **wrong))


@pytest.mark.parametrize("figures", [None, 1, 5, 64])
def test_a_row_with_its_steps_is_used(figures: int | None) -> None:
    assert sizes.is_usable(replace(LISTED, max_sig_figs=figures))
