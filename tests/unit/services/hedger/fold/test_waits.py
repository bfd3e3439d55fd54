from services.hedger.fold import waits
from tandem.domain.ids import Exc
from tandem.domain.order import OrderStatus
from tandem.messages.intents import LegSpec, RatioKind
from tests.unit.services.hedger.desk import HYPERLIQUID, SOL, Desk, two_venues


def test_e5_nothing_is_waited_for_on_a_desk_at_rest() -> None:
    desk = two_venues()
    desk.hedge("h1", "-1")

    assert waits.waiting(desk.state) == ()


def test_e5_a_table_has_an_owner() -> None:
    desk = two_venues()
    desk.hedge("h1", "-1", LegSpec(exc=Exc("elsewhere"), ticker=SOL))

    (wait,) = waits.waiting(desk.state)

    assert wait.text == "the instrument table of elsewhere: gateway-elsewhere has not logged it"
    assert wait.after_s == waits.TABLE_S


def test_e5_a_need_that_is_held_has_a_reason_and_an_outcome_has_an_owner() -> None:
    desk = two_venues()
    hedge_id = desk.hedge("h1", "-1")
    desk.maker_fill(hedge_id, "1")
    (held,) = waits.waiting(desk.state)
    assert "a hedge of 1 SOL on hyperliquid in basis" in held.text

    (decision,) = desk.decide()
    (outcome,) = waits.waiting(desk.state)
    taker = decision.takers[0].client_order_id
    assert taker in outcome.text
    assert "gateway-hyperliquid" in outcome.text

    desk.taker_fill(taker, "1")
    desk.taker_report(taker, OrderStatus.FILLED, "1")
    assert waits.waiting(desk.state) == ()


def test_e5_a_table_that_is_gone_is_waited_for_by_what_is_owed() -> None:
    desk = two_venues()
    hedge_id = desk.hedge("h1", "-1")
    desk.maker_fill(hedge_id, "1")
    desk.state.instruments.clear()

    assert waits.waiting(desk.state)[0].name == "table-hyperliquid"


def test_e5_a_mark_has_an_owner() -> None:
    desk = two_venues()
    leg = LegSpec(exc=HYPERLIQUID, ticker=SOL, ratio_kind=RatioKind.VALUE)
    hedge_id = desk.hedge("h1", "-1", leg)
    desk.maker_fill(hedge_id, "1")

    (wait,) = waits.waiting(desk.state)

    assert wait.name == "mark-hyperliquid-SOL"
    assert "gateway-hyperliquid has logged none" in wait.text


def test_e5_what_is_told_is_bounded() -> None:
    desk: Desk = two_venues()
    for n in range(waits.MOST + 5):
        desk.hedge(f"h{n}", "-1", LegSpec(exc=Exc(f"e{n}"), ticker=SOL))

    assert len(waits.waiting(desk.state)) == waits.MOST
