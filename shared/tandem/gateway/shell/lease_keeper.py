"""How one copy of a gateway keeps its part in the lease: writes, looks, and what follows of both.

1. Gaining it and losing it are told once each, in turn.
2. A copy that could send at once, and may not, says so; a holder that could not, for more than a
   second, gives the lease back while it hears one.
3. The clock is read before a write is handed over and after a look has come back: what happened
   in between is on the safe side of both.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import msgspec

from tandem.domain.errors import UnavailableError
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.copy_count import Copies
from tandem.gateway.account.overdue import Overdue
from tandem.gateway.core.lease import Look, Record, Write
from tandem.gateway.shell.state import Core
from tandem.messages import codec, subjects
from tandem.messages.hedges import Alarm

PERIOD_S = 0.05
HASTE_S = 0.005
ANSWER_S = 0.5
LEAVE_S = 0.7
UNFIT_HANDICAP_NS = 2_000 * NS_PER_MS
UNFIT_NS = 1_000 * NS_PER_MS
SAY_NS = 300 * NS_PER_MS
CROWDED_NS = 10_000 * NS_PER_MS

_record = msgspec.json.Decoder(Record)


class Tenant(Protocol):
    """What the lease is for."""

    def fitness(self) -> "Fitness": ...

    def on_gained(self, term: int) -> None: ...

    def on_lost(self, term: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether a copy may take the lease at all, and whether it could send orders at once."""

    is_caught_up: bool
    is_linked: bool

    @property
    def handicap_ns(self) -> int | None:
        """How much longer than a fit copy it lets a free lease lie; None: for ever."""
        if not self.is_caught_up:
            return None
        return 0 if self.is_linked else UNFIT_HANDICAP_NS


