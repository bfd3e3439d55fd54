from services.hedger.fold import prices, state
from tandem.domain.ids import Ticker
from tandem.domain.order import OrderStatus, PriceMatch
from tandem.hedging import minute_marks
from tandem.messages.intents import LegSpec, MakerSpec
from tests.unit.services.hedger.desk import (
    BINANCE,
    HYPERLIQUID,
    SOL,
    SOLUSDT,
    Desk,
    d,
    instrument,
    two_venues,
)

MINUTE_NS = 60_000_000_000
KEY = (HYPERLIQUID, SOL)


def test_the_mark_of_a_minute_is_the_first_one_logged_for_it() -> None:
    desk = two_venues()
    desk.mark(HYPERLIQUID, SOL, "100")
    desk.now_ns += MINUTE_NS
    desk.mark(HYPERLIQUID, SOL, "101")

    minute = minute_marks.minute_of(desk.now_ns)

    assert prices.mark_at(desk.state, KEY, minute) == 101
    assert prices.mark_at(desk.state, KEY, minute - 1) == 100


def test_a_minute_that_was_never_logged_takes_the_next_known_one() -> None:
    desk = two_venues()
    first = minute_marks.minute_of(desk.now_ns)
    assert prices.mark_at(desk.state, KEY, first) is None
    desk.now_ns += 2 * MINUTE_NS
    desk.mark(HYPERLIQUID, SOL, "102")

    assert prices.mark_at(desk.state, KEY, first) == 102
    assert prices.mark_at(desk.state, KEY, first + 3) is None


def test_old_minutes_are_forgotten() -> None:
    desk = two_venues()
    for _ in range(minute_marks.KEPT_MINUTES + 5):
        desk.mark(HYPERLIQUID, SOL, "100")
        desk.now_ns += MINUTE_NS

    assert len(desk.state.marks[KEY]) == minute_marks.KEPT_MINUTES


def test_a_leg_without_a_price_borrows_its_makers() -> None:
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT),
        instrument(HYPERLIQUID, SOL, multiplier=d(10)),
    )
    hedge = desk.hedge("h1", "-1")

    desk.maker_fill(hedge, "0.5", "90")

    assert state.reference(desk.state, KEY) == 900
    desk.mark(HYPERLIQUID, SOL, "950")
    assert state.reference(desk.state, KEY) == 950


def test_a_maker_priced_by_the_venue_lends_the_price_it_was_given() -> None:
    desk = two_venues()
    maker = MakerSpec(exc=BINANCE, ticker=SOLUSDT, amount=d(-1), price_match=PriceMatch.QUEUE_5)
    hedge = desk.hedge("h1", "-1", maker=maker)
    assert state.reference(desk.state, KEY) is None

    desk.maker_report(hedge, OrderStatus.NEW, "0", price=d("91"), avg_px=d(0))
    assert state.reference(desk.state, KEY) == 91
    desk.maker_report(hedge, OrderStatus.PARTIAL, "0.1", price=d("91"), avg_px=d("90.9"))

    assert state.reference(desk.state, KEY) == d("90.9")


def test_another_asset_or_an_inverse_contract_lends_nothing() -> None:
    btc = Ticker("BTC")
    desk = Desk()
    desk.specs(
        instrument(BINANCE, SOLUSDT),
        instrument(HYPERLIQUID, btc),
        instrument(HYPERLIQUID, SOL, inverse=True),
    )
    legs = (LegSpec(exc=HYPERLIQUID, ticker=btc), LegSpec(exc=HYPERLIQUID, ticker=SOL))

    desk.hedge("h1", "-1", *legs)

    assert state.reference(desk.state, (HYPERLIQUID, btc)) is None
    assert state.reference(desk.state, KEY) is None


def test_a_delisted_instrument_lends_nothing() -> None:
    desk = two_venues()
    hedge = desk.hedge("h1", "-1")
    desk.specs(instrument(BINANCE, Ticker("OTHER")))

    desk.maker_fill(hedge, "0.5", "90")

    assert state.reference(desk.state, KEY) == 100  # what the maker's limit lent
