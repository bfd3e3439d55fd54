import pytest

from tandem.bus.memory.bus import MemoryBus
from tandem.messages.codec import encode
from tandem.messages.hedges import Alarm
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.fold.counters import FoldCounters
from tandem.runtime.fold.port import Proposal
from tandem.runtime.fold.proposals import Proposer, ProposerPorts
from tests.conftest import Eventually

FIRST = Proposal("bucket", Alarm(source="s", key="1", text="t"))
SECOND = Proposal("bucket", Alarm(source="s", key="2", text="t"))


class Setting:
    """A proposer on a server in memory; `reached` are the points its offers have passed."""

    def __init__(self) -> None:
        self.bus = MemoryBus(SystemClock())
        self.counters = FoldCounters()
        self.tasks = TaskOwner()
        self.reached: list[str] = []
        self.proposer = Proposer(
            ProposerPorts(self.bus, SystemClock(), self.tasks, self.reached.append, self.counters)
        )


@pytest.fixture
async def setting() -> Setting:
    return Setting()


async def test_a_bucket_waits_until_its_proposal_is_read(
    setting: Setting, eventually: Eventually
) -> None:
    setting.proposer.offer((FIRST,))
    setting.proposer.offer((SECOND,))
    await eventually(lambda: setting.counters.won == 1)
    waiting = setting.proposer.unread

    setting.proposer.read(FIRST.subject)
    setting.proposer.offer((SECOND,))

    await eventually(lambda: setting.counters.won == 2)
    assert waiting == 1
    assert setting.counters.proposed == 2


async def test_a_lost_race_waits_for_the_winner_to_be_read(
    setting: Setting, eventually: Eventually
) -> None:
    await setting.bus.client().log.append(FIRST.subject, b"the winner")

    setting.proposer.offer((FIRST,))

    await eventually(lambda: setting.counters.lost == 1)
    assert setting.proposer.unread == 1


async def test_an_offer_that_was_not_stored_frees_its_bucket(
    setting: Setting, eventually: Eventually
) -> None:
    setting.bus.disconnect()
    setting.proposer.offer((FIRST,))
    await eventually(lambda: "fold.before_propose" in setting.reached)
    setting.bus.reconnect()

    await eventually(lambda: setting.proposer.unread == 0)
    assert await setting.bus.log.find(FIRST.subject) is None


async def test_an_unanswered_offer_that_was_stored_keeps_its_bucket(
    setting: Setting, eventually: Eventually
) -> None:
    setting.bus.disconnect()
    setting.proposer.offer((FIRST,))
    await eventually(lambda: "fold.before_propose" in setting.reached)
    await setting.bus.client().log.append(FIRST.subject, encode(FIRST.fact))
    setting.bus.reconnect()

    await eventually(lambda: not setting.tasks._tasks)
    assert setting.proposer.unread == 1
    assert setting.counters.lost == 0


async def test_what_is_forgotten_may_be_proposed_again(
    setting: Setting, eventually: Eventually
) -> None:
    setting.proposer.offer((FIRST,))
    setting.proposer.forget()
    setting.proposer.offer((SECOND,))

    await eventually(lambda: setting.counters.won == 2)
