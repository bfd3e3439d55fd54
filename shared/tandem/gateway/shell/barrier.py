"""Up to where the log must be read before anything is sent, and who says so.

1. The fence is a LinkReport of this process, appended after the latest of its start, a reconnect
   of the bus and the beginning of its term. Reading it back proves that everything stored before
   it was read.
2. It opens only for the copy that holds the lease, and whose SenderReport of this term was read:
   from there on the log takes no conclusion of a former sender.
3. It opens only once the venue told its time after the mark was made: the horizon of what was held
   is in venue time.
"""

from collections.abc import Callable

from tandem.bus.port import Guard
from tandem.gateway.shell.dispatcher import Dispatcher
from tandem.gateway.shell.log_writer import Say
from tandem.gateway.shell.state import Core
from tandem.messages import subjects
from tandem.messages.reports import LinkReport, LinkState, SenderReport


class Fence:
    """Logs the session's states, and opens the dispatcher once the latest mark was read back."""

    def __init__(self, core: Core, dispatcher: Dispatcher, on_open: Callable[[], None]) -> None:
        self.state = LinkState.DOWN
        self._core = core
        self._dispatcher = dispatcher
        self._on_open = on_open
        self._run = core.context.run
        self._n = 0
        self._mark: int | None = None
        self._marked_ns = 0
        self._epoch = 0
        self.is_caught_up = False
        self._has_stopped = False
        self._says = 0
        self._say: Say | None = None
        self._former: SenderReport | None = None

    @property
    def is_open(self) -> bool:
        return self._dispatcher.is_open

    def report(self, state: LinkState, text: str, epoch: int = 0) -> None:
        """Log the state of the session with the venue."""
        self.state, self._epoch = state, epoch
        self._n += 1
        self._core.journal.log(
            LinkReport(
                exc=self._core.exc,
                run=self._run,
                n=self._n,
                state=state,
                epoch=epoch,
                text=text,
                ts_recv_ns=self._core.context.clock.wall_ns(),
            )
        )

    def repeat(self) -> None:
        """Say again how it stands: the word of a process that lives must not lapse."""
        self.report(self.state, "as before", self._epoch)

    def stop(self) -> int | None:
        """Send nothing ever again; return past which intent this process has sent none, if it may.

        What is said of the log's last intents holds only if no later fence opens.
        """
        self._has_stopped = True
        was_open, self._dispatcher.is_open = self.is_open, False
        return self._core.known.last_asked_seq if was_open else None

    def say_term(self, unsent_past: int | None = None) -> None:
        """Log that this process is the sender, if it is; again before the log expires it.

        And last of all, up to which intent it was.
        """
        clock = self._core.context.clock
        term = self._core.lease.term_at(clock.monotonic_ns())
        if term:
            self._says += 1
            exc, run = self._core.exc, self._run
            said = SenderReport(
                exc=exc,
                run=run,
                term=term,
                n=self._says,
                unsent_past=unsent_past,
                ts_recv_ns=clock.wall_ns(),
            )
            self._core.journal.log(said)

    def read_sender(self, sender: SenderReport, seq: int) -> None:
        """Take from the log who sends; `seq` is where it says so."""
        if sender.run != self._run:
            self._read_other(sender)
            return
        self._say = Say(sender.term, Guard(subjects.senders_of(self._core.exc), seq))
        if self.is_open:
            self._core.journal.speak(self._say)

    def _read_other(self, sender: SenderReport) -> None:
        """Take another's word: a newer term ends ours, an older one told late is answered."""
        former = self._former
        if former is None or (sender.term, sender.n) >= (former.term, former.n):
            self._former = sender
        self._core.lease.outranked(sender.term)
        if self.is_open:
            self.say_term()

    def forget(self) -> None:
        """The log was cut: what was read of it, and what others said of it, no longer holds."""
        self.is_caught_up = False
        self._mark = self._say = self._former = None

    def shut(self) -> None:
        """Send nothing: the lease is another's, or about to be."""
        self._dispatcher.is_open = False
        self._core.hold()

    def close(self, text: str) -> None:
        """Send nothing until a new mark was read back: what is unread may have been sent."""
        self.shut()
        self.is_caught_up = False
        self._say = None
        self.say_term()
        is_down = self.state is LinkState.DOWN
        self.report(LinkState.DOWN if is_down else LinkState.UP, text)
        self._mark = self._n
        self._marked_ns = self._core.context.clock.monotonic_ns()

    def read(self, link: LinkReport) -> None:
        """Take a link report from the log."""
        if link.run == self._run and self._mark is not None and link.n >= self._mark:
            self.is_caught_up = True
            self.try_open()

    def try_open(self) -> None:
        """Open if the mark was read, the lease is ours and the venue's time is known."""
        now = self._core.now()
        term = self._core.lease.term_at(now.mono_ns)
        if self.is_open or self._has_stopped or not self.is_caught_up or not term:
            return
        if self._say is None or self._say.term != term:
            return
        clock = self._core.venue_clock
        if clock.measured_ns < self._marked_ns or clock.doubt(now.mono_ns):
            return
        self._core.count_presumed(now)
        self._core.sender.pass_fence(now, self._unsent_past(term))
        self._core.cancels.pass_fence()
        self._core.journal.speak(self._say)
        self._dispatcher.is_open = True
        self._on_open()

    def _unsent_past(self, term: int) -> int | None:
        """Return past which intent nobody can have sent, if the sender before us has said so."""
        former = self._former
        return former.unsent_past if former is not None and former.term == term - 1 else None
