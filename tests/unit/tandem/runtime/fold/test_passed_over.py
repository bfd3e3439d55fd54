"""How often a fold tells of what it passes over."""

import pytest

from tandem.runtime.fold import passed_over
from tandem.runtime.fold.passed_over import QUIET_NS, Faults

SUBJECT = "oms.venue.binance.fill.SOLUSDT.17"


def test_e8_a_thousand_bad_messages_within_a_minute_are_one_alarm() -> None:
    kept = Faults()

    told = [passed_over.count(kept, SUBJECT, 1_000 + n) for n in range(1_000)]

    assert told == [1, *[0] * 999]
    assert passed_over.count(kept, SUBJECT, 1_000 + QUIET_NS) == 1_001


def test_families_are_told_apart_and_names_from_outside_make_none() -> None:
    kept = Faults()
    assert passed_over.count(kept, SUBJECT, 1) == 1
    assert passed_over.count(kept, "oms.venue.binance.order.SOLUSDT.17.NEW", 1) == 1

    for n in range(1_000):
        passed_over.count(
            kept, ".".join(("oms", "intent", f"exc{n}", f"beta{n}", f"id{n}", f"kind{n}")), 1
        )
        passed_over.count(kept, ".".join(("oms", "control", f"what{n}", "x")), 1)

    assert len(kept.families) == 4


@pytest.mark.parametrize(
    ("subject", "family"),
    [
        (SUBJECT, "venue.fill"),
        ("oms.venue.binance", "venue.other"),
        ("oms.venue.binance.mine.x", "venue.other"),
        ("oms.intent.hedge.alpha.h1", "intent.hedge"),
        ("oms.intent.binance.alpha.c1.new", "intent.new"),
        ("oms.intent.binance.alpha.c1.cancel.t", "intent.cancel"),
        ("oms.intent.binance.alpha.all.cancel.t", "intent.cancel"),
        ("oms.intent.binance", "intent.other"),
        ("oms.hedge.decision.hyperliquid.SOL.alpha.0.1", "hedge.decision"),
        ("oms.hedge.mine", "hedge.other"),
        ("oms.control.stop.alpha.t", "control.stop"),
        ("oms.control.mine", "control.other"),
        ("oms.mine.x", "other"),
        ("oms.x", "other"),
        ("snap.x.y", "other"),
    ],
)
def test_a_family_is_what_kind_of_fact_a_subject_is_for(subject: str, family: str) -> None:
    assert passed_over.family_of(subject) == family


def test_an_alarm_says_where_what_and_how_many_in_bounded_words() -> None:
    first = passed_over.alarm("hedger", "0.7", (SUBJECT, "last_px=NaN"), 1)
    later = passed_over.alarm("hedger", "0.9", ("s" * 5_000, "f" * 5_000), 12)

    assert (first.source, first.key) == ("hedger", "0.7")
    assert first.text == f"{SUBJECT}: last_px=NaN; passed over"
    assert later.text.endswith("passed over (12 of its kind so far)")
    assert len(later.text) < 700


def test_a_copy_does_not_change_with_the_original() -> None:
    kept = Faults()
    passed_over.count(kept, SUBJECT, 5)
    copied = passed_over.copied(kept)
    assert copied == kept

    passed_over.count(kept, SUBJECT, 6)

    assert copied.families["venue.fill"].count == 1
