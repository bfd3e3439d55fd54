"""Whether key and account belong together."""

import json

import pytest

from services.gateway_hyperliquid.protocol.identity import Identity, check_role
from tandem.domain.errors import ConfigurationError
from tandem.gateway.port.requests import VenueQueryError
from tandem.transport.exchange import RawAnswer, Transport

ACCOUNT, AGENT, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20


def role(name: str, user: str | None = None) -> RawAnswer:
    body = {"role": name} if user is None else {"role": name, "data": {"user": user}}
    return RawAnswer(Transport.HTTP, 200, json.dumps(body).encode(), 5)


def test_an_agent_of_the_account_is_taken() -> None:
    check_role(Identity(ACCOUNT, AGENT), role("agent", ACCOUNT.upper().replace("0X", "0x")))


def test_the_owner_itself_is_taken() -> None:
    check_role(Identity(ACCOUNT, ACCOUNT), role("user"))


@pytest.mark.parametrize(
    ("identity", "answer", "variable", "said"),
    [
        (Identity(AGENT, AGENT), role("agent", ACCOUNT), "HYPERLIQUID_ACCOUNT", "agent's own"),
        (Identity(OTHER, AGENT), role("agent", ACCOUNT), "HYPERLIQUID_ACCOUNT", "not the account"),
        (Identity(ACCOUNT, AGENT), role("agent"), "HYPERLIQUID_ACCOUNT", "not the account"),
        (Identity(ACCOUNT, AGENT), role("missing"), "HYPERLIQUID_AGENT_KEY", "'missing'"),
        (Identity(ACCOUNT, AGENT), role("user"), "HYPERLIQUID_AGENT_KEY", "approved agent"),
    ],
)
def test_anything_else_is_refused(
    identity: Identity, answer: RawAnswer, variable: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        check_role(identity, answer)

    assert refused.value.field == variable


@pytest.mark.parametrize(
    "answer",
    [
        RawAnswer(Transport.HTTP, 500, b"null", 5),
        RawAnswer(Transport.HTTP, 200, b"null", 5),
    ],
)
def test_no_answer_is_not_a_refusal(answer: RawAnswer) -> None:
    with pytest.raises(VenueQueryError):
        check_role(Identity(ACCOUNT, AGENT), answer)


def test_questions_name_the_sub_account_where_there_is_one() -> None:
    assert Identity(ACCOUNT, AGENT).queried == ACCOUNT
    assert Identity(ACCOUNT, AGENT, OTHER).queried == OTHER


def test_the_log_is_told_a_digest_of_the_address_that_is_traded_for() -> None:
    own, sub_account = Identity(ACCOUNT, AGENT), Identity(ACCOUNT, AGENT, vault=OTHER)
    assert own.digest == Identity(ACCOUNT, OTHER).digest
    assert own.digest != sub_account.digest == Identity(OTHER, AGENT).digest
    assert ACCOUNT[2:] not in own.digest
