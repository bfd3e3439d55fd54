"""How a venue is asked: how long an answer may take, and how a list is asked for whole."""

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from services.gateway_binance.protocol.settings import Endpoints, VenueSettings
from services.gateway_binance.protocol.signing import HmacSigner
from services.gateway_binance.protocol.venue import BinanceVenue
from services.paper_binance.auth.keyring import PAPER_HMAC_KEY, PAPER_HMAC_SECRET
from services.paper_binance.exchange.venue import Venue
from services.paper_binance.rest.rest import answer as rest_answer
from services.paper_exchange.market.events import DepthSnapshot, Level
from tandem.domain.ids import Exc
from tandem.domain.units import NS_PER_MS
from tandem.gateway.port.requests import (
    FillsQuery,
    InstrumentsQuery,
    Listing,
    OpenOrdersQuery,
    Query,
    Report,
    Stamp,
    TimeQuery,
    UnansweredError,
    VenueQueryError,
)
from tandem.gateway.shell.venue.venue_client import (
    PROOF_TIMEOUT_S,
    QUERY_TIMEOUT_S,
    Take,
    VenueQueries,
    timeout_s,
)
from tandem.messages.reports import FillReport
from tandem.runtime.clock import SystemClock
from tandem.transport.exchange import (
    HttpRequest,
    NoAnswerError,
    NothingSentError,
    RawAnswer,
    Transport,
)
from tandem.transport.priority import Priority
from tandem.transport.rate_limit import Budgets
from tests.unit.services.paper_binance.pure_venue import (
    MARKET,
    NOW_MS,
    request,
    send_at,
    venue_with_books,
)

DAY_MS = 86_400_000


def test_e6_what_proves_an_outcome_is_asked_again_soon_after_its_answer_was_lost() -> None:
    assert timeout_s(OpenOrdersQuery(), Priority.PROOF) == PROOF_TIMEOUT_S < QUERY_TIMEOUT_S


@pytest.mark.parametrize("priority", [Priority.BACKFILL, Priority.UPKEEP, Priority.QUESTION])
def test_what_nobody_is_owed_may_take_its_time(priority: Priority) -> None:
    assert timeout_s(OpenOrdersQuery(), priority) == QUERY_TIMEOUT_S


def test_a_large_table_takes_longer_and_the_time_is_worthless_when_it_is_late() -> None:
    assert timeout_s(InstrumentsQuery(), Priority.UPKEEP) > QUERY_TIMEOUT_S
    assert timeout_s(TimeQuery(), Priority.PROOF) < PROOF_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class PaperQueries(VenueQueries):
    """Asks the paper exchange in this process; `asked` has each span of trades in days.

    The answers to the spans in `lost` do not arrive.
    """

    paper: Venue = field(default_factory=venue_with_books)
    asked: list[tuple[float, float]] = field(default_factory=list)
    lost: list[tuple[float, float]] = field(default_factory=list)

    async def ask(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self, query: Query, priority: Priority
    ) -> list[RawAnswer]:
        stamp = Stamp(1, self.core.now().venue_ms, 0, 1_000)
        requests = self.core.venue.encode_query(query, stamp)
        return [self._answer(one, stamp.venue_ms) for one in requests]

    def _answer(self, asked: HttpRequest, now_ms: int) -> RawAnswer:
        url = urlsplit(asked.url)
        sent = request("GET", url.path.removeprefix("/fapi/v1/"), url.query)
        given = rest_answer(self.paper, sent, now_ms * NS_PER_MS)
        params = parse_qs(url.query)
        if "startTime" in params:
            span = (int(params["startTime"][0]), int(params.get("endTime", [str(now_ms)])[0]))
            self.asked.append((_days(span[0]), _days(span[1])))
            if self.asked[-1] in self.lost:
                raise VenueQueryError("no answer", 0)
        return RawAnswer(Transport.HTTP, given.status, given.body, 1)


def _days(ms: int) -> float:
    return round((ms - NOW_MS) / DAY_MS, 2)


def queries(now_ms: int) -> PaperQueries:
    endpoints = Endpoints("http://venue", "ws://venue", "ws://venue")
    signer = HmacSigner(PAPER_HMAC_KEY, PAPER_HMAC_SECRET.encode())
    venue = BinanceVenue(Exc("binance"), VenueSettings(endpoints=endpoints), signer)
    door = SimpleNamespace(listing=lambda page: page)
    now = SimpleNamespace(venue_ms=now_ms)
    return PaperQueries(SimpleNamespace(venue=venue, door=door, now=lambda: now))  # type: ignore[arg-type]  # the parts that it uses


