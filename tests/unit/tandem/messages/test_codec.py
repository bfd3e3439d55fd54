"""Bytes to message and back: what is wrong is named by its path."""

from decimal import Decimal

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
