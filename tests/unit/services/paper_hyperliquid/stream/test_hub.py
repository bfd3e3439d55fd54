"""Connections and subscriptions; numbers refer to the module's invariants."""

import pytest

from services.paper_hyperliquid.config import Settings
from services.paper_hyperliquid.service import MASTER
from services.paper_hyperliquid.wire.subscriptions import OrderUpdates
from tests.unit.services.paper_hyperliquid.sockets import (
    IP,
    Hall,
    RecordingSink,
    subscription,
)


def test_a_confirmation_comes_before_the_first_frame() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("userFills"))
    assert [frame["channel"] for frame in sink.frames()] == ["subscriptionResponse", "userFills"]


def test_the_confirmation_names_the_normalised_subscription() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("l2Book", coin="SOL"))
    assert sink.frames()[0]["data"] == {
        "method": "subscribe",
        "subscription": {"type": "l2Book", "coin": "SOL", "nSigFigs": None, "mantissa": None,
                         "fast": None},
    }  # fmt: skip


def test_a_repeated_subscription_is_an_error_and_shows_nothing() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("userFills"))
    sink.frames()
    hall.hub.subscribe(client, subscription("userFills", user=MASTER.upper().replace("0X", "0x")))
    assert [frame["channel"] for frame in sink.frames()] == ["error"]


def test_publishing_reaches_every_listener_and_nobody_else() -> None:
    hall = Hall()
    first, second = hall.listener("orderUpdates"), hall.listener("orderUpdates")
    other = hall.listener("userEvents")
    hall.hub.publish(OrderUpdates(MASTER), b"{}")
    assert [len(sink.frames()) for sink in (first, second, other)] == [1, 1, 0]


def test_a_connection_that_left_hears_nothing_more() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("orderUpdates"))
    sink.frames()
    hall.hub.disconnect(client)
    assert not hall.hub.has(OrderUpdates(MASTER))
    assert hall.hub.active() == ()


def test_unsubscribing_needs_a_subscription() -> None:
    hall = Hall()
    client, sink = hall.connect()
    hall.hub.unsubscribe(client, subscription("orderUpdates"))
    assert sink.frames()[0]["data"].startswith("Already unsubscribed: ")
    hall.hub.unsubscribe(client, subscription("nothing"))
    assert sink.frames()[0]["data"].startswith("Invalid subscription ")


def test_one_of_two_listeners_may_leave() -> None:
    hall = Hall()
    client, _ = hall.connect()
    hall.hub.subscribe(client, subscription("orderUpdates"))
    hall.listener("orderUpdates")
    hall.hub.unsubscribe(client, subscription("orderUpdates"))
    assert hall.hub.has(OrderUpdates(MASTER))


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [
        (Settings(ws_connections_max=1), 1),
        (Settings(ws_new_per_minute_max=2), 2),
        (Settings(ws_connections_max=1, ip_limits=False), 3),
    ],
)
def test_an_address_has_room_for_so_many_connections(settings: Settings, accepted: int) -> None:
    hall = Hall(settings)
    clients = [hall.hub.connect(RecordingSink(), IP) for _ in range(3)]
    assert sum(client is not None for client in clients) == accepted


def test_limits_of_users_and_subscriptions_can_be_switched_off() -> None:
    hall = Hall(Settings(ws_users_max=0, ws_subscriptions_max=0, ip_limits=False))
    client, sink = hall.connect()
    hall.hub.subscribe(client, subscription("orderUpdates"))
    assert sink.frames()[0]["channel"] == "subscriptionResponse"


def test_a_connection_told_nothing_for_a_minute_is_idle() -> None:
    hall = Hall()
    quiet, _ = hall.connect()
    busy, _ = hall.connect()
    hall.floor.pass_ms(60_001)
    hall.hub.send(busy, b"{}")
    assert list(hall.hub.idle()) == [quiet]
