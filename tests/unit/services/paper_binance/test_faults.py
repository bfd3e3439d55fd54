import pytest

from services.paper_binance.errors import Code, VenueError
from services.paper_binance.faults import (
    UNDISTURBED,
    Breakdown,
    Disturbance,
    EventAction,
    EventDisturbance,
    Faults,
    arranged,
    breakdown_error,
    perform,
)
from services.paper_binance.venue import Venue
from tests.unit.services.paper_binance.pure_venue import (
    LIMIT,
    NOW_MS,
    send,
    send_at,
    venue_with_books,
)


@pytest.fixture
def venue() -> Venue:
    return venue_with_books()


def test_disturbance_meets_its_operation_as_often_as_asked() -> None:
    faults = Faults()
    faults.add_answer(Disturbance(operation="place_order", count=2))

    met = [faults.next_answer(name) for name in ("ping", "place_order", "place_order")]
    after = faults.next_answer("place_order")

    assert [one is UNDISTURBED for one in met] == [True, False, False]
    assert after is UNDISTURBED


def test_disturbance_without_name_meets_anything() -> None:
    faults = Faults()
    faults.add_answer(Disturbance(delay_ms=5))
    faults.add_event(EventDisturbance(action=EventAction.DROP))

    assert faults.pending == ("answer:any", "event:any:DROP")
    assert faults.next_answer("ping").delay_ms == 5
    assert faults.next_event("TRADE_LITE") is EventAction.DROP


def test_event_disturbance_waits_for_its_name() -> None:
    faults = Faults()
    faults.add_event(EventDisturbance(action=EventAction.HOLD, event="TRADE_LITE"))

    actions = [faults.next_event(name) for name in ("ACCOUNT_UPDATE", "TRADE_LITE", "TRADE_LITE")]

    assert actions == [None, EventAction.HOLD, None]


def test_reset_forgets_everything() -> None:
    faults = Faults()
    faults.add_answer(UNDISTURBED)
    faults.add_event(EventDisturbance(action=EventAction.DROP))
    faults.hidden_ms = 5
    before = faults.pending

    faults.reset()

    assert (len(before), faults.pending) == (3, ())


@pytest.mark.parametrize(
    ("breakdown", "status", "code"),
    [
        (Breakdown.TIMEOUT, 408, -1007),
        (Breakdown.UNEXPECTED, 503, -1006),
        (Breakdown.UNKNOWN, 503, -1000),
        (Breakdown.UNAVAILABLE, 503, -1000),
        (Breakdown.INTERNAL, 503, -1001),
        (Breakdown.BUSY, 503, -1008),
        (Breakdown.TOO_MANY, 429, -1003),
        (Breakdown.BANNED, 418, -1003),
    ],
)
def test_breakdowns_look_as_documented(breakdown: Breakdown, status: int, code: int) -> None:
    error = breakdown_error(breakdown)

    assert (error.http_status, error.code.value) == (status, code)


def test_two_503_differ_in_text_only() -> None:
    texts = [breakdown_error(one).message for one in (Breakdown.UNKNOWN, Breakdown.UNAVAILABLE)]

    assert texts == [
        "Unknown error, please check your request or try again later.",
        "Service Unavailable.",
    ]


def test_failing_answer_hides_a_refusal_too() -> None:
    def refuse() -> None:
        raise VenueError(Code.BAD_SYMBOL)

    with pytest.raises(VenueError, match="-1007"):
        perform(Disturbance(breakdown=Breakdown.TIMEOUT), refuse)


def test_held_event_follows_the_next_one() -> None:
    held: list[str] = []

    told = [
        arranged(EventAction.HOLD, "a", held),
        arranged(EventAction.DROP, "b", held),
        arranged(EventAction.DUPLICATE, "c", held),
        arranged(None, "d", held),
        arranged(None, "e", held),
    ]

    assert told == [[], [], ["c", "c"], ["d", "a"], ["e"]]


@pytest.mark.parametrize("is_executed", [True, False])
def test_timeout_says_nothing_about_execution(venue: Venue, is_executed: bool) -> None:
    venue.faults.add_answer(
        Disturbance(operation="place_order", breakdown=Breakdown.TIMEOUT, is_executed=is_executed)
    )

    status, body = send(venue, "POST", "order", **LIMIT)

    assert (status, body["code"]) == (408, -1007)
    assert len(venue.engine.orders()) == is_executed


def test_new_order_is_hidden_from_queries_for_a_while(venue: Venue) -> None:
    venue.faults.hidden_ms = 100
    by_id = {"symbol": "SOLUSDT"}
    by_id["orderId"] = str(send(venue, "POST", "order", **LIMIT)[1]["orderId"])

    answers = [
        send_at(venue, NOW_MS + age_ms, "GET", path, **by_id)[0]
        for path in ("order", "openOrder")
        for age_ms in (99, 100)
    ]

    assert answers == [400, 200, 400, 200]
