import json

import pytest

from services.paper_exchange.faults.garbling import LATER_MS, FieldNames, Garbling, garbled

NAMES = FieldNames(
    sizes=frozenset({"sz"}),
    totals=frozenset({"z"}),
    symbols=frozenset({"coin"}),
    times=frozenset({"time"}),
    other_symbol="ETH",
)
EVENT = {"coin": "SOL", "fills": [{"sz": "0.4", "z": "1", "time": 5, "coin": {"sz": "2"}}]}
PAYLOAD = json.dumps(EVENT).encode()


@pytest.mark.parametrize(
    ("looks", "size"),
    [
        (Garbling.NAN, "NaN"),
        (Garbling.INFINITE, "Infinity"),
        (Garbling.NEGATIVE, "-1"),
        (Garbling.THOUSANDFOLD, "400.0"),
    ],
)
def test_each_size_of_an_event_is_wrong_at_any_depth(looks: Garbling, size: str) -> None:
    (payload,) = garbled(PAYLOAD, looks, NAMES)
    (fill,) = json.loads(payload)["fills"]
    assert fill["sz"] == size
    assert (fill["z"], fill["time"]) == ("1", 5)
    assert fill["coin"]["sz"] != "2"


@pytest.mark.parametrize(
    ("looks", "field", "value"),
    [
        (Garbling.NEGATIVE_TOTAL, "z", "-1"),
        (Garbling.MICROSECONDS, "time", 5_000),
    ],
)
def test_one_field_of_an_event_is_wrong(looks: Garbling, field: str, value: object) -> None:
    (payload,) = garbled(PAYLOAD, looks, NAMES)
    assert json.loads(payload)["fills"][0][field] == value


def test_symbol_is_another_one() -> None:
    (payload,) = garbled(PAYLOAD, Garbling.OTHER_SYMBOL, NAMES)
    assert json.loads(payload)["coin"] == "ETH"


def test_event_is_told_as_it_is_and_again_with_another_time() -> None:
    first, second = garbled(PAYLOAD, Garbling.OTHER_TIME, NAMES)
    assert json.loads(first) == EVENT
    assert json.loads(second)["fills"][0]["time"] == 5 + LATER_MS


@pytest.mark.parametrize("looks", [Garbling.NOT_JSON, Garbling.TOO_DEEP])
def test_what_is_no_event_at_all_cannot_be_read(looks: Garbling) -> None:
    (payload,) = garbled(PAYLOAD, looks, NAMES)
    with pytest.raises((ValueError, RecursionError)):
        json.loads(payload)
