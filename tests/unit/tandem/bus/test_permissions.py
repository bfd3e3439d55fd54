"""Which replies go to an inbox, and that no user is given more than its own."""

import pytest

from tandem.bus import permissions
from tandem.bus.permissions import is_inbox, is_inbox_of
from tandem.domain.ids import Exc, Strategy
from tandem.messages import subjects

ALPHA = Strategy("alpha")
STREAMS = ("oms", "orders", "fills", "positions", "hedges", "snap", "marks", "leases")


@pytest.mark.parametrize("reply", ["_INBOX.a", "_INBOX_hedger.a.1", "_INBOX_strategy-alpha.x"])
def test_an_inbox_is_one(reply: str) -> None:
    assert is_inbox(reply)


@pytest.mark.parametrize(
    "reply", ["", "_INBOX", "_INBOX_x", "_INBOXES.x", "oms.x", "x._INBOX.y", "leases.binance"]
)
def test_what_is_not_in_an_inbox_is_none(reply: str) -> None:
    assert not is_inbox(reply)


@pytest.mark.parametrize(
    "reply", ["_INBOX.x", "_INBOX_strategy-alphabet.x", "_INBOX_strategy-alpha"]
)
def test_another_s_inbox_is_not_alpha_s(reply: str) -> None:
    assert not is_inbox_of(ALPHA, reply)
    assert is_inbox_of(ALPHA, "_INBOX_strategy-alpha.x")


def test_a_strategy_has_its_name_in_everything_it_may_say_and_hear() -> None:
    user = next(one for one in permissions.users((), ("alpha",)) if one.name == "strategy-alpha")
    assert user.publish == ("access.alpha.>",)
    assert user.subscribe == ("_INBOX_strategy-alpha.>",)


def test_e3_each_service_writes_its_own_kinds_of_its_own_account_only() -> None:
    users = permissions.users(("binance", "hyperliquid"), ("alpha", "beta"))
    written = {
        user.name: {one for one in user.publish if one.split(".")[0] in STREAMS}
        for user in users
        if user.name != permissions.ADMIN
    }
    for name, own in written.items():
        if name.startswith("gateway-"):
            account = name.removeprefix("gateway-")
            assert own == {
                subjects.reports_of(Exc(account)),
                subjects.alarms_of(name),
                subjects.ALL_EPOCHS,
                subjects.marks_of(Exc(account)),
                subjects.lease(Exc(account)),
                subjects.identity(Exc(account)),
            }
        if name.startswith("strategy-"):
            assert own == set()
    assert written["access"] == {
        "oms.control.alarm.access.>",
        "oms.intent.*.alpha.>",
        "oms.intent.*.beta.>",
        "oms.control.stop.alpha.*",
        "oms.control.stop.beta.*",
    }
    for name in ("order-state", "position-state", "hedger"):
        assert {subjects.snapshots_of(name), subjects.alarms_of(name)} <= written[name]
        others = [one for one in written[name] if one.startswith(("snap.", "oms.control.alarm"))]
        assert len(others) == 2
