"""Which requests are refused on demand, and how often."""

import pytest

from services.paper_exchange.faults.refusing import Refusals, Refusing, refusing_defect


def refusals(*wanted: Refusing) -> Refusals[Refusing]:
    made = Refusals[Refusing]()
    made.add(wanted)
    return made


def test_c3_a_refusal_meets_its_operation_and_symbol_as_often_as_asked() -> None:
    one = Refusing(symbol="SOL", text="no", count=2)
    made = refusals(one)

    met = [
        made.take(*request)
        for request in (
            ("cancel_order", "SOL"),
            ("place_order", "ETH"),
            ("place_order", "SOL"),
            ("place_order", "SOL"),
            ("place_order", "SOL"),
        )
    ]

    assert [met_one.text if met_one else None for met_one in met] == [None, None, "no", "no", None]
    assert (made.fired, made.pending) == (2, ())


def test_c3_a_refusal_of_any_symbol_meets_each() -> None:
    made = refusals(Refusing(text="no"))
    assert made.pending == ("refuse:place_order:any",)

    assert made.take("place_order", "ETH") is not None


def test_c3_a_reset_forgets_what_was_to_come() -> None:
    made = refusals(Refusing(text="no"))

    made.reset()

    assert made.take("place_order", "ETH") is None


@pytest.mark.parametrize(
    ("wanted", "defect"),
    [
        (Refusing(), None),
        (Refusing(on="dance"), "refusals[0].on=dance: names no operation of this venue"),
        (Refusing(count=0), "refusals[0].count=0: must be at least 1"),
    ],
)
def test_c3_a_refusal_that_makes_no_sense_is_named(wanted: Refusing, defect: str | None) -> None:
    assert refusing_defect((wanted,), {"place_order"}.__contains__) == defect
