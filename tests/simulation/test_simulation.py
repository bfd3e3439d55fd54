"""Fixed seeds hold, a seed replays exactly, and the verdict finds what it is for."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from services.hedger.fold.router import HedgerFold
from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus.port import Entry
from tandem.runtime.fold.state import FoldCopy
from tests.simulation import course, oracle, shrink, summary
from tests.simulation.copies import HYPERLIQUID, RULES
from tests.simulation.plan import plan
from tests.simulation.venue import VenueOrder
from tests.simulation.world import World

FIXED_SEEDS = range(1, 9)
REPLAYED = 2


@pytest.mark.parametrize("seed", FIXED_SEEDS)
def test_a_seed_holds(seed: int) -> None:
    result = course.run(plan(seed))

    assert result.violations == []
    assert result.counts["maker fills"] >= course.LEAST_FILLS


def test_a_seed_replays_exactly() -> None:
    first, second = course.run(plan(REPLAYED)), course.run(plan(REPLAYED))

    assert first.digest == second.digest
    assert first.counts == second.counts


def test_another_seed_is_another_run() -> None:
    assert course.run(plan(REPLAYED)).digest != course.run(plan(REPLAYED + 1)).digest


def _folded(world: World) -> list[bytes]:
    """Fold the log of a finished run from its start; return the states as bytes."""
    states = []
    for fold in (OrderFold(), PositionFold(), HedgerFold(RULES)):
        copy: FoldCopy[object] = FoldCopy(fold, 0, frozenset())  # type: ignore[arg-type]
        for entry in world.server.oms.after(0):
            copy.read(entry)
        states.append(fold.dump(copy.state))  # type: ignore[arg-type]
    return states


def test_replay_is_identical_to_the_byte() -> None:
    replays: list[tuple[list[bytes], list[bytes]]] = []

    course.run(plan(REPLAYED), look=lambda world: replays.append((_folded(world), _folded(world))))

    assert replays[0][0] == replays[0][1]


def test_folding_the_log_again_gives_what_the_copies_show() -> None:
    differences: list[str] = []

    def look(world: World) -> None:
        for kind, fold in (("hedger", HedgerFold(RULES)), ("position-state", PositionFold())):
            again: FoldCopy[object] = FoldCopy(fold, 0, frozenset())  # type: ignore[arg-type]
            for entry in world.server.oms.after(0):
                again.read(entry)
            for copy, service in oracle._running(world, kind):
                if service.runner.state != again.state:
                    differences.append(copy.name)

    course.run(plan(REPLAYED), look=look)

    assert differences == []


def test_the_audit_finds_a_planted_double_hedge() -> None:
    """A taker that the venue accepted twice under one client id."""

    def plant(world: World) -> None:
        orders = world.venues[HYPERLIQUID].books.orders
        taker = next(one for one in orders.values() if one.tif == "IOC" and one.filled)
        orders[1] = replace(taker, oid=1)

    violations = _judged_after(plant)

    assert any("was accepted 2 times" in one for one in violations)
    assert any("the venues say" in one for one in violations)


def test_the_audit_finds_an_order_filled_beyond_what_was_asked() -> None:
    def plant(world: World) -> None:
        orders = world.venues[HYPERLIQUID].books.orders
        taker = next(one for one in orders.values() if one.tif == "IOC" and one.filled)
        taker.filled = taker.qty + 1

    assert any(" filled " in one and " of [" in one for one in _judged_after(plant))


def test_the_audit_finds_an_order_without_a_cause() -> None:
    def plant(world: World) -> None:
        cloid = f"0x7a4d{'ab' * 14}"
        stranger = VenueOrder(1, cloid, "SOL", 1, Decimal(1), Decimal(100), "IOC", 0, 0)
        world.venues[HYPERLIQUID].books.orders[1] = stranger

    assert any("has no cause in the log" in one for one in _judged_after(plant))


def test_the_audit_finds_a_fill_that_nobody_hedged() -> None:
    def plant(world: World) -> None:
        for venue in world.venues.values():
            for order in venue.books.orders.values():
                if order.cloid.startswith("0x7a4e") and order.sign > 0:  # both signs could net
                    order.filled += 1

    assert any("the venues say" in one for one in _judged_after(plant))


def test_the_audit_finds_a_nonce_used_for_other_bytes() -> None:
    def plant(world: World) -> None:
        world.hyperliquid.reused.append("nonce 1 of 0x1 for other bytes")

    assert "nonce 1 of 0x1 for other bytes" in _judged_after(plant)


@pytest.mark.parametrize("filled", [0, 1])
def test_the_audit_forgives_only_a_lost_order_that_did_nothing(filled: int) -> None:
    cloid = f"0x7a4d{'ab' * 14}"

    def plant(world: World) -> None:
        gone = VenueOrder(1, cloid, "SOL", 1, Decimal(1), Decimal(100), "IOC", 0, 0)
        gone.status, gone.filled = "expired", Decimal(filled)
        world.venues[HYPERLIQUID].books.orders[1] = gone
        world.lost.append(Entry(seq=1, ts_ns=0, subject="lost", payload=b""))

    is_told = any("does not know" in one for one in _judged_after(plant))

    assert is_told is bool(filled)


def _judged_after(plant: object) -> list[str]:
    """Run a seed that holds, plant a fault in the venues' books, and judge again."""
    told: list[str] = []

    def look(world: World) -> None:
        assert oracle.restless(world) == []
        assert oracle.final(world) == []
        plant(world)  # type: ignore[operator]
        told.extend((*oracle.restless(world), *oracle.final(world)))

    course.run(plan(REPLAYED), look=look)
    return told


def test_a_fault_that_never_fired_is_named() -> None:
    counts = dict.fromkeys(summary.EXPECTED, 1) | {"freeze": 0}

    assert summary.never_fired(Counter(counts)) == ("freeze",)


def test_what_replays_a_variant_names_its_toggles() -> None:
    text = shrink.command(7, frozenset({"mute", "kill"}), 99)

    assert text == "python -m tests.simulation --seed 7 --without 'kill,mute' --trace"
