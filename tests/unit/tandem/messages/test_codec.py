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


def test_queries_and_answers() -> None:
    assert codec.decode_query(codec.encode(PageRequest(min_seq=3))) == PageRequest(min_seq=3)
    assert codec.decode_answer(codec.encode(QueryFailed(text="x"))) == QueryFailed(text="x")
    with pytest.raises(MalformedMessageError):
        codec.decode_delta(BYTES)
