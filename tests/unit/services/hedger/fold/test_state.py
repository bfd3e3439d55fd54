from services.hedger.fold import state
from tandem.domain.ids import ClientOrderId, Ticker, VenueOrderId
from tandem.domain.order import OrderStatus
from tests.unit.services.hedger.desk import BINANCE, HYPERLIQUID, SOL, SOLUSDT, Desk, two_venues


def eventful() -> Desk:
    """Return a desk with something in every table."""
    desk = two_venues(lot="0.3")
    desk.mark(HYPERLIQUID, SOL, "100")
    hedge, ended = desk.hedge("h1", "-1"), desk.hedge("h2", "-1")
    desk.maker_fill(hedge, "0.7", client_order_id=None)
    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.8")
    (decision,) = desk.decide()
    desk.taker_fill(decision.takers[0].client_order_id, "0.3")
    desk.maker_report(ended, OrderStatus.CANCELLED, "0")
    desk.now_ns += 3_600_000_000_000
    desk.mark(HYPERLIQUID, SOL, "101")
    desk.maker_fill(hedge, "0.1", client_order_id=None, venue_order_id=VenueOrderId("stray"))
    return desk


def test_dump_and_load_give_an_equal_state() -> None:
    desk = eventful()

    again = desk.fold.load(desk.fold.dump(desk.state))

    assert again == desk.state
    assert desk.state.shelf
    assert desk.state.orphans


def test_a_loaded_state_goes_on_like_the_first() -> None:
    desk = eventful()
    again = desk.fold.load(desk.fold.dump(desk.state))
    desk.maker_fill(next(iter(desk.state.links)), "0.2")

    assert desk.fold.apply(again, desk.log[-1]) == desk.effects
    assert again == desk.state


def test_a_client_id_of_a_taker_names_its_bucket() -> None:
    desk = two_venues()
    desk.maker_fill(desk.hedge("h1", "-1"), "1")
    (decision,) = desk.decide()
    cloid = decision.takers[0].client_order_id

    assert state.bucket_of_taker(desk.state, cloid) is desk.bucket()
    assert state.bucket_of_taker(desk.state, ClientOrderId("0x7a4d" + "0" * 28)) is None
    assert state.bucket_of_taker(desk.state, ClientOrderId("other")) is None


def test_a_leg_is_found_by_its_hedge_and_bucket() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    other = state.open_bucket(desk.state, (BINANCE, SOLUSDT, desk.bucket().pool))

    assert state.leg_of(desk.state, hedge, desk.bucket()) is desk.link(hedge).legs[0]
    assert state.leg_of(desk.state, hedge, other) is None
    assert state.leg_of(desk.state, "gone", other) is None  # type: ignore[arg-type]


def test_the_oldest_orphan_gives_way() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    fill = desk.maker_fill(hedge, "0.1", client_order_id=None)
    key = (fill.exc, fill.ticker, fill.venue_order_id)
    assert key in desk.state.orphans

    for number in range(state.MAX_ORPHANS):
        stray = (fill.exc, Ticker("X"), VenueOrderId(str(number)))
        state.keep_orphan(desk.state, stray, fill)

    assert key not in desk.state.orphans
    assert len(desk.state.orphans) == state.MAX_ORPHANS


def test_an_unknown_account_has_no_instruments() -> None:
    desk = two_venues()

    assert state.instrument(desk.state, BINANCE, Ticker("NONE")) is None
    assert state.reference(desk.state, (BINANCE, Ticker("NONE"))) is None
