"""Which fault meets which request, event or order: by chance or by script, the same for one seed.

1. A scripted fault comes before chance; of one request or event at most one fault is chosen.
2. Every operation and every event name draws from a stream of its own, so the same requests in the
   same order meet the same faults whatever happens between them.
3. Without a script and without chances nothing is drawn and nothing changes.
4. Every choice is counted once it had its effect.
"""

from collections import Counter
from hashlib import sha256

import msgspec

from services.paper_exchange.faults.vocabulary import (
    ANY,
    COUNTED_BY_EFFECT,
    DURATION_OF,
    EVENT_FAULTS,
    MARGIN_FAULTS,
    MARKET_FAULTS,
    NOTHING,
    ONLY_FOR,
    ORDER_FAULTS,
    REQUEST_FAULTS,
    Chance,
    Choice,
    Fault,
    PlanChange,
    Scripted,
    Span,
    Spans,
    chance_of,
)
from services.paper_exchange.prng import Prng

DRAWS = 1 << 64
DEFAULT_SEED = 1


class FaultPlan:
    """What is still to go wrong, and how often each fault did."""

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.seed = seed
        self.fired: Counter[Fault] = Counter()
        self.chances: dict[Fault, Chance] = {}
        self.spans = Spans()
        self._script: list[Scripted] = []
        self._margin_orders: dict[str, int] = {}
        self._streams: dict[str, Prng] = {}
        self.is_idle = True

    @property
    def pending(self) -> tuple[str, ...]:
        """Name what is on: chances, and scripted faults with what they wait for."""
        chances = (f"{fault}:{chance.p:g}" for fault, chance in self.chances.items())
        script = (f"{one.fault}:{one.on or 'any'}" for one in self._script)
        margin = (f"margin_orders:{name}:{n}" for name, n in self._margin_orders.items())
        return (*chances, *script, *margin)

    def change(self, wanted: PlanChange) -> None:
        """Take over a valid change (see `defect_of`)."""
        if wanted.reset:
            self.reset()
        if wanted.seed is not None:
            self.seed = wanted.seed
            self._streams.clear()
        if wanted.chances is not None:
            self.chances = {f: chance_of(c) for f, c in wanted.chances.items() if chance_of(c).p}
        self._script.extend(wanted.script)
        self._margin_orders.update(wanted.margin_orders)
        spans = {name: getattr(wanted, name) for name in Spans.__struct_fields__}
        given = {name: span for name, span in spans.items() if span is not None}
        self.spans = msgspec.structs.replace(self.spans, **given)
        self.is_idle = not self.chances and not self._script

    def reset(self) -> None:
        """Forget what was to come; the counts stay."""
        self.chances, self.spans = {}, Spans()
        self._script.clear()
        self._margin_orders.clear()
        self._streams.clear()
        self.is_idle = True

    def for_request(self, operation: str) -> Choice:
        return NOTHING if self.is_idle else self._choose(REQUEST_FAULTS, operation)

    def for_event(self, name: str) -> Choice:
        return NOTHING if self.is_idle else self._choose(EVENT_FAULTS, name)

    def for_market(self, name: str) -> Choice:
        return NOTHING if self.is_idle else self._choose(MARKET_FAULTS, name)

    def refuses_margin(self, account: str) -> bool:
        """Whether an order that needs margin is refused for want of it."""
        left = self._margin_orders.get(account)
        if left is None:
            return not self.is_idle and self._choose(MARGIN_FAULTS, account) is not NOTHING
        self._margin_orders[account] = max(0, left - 1)
        self.fired[Fault.REFUSE_MARGIN] += not left
        return not left

    def hides(self, order_id: int, age_ms: int) -> bool:
        """Whether a query does not know this order yet; the order's own fate, decided once."""
        chance = self.chances.get(Fault.HIDE_ORDER)
        if chance is None:
            return self._hides_by_script(order_id, age_ms)
        draws = Prng(self.seed ^ order_id)
        if draws.next() >= chance.p * DRAWS or age_ms >= draws.between(*self.spans.hide_ms):
            return False
        self.fired[Fault.HIDE_ORDER] += 1
        return True

    def _hides_by_script(self, order_id: int, age_ms: int) -> bool:
        most_ms = self.spans.hide_ms[1]
        if self.is_idle or age_ms >= most_ms:
            return False
        return self._scripted(ORDER_FAULTS, str(order_id)) is not None

    def took_effect(self, fault: Fault) -> None:
        """Count a choice that depends on more than the request."""
        self.fired[fault] += 1

    def _count(self, fault: Fault) -> None:
        self.fired[fault] += fault not in COUNTED_BY_EFFECT

    def _choose(self, group: frozenset[Fault], name: str) -> Choice:
        scripted = self._scripted(group, name)
        if scripted is not None:
            ms = self._duration(scripted.fault, name) if scripted.ms is None else scripted.ms
            return Choice(scripted.fault, ms, scripted.looks, self._stream(name).next())
        fault = self._by_chance(group, name)
        if fault is None:
            return NOTHING
        self._count(fault)
        return Choice(fault, self._duration(fault, name), "", self._stream(name).next())

    def _scripted(self, group: frozenset[Fault], name: str) -> Scripted | None:
        """Return the first scripted fault that is due here, counted down."""
        for index, one in enumerate(self._script):
            if one.fault not in group or one.on not in {ANY, name} or not _fits(one.fault, name):
                continue
            if one.skip:
                self._script[index] = msgspec.structs.replace(one, skip=one.skip - 1)
                continue
            self._count_down(index, one)
            self._count(one.fault)
            return one
        return None

    def _count_down(self, index: int, one: Scripted) -> None:
        if one.count > 1:
            self._script[index] = msgspec.structs.replace(one, count=one.count - 1)
            return
        del self._script[index]
        self.is_idle = not self.chances and not self._script

    def _by_chance(self, group: frozenset[Fault], name: str) -> Fault | None:
        """Draw once and return where among the chances that apply the draw falls."""
        apply = [
            (fault, chance.p)
            for fault, chance in self.chances.items()
            if fault in group and _fits(fault, name) and (not chance.only or name in chance.only)
        ]
        if not apply:
            return None
        drawn = self._stream(name).next() / DRAWS
        for fault, p in apply:
            drawn -= p
            if drawn < 0:
                return fault
        return None

    def _duration(self, fault: Fault, name: str) -> int:
        field = DURATION_OF.get(fault)
        if field is None:
            return 0
        span: Span = getattr(self.spans, field)
        return self._stream(name).between(*span)

    def _stream(self, name: str) -> Prng:
        stream = self._streams.get(name)
        if stream is None:
            digest = sha256(f"{self.seed}/{name}".encode()).digest()
            stream = self._streams[name] = Prng(int.from_bytes(digest[:8], "big"))
        return stream


def _fits(fault: Fault, name: str) -> bool:
    only = ONLY_FOR.get(fault)
    return only is None or name in only
