"""Who may act for whom; numbers refer to the module's invariants."""

import pytest

from services.paper_hyperliquid.auth.nonces import DAY_MS
from services.paper_hyperliquid.auth.signers import ZERO_ADDRESS, Signers
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.wire.errors import RequestError

NOW = 1_790_000_000_000
MASTER = "0x" + "aa" * 20


def agent(number: int) -> str:
    return f"0x{number:040x}"


def signers() -> Signers:
    known = Signers(Settings())
    known.add_account(MASTER)
    return known


def approve(known: Signers, number: int, name: str = "gw", now_ms: int = NOW) -> None:
    known.approve(known.add_account(MASTER), agent(number), name, now_ms)


def test_an_agent_acts_for_its_master_until_it_expires() -> None:
    known = signers()
    approve(known, 1)
    assert known.account_of(agent(1), NOW) == MASTER
    assert known.account_of(agent(1), NOW + 90 * DAY_MS) is None


def test_a_name_may_say_how_long_the_agent_is_valid() -> None:
    known = signers()
    approve(known, 1, f"gw valid_until {NOW + 5}")
    assert known.account_of(agent(1), NOW + 4) == MASTER
    assert known.account_of(agent(1), NOW + 5) is None
    assert known.agents_of(known.add_account(MASTER))[0].name == "gw"


@pytest.mark.parametrize(
    "name", ["x" * 17, "gw valid_until soon", f"gw valid_until {NOW + 181 * DAY_MS}"]
)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(RequestError):
        approve(signers(), 1, name)


def test_three_named_and_one_unnamed_agent_are_allowed() -> None:
    known = signers()
    approve(known, 1, "")
    for number in (2, 3, 4):
        approve(known, number, f"gw{number}")
    with pytest.raises(RequestError, match="Too many extra agents"):
        approve(known, 5, "gw5")


def test_a_sub_account_allows_two_more() -> None:
    known = signers()
    known.add_account(agent(99), MASTER)
    for number in range(1, 6):
        approve(known, number, f"gw{number}")
    with pytest.raises(RequestError):
        approve(known, 6, "gw6")


def test_the_same_name_replaces_the_agent() -> None:
    known = signers()
    approve(known, 1)
    approve(known, 2)
    assert known.account_of(agent(1), NOW) is None
    assert known.account_of(agent(2), NOW) == MASTER


def test_an_address_once_used_is_never_an_agent_again() -> None:
    known = signers()
    approve(known, 1)
    approve(known, 2)
    with pytest.raises(RequestError, match="Extra agent already used"):
        approve(known, 1)


def test_an_account_cannot_be_an_agent() -> None:
    known = signers()
    known.add_account(agent(7))
    with pytest.raises(RequestError, match="Extra agent already used"):
        approve(known, 7)


def test_the_zero_address_removes_and_blocks_for_a_while() -> None:
    known = signers()
    approve(known, 1)
    known.approve(known.add_account(MASTER), ZERO_ADDRESS, "gw", NOW)
    assert known.account_of(agent(1), NOW) is None
    with pytest.raises(RequestError, match="pending agent removal"):
        approve(known, 2, now_ms=NOW + 4_999)
    approve(known, 2, now_ms=NOW + 5_000)


def test_removing_nobody_changes_nothing() -> None:
    known = signers()
    known.approve(known.add_account(MASTER), ZERO_ADDRESS, "gw", NOW)
    approve(known, 1)


def test_an_account_may_name_itself_as_the_vault() -> None:
    known = signers()
    account = known.add_account(MASTER)
    assert known.acting(account, MASTER) == account
    assert known.acting(account, agent(5)) is None
