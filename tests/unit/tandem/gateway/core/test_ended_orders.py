"""What is remembered of ended orders, and which of them may have ended nowhere but here."""

import pytest

from tandem.domain.ids import ClientOrderId
from tandem.gateway.core import ended_orders
from tandem.gateway.core.ended_orders import Endings
from tests.unit.tandem.gateway.sending import CLOID, TICKER, ticket_of

OTHER = ClientOrderId("0x02")


def test_what_the_log_told_is_never_given_back() -> None:
    ended = Endings()
    ended.add(ticket_of())
    ended.conclude(ticket_of(OTHER))
    ended.told(OTHER)

    assert ended.untold() == ()
    assert CLOID in ended
    assert OTHER in ended


def test_what_only_we_said_is_given_back_once() -> None:
    ended, ticket = Endings(), ticket_of()
    ended.conclude(ticket)

    assert ended.untold() == (ticket,)
    assert CLOID not in ended
    assert ended.untold() == ()


def test_after_a_cut_an_order_may_come_again_and_is_known_to_have_ended() -> None:
    ended = Endings()
    ended.add(ticket_of())

    ended.cut()

    assert CLOID not in ended
    assert ended.was_before_cut(CLOID)
    assert ended.ticker_of(CLOID) == TICKER
    assert not ended.was_before_cut(OTHER)


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_orders, "MAX_ENDED", 1)
    ended = Endings()
    for cloid in (CLOID, OTHER):
        ended.add(ticket_of(cloid))
        ended.cut()

    assert ended.ticker_of(CLOID) is None
    assert ended.ticker_of(OTHER) == TICKER