class Tenure:
    """Runs one account's lease in this process."""

    def __init__(self, core: Core, tenant: Tenant) -> None:
        self._core = core
        self._tenant = tenant
        self._subject = subjects.lease(core.exc)
        self._told_term = 0
        self._haste_until_ns = 0
        self._is_leaving = False
        self._is_complained = False
        self._unfit_ns: int | None = None
        self._said_ns = 0
        self._heard_ns: int | None = None
        self._copies = Copies(3 * SAY_NS)
        self._crowd = Overdue()
        self._presence = subjects.presence(f"gateway-{core.exc}")
        self._wake = asyncio.Event()
        metrics, clock = core.context.metrics, core.context.clock
        is_sender = metrics.gauge("gateway_is_sender", "1: this copy sends for its account")
        is_sender.set_function(lambda: float(core.lease.holds(clock.monotonic_ns())))
        term = metrics.gauge("gateway_lease_term", "of this copy's lease; 0: it has none")
        term.set_function(lambda: core.lease.term_at(clock.monotonic_ns()))
        self._gains = metrics.counter("gateway_leases_gained", "times this copy became the sender")
        self._losses = metrics.counter("gateway_leases_lost", "times it ceased to be, unasked")

    async def run(self) -> None:
        """Take part until cancelled."""
        self._core.context.bus.on_reconnect(self._reconnected)
        await self._core.context.bus.leases.watch(self._subject, self._offered)
        await self._core.context.bus.listen(self._presence, self._heard)
        while True:
            if not await self._step():
                await self._pause()

    def _offered(self, payload: bytes) -> None:
        """Look at once when somebody gives the lease back; it may not be stored just yet."""
        record = _decoded(payload)
        if record is not None and record.is_released and record.holder != self._core.context.run:
            clock = self._core.context.clock
            self._haste_until_ns = clock.monotonic_ns() + 10 * int(HASTE_S * 1e9)
            self._wake.set()

    def _heard(self, run: bytes) -> None:
        """Another copy could send at once."""
        if run.decode(errors="replace") != self._core.context.run:
            self._heard_ns = self._core.context.clock.monotonic_ns()
            self._copies.hear(run.decode(errors="replace"), self._heard_ns)

    async def _compare(self, fitness: Fitness, mono_ns: int) -> None:
        """Say that this copy is fit, or give way to one that is."""
        if not self._core.lease.holds(mono_ns):
            self._unfit_ns = None
            if fitness.handicap_ns == 0 and mono_ns - self._said_ns >= SAY_NS:
                self._said_ns = mono_ns
                await self._core.context.bus.announce(
                    self._presence, self._core.context.run.encode()
                )
            return
        if fitness.is_linked:
            self._unfit_ns = None
        elif self._unfit_ns is None:
            self._unfit_ns = mono_ns
        elif mono_ns - self._unfit_ns > UNFIT_NS and self._hears_another(mono_ns):
            self._core.context.log.warning("gives way to a copy that can send")
            self._unfit_ns = None
            self._core.lease.step_aside()

    def _watch_crowd(self, mono_ns: int) -> None:
        """Say once when more copies run than share the address's budget."""
        core = self._core
        holds, is_other = core.lease.holds(mono_ns), core.lease.is_standby(mono_ns)
        count = self._copies.count(mono_ns, holds=holds, holder_is_alive=is_other)
        if count <= core.settings.copies:
            self._crowd.done()
            return
        self._crowd.due(mono_ns)
        if self._crowd.is_news(mono_ns, CROWDED_NS):
            text = f"{count} copies share an address's budget that is divided by"
            source, key = f"gateway-{core.exc}", f"copies-{core.context.run}-{self._crowd.spells}"
            text = f"{text} {core.settings.copies}: set TANDEM_ADDRESS_COPIES"
            core.journal.append(Alarm(source=source, key=key, text=text))

    def _hears_another(self, mono_ns: int) -> bool:
        return self._heard_ns is not None and mono_ns - self._heard_ns < 3 * SAY_NS

    def _reconnected(self) -> None:
        self._core.lease.unseen()
        self._wake.set()

    async def _pause(self) -> None:
        is_hasty = self._core.context.clock.monotonic_ns() < self._haste_until_ns
        if is_hasty:
            self._core.lease.look_again()
        try:
            async with asyncio.timeout(HASTE_S if is_hasty else PERIOD_S):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _step(self) -> bool:
        """Do what is due; False: nothing was, or the store does not answer."""
        mono_ns = self._core.context.clock.monotonic_ns()
        fitness = self._tenant.fitness()
        await self._compare(fitness, mono_ns)
        self._watch_crowd(mono_ns)
        due = self._core.lease.due(mono_ns, fitness.handicap_ns)
        try:
            match due:
                case Write():
                    await self._write(due)
                case Look():
                    await self._look()
                case None:
                    pass
        except UnavailableError as error:
            self._complain(error)
            due = None
        else:
            self._is_complained &= due is None
        self.tell()
        return due is not None

    def _complain(self, error: UnavailableError) -> None:
        """Say once that the store does not answer, until it does."""
        if not self._is_complained:
            self._is_complained = True
            self._core.context.log.warning("lease", error=str(error))

    async def _write(self, write: Write) -> None:
        core, clock = self._core, self._core.context.clock
        core.lease.begin(write, clock.monotonic_ns())
        payload = msgspec.json.encode(write.record)
        try:
            async with asyncio.timeout(ANSWER_S):
                seq = await core.context.bus.leases.replace(
                    self._subject, payload, write.expected_seq
                )
        except (UnavailableError, TimeoutError) as error:
            core.lease.unanswered()
            raise UnavailableError(f"not renewed: {str(error) or 'no answer'}") from error
        if seq is None:
            core.lease.refused()
        else:
            core.lease.stored(seq, clock.monotonic_ns())

    async def _look(self) -> None:
        core = self._core
        try:
            async with asyncio.timeout(ANSWER_S):
                entry = await core.context.bus.leases.newest(self._subject)
        except TimeoutError as error:
            raise UnavailableError("not read: no answer") from error
        seq, record = (entry.seq, _decoded(entry.payload)) if entry is not None else (0, None)
        core.lease.saw(seq, record, core.context.clock.monotonic_ns())

    def tell(self) -> None:
        """Tell what has changed since it was told last."""
        term = self._core.lease.term_at(self._core.context.clock.monotonic_ns())
        if term == self._told_term:
            return
        before, self._told_term = self._told_term, term
        if before:
            self._end(before)
        if term:
            self._gains.inc()
            self._core.context.log.info("lease gained", term=term)
            self._tenant.on_gained(term)

    def _end(self, term: int) -> None:
        if self._is_leaving:
            self._core.context.log.info("lease given back", term=term)
        else:
            self._losses.inc()
            self._core.context.log.warning("lease lost", term=term)
        self._tenant.on_lost(term)

    async def leave(self) -> None:
        """Give the lease back, so that another copy may take it at once."""
        core, clock = self._core, self._core.context.clock
        self._is_leaving = True
        core.lease.leave()
        deadline_ns = clock.monotonic_ns() + int(LEAVE_S * 1e9)
        while not core.lease.is_left and clock.monotonic_ns() < deadline_ns:
            self._wake.set()
            await clock.sleep(HASTE_S)


def _decoded(payload: bytes) -> Record | None:
    """Return a record; one that cannot be read is nobody's, and is waited for as any other.

    The next write replaces it: no bytes in the place of a lease may end whoever looks at it.
    """
    if codec.is_nested_too_deep(payload):
        return None
    try:
        return _record.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
