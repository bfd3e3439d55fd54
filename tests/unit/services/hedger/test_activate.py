"""What the one message of an upgrade follows, and when there is none to log."""

from decimal import Decimal

from services.hedger.activate import activate
from services.hedger.fold.router import HedgerFold
from services.hedger.policy.rules import HedgeRules, to_fact
from tandem.bus.memory.bus import MemoryBus
from tandem.messages import codec, subjects
from tandem.messages.hedges import Rules
from tandem.runtime.clock import SystemClock
from tandem.runtime.config import Environment

OLD = Environment({})
NEW = Environment({"TANDEM_HEDGE_CLIP_NOTIONAL": "40"})


async def stored(bus: MemoryBus) -> list[Rules]:
    facts = []
    for seq in range(1, (await bus.log.state()).last_seq + 1):
        entry = await bus.log.get(seq)
        assert entry is not None
        fact = codec.decode_fact(entry.payload)
        assert isinstance(fact, Rules)
        facts.append(fact)
    return facts


async def test_rules_can_come_into_force_again() -> None:
    bus = MemoryBus(SystemClock())

    for env in (OLD, NEW, OLD):
        await activate(bus.log, env)

    old, new = HedgerFold().rules, to_fact(HedgeRules(clip_notional=Decimal(40))).rules
    assert [one.rules for one in await stored(bus)] == [old, new, old]
    assert [one.ordinal for one in await stored(bus)] == [1, 2, 3]


async def test_rules_in_force_are_not_activated_again() -> None:
    bus = MemoryBus(SystemClock())
    first = await activate(bus.log, OLD)

    assert await activate(bus.log, OLD) == first

    assert len(await stored(bus)) == 1


async def test_a_first_copys_own_rules_are_followed() -> None:
    bus = MemoryBus(SystemClock())
    await bus.log.append(subjects.rules(1), codec.encode(to_fact(HedgeRules())))

    assert (await activate(bus.log, NEW)).ordinal == 2
