from decimal import Decimal

import msgspec
import pytest

from tandem.gateway.port.decoding import (
    NO_ID,
    UnreadableError,
    decode,
    id_number,
    id_text,
    plain,
    plain_or_none,
    positive,
    shown,
    unsound,
    usable,
    whole_number,
)

integers = msgspec.json.Decoder(int)


class Row(msgspec.Struct):
    size: Decimal


class Frame(msgspec.Struct):
    row: Row


@pytest.mark.parametrize("payload", [b"", b"x", b'"1"', b"\xff", b"[", b'{"a":', b"1" * 5_000])
def test_e8_bytes_that_cannot_be_read_are_one_kind_of_error(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode(integers, payload)


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 2_000])
def test_e8_bytes_nested_without_end_are_the_same_kind_of_error(deep: bytes) -> None:
    with pytest.raises(UnreadableError, match="nested too deeply"):
        decode(msgspec.json.Decoder(msgspec.Raw), deep)


def test_text_that_is_no_unicode_is_the_same_kind_of_error() -> None:
    with pytest.raises(UnreadableError):
        decode(msgspec.json.Decoder(str), b'"\xff\xfe"')


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b'{"row":{"size":[]}}', "row.size"),
        (b'{"row":{}}', "row.size"),
        (b"{}", "row"),
        (b"", "frame"),
    ],
)
def test_error_names_the_field_by_its_path(payload: bytes, field: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(msgspec.json.Decoder(Frame), payload)
    assert caught.value.field == field


def test_readable_bytes_are_their_value() -> None:
    assert decode(integers, b"9007199254740993") == 9007199254740993


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+15", "1E-61", "1E+999999999"]
)
def test_e4_number_that_trading_cannot_have_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnreadableError, match="sz=") as caught:
        usable(Decimal(text), "sz")
    fault = unsound("fill", caught.value)
    assert (fault.what, fault.field, fault.value) == ("fill", "sz", text)
    assert fault.text == f"fill: sz={text}: a finite decimal below 10^15"
    with pytest.raises(UnreadableError):
        plain(Decimal(text))


@pytest.mark.parametrize("text", ["0", "-0.0", "0.00000001", "-123456789012.5"])
def test_number_that_trading_can_have_stays(text: str) -> None:
    assert usable(Decimal(text)) == Decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00", "0"),
        ("-0.0", "0"),
        ("1000", "1000"),
        ("1E+3", "1000"),
        ("64000.00", "64000"),
        ("0.0100", "0.01"),
    ],
)
def test_plain_removes_padding_and_exponents(value: str, text: str) -> None:
    assert f"{plain(Decimal(value)):f}" == text
    assert plain_or_none(Decimal(value)) == Decimal(text)
    assert plain_or_none(None) is None


def test_positive_is_above_zero() -> None:
    assert positive(Decimal("0.40"), "sz") == Decimal("0.4")
    for text in ("0", "-1", "NaN"):
        with pytest.raises(UnreadableError, match="sz="):
            positive(Decimal(text), "sz")


def test_e10_ids_are_whole_numbers_that_a_subject_can_hold() -> None:
    assert (id_text(1), id_text(2**63 - 1)) == ("1", "9223372036854775807")
    for number in (0, -1, 2**63, 10**100):
        with pytest.raises(UnreadableError, match="oid="):
            id_text(number, "oid")


def test_what_is_shown_is_one_short_printable_line() -> None:
    assert shown("a\nb\x00" + "x" * 500) == "a?b?" + "x" * 76
    assert shown(b"\xff{}") == "\ufffd{}"


@pytest.mark.parametrize("text", ["abc", "", "-5", "9" * 5_000, "9" * 19, "\u0663", "1.0"])
def test_e8_any_text_may_be_named_as_an_id_and_is_that_of_no_order(text: str) -> None:
    assert id_number(text) == NO_ID


def test_ids_and_counts_that_are_numbers_are_read() -> None:
    assert id_number("9000000000000000123") == 9_000_000_000_000_000_123
    assert (whole_number("12"), whole_number("soon"), whole_number("9" * 19)) == (12, None, None)
