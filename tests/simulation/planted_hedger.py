"""The deliberate bugs of the hedger that `teeth` plants, and what must catch each of them."""

from tests.simulation.bug import Bug

HEDGE_MODEL = ("tests/property/test_hedge_model.py",)
WIPED = ("tests/simulation/test_wiped.py",)
HEDGER_BUGS = (
    Bug(
        "an ordinal of the copy's own counting",
        "services/hedger/fold/decisions.py",
        "    ordinal = ordinals.next_free(taken, head.epoch, bucket.decisions)\n",
        "    ordinal = propose.__dict__[bucket.key] = propose.__dict__.get(bucket.key, 0) + 1\n",
    ),
    Bug(
        "state changed by deciding instead of by reading",
        "services/hedger/fold/decisions.py",
        "    ordinal = ordinals.next_free(taken, head.epoch, bucket.decisions)\n",
        "    ordinal = bucket.decisions = bucket.decisions + 1\n",
    ),
    Bug(
        "sizing by what is naked, whatever is in flight",
        "services/hedger/book/ledger.py",
        "    lo, hi = interval(bucket)\n    if lo > 0:",
        "    lo = hi = naked(bucket)\n    if lo > 0:",
        HEDGE_MODEL,
    ),
    Bug(
        "forget the remainder when a maker ends",
        "services/hedger/fold/makers.py",
        "    link.terminal_ns = turn.now_ns\n    turn.touch_all(link)\n",
        "    link.terminal_ns = turn.now_ns\n    turn.touch_all(link)\n"
        "    for leg in link.legs:\n"
        "        bucket = state.buckets[link.bucket_key(leg)]\n"
        "        bucket.target = bucket.done\n",
    ),
    Bug(
        "a late fill after the end is ignored",
        "services/hedger/fold/makers.py",
        "    before = evidence.standing(link.order)\n"
        "    if evidence.absorb_fill(link.order, fill):",
        "    before = evidence.standing(link.order)\n"
        "    if link.terminal_ns:\n        return\n"
        "    if evidence.absorb_fill(link.order, fill):",
        HEDGE_MODEL,
    ),
    Bug(
        "no adoption of takers whose decision was lost",
        "services/hedger/fold/adoption.py",
        "        if amount:\n            return _adopt(",
        "        if amount and not amount:\n            return _adopt(",
    ),
    Bug(
        "timers believe the payload's clock",
        "services/hedger/fold/control.py",
        "    if turn.now_ns < fired.due_ns:\n",
        "    if fired.due_ns < 0:\n",
        ("tests/unit/services/hedger/fold/test_control.py",),
    ),
    Bug(
        "wait for ever: the rules in force are not offered to a new log",
        "services/hedger/fold/carrying.py",
        "        *_rules(state),\n",
        "",
        WIPED,
    ),
    Bug(
        "a halt in force is lost with the log",
        "services/hedger/fold/carrying.py",
        "        *(Append(one) for one in state.halts.values()),\n",
        "",
        WIPED,
    ),
    Bug(
        "hedges older than the offers' reach are taken on anew instead of carried over",
        "services/hedger/fold/carrying.py",
        "        *(_carried(state, epoch) if is_anew else ()),\n",
        "",
        WIPED,
    ),
    Bug(
        "wait for ever: a carried taker of which nothing is told stays in flight",
        "services/hedger/fold/carrying.py",
        "                evidence.end(taker.order)\n",
        "",
        WIPED,
    ),
    Bug(
        "propose to a slot that something else has taken",
        "shared/tandem/hedging/ordinals.py",
        "        if first <= ordinal <= last:\n            ordinal = last + 1\n",
        "        if last < first:\n            ordinal = last + 1\n",
        ("tests/unit/services/hedger/fold/test_takers_slots.py",),
    ),
    Bug(
        "decide while nobody sends",
        "services/hedger/fold/senders.py",
        "        if exc not in self._listening_ns or not self._is_silent(exc, mono_ns):\n",
        "        if exc not in self._listening_ns or mono_ns:\n",
        ("tests/unit/services/hedger/fold/test_senders.py",),
    ),
    Bug(
        "wait for ever: decisions for an account whose sender says nothing of itself",
        "services/hedger/fold/senders.py",
        "            return mono_ns - self._listening_ns[exc] < MOST_UNHEARD_NS\n",
        "            return True\n",
        ("tests/unit/services/hedger/fold/test_senders.py",),
    ),
    Bug(
        "bar an account for a refusal of one instrument",
        "services/hedger/fold/takers.py",
        "    if reason in retry.OF_ACCOUNT:\n",
        "    if reason is not None:\n",
        ("tests/unit/services/hedger/fold/test_router_refusals.py",),
    ),
)
