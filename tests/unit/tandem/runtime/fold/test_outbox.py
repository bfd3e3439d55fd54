from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.domain.errors import TandemError
from tandem.domain.ids import Exc, Ticker
from tandem.messages.codec import AnyDelta
from tandem.messages.deltas import PositionDelta, PositionView
from tandem.messages.hedges import Alarm
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.outbox import Outbox, OutboxPorts
from tandem.runtime.fold.port import Append, Publish

Eventually = Callable[..., Awaitable[None]]


class Setting:
    """An outbox on a server in memory."""

    def __init__(self) -> None:
        self.bus = MemoryBus(SystemClock())
        self.counters = FoldCounters()
        self.conflicts: list[TandemError] = []
        self.passed: list[str] = []
        self.stored: list[AnyDelta] = []
        self.outbox = Outbox(
            OutboxPorts(
                self.bus,
                SystemClock(),
                TaskOwner(),
                self.passed.append,
                self.counters,
                lambda _fact, error: self.conflicts.append(error),
                self.stored.append,
            )
        )


@pytest.fixture
async def setting() -> Setting:
    return Setting()


def alarm(key: str, text: str = "") -> Append:
    return Append(Alarm(source="s", key=key, text=text))


def delta(seq: int, entity: str) -> Publish:
    one = Decimal(1)
    view = PositionView(exc=Exc("e"), ticker=Ticker(entity), amount=one, entry=one, value=one)
    made = PositionDelta(epoch=0, seq=seq, index=0, position=view, delta=one)
    return Publish(entity, made)


async def test_nothing_is_settled_past_an_open_output(
    setting: Setting, eventually: Eventually
) -> None:
    setting.bus.disconnect()
    setting.outbox.append(5, alarm("a"))
    setting.outbox.publish(7, delta(7, "x"))
    before = setting.outbox.settled_seq(9)

    setting.bus.reconnect()

    await eventually(lambda: setting.outbox.settled_seq(9) == 9)
    assert before == 4
    assert setting.outbox.in_flight == 0


async def test_f7_a_delta_that_another_copy_stored_is_not_told_again(
    setting: Setting, eventually: Eventually
) -> None:
    for _copy in range(2):
        setting.outbox.publish(7, delta(7, "x"))
    await eventually(lambda: setting.outbox.in_flight == 0)
    assert setting.stored == [delta(7, "x").delta]


async def test_deltas_of_an_entity_go_one_after_the_other(
    setting: Setting, eventually: Eventually
) -> None:
    setting.bus.disconnect()
    for seq in (1, 2, 3):
        setting.outbox.publish(seq, delta(seq, "x"))
    setting.outbox.publish(4, delta(4, "y"))
    setting.bus.reconnect()

    await eventually(lambda: setting.outbox.in_flight == 0)

    stored = [entry.subject for entry in setting.bus.server.deltas.after(0)]
    assert stored == [
        f"positions.e.{name}.0.{n}.0" for name, n in (("x", 1), ("x", 2), ("x", 3), ("y", 4))
    ]


async def test_the_same_fact_from_another_copy_is_no_conflict(
    setting: Setting, eventually: Eventually
) -> None:
    setting.outbox.append(1, alarm("a"))
    setting.outbox.append(2, alarm("a"))

    await eventually(lambda: setting.outbox.in_flight == 0)
    assert setting.conflicts == []
    assert setting.counters.appended == 1


async def test_another_fact_under_the_identity_is_reported(
    setting: Setting, eventually: Eventually
) -> None:
    setting.outbox.append(1, alarm("a", "one"))
    setting.outbox.append(2, alarm("a", "another"))

    await eventually(lambda: setting.outbox.in_flight == 0)
    assert len(setting.conflicts) == setting.counters.conflicts == 1


async def test_each_output_passes_the_crash_points(
    setting: Setting, eventually: Eventually
) -> None:
    setting.outbox.append(1, alarm("a"))

    await eventually(lambda: setting.outbox.in_flight == 0)
    assert setting.passed == ["fold.before_append", "fold.after_publish"]
