"""Venue payloads by name, and the instrument that most of them are about."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tandem.domain.ids import Exc, Ticker
from tandem.domain.instrument import Instrument

PAYLOADS = Path(__file__).parents[3] / "data" / "binance"

Payload = Callable[[str], bytes]


@pytest.fixture
def payload() -> Payload:
    """Read one payload as the venue would send it: without the file's indentation."""

    def read(name: str) -> bytes:
        content = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
        return json.dumps(content, separators=(",", ":")).encode()

    return read


@pytest.fixture
def btc() -> Instrument:
    return Instrument(
        exc=Exc("binance"),
        ticker=Ticker("BTCUSDT"),
        symbol="BTCUSDT",
        base_asset="BTC",
        quote_asset="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        min_notional=Decimal(100),
        max_qty=Decimal(1000),
        market_max_qty=Decimal(120),
    )
