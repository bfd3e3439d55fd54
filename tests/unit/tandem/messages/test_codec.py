"""Bytes to message and back: what is wrong is named by its path."""

from decimal import Decimal

import msgspec
import pytest

from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, Exc, Strategy, Ticker
from tandem.domain.order import OrderType
from tandem.messages import codec
from tandem.messages.intents import NewOrder
from tandem.messages.queries import PageRequest, QueryFailed

ORDER = NewOrder(
    exc=Exc("binance"),
    ticker=Ticker("SOLUSDT"),
    client_order_id=ClientOrderId("0x1"),
    amount=Decimal("-1.5"),
    order_type=OrderType.MARKET,
    strategy=Strategy("s"),
)
BYTES = codec.encode(ORDER)


def test_a_fact_survives_the_wire() -> None:
    assert codec.decode_fact(BYTES) == ORDER
    assert b'"cloid":"0x1"' in BYTES
    assert b'"amount":"-1.5"' in BYTES


def test_unknown_fields_are_ignored() -> None:
    assert codec.decode_fact(BYTES.replace(b"{", b'{"later":[1],', 1)) == ORDER


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", "payload"),
        (b"{", "payload"),
        (b"[]", "payload"),
        (b"\xff\xfe", "payload"),
        (b'{"type":"epoch","epoch":1,"text":"\\ud800"}', "payload"),
        (b'{"type":"epoch","epoch":1e400}', "epoch"),
        (b'{"type":"epoch","epoch":' + b"9" * 5_000 + b"}", "epoch"),
        (b'{"type":"nonsense"}', "type"),
        (b'{"exc":"a"}', "type"),
        (BYTES.replace(b'"-1.5"', b'"much"'), "amount"),
        (BYTES.replace(b'"amount":"-1.5",', b""), "amount"),
        (BYTES.replace(b'"MARKET"', b'"STOP"'), "ord_type"),
        (BYTES.replace(b'"GTC"', b'"gtc"'), "tif"),
        (BYTES.replace(b'"post_only":false', b'"post_only":0'), "post_only"),
        (b'{"type":"hedge_order","hedge_id":"h","strategy":"s","maker":{"exc":"a"}}', "maker"),
    ],
)
def test_what_is_malformed_is_named(payload: bytes, field: str) -> None:
    with pytest.raises(MalformedMessageError) as caught:
        codec.decode_fact(payload)
    assert caught.value.field.startswith(field)


@pytest.mark.parametrize("opening", [b'{"a":', b"[", b'{"type":"epoch","epoch":1,"x":['])
@pytest.mark.parametrize("times", [codec.MAX_NESTING + 1, 1_200, 100_000])
def test_e8_deep_nesting_is_malformed_however_deep_the_reader_stands(
    opening: bytes, times: int
) -> None:
    nested = opening + b"[" * times
    with pytest.raises(MalformedMessageError, match="nested deeper"):
        codec.decode_fact(nested)
    with pytest.raises(MalformedMessageError, match="nested deeper"):
        codec.decode_query(nested)


def test_e8_brackets_in_texts_and_side_by_side_are_no_nesting() -> None:
    many = b"[" + b",".join([b'{"a":["x"]}'] * 100) + b"]"
    text = b'"' + rb"[{\"[{" * 100 + b'"'
    assert codec.decode_fact(BYTES.replace(b"{", b'{"later":' + many + b",", 1)) == ORDER
    assert codec.decode_fact(BYTES.replace(b"{", b'{"later":' + text + b",", 1)) == ORDER


def test_what_a_message_says_is_repeated_in_part_only() -> None:
    with pytest.raises(MalformedMessageError) as caught:
        codec.decode_fact(b'{"type":"' + b"x" * 100_000 + b'"}')
    assert len(str(caught.value)) < 1_000


def test_queries_and_answers() -> None:
    assert codec.decode_query(codec.encode(PageRequest(min_seq=3))) == PageRequest(min_seq=3)
    assert codec.decode_answer(codec.encode(QueryFailed(text="x"))) == QueryFailed(text="x")
    with pytest.raises(MalformedMessageError):
        codec.decode_delta(BYTES)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.00000012", "0.00000012"),
        ("1E-7", "0.0000001"),
        ("-1.2E-9", "-0.0000000012"),
        ("1E+3", "1000"),
        ("0E-9", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-0.05", "-0.05"),
        ("0.5", "0.5"),
    ],
)
def test_c10_a_decimal_is_written_in_plain_digits(number: str, text: str) -> None:
    payload = codec.encode(msgspec.structs.replace(ORDER, amount=Decimal(number)))

    assert f'"amount":"{text}"'.encode() in payload
    assert codec.encode_part((Decimal(number),)) == f'["{text}"]'.encode()


def test_c10_a_text_that_looks_like_a_number_stays_as_it_is() -> None:
    odd = msgspec.structs.replace(
        ORDER, client_order_id=ClientOrderId("1E-7"), amount=Decimal("1E-7"), strategy="-0"
    )

    payload = codec.encode(odd)

    assert b'"cloid":"1E-7"' in payload
    assert b'"strategy":"-0"' in payload
    assert codec.decode_fact(payload) == odd


def test_c10_the_rest_of_a_message_is_the_same_in_either_way_of_writing() -> None:
    small = codec.encode(msgspec.structs.replace(ORDER, amount=Decimal("1E-7")))

    assert small == BYTES.replace(b'"-1.5"', b'"0.0000001"')


def test_c10_a_log_of_a_former_version_is_read() -> None:
    former = BYTES.replace(b'"-1.5"', b'"-1.5E-7"')

    assert codec.decode_fact(former) == msgspec.structs.replace(ORDER, amount=Decimal("-1.5E-7"))
