from decimal import Decimal

import msgspec
import pytest

from services.hedger.policy import rules
from services.hedger.policy.rules import DEFAULT_RULES, HedgeRules
from tandem.messages.hedges import Rules


def test_the_hash_covers_every_setting() -> None:
    clipped = HedgeRules(clip_notional=Decimal(5))

    assert rules.to_fact(clipped).rules != rules.to_fact(DEFAULT_RULES).rules


def test_settings_survive_the_log() -> None:
    clipped = HedgeRules(clip_notional=Decimal(5))

    assert rules.from_fact(rules.to_fact(clipped)) == clipped


def test_rules_of_another_version_are_not_implemented() -> None:
    fact = rules.to_fact(DEFAULT_RULES)

    assert rules.from_fact(msgspec.structs.replace(fact, rules="other")) is None


def test_settings_that_cannot_be_read_are_not_implemented() -> None:
    settings = '{"hold_ms":"many"}'

    assert rules.from_fact(Rules(rules=rules.rules_hash(settings), settings=settings)) is None


@pytest.mark.parametrize(
    "settings",
    [
        '{"a":' * 1_200,
        '{"backoff_ms":[]}',
        '{"backoff_ms":[-1]}',
        '{"hold_ms":1000000000000000000000000}',
        '{"hard_cap_bp":"NaN"}',
        '{"bands_bp":["Infinity"]}',
        '{"clip_notional":"0"}',
    ],
)
def test_e4_settings_that_nobody_can_decide_by_are_not_implemented(settings: str) -> None:
    fact = Rules(rules=rules.rules_hash(settings), settings=settings)

    assert rules.from_fact(fact) is None
