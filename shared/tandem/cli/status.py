"""What of a desk answers on its bus, wherever it runs: the log, each service, each account."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.port import Entry
from tandem.cli.reading import read_to_end
from tandem.domain.errors import MalformedMessageError, TandemError, UnavailableError
from tandem.domain.ids import Exc
from tandem.messages import codec, facts, subjects
from tandem.messages.queries import OrdersPage, PageRequest, PositionsPage
from tandem.messages.reports import SpecsReport
from tandem.runtime.clock import SystemClock

CONNECT_S = 10.0
ANSWER_S = 2.0
# Presence is announced several times a second.
LISTEN_S = 1.0
PAGES = {"order-state": subjects.ORDERS_PAGE, "position-state": subjects.POSITIONS_PAGE}


@dataclass(slots=True)
class DeskStatus:
    """`at` is the place in the log that a state service has read to; `copies` those heard."""

    url: str
    server_version: str
    last_seq: int = 0
    at: dict[str, int | None] = field(default_factory=dict)
    copies: dict[str, set[bytes]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether everything that the desk has was heard."""
        has_accounts = any(name.startswith("gateway-") for name in self.copies)
        return has_accounts and all(self.copies.values()) and None not in self.at.values()

    def lines(self) -> Iterator[str]:
        """Tell it as a person reads it."""
        yield f"# nats-server {self.server_version} at {self.url}"
        yield f"# log                    {self.last_seq} messages so far"
        for name, seq in self.at.items():
            yield f"# {name:<22} {'no answer' if seq is None else f'has read to {seq}'}"
        for name, heard in self.copies.items():
            told = f"{len(heard)} running" if heard else "not heard"
            yield f"# {name:<22} {told}"


async def ask(nats: NatsOptions) -> DeskStatus:
    """Ask around.

    Raises:
        UnavailableError: the bus itself is not there, or it went away.
    """
    clock = SystemClock()
    try:
        async with asyncio.timeout(CONNECT_S):
            bus = await NatsBus.connect(nats, clock)
    except TimeoutError as error:
        raise UnavailableError(f"no NATS server at {nats.url}") from error
    try:
        found = DeskStatus(nats.url, bus.server_version, (await bus.log.state()).last_seq)
        names = ["hedger", *(f"gateway-{exc}" for exc in await _accounts(bus))]
        found.copies = {name: set() for name in names}
        for name in names:
            await bus.listen(subjects.presence(name), found.copies[name].add)
        found.at = {name: await _place(bus, page) for name, page in PAGES.items()}
        await clock.sleep(LISTEN_S)
        return found
    finally:
        await bus.close()


async def _accounts(bus: NatsBus) -> list[Exc]:
    """Return the accounts whose gateways have logged their instruments."""
    found: set[Exc] = set()

    def note(entry: Entry) -> None:
        try:
            fact = facts.read_fact(entry.subject, entry.payload)
        except MalformedMessageError:
            return
        if isinstance(fact, SpecsReport):
            found.add(fact.exc)

    following = await read_to_end(bus.log, [subjects.reports_kind("specs")], note)
    await following.close()
    return sorted(found)


async def _place(bus: NatsBus, page: str) -> int | None:
    try:
        answer = codec.decode_answer(await bus.request(page, codec.encode(PageRequest()), ANSWER_S))
    except TandemError:
        return None
    return answer.seq if isinstance(answer, OrdersPage | PositionsPage) else None
