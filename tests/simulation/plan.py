"""What a seed decides before anything runs: the copies, the workload, the faults and their odds.

Each concern draws from a generator of its own, so that leaving one fault out changes the others
as little as possible: that is what shrinking lives on.
"""

import random
from dataclasses import dataclass, field, replace
from decimal import Decimal

CHAOS = (
    "kill",
    "stop",
    "freeze",
    "lag",
    "disconnect",
    "server restart",
    "cut sockets",
    "mute",
    "silence",
    "venue down",
    "stall",
    "clock step",
    "external",
    "liquidation",
    "client restart",
    "log cut",
)
# Drawn by generators of their own, so that older seeds keep everything else.
LATER_CHAOS = ("venue restart", "deleveraging", "autoclose")
LATER = (*LATER_CHAOS, "unlisted refusals", "ends dead", "keeps orders")
AMBIENT = ("http", "sockets", "events", "venue errors", "lookup lag", "refusals")
TOGGLES = (*CHAOS, *AMBIENT, "copies", "other rules", "slow bus", *LATER)


@dataclass(frozen=True)
class Quote:
    """One hedge order of the workload. `sign` is the maker's side, `lots` its size."""

    at_ms: int
    is_on_binance: bool
    sign: int
    lots: int
    pool: str
    coalesce_ms: int


@dataclass(frozen=True)
class Plain:
    """One order of the strategy's own, which nothing hedges."""

    at_ms: int
    is_on_binance: bool
    sign: int
    lots: int


@dataclass(frozen=True)
class Plan:
    """One seed's world. `without` names what was toggled off, `most_quotes` bounds the workload.

    `wipes_ms`: when the server loses its whole store; `kept_s`: how far back offers reach. `later`
    holds what of `LATER` this seed has: faults, and how the strategy leaves its orders.
    """

    seed: int
    copies: dict[str, int]
    odd_hedger: bool
    quotes: tuple[Quote, ...]
    plains: tuple[Plain, ...]
    pieces: int
    flow_ms: int
    grain: tuple[int, int]
    trouble_ms: int
    strikes: int
    chaos: tuple[str, ...]
    ambient: tuple[str, ...]
    lots: dict[str, Decimal] = field(default_factory=dict)
    least: dict[str, Decimal] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    wipes_ms: tuple[int, ...] = ()
    kept_s: int = 600
    later: frozenset[str] = frozenset()

    def generator(self, concern: str) -> random.Random:
        """Return this concern's own generator."""
        return random.Random(f"{self.seed}:{concern}")

    def has(self, toggle: str) -> bool:
        return toggle not in self.without and (
            toggle in self.chaos or toggle in self.ambient or toggle in self.later
        )


def plan(seed: int, without: frozenset[str] = frozenset(), most_quotes: int = 99) -> Plan:
    """Return the world of a seed, without some of its faults if so wished."""
    rng = random.Random(f"{seed}:plan")
    trouble_ms = rng.randint(3_000, 6_000)
    pieces, flow_ms = rng.choice(((5, 15), (12, 30), (20, 50), (30, 80)))
    chaos = tuple(name for name in CHAOS if rng.random() < 0.45)
    ambient = tuple(name for name in AMBIENT if rng.random() < 0.6)
    lots = {"binance": Decimal("0.01"), "hyperliquid": Decimal(rng.choice(("0.01", "0.01", "0.1")))}
    whole = Plan(
        seed=seed,
        copies=_copies(rng),
        odd_hedger=rng.random() < 0.25,
        quotes=_quotes(rng, trouble_ms, lots)[:most_quotes],
        plains=_plains(random.Random(f"{seed}:plains"), trouble_ms) if most_quotes > 1 else (),
        pieces=pieces,
        flow_ms=flow_ms,
        grain=rng.choice(((1_000, 2), (1_000, 3), (1_000, 5), (100, 40))),
        trouble_ms=trouble_ms,
        strikes=rng.randint(2, 9),
        chaos=chaos,
        ambient=ambient,
        lots=lots,
        least={"binance": Decimal(rng.choice((5, 20))), "hyperliquid": Decimal(10)},
        without=without,
        later=_later(random.Random(f"{seed}:later")),
    )
    if "copies" in without:
        whole = replace(whole, copies=dict.fromkeys(whole.copies, 1))
    if "other rules" in without:
        whole = replace(whole, odd_hedger=False)
    return whole


def _later(rng: random.Random) -> frozenset[str]:
    return frozenset(name for name in LATER if rng.random() < 0.4)


def wiped(seed: int) -> Plan:
    """Return a seed's world whose server loses its store, again and again, after the offers' reach.

    Each time but for the last of some seeds, where it comes before the desk is whole again.
    """
    whole = plan(seed, frozenset(LATER))
    rng = random.Random(f"{seed}:wipes")
    moments = [rng.randint(8_000, 12_000)]
    for _ in range(rng.randint(0, 2)):
        moments.append(moments[-1] + rng.choice((rng.randint(200, 4_000), 12_000)))
    return replace(whole, wipes_ms=tuple(moments), kept_s=2, trouble_ms=moments[-1] + 500)


def _copies(rng: random.Random) -> dict[str, int]:
    return {
        "order-state": rng.choice((1, 1, 1, 2)),
        "position-state": rng.choice((1, 1, 1, 2)),
        "hedger": rng.choice((1, 1, 2, 2, 3)),
        "gateway-binance": rng.choice((1, 1, 2)),
        "gateway-hyperliquid": rng.choice((1, 1, 2)),
    }


def _quotes(rng: random.Random, trouble_ms: int, lots: dict[str, Decimal]) -> tuple[Quote, ...]:
    """Return two to eight hedge orders, most of them on one side of a bucket."""
    is_mixed = rng.random() < 0.35
    one_way = rng.random() < 0.4
    sides = {True: rng.choice((1, -1)), False: rng.choice((1, -1))}
    first = rng.random() < 0.5
    quotes = []
    for index in range(rng.randint(2, 8)):
        on_binance = first if one_way else rng.random() < 0.5
        sign = rng.choice((1, -1)) if is_mixed else sides[on_binance]
        step = Decimal("0.01") / lots["binance" if on_binance else "hyperliquid"]
        quotes.append(
            Quote(
                at_ms=0 if index < 2 else rng.randint(0, trouble_ms * 3 // 4),
                is_on_binance=on_binance,
                sign=sign,
                lots=max(60, int(rng.randint(300, 900) * step)),
                pool=rng.choice(("pool", "pool", "other")),
                coalesce_ms=rng.choice((0, 0, 0, 50, 200)),
            )
        )
    return tuple(quotes)


def _plains(rng: random.Random, trouble_ms: int) -> tuple[Plain, ...]:
    """Return orders that wait long enough to be sent again after a doubt."""
    return tuple(
        Plain(
            at_ms=rng.randint(0, trouble_ms),
            is_on_binance=rng.random() < 0.5,
            sign=rng.choice((1, -1)),
            lots=rng.randint(30, 80),
        )
        for _ in range(rng.randint(2, 12))
    )
