"""News as frames; numbers refer to the module's invariants."""

from services.paper_exchange.engine.orders import Side
from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.control.faults import Faults
from services.paper_hyperliquid.service import MASTER
from tests.unit.services.paper_hyperliquid.floor import limit
from tests.unit.services.paper_hyperliquid.sockets import Hall


def test_fills_come_before_updates_each_in_one_frame() -> None:
    hall = Hall()
    sink = hall.listener("orderUpdates", "userFills", "userEvents")
    hall.floor.take("buy", "15")
    assert hall.publisher.publish() == 2
    frames = sink.frames()
    assert [frame["channel"] for frame in frames] == ["userFills", "user", "orderUpdates"]
    assert len(frames[0]["data"]["fills"]) == 2
    assert "isSnapshot" not in frames[0]["data"]


def test_the_first_write_of_a_fill_is_the_one_that_counts() -> None:
    hall = Hall()
    hall.listener("userFills", "userEvents")
    hall.floor.take("buy", "1")
    hall.publisher.publish()
    assert list(hall.journal.written_ns.values()) == [1]
    assert hall.clock.readings == 2


def test_nothing_is_written_or_timed_when_nobody_listens() -> None:
    hall = Hall()
    hall.floor.take("buy", "1")
    hall.publisher.publish()
    assert hall.clock.readings == 0


def test_news_are_published_once() -> None:
    hall = Hall()
    sink = hall.listener("orderUpdates")
    hall.floor.rest("buy", "149", "1")
    hall.publisher.publish()
    hall.publisher.publish()
    assert len(sink.frames()) == 1


def test_best_prices_are_sent_only_when_they_differ() -> None:
    hall = Hall()
    sink = hall.listener("bbo", coin="SOL")
    hall.floor.rest("buy", "150", "1")
    hall.publisher.publish()
    hall.floor.rest("buy", "149", "1")
    hall.publisher.publish()
    assert [frame["data"]["bbo"][0]["px"] for frame in sink.frames()] == ["150.0"]


def test_aggregated_listeners_get_aggregated_fills() -> None:
    hall = Hall()
    plain = hall.listener("userFills")
    merged = hall.listener("userFills", aggregateByTime=True)
    hall.floor.take("buy", "15")
    hall.publisher.publish()
    counts = [len(sink.frames()[0]["data"]["fills"]) for sink in (plain, merged)]
    assert counts == [2, 2]


def test_trades_name_the_aggressor_and_both_sides() -> None:
    hall = Hall()
    sink = hall.listener("trades", coin="SOL")
    hall.floor.take("sell", "1")
    hall.floor.trade(Side.BUY, "150.01", "2")
    hall.publisher.publish()
    rows = sink.frames()[0]["data"]
    assert [(row["side"], row["sz"]) for row in rows] == [("A", "1.0"), ("B", "2.0")]
    assert rows[0]["users"][1] == MASTER
    assert MASTER not in rows[1]["users"]


def test_trades_are_remembered_without_listeners() -> None:
    hall = Hall()
    hall.floor.take("sell", "1")
    hall.publisher.publish()
    assert len(hall.floor.ask("recentTrades", coin="SOL")) == 1


def test_history_listeners_hear_each_status() -> None:
    hall = Hall()
    sink = hall.listener("userHistoricalOrders")
    hall.floor.take("sell", "1")
    hall.publisher.publish()
    rows = sink.frames()[0]["data"]["orderHistory"]
    assert [row["status"] for row in rows] == ["open", "filled"]


def test_cancels_by_the_venue_are_told_as_such() -> None:
    hall = Hall(Settings(schedule_volume_required_usd=0))
    sink = hall.listener("userEvents")
    oid = hall.floor.rest("buy", "150", "1")
    hall.floor.order(limit("sell", "150", "1", "Ioc"))
    hall.publisher.publish()
    frames = [frame["data"] for frame in sink.frames()]
    assert frames[-1] == {"nonUserCancel": [{"coin": "SOL", "oid": oid}]}


def test_changed_accounts_and_books_are_marked_stale() -> None:
    hall = Hall()
    hall.floor.rest("buy", "149", "1")
    hall.publisher.publish()
    assert (hall.publisher.stale_users, hall.publisher.stale_coins) == ({MASTER}, {"SOL"})


def filled(faults: Faults) -> list[str]:
    """Fill an order with these faults on; return the channels that were told."""
    hall = Hall()
    hall.faults.now = faults
    sink = hall.listener("orderUpdates", "userFills")
    hall.floor.take("buy", "1")
    hall.publisher.publish()
    return [frame["channel"] for frame in sink.frames()]


def test_faults_change_what_an_account_hears() -> None:
    assert filled(Faults(mute_users=True)) == []
    assert filled(Faults(repeat_fills=True)) == ["userFills", "userFills", "orderUpdates"]
    assert filled(Faults(updates_first=True)) == ["orderUpdates", "userFills"]
