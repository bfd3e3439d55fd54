import pytest

from services.paper_binance.contracts import listed


def test_no_name_lists_everything() -> None:
    assert list(listed(())) == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def test_only_named_contracts_are_listed() -> None:
    assert list(listed(("SOLUSDT",))) == ["SOLUSDT"]


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="DOGEUSDT"):
        listed(("DOGEUSDT",))
