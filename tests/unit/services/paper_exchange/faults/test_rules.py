import pytest

from services.paper_exchange.faults.rules import defect_of
from services.paper_exchange.faults.vocabulary import Chance, Fault, PlanChange, Scripted

NAMES = frozenset({"place_order", "TRADE_LITE"})
VENUE = frozenset(Fault) - {Fault.STALL}


def defect(change: PlanChange) -> str | None:
    return defect_of(change, VENUE, NAMES.__contains__)


@pytest.mark.parametrize(
    "change",
    [
        PlanChange(),
        PlanChange(chances={Fault.LOSE_ANSWER: 1, Fault.DROP_EVENT: 1}),
        PlanChange(script=(Scripted(fault=Fault.DROP_EVENT, on="TRADE_LITE", skip=2),)),
        PlanChange(delay_ms=(0, 0), margin_orders={"a": 0}),
    ],
)
def test_sense_has_no_defect(change: PlanChange) -> None:
    assert defect(change) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (PlanChange(chances={Fault.STALL: 0.1}), "chances.stall=0.1: this venue has no such"),
        (PlanChange(chances={Fault.BAN: 1.5}), "chances.ban=1.5: must be from 0 to 1"),
        (PlanChange(chances={Fault.BAN: -1}), "chances.ban=-1: must be from 0 to 1"),
        (
            PlanChange(chances={Fault.BAN: Chance(p=1, only=("sing",))}),
            "chances.ban.only=sing: names no operation",
        ),
        (
            PlanChange(chances={Fault.BAN: 0.6, Fault.DROP_REQUEST: 0.6}),
            "chances=1.2: ban, drop_request together must be at most 1",
        ),
        (PlanChange(script=(Scripted(fault=Fault.STALL),)), "script[0].fault=stall"),
        (PlanChange(script=(Scripted(fault=Fault.BAN, on="sing"),)), "script[0].on=sing"),
        (PlanChange(script=(Scripted(fault=Fault.BAN, count=0),)), "script[0]: count=0"),
        (PlanChange(script=(Scripted(fault=Fault.BAN, skip=-1),)), "skip=-1"),
        (PlanChange(script=(Scripted(fault=Fault.BAN, ms=-1),)), "script[0].ms=-1"),
        (PlanChange(mute_ms=(5, 4)), "mute_ms=[5, 4]: must be the least and the most"),
        (PlanChange(ban_ms=(-1, 4)), "ban_ms=[-1, 4]"),
        (PlanChange(margin_orders={"a": -1}), "margin_orders.a=-1: must not be negative"),
    ],
)
def test_nonsense_is_named_by_field_value_and_rule(change: PlanChange, words: str) -> None:
    assert words in str(defect(change))
