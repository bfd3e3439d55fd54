"""Every gateway's settings come from the environment, and a bad one is named."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tandem.domain.errors import ConfigurationError
from tandem.gateway.core.pre_trade_checks import NO_MOST
from tandem.gateway.settings import GatewaySettings, gateway_settings
from tandem.runtime.config import Environment


def test_defaults_are_the_documented_ones() -> None:
    found = gateway_settings(Environment({}), ("SOL",))
    alone = GatewaySettings(tickers=("SOL",))  # type: ignore[arg-type]  # plain text
    assert found == replace(alone, hedger_silence_ms=1_000)


def test_variables_are_read() -> None:
    values = {
        "TANDEM_TICKERS": "A, B",
        "TANDEM_MARKET_SLIPPAGE_BP": "25",
        "TANDEM_BOOK_MAX_WIDTH_BP": "50",
        "TANDEM_BACKFILL_SECONDS": "5",
        "TANDEM_ANSWER_TIMEOUT_MS": "300",
        "TANDEM_MOST_ORDER_NOTIONAL": "250000",
    }
    found = gateway_settings(Environment(values), ("SOL",))
    assert (found.tickers, found.market_slippage_bp) == (("A", "B"), Decimal(25))
    assert (found.book_max_width, found.backfill_s) == (Decimal("0.005"), 5)
    assert (found.answer_timeout_ms, found.most_order_notional) == (300, Decimal(250_000))


def test_bad_setting_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        gateway_settings(Environment({"TANDEM_BACKFILL_SECONDS": "0"}), ())
    assert caught.value.field == "TANDEM_BACKFILL_SECONDS"


def test_f8_an_order_is_worth_a_million_at_most_unless_it_is_said_otherwise() -> None:
    name = "TANDEM_MOST_ORDER_NOTIONAL"
    assert gateway_settings(Environment({}), ()).most_order_notional == Decimal(1_000_000)
    assert gateway_settings(Environment({name: "0"}), ()).most_order_notional == NO_MOST
    for wrong in ("-1", "1e6", "a million"):
        with pytest.raises(ConfigurationError) as caught:
            gateway_settings(Environment({name: wrong}), ())
        assert caught.value.field == name
