"""How long what was asked for may wait before it is sent."""

from decimal import Decimal

import msgspec

from tandem.domain.ids import ClientOrderId, Exc, HedgeId, Strategy, Ticker
from tandem.domain.order import OrderType
from tandem.domain.units import NS_PER_S
from tandem.gateway.core import pending_order as tickets
from tandem.messages.intents import NewOrder

LOGGED_NS = 100 * NS_PER_S
ORDER = NewOrder(
    exc=Exc("binance"),
    ticker=Ticker("SOLUSDT"),
    client_order_id=ClientOrderId("0x1"),
    amount=Decimal(1),
    order_type=OrderType.MARKET,
    strategy=Strategy("s"),
    valid_for_ms=5_000,
)


def test_validity_counts_from_the_logs_own_timestamp() -> None:
    sent_by_a_fast_clock = msgspec.structs.replace(ORDER, ts_sent_ns=1)
    ticket = tickets.from_new_order(sent_by_a_fast_clock, LOGGED_NS, 7)
    assert ticket.until_ns == LOGGED_NS + 5 * NS_PER_S


def test_a_hedges_maker_is_as_old_as_the_hedge_intent() -> None:
    asked_ns = LOGGED_NS - 60 * NS_PER_S
    maker = msgspec.structs.replace(ORDER, hedge_id=HedgeId("h"), ts_sent_ns=asked_ns)
    ticket = tickets.from_new_order(maker, LOGGED_NS, 7)
    assert ticket.until_ns == asked_ns + 5 * NS_PER_S


def test_a_maker_cannot_make_itself_younger() -> None:
    later_ns = LOGGED_NS + 60 * NS_PER_S
    maker = msgspec.structs.replace(ORDER, hedge_id=HedgeId("h"), ts_sent_ns=later_ns)
    ticket = tickets.from_new_order(maker, LOGGED_NS, 7)
    assert ticket.until_ns == LOGGED_NS + 5 * NS_PER_S


def test_what_may_have_been_asked_for_before_a_cut_is_as_old_as_it_says_and_has_no_place() -> None:
    offered_again = msgspec.structs.replace(ORDER, ts_sent_ns=LOGGED_NS - 60 * NS_PER_S)
    ticket = tickets.from_new_order(offered_again, LOGGED_NS, 7)
    ticket.suspect_repeat()
    assert ticket.until_ns == LOGGED_NS - 55 * NS_PER_S
    assert ticket.seq == 0


def test_order_known_by_a_doubt_alone_is_valid_no_more() -> None:
    asked = tickets.from_new_order(ORDER, LOGGED_NS, 7)
    ticket = tickets.from_doubt(tickets.in_doubt(asked), asked.cloid)
    assert (ticket.cloid, ticket.ticker, ticket.amount) == (
        asked.cloid,
        asked.ticker,
        asked.amount,
    )
    assert not ticket.is_valid(tickets.Now(0, 1, 0, 0))
    assert not ticket.is_urgent
