"""What each service reads of its environment is on its `--help`, and is judged before the bus."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import structlog

from services.access import config as access_config
from services.access import service as access
from services.gateway_binance import service as gateway_binance
from services.gateway_hyperliquid import service as gateway_hyperliquid
from services.hedger import service as hedger
from services.order_state import service as order_state
from services.position_state import service as position_state
from tandem.bus.memory.bus import MemoryBus
from tandem.domain.errors import ConfigurationError
from tandem.runtime.clock import SystemClock, TaskOwner
from tandem.runtime.config import COMMON_VARIABLES, Environment, Variable, settings
from tandem.runtime.context import Build, ServiceContext
from tandem.runtime.failpoints import no_seam
from tandem.runtime.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]


class Recorder(dict[str, str]):
    """An environment that remembers what was looked up."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override, explicit-override]
        self.read.add(name)
        return super().get(name, default)


@dataclasses.dataclass(frozen=True)
class Told:
    """What a service's `__main__` hands to `run_service`."""

    build: Build
    variables: Sequence[Variable]
    check: Callable[[Environment], object]
    needed: dict[str, str] = dataclasses.field(default_factory=dict)


def told_by(module: ModuleType, **needed: str) -> Told:
    return Told(module.build, module.VARIABLES, module.read, needed)


ACCOUNT = "0x" + "1" * 40
SERVICES = {
    "order-state": told_by(order_state),
    "position-state": told_by(position_state),
    "hedger": told_by(hedger),
    "gateway-binance": told_by(gateway_binance),
    "gateway-hyperliquid": told_by(
        gateway_hyperliquid, HYPERLIQUID_ACCOUNT=ACCOUNT, HYPERLIQUID_AGENT_KEY="0x" + "22" * 32
    ),
    "access": Told(
        access.build,
        access_config.VARIABLES,
        access_config.access_settings,
        {"TANDEM_STRATEGIES": "alpha"},
    ),
}
NUMBERS = [
    (name, one.name)
    for name, told in SERVICES.items()
    for one in (*told.variables, *COMMON_VARIABLES)
    if re.fullmatch(r"[0-9]+[smhd]?", one.default)
]


def judge(told: Told, values: dict[str, str]) -> set[str]:
    """Read what is read before anything is connected to; return what was looked up."""
    looked_up = Recorder(told.needed | values)
    told.check(Environment(looked_up))
    settings(Environment(looked_up), "test")
    return looked_up.read


async def built(name: str, told: Told) -> set[str]:
    looked_up, clock, tasks = Recorder(told.needed), SystemClock(), TaskOwner()
    env = Environment(looked_up)
    told.build(
        ServiceContext(
            name=name,
            settings=settings(Environment(told.needed), name),
            env=env,
            bus=MemoryBus(clock).client(),
            clock=clock,
            tasks=tasks,
            log=structlog.get_logger(),
            metrics=Metrics(),
            seam=no_seam,
            run="run",
        )
    )
    await tasks.close()
    return looked_up.read


@pytest.mark.parametrize("name", SERVICES)
def test_f16_all_that_is_read_is_on_the_help(name: str) -> None:
    told = SERVICES[name]
    shown = {one.name for one in (*told.variables, *COMMON_VARIABLES)}
    # A secret may come as a file too, which its own line says.
    assert {
        one for one in judge(told, {}) - shown if one.removesuffix("_FILE") not in shown
    } == set()


@pytest.mark.parametrize("name", [one for one in SERVICES if not one.startswith("gateway")])
async def test_f16_all_that_is_read_is_judged_first(name: str) -> None:
    assert await built(name, SERVICES[name]) - judge(SERVICES[name], {}) == set()


@pytest.mark.parametrize("venue", ["binance", "hyperliquid"])
def test_f16_a_gateway_reads_its_environment_in_one_place(venue: str) -> None:
    shell = (ROOT / "shared" / "tandem" / "gateway").rglob("*.py")
    own = (ROOT / "services" / f"gateway_{venue}").rglob("*.py")
    readers = [path.name for path in (*shell, *own) if "context.env" in path.read_text()]
    assert readers == ["service.py"]


@pytest.mark.parametrize("name", SERVICES)
def test_f16_nothing_is_on_the_help_that_nobody_reads(name: str) -> None:
    told = SERVICES[name]
    assert {one.name for one in told.variables} - judge(told, {}) == set()


@pytest.mark.parametrize(("name", "variable"), NUMBERS)
def test_f16_a_malformed_number_is_named_before_the_bus_is_up(name: str, variable: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        judge(SERVICES[name], {variable: "many"})
    assert told.value.field == variable


@pytest.mark.parametrize(
    ("variable", "bad"),
    [
        ("TANDEM_HEDGE_HARD_CAP_BP", "five"),
        ("TANDEM_HEDGE_HARD_CAP_BP", "-5"),
        ("TANDEM_HEDGE_SOFT_CAP_NOTIONAL", "NaN"),
        ("TANDEM_HEDGE_BANDS_BP", "5,,x"),
        ("TANDEM_HEDGE_CLIP_NOTIONAL", "0"),
    ],
)
def test_f16_malformed_hedge_rules_are_named_before_the_bus_is_up(variable: str, bad: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        judge(SERVICES["hedger"], {variable: bad})
    assert told.value.field == variable
