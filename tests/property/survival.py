"""What every fold owes on any log: no end, the same state in two copies, bounded alarms.

`python -m tests.property.survival --logs 20000 --from 1` breaks as many logs and says what fell.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.hedger.book import ledger
from services.hedger.fold.router import HedgerFold
from services.hedger.fold.state import State
from services.order_state.fold import OrderFold
from services.position_state.fold import PositionFold
from tandem.bus.filters import matcher
from tandem.bus.port import Entry
from tandem.domain.units import ZERO
from tandem.messages import subjects
from tandem.messages.hedges import Alarm
from tandem.messages.queries import PageRequest
from tandem.runtime.fold import epochs
from tandem.runtime.fold.port import Append, Effect, Fold
from tandem.runtime.fold.state import FoldCopy
from tandem.runtime.interrupts import run_command
from tests.property.broken_logs import Breaker
from tests.property.true_logs import true_log

TRUE_LOGS = 40
MOST_BAD_ALARMS = 30
FOLDS = (HedgerFold, OrderFold, PositionFold)


class FellError(AssertionError):
    """A fold did not survive a log."""


@dataclass
class Life:
    """One copy of a fold over a log; its effects by the sequence that they follow from."""

    copy: FoldCopy[Any]
    effects: dict[int, tuple[Effect, ...]] = field(default_factory=dict)

    def read(self, fold: Fold[Any], entries: Sequence[Entry]) -> None:
        wanted = matcher((*fold.filters, *epochs.FILTERS))
        for entry in entries:
            if wanted(entry.subject):
                self.effects[entry.seq] = self.copy.read(entry).effects
                if isinstance(self.copy.state, State):
                    check_books(self.copy.state)

    def told(self) -> int:
        """Count the alarms for what was passed over."""
        return sum(
            isinstance(one, Append)
            and isinstance(one.fact, Alarm)
            and "passed over" in one.fact.text
            for effects in self.effects.values()
            for one in effects
        )


def check_books(state: State) -> None:
    """I6, and that the lots of each bucket add up to what is naked."""
    for bucket in state.buckets.values():
        naked = ledger.naked(bucket)
        if sum((lot.amount for lot in bucket.lots), ZERO) != naked:
            raise FellError(f"lots of {bucket.key} do not add up to {naked}")
        if naked - ledger.in_flight(bucket) != ledger.remainder(bucket):
            raise FellError(f"{bucket.key} is not conserved")


def live_through(fold: Fold[Any], log: Sequence[Entry], restart_at: int) -> Life:
    """Read a log in one copy, and in another that starts again from a snapshot; compare both."""
    one = Life(FoldCopy(fold, 1, frozenset()))
    one.read(fold, log)
    first = Life(FoldCopy(fold, 1, frozenset()))
    first.read(fold, log[:restart_at])
    snapshot = first.copy.snapshot((), 0)
    again = Life(FoldCopy.restored(fold, snapshot))
    again.read(fold, log[restart_at:])
    if one.effects != first.effects | again.effects:
        raise FellError(f"{fold.name}: other effects after a restart at {restart_at}")
    if one.copy.state != again.copy.state:
        raise FellError(f"{fold.name}: another state after a restart at {restart_at}")
    if one.copy.standing != again.copy.standing:
        raise FellError(f"{fold.name}: another standing after a restart at {restart_at}")
    _look(fold, one.copy)
    if one.told() > MOST_BAD_ALARMS:
        raise FellError(f"{fold.name}: {one.told()} alarms for what was passed over")
    return one


def survive(seed: int) -> None:
    """Break a true log as the seed says, and live through it in every fold."""
    log = Breaker(true_log(seed % TRUE_LOGS), seed).broken()
    restart_at = random.Random(seed).randrange(len(log) + 1)
    for fold in FOLDS:
        live_through(fold(), log, restart_at)


def _look(fold: Fold[Any], copy: FoldCopy[Any]) -> None:
    """Ask what a running copy is asked at the head."""
    fold.propose(copy.state, copy.head)
    tuple(fold.rows(copy.state))  # type: ignore[attr-defined]
    for subject in fold.answers:
        if subject != subjects.ORDER_HISTORY:
            fold.answer(copy.state, copy.head, subject, PageRequest())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=20_000, help="how many broken logs")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    chosen = parser.parse_args()
    began, fell = time.monotonic(), 0
    for seed in range(chosen.first, chosen.first + chosen.logs):
        try:
            survive(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            fell += 1
            sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
    rate = chosen.logs / (time.monotonic() - began)
    sys.stdout.write(f"{chosen.logs} broken logs, {fell} fell, {rate:.0f} logs/s\n")
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(run_command(main))
