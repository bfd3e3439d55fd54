"""What a gateway does about a log that was cut, and when its account is backfilled for it.

1. Whoever finds the log cut logs a new epoch; nothing is proposed in it until each account was
   backfilled and has said so.
2. Nothing learned from a log that was cut is kept. What this process logged lately is
   offered again first; what the log has lost of the rest, the venue still knows.
3. Takers go out only once this process has backfilled the account since it started, or since the
   latest epoch, and only if they were decided after that: before, the hedger cannot know of
   takers whose decision the log has lost.
"""

from tandem.bus.port import Entry
from tandem.gateway.account.account_state import Known
from tandem.gateway.shell.barrier import Fence
from tandem.gateway.shell.state import Core
from tandem.gateway.shell.venue.venue_session import Links
from tandem.messages.hedges import Epoch
from tandem.messages.reports import LinkReport, LinkState


class Epochs:
    """The epoch of the log as this gateway knows it, and what it owes it."""

    def __init__(self, core: Core, links: Links, fence: Fence) -> None:
        self._core = core
        self._links = links
        self._fence = fence
        self._cuts = core.context.metrics.counter("gateway_log_cuts", "times the log was cut")

    def on_cut(self) -> None:
        """Unlearn what the log told, and begin a new epoch."""
        core = self._core
        self._cuts.inc()
        core.context.log.error("the log was cut")
        self._fence.shut()
        self._fence.forget()
        core.sender.forget_unsent()
        self._links.lost_ns = self._links.lost_ns or core.known.log_ns
        core.known = Known(dealt=core.known.dealt)
        core.journal.offer_again()
        core.journal.forget()
        for doubt in core.sender.doubts():
            core.journal.log(doubt)
        self._links.begin_epoch(self._links.epoch + 1)
        epoch = Epoch(epoch=self._links.epoch, text="the log was cut")
        core.journal.append(epoch)

    def read(self, fact: LinkReport | Epoch, entry: Entry) -> None:
        """Take an epoch, or the word that an account is backfilled, from the log."""
        match fact:
            case Epoch():
                self._core.known.epoch_ns = max(self._core.known.epoch_ns, entry.ts_ns)
                self._begin(fact.epoch)
            case LinkReport(state=LinkState.RESYNCED):
                self._backfilled(fact, entry)
            case LinkReport():
                return

    def _begin(self, epoch: int) -> None:
        if epoch <= self._links.epoch:
            return
        self._links.begin_epoch(epoch)
        self._core.sender.backfilled_seq = None
        if self._links.is_up():
            self._links.resync()

    def _backfilled(self, link: LinkReport, entry: Entry) -> None:
        """Another copy's word counts for the epoch; hedges wait for our own."""
        sender = self._core.sender
        self._links.resynced_epoch = max(self._links.resynced_epoch, link.epoch)
        is_ours = link.run == self._core.context.run and link.epoch >= self._links.epoch
        if is_ours and sender.backfilled_seq is None:
            sender.backfilled_seq = entry.seq
            self._core.context.log.info("backfilled", epoch=link.epoch, seq=entry.seq)
