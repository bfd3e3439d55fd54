import pytest

from services.paper_binance.exchange.contracts import listed


def test_no_name_lists_everything() -> None:
    assert list(listed(())) == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def test_only_named_contracts_are_listed() -> None:
    assert list(listed(("SOLUSDT",))) == ["SOLUSDT"]


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="DOGEUSDT"):
        listed(("DOGEUSDT",))


def test_c4_a_thousand_coins_are_listed_as_one_where_they_are_named() -> None:
    thousand, single = listed(("1000PEPEUSDT", "DOGSUSDT")).values()

    assert (thousand.base, single.base) == ("1000PEPE", "DOGS")
