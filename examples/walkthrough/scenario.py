"""Which trade the walkthrough shows, on which stretch of which tape.

The same tape, offset, level and amount give the same fills at every run: the exchanges' tapes
stand still until the maker rests, and the queue ahead of it is the tape's own.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Scenario:
    """One stretch of tape and the hedge order that it fills in pieces.

    Attributes:
        maker_ticker, hedge_ticker: what is quoted on Binance and hedged on Hyperliquid.
        maker_amount: signed, in base units. level: where the maker queues.
        market_amount: signed amount of step 3's market order, more than one book level holds.
        position_ms: where the tape stands when the maker is placed.
        speed: how many times faster than recorded it then runs.
    """

    maker_ticker: str
    hedge_ticker: str
    maker_amount: Decimal
    level: str
    market_amount: Decimal
    position_ms: int
    speed: float = 1.0
    fill_timeout_s: float = 30.0


SYNTHETIC = Scenario(
    maker_ticker="SOLUSDT",
    hedge_ticker="SOL",
    maker_amount=Decimal(-3),
    level="QUEUE_5",
    market_amount=Decimal(40),
    position_ms=30_000,
    speed=0.5,
)
RECORDED_ETH = Scenario(
    maker_ticker="ETHUSDT",
    hedge_ticker="ETH",
    maker_amount=Decimal(-11),
    level="QUEUE_5",
    market_amount=Decimal(80),
    position_ms=318_400,
)


def scenario_for(ticker: str, *, recorded: bool) -> Scenario:
    """Return the scenario of a tape.

    Raises:
        ValueError: no stretch of this tape has been chosen for the ticker.
    """
    known = {("SOL", False): SYNTHETIC, ("ETH", True): RECORDED_ETH}
    found = known.get((ticker, recorded))
    if found is None:
        kind = "recorded" if recorded else "synthetic"
        raise ValueError(f"ticker {ticker}: no stretch of the {kind} tape was chosen for it")
    return found
