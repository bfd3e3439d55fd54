"""What the clock alone causes."""

from tests.unit.services.paper_hyperliquid.sockets import Hall, RecordingSink, subscription


def channels(sink: RecordingSink) -> list[str]:
    return [frame["channel"] for frame in sink.frames()]


def test_a_changed_book_is_sent_once_per_interval() -> None:
    hall = Hall()
    hall.beat(0)
    sink = hall.listener("l2Book", coin="SOL")
    hall.floor.rest("buy", "149", "1")
    hall.beat(100)
    assert channels(sink) == []
    hall.beat(400)
    assert channels(sink) == ["l2Book"]
    hall.beat(500)
    assert channels(sink) == []


def test_a_changed_account_is_sent_at_the_book_interval_and_always_every_five_seconds() -> None:
    hall = Hall()
    hall.beat(0)
    sink = hall.listener("openOrders", "clearinghouseState")
    hall.floor.rest("buy", "149", "1")
    hall.beat(500)
    assert sorted(channels(sink)) == ["clearinghouseState", "openOrders"]
    hall.beat(1_000)
    assert channels(sink) == []
    hall.beat(5_000)
    assert sorted(channels(sink)) == ["clearinghouseState", "openOrders"]


def test_streams_of_events_are_not_repeated() -> None:
    hall = Hall()
    sink = hall.listener("orderUpdates", "userFills", "userEvents", "userFundings",
                         "userHistoricalOrders", "userNonFundingLedgerUpdates")  # fmt: skip
    hall.beat(10_000)
    assert channels(sink) == []


def test_mids_are_sent_every_second() -> None:
    hall = Hall()
    hall.beat(0)
    sink = hall.listener("allMids")
    hall.beat(999)
    assert channels(sink) == []
    hall.beat(1)
    assert channels(sink) == ["allMids"]


def test_trading_room_of_an_address_without_an_account_is_not_sent() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("activeAssetData", coin="SOL", user="0x" + "ab" * 20))
    hall.beat(10_000)
    assert channels(sink) == ["subscriptionResponse"]


def test_timers_fire_and_are_told() -> None:
    hall = Hall()
    sink = hall.listener("orderUpdates")
    hall.floor.rest("buy", "149", "1")
    action = {"type": "scheduleCancel", "time": hall.floor.now_ms + 6_000}
    hall.floor.post(action)
    hall.beat(7_000)
    assert [u["status"] for f in sink.frames() for u in f["data"]] == ["open", "scheduledCancel"]
