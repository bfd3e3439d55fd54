"""What a chaos run is played on: the market underneath, the desk's processes, their settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from examples.chaos.options import Options
from tandem.cli.stack import SERVICES, StackPlan, checkout
from tandem.runtime.clock import STEP_FILE

RECORDED = Path("../shared/data/market/ethusdt-usdm-20240808.gz")
SYNTHETIC = "-"
STATE_SERVICES = ("order-state", "position-state", "hedger")
GATEWAYS = ("gateway-binance", "gateway-hyperliquid")
# What a lost event may cost, since the run's quiet time waits for two of these.
BACKFILL_S = "10"
# So that snapshots are written and read within minutes.
SNAPSHOT_EVERY = "2000"
READY_TIMEOUT_S = 120.0
STRATEGIES = ("north", "south")
# A line of strategies without a witness of their names: each dies for good, another follows.
MORTAL = "mortal"
MORTAL_LIMITS = 2
# Somebody else's trade keeps makers away for so long: less than it would on a desk that is watched.
STRANGER_HOLD_MS = "5000"


@dataclass(frozen=True, slots=True)
class Market:
    """One hedged pair. `lot` is the makers' step, `tape` the path of what the exchanges play."""

    maker_ticker: str
    hedge_ticker: str
    lot: Decimal
    tape: str | None

    @property
    def paper_arguments(self) -> dict[str, tuple[str, ...]]:
        played = ("--tape", self.tape) if self.tape else ()
        hedge = () if self.tape else ("--symbols", self.hedge_ticker)
        return {
            "paper-binance": (*played, "--symbols", self.maker_ticker),
            "paper-hyperliquid": (*played, *hedge),
        }


def market_of(tape: str) -> Market:
    """Return the pair that a tape drives: the one given, the recorded one, or the synthetic.

    Raises:
        FileNotFoundError: the tape that was given is not there.
    """
    path = Path(tape) if tape not in {"", SYNTHETIC} else checkout() / RECORDED
    if tape == SYNTHETIC or (not tape and not path.is_file()):
        return Market("SOLUSDT", "SOL", Decimal("0.01"), None)
    if not path.is_file():
        raise FileNotFoundError(f"tape {tape}: no such file")
    return Market("ETHUSDT", "ETH", Decimal("0.001"), str(path.resolve()))


def stack_plan(market: Market, options: Options, directory: Path) -> StackPlan:
    """Return what to start."""
    copies = dict.fromkeys(STATE_SERVICES, options.copies)
    return StackPlan(
        root=checkout(),
        directory=directory,
        paper=market.paper_arguments,
        copies=copies | dict.fromkeys(GATEWAYS, options.gateway_copies),
        environment=_environment(market),
        sync_always=options.sync_always,
        ready_timeout_s=READY_TIMEOUT_S,
    )


def _environment(market: Market) -> Mapping[str, Mapping[str, str]]:
    """Return what lets the hedges through: at 20 a second the venue's own limits are reached."""
    found = {name: {"TANDEM_SNAPSHOT_EVERY": SNAPSHOT_EVERY} for name in SERVICES}
    found["hedger"] |= {"TANDEM_HEDGE_STRANGER_HOLD_MS": STRANGER_HOLD_MS}
    gateway = {"TANDEM_BACKFILL_SECONDS": BACKFILL_S}
    unlimited = {
        "HYPERLIQUID_WEIGHT_PER_MINUTE": "1000000",
        "HYPERLIQUID_MESSAGES_PER_MINUTE": "1000000",
    }
    found["gateway-binance"] |= gateway | {"TANDEM_TICKERS": market.maker_ticker}
    found["gateway-hyperliquid"] |= gateway | unlimited | {"TANDEM_TICKERS": market.hedge_ticker}
    rules = {"PAPER_HYPERLIQUID_RULES": '{"ip_limits":false,"address_limits":false}'}
    return found | {"paper-hyperliquid": rules}


def with_stepped_clocks(plan: StackPlan, step_file: Path) -> StackPlan:
    """Return a plan whose services' wall clocks can be set wrong."""
    also = {"TANDEM_TESTING": "1", STEP_FILE: str(step_file)}
    found = {name: {**plan.environment.get(name, {}), **also} for name in SERVICES}
    return replace(plan, environment={**plan.environment, **found})


def names_of(plan: StackPlan) -> tuple[str, ...]:
    """Return every process that may be killed: all copies of all services."""
    return tuple(
        name if copy == 1 else f"{name}-{copy}"
        for name in SERVICES
        for copy in range(1, plan.copies.get(name, 1) + 1)
    )
