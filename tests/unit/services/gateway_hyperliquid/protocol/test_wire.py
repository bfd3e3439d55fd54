"""The venue's shapes, where they may be missing something or bring something new."""

from decimal import Decimal

import msgspec
import pytest

from services.gateway_hyperliquid.protocol.wire import (
    ExchangeAnswer,
    FillRow,
    OrderRow,
    Status,
    UserFills,
    UserRole,
)


def test_an_unknown_field_is_passed_over() -> None:
    fills = msgspec.json.decode(b'{"user":"0x1","fills":[],"new":{"a":1}}', type=UserFills)

    assert (fills.fills, fills.is_snapshot) == ((), False)


def test_a_status_may_be_a_word_or_one_member() -> None:
    body = (
        b'{"status":"ok","response":{"type":"order","data":{"statuses":["success",{"error":"x"}]}}}'
    )

    answer = msgspec.json.decode(body, type=ExchangeAnswer)

    assert not isinstance(answer.response, str)
    assert answer.response.data is not None
    word, member = answer.response.data.statuses
    assert word == "success"
    assert isinstance(member, Status)
    assert (member.error, member.resting) == ("x", msgspec.UNSET)


def test_a_fill_may_lack_cloid_fee_and_profit() -> None:
    body = (
        b'{"coin":"#20","px":"0.5","sz":"10.0","side":"A","time":1,"startPosition":"0.0",'
        b'"oid":1,"crossed":true,"tid":2}'
    )

    row = msgspec.json.decode(body, type=FillRow)

    assert (row.cloid, row.fee, row.closed_pnl) == (None, Decimal(0), None)


def test_an_order_without_its_id_is_an_error_that_names_it() -> None:
    body = b'{"coin":"BTC","side":"B","limitPx":"1.0","sz":"1.0","timestamp":1,"origSz":"1.0"}'

    with pytest.raises(msgspec.ValidationError, match="oid"):
        msgspec.json.decode(body, type=OrderRow)


def test_a_role_may_have_no_data() -> None:
    assert msgspec.json.decode(b'{"role":"missing"}', type=UserRole).data is None