async def listed(here: PaperQueries, since_ms: int, take: Take | None = None) -> Listing:
    table = here.core.venue.decode_instruments(await here.ask(InstrumentsQuery(), Priority.UPKEEP))
    sol = next(one for one in table.rows if one.ticker == "SOLUSDT")
    return await here.listing(FillsQuery((sol,), since_ms), Priority.BACKFILL, take)


@pytest.mark.parametrize(
    ("away_days", "windows"),
    [
        (1, [(0, 1)]),
        (10, [(0, 7), (7, 10)]),
        (20, [(0, 7), (7, 14), (14, 20)]),
    ],
)
async def test_d7_fills_of_a_long_absence_are_all_listed(
    away_days: int, windows: list[tuple[float, float]]
) -> None:
    here = queries(NOW_MS + away_days * DAY_MS)
    for day in range(away_days):
        send_at(here.paper, NOW_MS + day * DAY_MS, "POST", "order", **MARKET)

    listing = await listed(here, NOW_MS)

    fills = [fact for fact in listing.facts if isinstance(fact, FillReport)]
    assert [_days(fill.ts_event_ns // NS_PER_MS) for fill in fills] == list(range(away_days))
    assert here.asked == windows
    assert (listing.more, listing.lost_until_ms) == (None, None)


async def test_d7_what_the_venue_no_longer_keeps_is_said() -> None:
    now_ms = NOW_MS + 100 * DAY_MS
    here = queries(now_ms)
    for day in (0, 50):
        send_at(here.paper, NOW_MS + day * DAY_MS, "POST", "order", **MARKET)

    listing = await listed(here, NOW_MS)

    assert len([fact for fact in listing.facts if isinstance(fact, FillReport)]) == 1
    assert listing.lost_until_ms == now_ms - 90 * DAY_MS


async def test_e7_a_list_is_taken_page_by_page_and_what_came_outlives_a_lost_answer() -> None:
    here = queries(NOW_MS + 10 * DAY_MS)
    for day in (0, 1, 8):
        send_at(here.paper, NOW_MS + day * DAY_MS, "POST", "order", **MARKET)
    here.lost.append((7.0, 10.0))
    taken: list[Report] = []

    with pytest.raises(VenueQueryError):
        await listed(here, NOW_MS, taken.extend)
    assert len([fact for fact in taken if isinstance(fact, FillReport)]) == 2

    here.lost.clear()
    taken.clear()
    listing = await listed(here, NOW_MS, taken.extend)

    assert len([fact for fact in taken if isinstance(fact, FillReport)]) == 3
    assert listing.facts == ()


def trade_at(paper: Venue, now_ms: int, count: int) -> None:
    """Make so many fills in one millisecond: one order takes as many levels."""
    piece, asks = Decimal("0.01"), range(1, count + 1)
    levels = tuple(Level(Decimal(150) + piece * step, piece) for step in asks)
    depth = DepthSnapshot("SOLUSDT", 0, (Level(Decimal(149), piece),), levels)
    paper.engine.apply_market(depth, now_ms * NS_PER_MS)
    status, body = send_at(
        paper, now_ms, "POST", "order", **{**MARKET, "quantity": str(piece * count)}
    )
    assert status == 200, body


async def test_more_fills_of_one_millisecond_than_one_list_holds_are_all_listed() -> None:
    here = queries(NOW_MS + 10 * DAY_MS)
    for at_ms, counts in (
        (NOW_MS, (500, 500, 500, 500, 300)),
        (NOW_MS + 1, (10,)),
        (NOW_MS + 8 * DAY_MS, (10,)),
    ):
        for count in counts:
            trade_at(here.paper, at_ms, count)

    listing = await listed(here, NOW_MS)

    fills = {fact.exec_id for fact in listing.facts if isinstance(fact, FillReport)}
    assert (len(fills), listing.more) == (2_320, None)


class Away:
    """A network that reaches nobody."""

    def __init__(self, error: NothingSentError | NoAnswerError) -> None:
        self._error = error

    async def call(self, *_: object) -> RawAnswer:
        raise self._error


@pytest.mark.parametrize("error", [NothingSentError("refused"), NoAnswerError("no answer")])
async def test_e11_a_venue_that_is_not_reached_is_told_from_one_that_refuses(
    error: NothingSentError | NoAnswerError,
) -> None:
    venue = SimpleNamespace(costs=lambda *_: (), encode_query=lambda *_: ("one",))
    core = SimpleNamespace(
        venue=venue,
        stamp=lambda: None,
        budgets=Budgets(()),
        network=Away(error),
        context=SimpleNamespace(clock=SystemClock()),
    )
    queries = VenueQueries(core)  # type: ignore[arg-type]  # the parts that it uses

    with pytest.raises(UnansweredError):
        await queries.ask(OpenOrdersQuery(), Priority.BACKFILL)
    with pytest.raises(UnansweredError):
        await queries.time_ms()
