import msgspec
import pytest

from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.wire.subscriptions import (
    L2BookFeed,
    OrderUpdates,
    Ping,
    Post,
    decode_message,
    decode_subscription,
    subscription_text,
    user_of,
)


def test_equal_subscriptions_are_one_whatever_the_case() -> None:
    assert OrderUpdates(MASTER.upper().replace("0X", "0x")) == OrderUpdates(MASTER)


def test_a_subscription_is_written_with_its_type_first() -> None:
    assert subscription_text(L2BookFeed("SOL", 3)) == (
        '{"type":"l2Book","coin":"SOL","nSigFigs":3,"mantissa":null,"fast":null}'
    )


def test_only_subscriptions_to_accounts_have_a_user() -> None:
    assert user_of(OrderUpdates(MASTER)) == MASTER
    assert user_of(L2BookFeed("SOL")) is None


def test_messages() -> None:
    assert decode_message('{"method":"ping"}') == Ping()
    post = decode_message('{"method":"post","id":1,"request":{"type":"info","payload":{"a":1}}}')
    assert isinstance(post, Post)
    assert bytes(post.request.payload) == b'{"a":1}'


@pytest.mark.parametrize(
    "text",
    ['{"method":"post","id":-1,"request":{"type":"info","payload":1}}', '{"method":"sing"}', "1",
     '{"method":"post","id":1,"request":{"type":"explorer","payload":1}}'],
)  # fmt: skip
def test_other_messages_are_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_message(text)


@pytest.mark.parametrize(
    "text", ['{"type":"l2Book","coin":"SOL","nSigFigs":6}', '{"type":"userFills","user":"0x1"}']
)
def test_bad_subscriptions_are_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_subscription(msgspec.Raw(text.encode()))
