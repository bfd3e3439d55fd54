"""Which orders go when their strategy is gone, and for how long each was not heard (pure).

1. An order is tethered that was asked for with `disconnect_after_ms`. The log says so: every copy
   knows it, and one that takes over. An order without it stays, whoever is gone.
2. Silence is time in which a client of the strategy could have been heard, and none was
   (`listening`): neither a start nor a frozen process nor a bus that is away is anybody's death.
   None of them begins it anew either: of a strategy that is dead over an outage, or over many, the
   orders go once it was silent for so long in all.
3. A strategy of which nothing was heard yet counts as heard when its first order is read.
4. Every client of a name speaks for all orders of that name.
5. What was told to go, by this copy or by another, goes: a strategy that comes back finds it on
   its way out, whoever sends by then. An order that has ended is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tandem.domain.ids import ClientOrderId, Strategy
from tandem.domain.order import RejectReason
from tandem.domain.units import NS_PER_MS
from tandem.gateway.account.listening import HearingTime
from tandem.gateway.core.pre_trade_checks import Refusal
from tandem.messages.intents import NewOrder


class Tether(NamedTuple):
    """Whose order it is, and for how long its strategy may be silent."""

    strategy: Strategy
    after_ms: int


@dataclass(slots=True)
class Watched:
    """A strategy with tethered orders: when it was heard, and the shortest tether it ever had."""

    heard_ns: int
    shortest_ms: int
    orders: int = 0


class Tethers:
    """The tethered orders of one account, and their strategies as this process hears them."""

    def __init__(self) -> None:
        self._tethers: dict[ClientOrderId, Tether] = {}
        self._strategies: dict[Strategy, Watched] = {}
        self._going: dict[ClientOrderId, str] = {}
        self._time = HearingTime()

    @property
    def going(self) -> Mapping[ClientOrderId, str]:
        """The orders that were told to go, and why."""
        return self._going

    def listen(self, mono_ns: int, *, is_hearing: bool) -> None:
        """Let time pass; `is_hearing`: the bus is there."""
        self._time.step(mono_ns, is_hearing=is_hearing)

    def hear(self, strategy: Strategy) -> None:
        """A client of a strategy lives; one that has no order here is nobody's care."""
        watched = self._strategies.get(strategy)
        if watched is not None:
            watched.heard_ns = self._time.now_ns

    def take(self, order: NewOrder) -> None:
        """Learn from the log what an order was asked for with."""
        after_ms, cloid = order.disconnect_after_ms, order.client_order_id
        if after_ms is None or cloid in self._tethers:
            return
        self._tethers[cloid] = Tether(order.strategy, after_ms)
        new = Watched(self._time.now_ns, after_ms)
        watched = self._strategies.setdefault(order.strategy, new)
        watched.shortest_ms = min(watched.shortest_ms, after_ms)
        watched.orders += 1

    def told_to_go(self, cloid: ClientOrderId, why: str) -> None:
        """A gateway has said that this order goes."""
        self._going.setdefault(cloid, why)

    def ended(self, cloid: ClientOrderId) -> None:
        """The order is no more."""
        self._going.pop(cloid, None)
        tether = self._tethers.pop(cloid, None)
        if tether is not None:
            watched = self._strategies[tether.strategy]
            watched.orders -= 1
            if not watched.orders:
                del self._strategies[tether.strategy]

    def refusal(self, order: NewOrder) -> Refusal | None:
        """Return why an order is not let out: its strategy is gone by now."""
        why = self.why(order.client_order_id)
        return Refusal(RejectReason.HALTED, why) if why else None

    def why(self, cloid: ClientOrderId | None) -> str:
        """Return why an order must go, or the empty text."""
        tether = self._tethers.get(cloid) if cloid is not None else None
        if tether is None or self._silent_ms(tether.strategy) < tether.after_ms:
            return ""
        return f"no client of strategy {tether.strategy} was heard for {tether.after_ms} ms"

    @property
    def is_quiet(self) -> bool:
        """Whether no order can be due to go: none was told to, and every strategy is heard."""
        return not self._going and not any(
            self._silent_ms(strategy) >= watched.shortest_ms
            for strategy, watched in self._strategies.items()
        )

    def _silent_ms(self, strategy: Strategy) -> int:
        return (self._time.now_ns - self._strategies[strategy].heard_ns) // NS_PER_MS
