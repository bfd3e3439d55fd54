import pytest

from services.paper_hyperliquid.config import RULES_VARIABLE, Network, Settings, settings_from


def test_no_variable_means_the_defaults() -> None:
    assert settings_from({}) == Settings()


def test_named_rules_replace_their_defaults() -> None:
    text = '{"network": "testnet", "ip_limits": false, "maker_fee": "-0.0001"}'
    settings = settings_from({RULES_VARIABLE: text})
    assert (settings.network, settings.ip_limits) == (Network.TESTNET, False)
    assert str(settings.maker_fee) == "-0.0001"


@pytest.mark.parametrize("text", ["{", '{"no_such_rule": 1}', '{"ip_limits": "yes"}', "[]"])
def test_a_bad_value_names_the_variable(text: str) -> None:
    with pytest.raises(ValueError, match=RULES_VARIABLE):
        settings_from({RULES_VARIABLE: text})
