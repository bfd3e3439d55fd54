"""The middle of the hedge's book at the maker's fill, in the log's time and in ours."""

from decimal import Decimal as D

from tandem.domain.execution import ReportSource
from tandem.domain.ids import ClientOrderId, Exc, ExecId, Pool, Ticker, VenueOrderId
from tandem.domain.order import Side
from tandem.gateway.core.fill_mids import FillMids
from tandem.gateway.core.market import Market
from tandem.gateway.core.pending_order import Now
from tandem.gateway.core.pricing import PricingRules
from tandem.gateway.port.channel import BookUpdate, Level
from tandem.messages.hedges import Decision, TakerOrder
from tandem.messages.reports import FillReport, MidAt

EXC, SOL = Exc("hyperliquid"), Ticker("SOL")
TAKER = ClientOrderId("0x7a4d")
MS = 1_000_000
LOG_NS = 1_700_000_000_000 * MS  # of the log's clock, at 0 of ours


def book(market: Market, at_ms: int, bid: str, ask: str) -> None:
    update = BookUpdate(SOL, (Level(D(bid), D(1)),), (Level(D(ask), D(1)),), at_ms)
    market.take_book(update, at_ms * MS)


def found(market: Market, *fills_ms: int, now_ms: int = 1_000) -> tuple[MidAt, ...]:
    """Return what is logged with a fill of a taker that is for makers' fills of these times."""
    mids = FillMids(market, PricingRules())
    taker = TakerOrder(client_order_id=TAKER, amount=D(1), band_bp=D(5), hard_cap_bp=D(50))
    decision = Decision(
        exc=EXC,
        ticker=SOL,
        pool=Pool("basis"),
        epoch=0,
        ordinal=1,
        as_of=1,
        need=D(1),
        attempt=0,
        rules="",
        takers=(taker,),
        fills_ns=tuple(LOG_NS + ms * MS for ms in fills_ms),
    )
    mids.take(decision, Now(now_ms * MS, LOG_NS + now_ms * MS, 0, 0))
    done = mids.completed(fill(TAKER))
    assert isinstance(done, FillReport)
    return done.mids


def fill(cloid: ClientOrderId | None) -> FillReport:
    return FillReport(
        exc=EXC,
        ticker=SOL,
        exec_id=ExecId("x1"),
        venue_order_id=VenueOrderId("o1"),
        client_order_id=cloid,
        side=Side.BUY,
        last_qty=D(1),
        last_px=D(100),
        source=ReportSource.EVENT,
        ts_event_ns=1,
    )


def at(ms: int, mid: str) -> MidAt:
    return MidAt(at_ns=LOG_NS + ms * MS, mid=D(mid))


def test_each_fill_has_the_newest_book_of_its_own_time() -> None:
    market = Market()
    book(market, 100, "99", "99.5")
    book(market, 300, "100", "100.5")
    book(market, 900, "110", "111")
    assert found(market, 299, 300, 420) == (at(299, "99.25"), at(300, "100.25"), at(420, "100.25"))


def test_a_time_without_a_book_to_price_by_has_no_middle() -> None:
    market = Market()
    book(market, 100, "99", "99.5")
    book(market, 700, "101", "101")  # crossed
    book(market, 800, "90", "110")  # wide
    assert found(market, 99, 601, 700, 800) == ()


def test_books_of_before_a_cut_of_the_feed_are_still_what_they_were() -> None:
    market = Market()
    book(market, 100, "99", "99.5")
    market.forget_books()
    assert found(market, 150) == (at(150, "99.25"),)


def test_what_lies_too_far_back_has_none() -> None:
    market = Market()
    for ms in range(1_500):
        book(market, ms, "99", "99.5")
    assert found(market, 400, 800, now_ms=1_500) == (at(800, "99.25"),)


def test_other_facts_stay_as_they_are() -> None:
    mids = FillMids(Market(), PricingRules())
    assert mids.completed(fill(None)) == fill(None)
    assert mids.completed(fill(TAKER)) == fill(TAKER)
