"""Who is let in and how much each may ask for: settings and what is wrong with them."""

from pathlib import Path

import pytest

from services.access.config import FairUse, access_settings
from tandem.domain.errors import ConfigurationError
from tandem.runtime.config import Environment


def test_the_defaults_are_those_of_the_variables() -> None:
    found = access_settings(Environment({"TANDEM_STRATEGIES": "alpha, beta"}))
    assert found.fair_use == FairUse()
    assert found.strategies() == ("alpha", "beta")


def test_a_limit_is_set_by_its_variable() -> None:
    given = {"TANDEM_STRATEGIES": "a", "TANDEM_ACCESS_INTENTS_PER_S": "7"}
    assert access_settings(Environment(given)).fair_use.intents_per_s == 7
    with pytest.raises(ConfigurationError, match="TANDEM_ACCESS_INTENTS_PER_S=0"):
        access_settings(Environment({**given, "TANDEM_ACCESS_INTENTS_PER_S": "0"}))


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "strategies"
    file.write_text("alpha\n")
    found = access_settings(Environment({"TANDEM_STRATEGIES_FILE": str(file)}))
    file.write_text("alpha\nbeta\n")
    assert found.strategies() == ("alpha", "beta")


def test_accounts_are_a_file_s_read_anew_each_time_or_any(tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_text("binance\n")
    given = {"TANDEM_STRATEGIES": "alpha", "TANDEM_ACCOUNTS_FILE": str(file)}
    found = access_settings(Environment(given))
    file.write_text("binance\nbinance-2\n")
    assert found.accounts() == frozenset({"binance", "binance-2"})
    assert access_settings(Environment({"TANDEM_STRATEGIES": "alpha"})).accounts() is None
    file.write_text("a.b\n")
    with pytest.raises(ConfigurationError, match="TANDEM_ACCOUNTS_FILE"):
        access_settings(Environment(given))


@pytest.mark.parametrize("name", ["../../hedger", "a.b", "*", ">", "x" * 65])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="TANDEM_STRATEGIES"):
        access_settings(Environment({"TANDEM_STRATEGIES": f"alpha,{name}"}))


def test_strategies_are_named_in_one_way(tmp_path: Path) -> None:
    file = tmp_path / "strategies"
    file.write_text("")
    for given in ({}, {"TANDEM_STRATEGIES": "a", "TANDEM_STRATEGIES_FILE": str(file)}):
        with pytest.raises(ConfigurationError, match="either this or TANDEM_STRATEGIES_FILE"):
            access_settings(Environment(given))
