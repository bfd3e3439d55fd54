from decimal import Decimal

import pytest

from services.hedger import config
from services.hedger.policy.rules import DEFAULT_RULES
from tandem.domain.errors import ConfigurationError
from tandem.runtime.config import Environment


def test_without_settings_the_rules_are_the_defaults() -> None:
    assert config.hedge_rules(Environment({})) == DEFAULT_RULES


def test_settings_change_the_rules() -> None:
    values = {
        "TANDEM_HEDGE_BANDS_BP": "1, 2.5",
        "TANDEM_HEDGE_HARD_CAP_BP": "9",
        "TANDEM_HEDGE_CLIP_NOTIONAL": "1000",
        "TANDEM_HEDGE_SOFT_CAP_NOTIONAL": "7",
        "TANDEM_HEDGE_HOLD_MS": "100",
        "TANDEM_HEDGE_STRANGER_HOLD_MS": "200",
    }

    rules = config.hedge_rules(Environment(values))

    assert rules.bands_bp == (Decimal(1), Decimal("2.5"))
    assert (rules.hard_cap_bp, rules.clip_notional) == (Decimal(9), Decimal(1000))
    assert (rules.soft_cap_notional, rules.hold_ms) == (Decimal(7), 100)
    assert rules.system_hold_ms == 200


@pytest.mark.parametrize("variable", [one.name for one in config.VARIABLES])
@pytest.mark.parametrize("text", ["many", "0", "-1"])
def test_a_bad_setting_names_its_variable(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        config.hedge_rules(Environment({variable: text}))

    assert caught.value.field == variable
