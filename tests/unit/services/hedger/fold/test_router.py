import msgspec
import pytest

from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import HedgeRules
from tandem.domain.errors import MalformedMessageError
from tandem.domain.ids import ClientOrderId, HedgeId, Token
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tandem.messages.hedges import Alarm
from tandem.messages.intents import NewOrder
from tandem.messages.queries import AskKind, PageRequest, QueryFailed, VenueAsk
from tests.unit.services.hedger.desk import BINANCE, HYPERLIQUID, STRATEGY, d, two_venues


def test_copies_with_the_same_rules_have_the_same_name_and_hash() -> None:
    assert HedgerFold().rules == HedgerFold().rules
    assert HedgerFold().name == "hedger"


def test_what_one_copy_saved_serves_a_copy_with_other_settings() -> None:
    """Else a desk older than its log could not change a setting: it reads on from snapshots."""
    one, other = HedgerFold(), HedgerFold(HedgeRules(clip_notional=d("70")))
    assert one.rules != other.rules
    assert one.version == other.version


def test_a_fact_of_no_concern_changes_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    order = desk.appended[subjects.new_order(BINANCE, STRATEGY, desk.link(hedge).cloid)]
    assert isinstance(order, NewOrder)
    before = desk.fold.dump(desk.state)

    desk.read(order, subjects.new_order(BINANCE, STRATEGY, order.client_order_id))

    assert desk.fold.dump(desk.state) == before


@pytest.mark.parametrize(
    ("subject", "alarms"),
    [("oms.hedge.decision.x", 1), ("oms.control.stop.x", 1), ("oms.venue.x.order.y", 0)],
)
def test_malformed_messages_stop_nothing(subject: str, alarms: int) -> None:
    desk = two_venues()

    desk.read(MalformedMessageError("f", "wrong"), subject)

    assert sum(isinstance(fact, Alarm) for fact in desk.appended.values()) == alarms
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    assert desk.amounts() == [d(1)]


def test_orders_of_others_are_none_of_our_business() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")

    desk.maker_fill(hedge, "1", client_order_id=ClientOrderId("manual"))
    desk.maker_fill(hedge, "1", client_order_id=None, is_system=True)
    desk.maker_fill(hedge, "1", client_order_id=ClientOrderId("0x7a4d" + "0" * 28))

    assert desk.naked() == 0
    assert not desk.state.orphans


def test_a_report_that_names_no_order_is_nobodys() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.NEW, "0")
    report = desk.log[-1].fact
    assert not isinstance(report, MalformedMessageError)
    nameless = msgspec.structs.replace(
        report,
        client_order_id=None,
        venue_order_id=None,
        cum_qty=d(1),
    )

    desk.read(nameless, "oms.venue.binance.order.x")

    assert desk.naked() == 0


def test_a_taker_is_known_by_its_venue_number_too() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.NEW, "0")
    fill = desk.taker_fill(cloid, "0.4")

    desk.fill(msgspec.structs.replace(fill, client_order_id=None, exec_id=desk.next_exec()))

    assert desk.naked() == d("0.2")


def test_a_report_of_another_account_is_not_the_takers() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id
    desk.taker_report(cloid, OrderStatus.NEW, "0")
    report = desk.log[-1].fact
    assert not isinstance(report, MalformedMessageError)

    foreign = msgspec.structs.replace(report, exc=BINANCE, cum_qty=d(1))
    desk.read(foreign, "oms.venue.binance.order.x")

    assert desk.naked() == 1


def test_a_maker_report_of_another_account_is_not_the_makers() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.maker_report(hedge, OrderStatus.NEW, "0")
    report = desk.log[-1].fact
    assert not isinstance(report, MalformedMessageError)

    foreign = msgspec.structs.replace(report, exc=HYPERLIQUID, cum_qty=d(1))
    desk.read(foreign, "oms.venue.hyperliquid.order.x")

    assert desk.naked() == 0


def test_a_page_has_every_hedge_and_bucket() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")

    page = desk.page()

    assert (page.epoch, page.seq) == (0, desk.seq)
    assert page.hedges == (desk.view(HedgeId("h1")),)
    assert page.buckets == (desk.bucket_views[-1],)


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        (subjects.ORDERS_PAGE, PageRequest()),
        (subjects.HEDGES_PAGE, VenueAsk(kind=AskKind.ORDERS)),
    ],
)
def test_other_questions_are_not_answered(subject: str, query: PageRequest | VenueAsk) -> None:
    desk = two_venues()

    answer = desk.fold.answer(desk.state, desk.head, subject, query)

    assert isinstance(answer, QueryFailed)
    assert not answer.retryable


def test_a_stop_is_read_from_control() -> None:
    desk = two_venues()

    desk.stop(HedgeId("none"), Token("t"))

    assert desk.effects == ()
