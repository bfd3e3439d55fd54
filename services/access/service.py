"""Wire `access`: a connection and a desk for each strategy that is let in, as long as it is."""

from dataclasses import dataclass, replace

from services.access.config import AccessSettings, access_settings
from services.access.desk import StrategyDesk
from services.access.relay import RelayPorts
from services.access.warden import Warden
from tandem.bus.access.strategy_door import StrategyDoor
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Strategy, Token
from tandem.messages import subjects
from tandem.runtime.context import ServiceContext

NAME = "access"
LOOK_S = 1.0
MISDIRECTED = "answers asked for elsewhere"
REFUSED = "calls refused"


@dataclass(slots=True)
class Admitted:
    """One strategy that is let in."""

    desk: StrategyDesk
    door: StrategyDoor

    refused_told: int = 0


class AccessService:
    """Satisfies `Service`."""

    def __init__(self, context: ServiceContext, settings: AccessSettings) -> None:
        self._context, self._settings = context, settings
        self._copy = Token(context.run)
        self._ports = RelayPorts(context.clock, context.tasks, self._copy)
        self._admitted: dict[Strategy, Admitted] = {}
        self._accounts = settings.accounts()
        self._warden = Warden(context)
        self._started = False

    @property
    def admitted(self) -> tuple[Strategy, ...]:
        """Who is let in at this moment."""
        return tuple(self._admitted)

    async def start(self) -> None:
        await self._context.bus.attend()
        await self._admit()
        self._started = True
        self._context.tasks.spawn(self._look_after(), "access-look-after")

    async def drain(self) -> None:
        """Take no more calls; those that are open are answered or asked again elsewhere."""
        for one in self._admitted.values():
            await one.door.close()
            await one.desk.close()
        self._admitted.clear()

    def unready(self) -> str:
        if not self._context.bus.connected:
            return "not connected to the bus"
        return "" if self._started else "not listening yet"

    async def _look_after(self) -> None:
        while True:
            await self._context.clock.sleep(LOOK_S)
            await self._admit()
            for strategy, one in self._admitted.items():
                await one.desk.look_after()
                self._warden.count(strategy, REFUSED, one.desk.refused - one.refused_told)
                one.refused_told = one.desk.refused
            self._warden.look_after()

    async def _admit(self) -> None:
        """Let those in that are named by now, and those out that are no more."""
        named, accounts = self._named()
        for strategy in self._admitted.keys() - set(named):
            gone = self._admitted.pop(strategy)
            await gone.door.close()
            await gone.desk.close()
        for strategy in named:
            if strategy not in self._admitted:
                self._admitted[strategy] = await self._let_in(strategy)
            self._admitted[strategy].desk.serve_accounts(accounts)
        self._accounts = accounts

    def _named(self) -> tuple[tuple[Strategy, ...], frozenset[str] | None]:
        try:
            return self._settings.strategies(), self._settings.accounts()
        except (ConfigurationError, OSError) as error:
            self._context.log.error("who is let in cannot be read", error=str(error))
            return tuple(self._admitted), self._accounts

    async def _let_in(self, strategy: Strategy) -> Admitted:
        desk = StrategyDesk(strategy, self._context.bus, self._settings.fair_use, self._ports)
        desk.serve_accounts(self._accounts)
        allowed, clock = desk.allowances, self._context.clock
        door = StrategyDoor(
            strategy, clock, lambda read: allowed.pause_s(clock.monotonic_ns(), read)
        )
        admitted = Admitted(desk, door)

        def on_call(reply: str, payload: bytes) -> None:
            allowed.take_call(clock.monotonic_ns())
            self._context.tasks.spawn(self._answer(admitted, reply, payload), "access-answer")

        def on_misdirected() -> None:
            allowed.take_call(clock.monotonic_ns())
            self._warden.count(strategy, MISDIRECTED)

        options = replace(self._context.settings.nats, name=f"{NAME}-{strategy}")
        places = (
            (subjects.access_calls(strategy), NAME),
            (subjects.access_readings(strategy, self._copy), ""),
        )
        await door.open(options, places, on_call, on_misdirected)
        self._context.log.info("let in", strategy=strategy)
        return admitted

    async def _answer(self, admitted: Admitted, reply: str, payload: bytes) -> None:
        try:
            told = await admitted.desk.answer(payload)
        except Exception:
            self._context.log.exception("a call was not answered")
            return
        await admitted.door.answer(reply, told)


def build(context: ServiceContext) -> AccessService:
    return AccessService(context, access_settings(context.env))
