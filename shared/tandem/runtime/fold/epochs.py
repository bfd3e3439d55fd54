"""Where the log stands after a cut: its epoch, and which gateways have resynced for it (pure).

1. A new epoch holds every proposal until each account that ever logged specs has logged RESYNCED
   for it.
2. Only facts change it, so that every copy holds and releases at the same sequence.
"""

import msgspec

from tandem.domain.ids import Exc
from tandem.messages import subjects
from tandem.messages.codec import Fact
from tandem.messages.hedges import Epoch
from tandem.messages.reports import LinkReport, LinkState, SpecsReport

FILTERS = (
    subjects.ALL_EPOCHS,
    subjects.ALL_ASIDES,
    subjects.reports_kind("link"),
    subjects.reports_kind("specs"),
)


MOST_EPOCHS = 2**16  # what a taker's client id has room for


class Standing(msgspec.Struct, kw_only=True):
    """Epoch 0 is a log that was never cut."""

    epoch: int = 0
    accounts: set[Exc] = msgspec.field(default_factory=set)
    resynced: set[Exc] = msgspec.field(default_factory=set)

    @property
    def awaited(self) -> frozenset[Exc]:
        """The accounts whose RESYNCED is still to come; while there is one, nothing is proposed."""
        return frozenset(self.accounts - self.resynced) if self.epoch else frozenset()


def apply(standing: Standing, fact: Fact) -> None:
    """Change `standing` by one fact; most do not."""
    if isinstance(fact, SpecsReport):
        standing.accounts.add(fact.exc)
    elif isinstance(fact, Epoch) and standing.epoch < fact.epoch < MOST_EPOCHS:
        standing.epoch = fact.epoch
        standing.resynced = set()
    elif isinstance(fact, LinkReport) and _resyncs(fact, standing.epoch):
        standing.resynced.add(fact.exc)


def _resyncs(fact: LinkReport, epoch: int) -> bool:
    return fact.state is LinkState.RESYNCED and fact.epoch >= epoch


def copied(original: Standing) -> Standing:
    """Return one that does not change with the original."""
    return Standing(
        epoch=original.epoch,
        accounts=set(original.accounts),
        resynced=set(original.resynced),
    )
