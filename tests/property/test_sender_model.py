"""The send protocol played against a venue, thousands of times, and with each rule left out.

No order is ever accepted twice, and each ends in exactly what the venue's own books say.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.domain.ids import ClientOrderId
from tandem.domain.order import RejectReason
from tandem.gateway.core.effects import SenderEffect
from tandem.gateway.core.pending_order import Now, Phase, Ticket
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.gateway.core.sender import ROUNDS, Sender
from tandem.gateway.port.requests import Stamp
from tests.property.sender_model import BrokenError, Rules, World, check, run

SEEDS = 1_000
BATCH = 100
ABLATED_SEEDS = 3_000


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_order_is_doubled_lost_or_told_falsely(first: int) -> None:
    for seed in range(first, first + BATCH):
        try:
            check(run(seed))
        except BrokenError as error:
            pytest.fail(f"seed {seed}: {error}")


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=SEEDS))
def test_no_fresh_seed_breaks_it_either(seed: int) -> None:
    check(run(seed))


def test_runs_hold_what_they_are_meant_to_try() -> None:
    """Every fault fires, often, and orders are sent anew: so that no violation means something."""
    totals: dict[str, int] = {}
    for seed in range(BATCH):
        world = run(seed)
        for what, often in world.count.items():
            totals[what] = totals.get(what, 0) + often
        totals["sent again"] = totals.get("sent again", 0) + resent(world)
    assert {what for what, often in totals.items() if often < 10} == set()
    assert len(totals) == 25


def resent(world: World) -> int:
    return max(0, world.count.get("sent", 0) - len({one.cloid for one in world.placed}))


# The classes below override without saying so: typing.override comes with Python 3.12.


class OneRound(Sender):
    """Absence is believed after one round."""

    def absent(self, cloid: ClientOrderId, venue_ms: int, now: Now) -> tuple[SenderEffect, ...]:  # type: ignore[explicit-override]
        ticket = self.get(cloid)
        is_past = ticket is not None and venue_ms > ticket.horizon_ms
        if ticket is not None and is_past and not ticket.absences:
            ticket.absences, ticket.absent_ms, ticket.absent_ns = ROUNDS - 1, 0, -(10**15)
        return super().absent(cloid, venue_ms, now)


class NoHorizon(Sender):
    """Absence is believed while a request may still arrive."""

    def written(self, ticket: Ticket, stamp: Stamp, now: Now) -> None:  # type: ignore[explicit-override]
        super().written(ticket, stamp, now)
        ticket.horizon_ms = 0

    def pass_fence(  # type: ignore[explicit-override]
        self, now: Now, unsent_past: int | None = None
    ) -> None:
        super().pass_fence(now, unsent_past)
        for ticket in self.orders():
            ticket.horizon_ms = 0


class NoFence(Sender):
    """What was read before the fence is sent as if nobody could have sent it."""

    def pass_fence(  # type: ignore[explicit-override]
        self, now: Now, unsent_past: int | None = None
    ) -> None:
        self.is_open = True
        for ticket in self.orders():
            if ticket.phase is Phase.HELD:
                self._make_ready(ticket)


class TimeoutRejects(Sender):
    """No answer counts as a refusal."""

    def _doubt(  # type: ignore[explicit-override]
        self, ticket: Ticket, now: Now, words: str
    ) -> tuple[SenderEffect, ...]:
        return self._reject(ticket, Refusal(RejectReason.OTHER, words))


class TrustsItsRefusal(Sender):
    """A refusal of our request ends the order although another may have sent it since."""

    def hold(self) -> None:  # type: ignore[explicit-override]
        super().hold()
        for ticket in self.orders():
            ticket.is_shared = False


class FillEnds(Sender):
    """A fill is taken for the whole story."""

    def _see(self, ticket: Ticket) -> None:  # type: ignore[explicit-override]
        self._end(ticket)


ABLATIONS = {
    "one round": Rules(OneRound),
    "no horizon": Rules(NoHorizon),
    "no fence": Rules(NoFence),
    "a timeout rejects": Rules(TimeoutRejects),
    "a refusal after a takeover is trusted": Rules(TrustsItsRefusal),
    "a fill ends the order": Rules(FillEnds),
    "stamped after the freeze": Rules(is_stamped_before_the_freeze=False),
    "not held when the lease is lost": Rules(is_held_when_lost=False),
}


# Rare ones are searched for from near the first seed that shows them.
FIRST_SEEDS = {"a refusal after a takeover is trusted": 1_800}


@pytest.mark.parametrize("left_out", ABLATIONS)
def test_each_rule_is_needed(left_out: str) -> None:
    first = FIRST_SEEDS.get(left_out, 0)
    assert any(is_broken(seed, ABLATIONS[left_out]) for seed in range(first, first + ABLATED_SEEDS))


def is_broken(seed: int, rules: Rules) -> bool:
    try:
        check(run(seed, rules))
    except BrokenError:
        return True
    return False
