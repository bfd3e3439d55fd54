"""What the server lets each user do, cell by cell, against the table in docs/security.md."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client

from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.permissions import ADMIN, inbox_prefix
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.servers import NATS, LocalServer, ServerSettings, locate_nats
from tandem.domain.errors import InvalidInputError
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually

ROOT = Path(__file__).resolve().parents[2]
USERS = {
    "admin": ADMIN,
    "gw": "gateway-binance",
    "gw-hl": "gateway-hyperliquid",
    "order-state": "order-state",
    "position-state": "position-state",
    "hedger": "hedger",
    "access": "access",
    "alpha": "strategy-alpha",
    "beta": "strategy-beta",
}
CONSUMER = "$JS.API.CONSUMER.CREATE"
# What is tried: p publishes, s subscribes. The first are the table of who can do what.
TRIES = {
    "ask `access` as alpha": "p access.alpha.call",
    "ask `access` as beta": "p access.beta.call",
    "log an order of alpha": "p oms.intent.binance.alpha.c.new",
    "log a cancel of beta": "p oms.intent.binance.beta.c.cancel.t",
    "log a hedge of alpha": "p oms.intent.hedge.alpha.h",
    "stop a hedge of alpha": "p oms.control.stop.alpha.t",
    "log a fill of binance": "p oms.venue.binance.fill.SOL.1",
    "log a fill of another account": "p oms.venue.binance-sub1.fill.SOL.1",
    "log a hedge decision": "p oms.hedge.decision.binance.SOL.pool.0.1",
    "log a timer": "p oms.hedge.timer.key.1",
    "log rules": "p oms.control.rules.1",
    "log an epoch": "p oms.control.epoch.1",
    "log a halt": "p oms.control.halt.t",
    "log an alarm of the hedger": "p oms.control.alarm.hedger.b",
    "publish an order delta": "p orders.binance.c.0-1-0",
    "publish a position delta": "p positions.binance.SOL.0-1-0",
    "publish a hedge delta": "p hedges.h.0-1-0",
    "write the hedger's snapshot": "p snap.hedger.rules",
    "publish a mark of binance": "p marks.binance.SOL",
    "take the lease of binance": "p leases.binance",
    "say that a hedger is present": "p tandem.presence.hedger",
    "ask a gateway": "p tandem.ask.binance",
    "ask for a page": "p tandem.page.orders",
    "answer into alpha's inbox": "p _INBOX_strategy-alpha.x",
    "answer into the inbox of `access`": "p _INBOX_access.x",
    "hear what is told to alpha": "s _INBOX_strategy-alpha.>",
    "read a message of OMS": "p $JS.API.STREAM.MSG.GET.OMS",
    "follow OMS": f"p {CONSUMER}.OMS.name",
    "follow DELTAS": f"p {CONSUMER}.DELTAS.name",
    "make, change or delete a stream": "p $JS.API.STREAM.UPDATE.OMS",
    # The rest, in detail.
    "put a message of the log aside": "p oms.control.aside.7",
    "log an order of beta": "p oms.intent.binance.beta.c.new",
    "log a hedge of beta": "p oms.intent.hedge.beta.h",
    "stop a hedge of beta": "p oms.control.stop.beta.t",
    "log an order of a strategy without a key": "p oms.intent.binance.gamma.c.new",
    "log an order report of binance": "p oms.venue.binance.order.SOL.1.NEW.0.1.ack",
    "log a resume": "p oms.control.resume.t",
    "log a refused hedge": "p oms.hedge.refused.h",
    "log an alarm of order-state": "p oms.control.alarm.order-state.b",
    "log an alarm of position-state": "p oms.control.alarm.position-state.b",
    "log an alarm of `access`": "p oms.control.alarm.access.b",
    "log an alarm of the gateway": "p oms.control.alarm.gateway-binance.b",
    "publish a fill delta": "p fills.binance.1.0-1-0",
    "write order-state's snapshot": "p snap.order-state.rules",
    "write position-state's snapshot": "p snap.position-state.rules",
    "publish a mark of another account": "p marks.hyperliquid.SOL",
    "take the lease of another account": "p leases.hyperliquid",
    "say that the gateway is present": "p tandem.presence.gateway-binance",
    "say that another gateway is present": "p tandem.presence.gateway-hyperliquid",
    "say that the gateway sends": "p tandem.sending.binance",
    "say that another gateway sends": "p tandem.sending.hyperliquid",
    "say that a strategy lives": "p tandem.alive",
    "ask for an order's history": "p tandem.page.order-history",
    "ask that an epoch begin": "p tandem.page.epoch",
    "answer into beta's inbox": "p _INBOX_strategy-beta.x",
    "answer into the hedger's inbox": "p _INBOX_hedger.x",
    "answer into the inbox of a user without a key": "p _INBOX_strategy-gamma.x",
    "answer into nobody's inbox": "p _INBOX.x",
    "create the stream OMS": "p $JS.API.STREAM.CREATE.OMS",
    "create the stream MARKS": "p $JS.API.STREAM.CREATE.MARKS",
    "create another stream": "p $JS.API.STREAM.CREATE.MINE",
    "delete the stream OMS": "p $JS.API.STREAM.DELETE.OMS",
    "delete the stream LEASES": "p $JS.API.STREAM.DELETE.LEASES",
    "delete the stream SNAP": "p $JS.API.STREAM.DELETE.SNAP",
    "purge the stream OMS": "p $JS.API.STREAM.PURGE.OMS",
    "purge the stream DELTAS": "p $JS.API.STREAM.PURGE.DELTAS",
    "purge the stream MARKS": "p $JS.API.STREAM.PURGE.MARKS",
    "delete a message of OMS": "p $JS.API.STREAM.MSG.DELETE.OMS",
    "copy the stream OMS": "p $JS.API.STREAM.SNAPSHOT.OMS",
    "restore the stream OMS": "p $JS.API.STREAM.RESTORE.OMS",
    "look at the stream OMS": "p $JS.API.STREAM.INFO.OMS",
    "look at the stream LEASES": "p $JS.API.STREAM.INFO.LEASES",
    "list the streams": "p $JS.API.STREAM.LIST",
    "look at the account": "p $JS.API.INFO",
    "move a stream's leader": "p $JS.API.STREAM.LEADER.STEPDOWN.OMS",
    "ask the servers": "p $SYS.REQ.SERVER.PING",
    "read a message of DELTAS": "p $JS.API.STREAM.MSG.GET.DELTAS",
    "read a message of SNAP": "p $JS.API.STREAM.MSG.GET.SNAP",
    "read a message of MARKS": "p $JS.API.STREAM.MSG.GET.MARKS",
    "read a message of LEASES": "p $JS.API.STREAM.MSG.GET.LEASES",
    "get a message of OMS directly": "p $JS.API.DIRECT.GET.OMS.oms.intent.binance.alpha.c.new",
    "follow MARKS": f"p {CONSUMER}.MARKS.name.marks.>",
    "follow SNAP": f"p {CONSUMER}.SNAP.name",
    "follow LEASES": f"p {CONSUMER}.LEASES.name",
    "follow instrument tables of OMS": f"p {CONSUMER}.OMS.name.oms.venue.*.specs.>",
    "delete a consumer of OMS": "p $JS.API.CONSUMER.DELETE.OMS.name",
    "make a durable consumer of OMS": "p $JS.API.CONSUMER.DURABLE.CREATE.OMS.name",
    "look at a consumer of OMS": "p $JS.API.CONSUMER.INFO.OMS.name",
    "acknowledge for a consumer": "p $JS.ACK.OMS.name.1.1.1.1.0",
    "let a consumer of OMS go on": "p $JS.FC.OMS.name.x",
    "subscribe to the log's subjects": "s oms.>",
    "subscribe to deltas": "s orders.>",
    "subscribe to leases": "s leases.>",
    "subscribe to snapshots": "s snap.>",
    "subscribe to marks": "s marks.>",
    "subscribe to everything": "s >",
    "hear which hedgers are present": "s tandem.presence.hedger",
    "hear who is present": "s tandem.presence.>",
    "hear which gateways send": "s tandem.sending.*",
    "hear which strategies live": "s tandem.alive",
    "hear what alpha asks `access`": "s access.alpha.call",
    "hear what is told to the hedger": "s _INBOX_hedger.>",
    "hear what is told to beta": "s _INBOX_strategy-beta.>",
    "hear what is told to itself": "s OWN",
    "hear what is told to anybody": "s _INBOX.>",
    "subscribe to the servers' events": "s $SYS.>",
    "subscribe to JetStream's calls": "s $JS.API.>",
    "answer questions for the gateway": "s tandem.ask.binance",
    "answer questions for order pages": "s tandem.page.orders",
    "answer who asks for an epoch": "s tandem.page.epoch",
    "answer questions for position pages": "s tandem.page.positions",
    "answer questions for hedge pages": "s tandem.page.hedges",
    "answer questions for exposure": "s tandem.page.exposure",
}
SHORT_TABLE = 30


def _table() -> dict[tuple[str, str], bool]:
    """Return what docs/security.md says of each (what, user)."""
    return {
        (row[0], user): sign == "+"
        for head, *rows in _tables()
        for row in rows
        for user, sign in zip(head[1:], row[1:], strict=True)
    }


def _tables() -> list[list[list[str]]]:
    """Return the rows of each table of docs/security.md that says what each user may."""
    text = (ROOT / "docs" / "security.md").read_text()
    blocks = [block for block in text.split("\n\n") if block.startswith("| what | admin |")]
    return [
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in block.splitlines()
            if not line.startswith("|---")
        ]
        for block in blocks
    ]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    keys.make(made, Desk(("binance", "hyperliquid"), ("alpha", "beta")))
    return made


@pytest.fixture(scope="module")
def server(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    store = tmp_path_factory.mktemp("nats")
    settings = ServerSettings(locate_nats(), store, users_file=directory / "nats" / "users.conf")
    running = LocalServer(NATS, settings)
    running.start()
    yield running
    running.kill()


class Tried:
    """One connection, and what the server refused it; refusals come in their own time."""

    def __init__(self, user: str) -> None:
        self.client = Client()
        self._user = user
        self._refusals: list[str] = []

    async def refused(self, error: Exception) -> None:
        self._refusals.append(str(error).lower())

    async def attempt(self, how: str) -> None:
        kind, subject = self._named(how)
        if kind == "p":
            await self.client.publish(subject, b"{}")
        else:
            await self.client.subscribe(subject)

    def is_allowed(self, how: str) -> bool:
        """Tell whether no refusal names what was tried."""
        kind, subject = self._named(how)
        what = "publish" if kind == "p" else "subscription"
        told = f'permissions violation for {what} to "{subject.lower()}"'
        return not any(told in one for one in self._refusals)

    def _named(self, how: str) -> tuple[str, str]:
        kind, subject = how.split(" ")
        return kind, subject.replace("OWN", f"{inbox_prefix(self._user)}.>")


@asynccontextmanager
async def connected(server: LocalServer, directory: Path, user: str) -> AsyncIterator[Tried]:
    tried = Tried(user)
    await tried.client.connect(
        server.url,
        nkeys_seed=str(directory / user / keys.SEED_FILE),
        inbox_prefix=inbox_prefix(user),
        error_cb=tried.refused,
        allow_reconnect=False,
    )
    yield tried
    await tried.client.close()


async def make_log(server: LocalServer, directory: Path) -> None:
    async with connected(server, directory, ADMIN) as admin:
        stream = {"name": "OMS", "subjects": ["oms.>"]}
        await admin.client.request("$JS.API.STREAM.CREATE.OMS", json.dumps(stream).encode())


def test_the_table_names_everything_that_is_tried() -> None:
    assert {what for what, _ in _table()} == set(TRIES)
    assert {user for _, user in _table()} == set(USERS)
    short, rest = _tables()
    assert len(short) - 1 == SHORT_TABLE
    assert [row[0] for row in (*short[1:], *rest[1:])] == list(TRIES)


@pytest.mark.parametrize("column", USERS)
async def test_server_answers_as_the_table_says(
    server: LocalServer, directory: Path, column: str, eventually: Eventually
) -> None:
    table = _table()
    wanted = {what: table[what, column] for what in TRIES}
    async with connected(server, directory, USERS[column]) as tried:
        for how in TRIES.values():
            await tried.attempt(how)
        await tried.client.flush()

        def found() -> dict[str, bool]:
            return {what: tried.is_allowed(how) for what, how in TRIES.items()}

        await eventually(lambda: all(one >= found()[what] for what, one in wanted.items()))
        await tried.client.flush()
        assert found() == wanted


async def test_what_a_user_may_not_publish_is_an_error_and_holds_up_nothing_else(
    server: LocalServer, directory: Path
) -> None:
    """Without an answer it would be tried for ever, in front of what may be stored."""
    await make_log(server, directory)
    seed = directory / USERS["position-state"] / keys.SEED_FILE
    options = NatsOptions(
        server.url, nkey_seed_file=seed, inbox_prefix=inbox_prefix(USERS["position-state"])
    )
    bus = await NatsBus.connect(options, SystemClock())
    denied = bus.log.append_soon("oms.hedge.decision.Binance.SOL.pool.0.1", b"{}")
    allowed = bus.log.append_soon("oms.hedge.timer.key.1", b"{}")

    assert (await asyncio.wait_for(allowed, 5)).seq
    with pytest.raises(InvalidInputError, match="lets this user publish"):
        await asyncio.wait_for(denied, 5)

    await bus.close()


async def test_nobody_without_a_key_connects(server: LocalServer) -> None:
    stranger = Client()
    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await stranger.connect(server.url, allow_reconnect=False)
    await stranger.close()
