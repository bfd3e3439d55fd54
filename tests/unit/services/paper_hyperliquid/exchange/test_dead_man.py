from services.paper_hyperliquid.auth.nonces import DAY_MS
from services.paper_hyperliquid.config import Settings
from tests.unit.services.paper_hyperliquid.floor import Floor


def schedule(floor: Floor, ahead_ms: int | None) -> str:
    action: dict[str, object] = {"type": "scheduleCancel"}
    if ahead_ms is not None:
        action["time"] = floor.now_ms + ahead_ms
    answer = floor.post(action)
    return "ok" if answer["status"] == "ok" else str(answer["response"])


def test_it_needs_traded_volume() -> None:
    floor = Floor(Settings())
    floor.take("buy", "1")
    assert schedule(floor, 10_000) == (
        "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: $150.01."
    )


def test_it_cancels_every_open_order_when_its_time_has_come() -> None:
    floor = Floor()
    oids = [floor.rest("buy", "149", "1"), floor.rest("sell", "151", "1")]
    assert schedule(floor, 10_000) == "ok"
    floor.pass_ms(9_000)
    floor.venue.tick(floor.now_ns)
    assert floor.status_of(oids[0]) == "open"
    floor.pass_ms(2_000)
    floor.venue.tick(floor.now_ns)
    assert [floor.status_of(oid) for oid in oids] == ["scheduledCancel"] * 2


def test_it_can_be_cleared() -> None:
    floor = Floor()
    oid = floor.rest("buy", "149", "1")
    schedule(floor, 10_000)
    assert schedule(floor, None) == "ok"
    floor.pass_ms(20_000)
    floor.venue.tick(floor.now_ns)
    assert floor.status_of(oid) == "open"


def test_it_must_lie_five_seconds_ahead() -> None:
    assert "at least 5 seconds" in schedule(Floor(), 4_000)


def test_it_fires_a_bounded_number_of_times_a_day() -> None:
    floor = Floor(Settings(schedule_volume_required_usd=0, schedule_firings_per_day_max=1))
    schedule(floor, 6_000)
    floor.pass_ms(7_000)
    floor.venue.tick(floor.now_ns)
    assert "Too many scheduled cancels" in schedule(floor, 6_000)
    floor.pass_ms(DAY_MS)
    assert schedule(floor, 6_000) == "ok"
