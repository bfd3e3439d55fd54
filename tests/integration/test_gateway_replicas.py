"""Several copies of one gateway: one sends, the others take over, and no order goes out twice.

The oracle is the venue's own books: each client id names at most one order.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tandem.cli.servers import LocalServer
from tandem.domain.ids import ClientOrderId
from tandem.domain.order import OrderStatus
from tandem.messages import subjects
from tests.conftest import Eventually
from tests.integration.binance_process import BIDS
from tests.integration.gateway_binance import EXC, cloid
from tests.integration.gateway_copies import CopiesWorld, Copy, copies_world
from tests.integration.gateway_hyperliquid import relayed

NEW = OrderStatus.NEW
LONG_S = 30.0
PATIENT_MS = 60_000
BELOW = "140"
ORDERS = 40


@pytest.fixture
async def world(nats_server: LocalServer, tmp_path: Path) -> AsyncIterator[CopiesWorld]:
    async with copies_world(nats_server.url, tmp_path, {}, {}) as running:
        yield running


async def place(world: CopiesWorld, name: ClientOrderId) -> None:
    await world.place(name, "0.1", price=BELOW, valid_for_ms=PATIENT_MS)


def is_answered(world: CopiesWorld, name: ClientOrderId) -> bool:
    return world.statuses(name) > {OrderStatus.PENDING} or NEW in world.statuses(name)


async def only_sender(world: CopiesWorld, eventually: Eventually) -> Copy:
    await eventually(lambda: len(world.senders) == 1, LONG_S)
    return world.senders[0]


async def each_once(world: CopiesWorld, names: list[ClientOrderId]) -> None:
    placed = await world.placed()
    assert {name: placed.get(name, 0) for name in names} == dict.fromkeys(names, 1)


async def test_one_of_two_copies_sends_and_both_are_ready(
    world: CopiesWorld, eventually: Eventually
) -> None:
    sender = await only_sender(world, eventually)
    name = cloid(1)
    await place(world, name)
    await eventually(lambda: NEW in world.statuses(name))
    standby = next(copy for copy in world.copies if copy is not sender)
    assert sender.metric("gateway_requests_sent") == 1
    assert standby.metric("gateway_requests_sent") == 0
    await each_once(world, [name])


async def test_what_both_copies_hear_is_logged_once_and_counted_as_a_repeat(
    world: CopiesWorld, eventually: Eventually
) -> None:
    await only_sender(world, eventually)
    names = [cloid(number) for number in range(1, 6)]
    for name in names:
        await place(world, name)
    await eventually(
        lambda: all(copy.metric("gateway_stream_facts") >= len(names) for copy in world.copies)
    )
    shares = [copy.metric("gateway_duplicate_share") for copy in world.copies]
    subjects = [entry.subject for entry, _ in world.entries]
    assert sum(shares) > 0
    assert len(subjects) == len(set(subjects))


async def test_orders_flow_on_when_the_sender_is_killed(
    world: CopiesWorld, eventually: Eventually
) -> None:
    sender = await only_sender(world, eventually)
    names = [cloid(number) for number in range(1, ORDERS + 1)]
    for name in names[: ORDERS // 2]:
        await place(world, name)
    sender.child.kill()
    for name in names[ORDERS // 2 :]:
        await place(world, name)
    await eventually(lambda: all(NEW in world.statuses(name) for name in names), LONG_S)
    await each_once(world, names)


async def test_sender_that_is_asked_to_stop_hands_over(
    world: CopiesWorld, eventually: Eventually
) -> None:
    sender = await only_sender(world, eventually)
    heir = next(copy for copy in world.copies if copy is not sender)
    await asyncio.to_thread(sender.child.stop)
    await eventually(lambda: heir.is_sender)
    name = cloid(1)
    await place(world, name)
    await eventually(lambda: NEW in world.statuses(name))
    await each_once(world, [name])


async def test_killed_copy_that_comes_back_stands_by(
    world: CopiesWorld, eventually: Eventually
) -> None:
    killed = await only_sender(world, eventually)
    killed.child.kill()
    heir = next(copy for copy in world.copies if copy is not killed)
    await eventually(lambda: heir.is_sender)
    await asyncio.to_thread(killed.start)
    assert (heir.is_sender, killed.is_sender) == (True, False)


@pytest.mark.parametrize("window_ms", ["1000", "5000"])
async def test_13_sender_that_lost_its_lease_sends(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually, window_ms: str
) -> None:
    """It is frozen between the check of its lease and the write, and writes after the takeover.

    With the short window its request is dead by then; with the long one it is accepted, and the
    new sender finds it.
    """
    frozen_at = {"TANDEM_TESTING": "1", "TANDEM_FREEZE_AT": "gateway.before_write"}
    common = {"BINANCE_RECV_WINDOW_MS": window_ms}
    both = (frozen_at | common, common)
    async with copies_world(nats_server.url, tmp_path, *both) as world:
        frozen, heir = world.copies
        name = cloid(1)
        await eventually(lambda: frozen.is_sender)
        await place(world, name)
        await eventually(lambda: frozen.is_frozen)
        await eventually(lambda: heir.is_sender)
        frozen.thaw()
        await eventually(lambda: NEW in world.statuses(name), LONG_S)
        await each_once(world, [name])
        assert OrderStatus.REJECTED not in world.statuses(name)
        assert not frozen.is_sender


async def test_13_sender_wakes_after_its_heir_has_sent_the_order_itself(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    frozen_at = {"TANDEM_TESTING": "1", "TANDEM_FREEZE_AT": "gateway.before_write"}
    async with copies_world(nats_server.url, tmp_path, frozen_at, {}) as world:
        frozen, _ = world.copies
        name, after = cloid(1), cloid(2)
        await eventually(lambda: frozen.is_sender)
        await place(world, name)
        await eventually(lambda: frozen.is_frozen)
        await eventually(lambda: NEW in world.statuses(name), LONG_S)
        frozen.thaw()
        await eventually(lambda: frozen.metric("gateway_outcomes") > 0)
        await place(world, after)
        await eventually(lambda: NEW in world.statuses(after))
        await each_once(world, [name, after])
        assert OrderStatus.REJECTED not in world.statuses(name)


@pytest.mark.timeout(180)
async def test_28_two_senders_contend(world: CopiesWorld, eventually: Eventually) -> None:
    """Whoever sends is frozen again and again, and wakes when the other one has taken over."""
    names = [cloid(number) for number in range(1, ORDERS + 1)]
    for turn in range(4):
        sender = await only_sender(world, eventually)
        heir = next(copy for copy in world.copies if copy is not sender)
        batch = names[turn * 10 : turn * 10 + 10]
        for name in batch[:5]:
            await place(world, name)
        sender.freeze()
        for name in batch[5:]:
            await place(world, name)
        await eventually(lambda heir=heir: heir.is_sender, LONG_S)
        sender.thaw()
    await eventually(lambda: all(NEW in world.statuses(name) for name in names), LONG_S)
    await each_once(world, names)


async def test_refusal_told_by_a_sender_that_was_cut_off_contradicts_no_heir(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    """Its word waits for the bus; meanwhile the heir has sent the order, and it was accepted."""
    name = cloid(1)
    async with relayed(urlsplit(nats_server.url).port or 0) as (bus, port):
        cut_off = {
            "TANDEM_NATS_URL": f"nats://127.0.0.1:{port}",
            "TANDEM_TESTING": "1",
            "TANDEM_FREEZE_AT": "gateway.before_write",
        }
        async with copies_world(nats_server.url, tmp_path, cut_off, {}) as world:
            former, heir = world.copies
            await eventually(lambda: former.is_sender)
            crossing = {"price": "150.05", "post_only": True, "valid_for_ms": PATIENT_MS}
            await world.place(name, "0.1", **crossing)
            await eventually(lambda: former.is_frozen)
            bus.cut()
            former.thaw()
            await eventually(lambda: former.metric("gateway_outcomes") > 0)
            await world.venue.show(BIDS, [["160", "5"]])
            await eventually(lambda: heir.is_sender)
            await eventually(lambda: NEW in world.statuses(name), LONG_S)
            bus.mend()
            await eventually(lambda: former.metric("gateway_facts_waiting") == 0, LONG_S)
            await eventually(lambda: former.metric("bus_reconnects") > 0, LONG_S)
            await place(world, cloid(2))
            await eventually(lambda: NEW in world.statuses(cloid(2)), LONG_S)
            assert OrderStatus.REJECTED not in world.statuses(name)
            await each_once(world, [cloid(2)])


async def test_sender_that_loses_its_venue_gives_way_to_a_copy_that_has_not(
    nats_server: LocalServer, tmp_path: Path, eventually: Eventually
) -> None:
    async with copies_world(nats_server.url, tmp_path, {}, {}, is_first_relayed=True) as world:
        former, heir = world.copies
        await eventually(lambda: former.is_sender)
        world.relay.cut()
        await eventually(lambda: heir.is_sender, LONG_S)
        name = cloid(1)
        await place(world, name)
        await eventually(lambda: NEW in world.statuses(name), LONG_S)
        await each_once(world, [name])


async def test_e6_the_copy_that_sends_says_so_and_no_other(
    world: CopiesWorld, eventually: Eventually
) -> None:
    """Hedgers hold what they decide until they hear it: an heir that is silent would stop them."""
    heard: list[bytes] = []
    await world.bus.listen(subjects.sending(EXC), heard.append)
    sender = await only_sender(world, eventually)
    await eventually(lambda: len(heard) > ORDERS)
    assert len(set(heard)) == 1

    sender.child.kill()

    await eventually(lambda: len(set(heard)) == 2, LONG_S)
    assert next(copy for copy in world.copies if copy is not sender).is_sender
