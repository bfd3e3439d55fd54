"""What else of the log moves the hedger: rules, tables, prices, timers (pure).

1. The rules read last are in force for every copy, whatever its own are.
2. News that may lift a hold (here a new instrument table) lets the bucket try.
"""

from collections.abc import Callable

from services.hedger.fold import admission, closing, makers, prices, suspension, timers
from services.hedger.fold.state import State
from services.hedger.fold.step import Turn
from services.hedger.policy import rules
from tandem.domain.ids import Exc, HedgeId
from tandem.hedging.evidence import is_ended
from tandem.hedging.sizes import is_usable
from tandem.messages.hedges import Rules, TimerFired
from tandem.messages.intents import Halt, Resume
from tandem.messages.reports import MarkReport, SpecsReport

MOST_LIFTED = 1_000


def on_rules(state: State, turn: Turn, fact: Rules) -> None:
    """Put rules in force; an activation that does not follow the last one changes nothing.

    The one in force is logged again where a log has lost it.
    """
    if fact == state.activation:
        return
    if fact.ordinal <= state.activations:
        turn.pass_over(state, f"activation {state.activations} is in force")
        return
    implemented = rules.from_fact(fact)
    state.follows = implemented is None
    state.active, state.activations, state.activation = fact.rules, fact.ordinal, fact
    if implemented is not None:
        state.rules = implemented
    for bucket in state.buckets.values():
        turn.touch_bucket(bucket)


def on_specs(state: State, turn: Turn, report: SpecsReport) -> None:
    before = state.instruments.get(report.exc, {})
    usable = (one for one in report.instruments if is_usable(one))
    state.instruments[report.exc] = {one.ticker: one for one in usable}
    closing.on_table(state, turn, report.exc, before)
    suspension.release(state, turn, report.exc)
    turn.recovered = True


def on_halt(state: State, turn: Turn, halt: Halt) -> None:
    """Remember what the gateways obey: a log that was cut gets it again (fold/carrying.py)."""
    del turn
    if halt.token not in state.lifted:
        state.halts[halt.token] = halt


def on_resume(state: State, turn: Turn, resume: Resume) -> None:
    del turn
    if resume.halt is None:
        state.halts.clear()
    else:
        state.halts.pop(resume.halt, None)
        state.lifted[resume.halt] = None
        if len(state.lifted) > MOST_LIFTED:
            del state.lifted[next(iter(state.lifted))]


def on_mark(state: State, turn: Turn, report: MarkReport) -> None:
    prices.note_mark(state, report)
    key = (report.exc, report.ticker)
    for bucket in state.buckets.values():
        if (bucket.exc, bucket.ticker) == key:
            turn.touch_bucket(bucket)
    for link in tuple(state.links.values()):
        if link.waiting:
            makers.take_marks(state, turn, link)
            turn.touch_link(link.hedge_id)


def on_timer(state: State, turn: Turn, fired: TimerFired) -> None:
    key = timers.parse(fired.key)
    if key is None:
        return
    if turn.now_ns < fired.due_ns:
        turn.effects.append(timers.again(fired))
        return
    _WAKERS[key.wakes](state, turn, key.name)


def _wake_bucket(state: State, turn: Turn, name: str) -> None:
    key = state.hashes.get(name)
    if key is not None:
        turn.touch_bucket(state.buckets[key])


def _settle(state: State, turn: Turn, name: str) -> None:
    """Stop waiting for the proof of an ended maker's quantity, in its hedge's state only."""
    link = state.links.get(HedgeId(name))
    if link is not None and link.terminal_ns and not is_ended(link.order):
        link.is_settled = True
        turn.touch_link(link.hedge_id)


def _refuse_waiting(state: State, turn: Turn, name: str) -> None:
    admission.on_wait_over(state, turn, HedgeId(name))


def _cancel_again(state: State, turn: Turn, name: str) -> None:
    admission.on_stop_again(state, turn, HedgeId(name))


def _try_account(state: State, turn: Turn, name: str) -> None:
    suspension.on_calm(state, turn, Exc(name))


_WAKERS: dict[timers.Wakes, Callable[[State, Turn, str], None]] = {
    timers.Wakes.BUCKET: _wake_bucket,
    timers.Wakes.SPECS: _refuse_waiting,
    timers.Wakes.SETTLE: _settle,
    timers.Wakes.STOP: _cancel_again,
    timers.Wakes.ACCOUNT: _try_account,
}
