from decimal import Decimal
from enum import StrEnum

import msgspec
import pytest

from services.paper_binance.wire.errors import Code, VenueError
from services.paper_binance.wire.params import Params, from_json, from_wire


class Colour(StrEnum):
    RED = "RED"


def raw(text: str) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw])


def test_query_wins_and_encoding_is_undone() -> None:
    params = from_wire(b"a=1&b=x%2By+z", b"a=2&c=3")

    assert [params.text(name) for name in "abc"] == ["1", "x+y z", "3"]


def test_batch_lists_are_found_in_any_case() -> None:
    params = from_wire(b"orderidlist=[1]&ORIGCLIENTORDERIDLIST=[2]", b"")

    assert (params.text("orderIdList"), params.text("origClientOrderIdList")) == ("[1]", "[2]")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(VenueError, match="-1100"):
        from_wire(b"a=\xff", b"")


def test_json_numbers_keep_the_digits_sent() -> None:
    values = from_json(raw('{"price":9000.10,"flag":true,"text":"a\\"b","gone":null}'))

    assert values == {"price": "9000.10", "flag": "true", "text": 'a"b', "gone": ""}


@pytest.mark.parametrize("value", ["{}", "[]"])
def test_json_structures_are_no_parameters(value: str) -> None:
    with pytest.raises(VenueError, match="'a'"):
        from_json(raw(f'{{"a":{value}}}'))


def test_absent_and_empty_are_the_same() -> None:
    params = Params({"empty": ""})

    assert (params.has("empty"), params.optional("empty"), params.flag("absent")) == (
        False,
        None,
        False,
    )
    assert params.choice("absent", Colour, Code.INVALID_SIDE) is None


@pytest.mark.parametrize("text", ["", "x", "1e999x", "Infinity"])
def test_bad_decimal_is_refused_by_name(text: str) -> None:
    with pytest.raises(VenueError, match="'price'"):
        Params({"price": text}).decimal("price")


def test_decimals_parse() -> None:
    assert Params({"price": "1.50"}).decimal("price") == Decimal("1.5")


@pytest.mark.parametrize("text", ["", "1.5", "x", "\u0663"])
def test_bad_integer_is_refused_by_name(text: str) -> None:
    with pytest.raises(VenueError, match="'orderId'"):
        Params({"orderId": text}).integer("orderId")


def test_flags_and_choices_are_closed() -> None:
    params = Params({"flag": "maybe", "colour": "BLUE"})

    with pytest.raises(VenueError, match="'flag'"):
        params.flag("flag")
    with pytest.raises(VenueError, match="Invalid side"):
        params.choice("colour", Colour, Code.INVALID_SIDE)


def test_window_defaults_and_must_be_positive() -> None:
    assert Params({}).recv_window_ms() == 5_000
    assert Params({"recvWindow": "70"}).recv_window_ms() == 70
    with pytest.raises(VenueError, match="recvWindow"):
        Params({"recvWindow": "0"}).recv_window_ms()
