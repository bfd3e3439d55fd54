"""What the server lets each user do, cell by cell, against the table in docs/security.md."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client

from tandem.bus.nats_bus import NatsBus
from tandem.bus.nats_options import NatsOptions
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
    "alpha": "strategy-alpha",
    "beta": "strategy-beta",
}
CONSUMER = "$JS.API.CONSUMER.CREATE"
# What is tried: p publishes, s subscribes.
TRIES = {
    "publish an order intent as alpha": "p oms.intent.binance.alpha.c.new",
    "publish an order intent as beta": "p oms.intent.binance.beta.c.new",
    "publish a cancel as beta": "p oms.intent.binance.beta.c.cancel.t",
    "publish a hedge intent as alpha": "p oms.intent.hedge.alpha.h",
    "publish a hedge intent as beta": "p oms.intent.hedge.beta.h",
    "stop a hedge as alpha": "p oms.control.stop.alpha.t",
    "stop a hedge as beta": "p oms.control.stop.beta.t",
    "publish a fill of binance": "p oms.venue.binance.fill.SOL.1",
    "publish a fill of another account": "p oms.venue.binance-sub1.fill.SOL.1",
    "publish an order report of binance": "p oms.venue.binance.order.SOL.1.NEW.0.1.ack",
    "publish a hedge decision": "p oms.hedge.decision.binance.SOL.pool.0.1",
    "publish a timer": "p oms.hedge.timer.key.1",
    "publish rules": "p oms.control.rules.abc.1",
    "publish an epoch": "p oms.control.epoch.1",
    "publish an alarm": "p oms.control.alarm.a.b",
    "publish a halt": "p oms.control.halt.t",
    "publish an order delta": "p orders.binance.c.0-1-0",
    "publish a position delta": "p positions.binance.SOL.0-1-0",
    "publish a hedge delta": "p hedges.h.0-1-0",
    "write the hedger's snapshot": "p snap.hedger.rules",
    "publish a mark of binance": "p marks.binance.SOL",
    "take the lease of binance": "p leases.binance",
    "take the lease of another account": "p leases.hyperliquid",
    "ask for a page": "p tandem.page.orders",
    "ask a gateway": "p tandem.ask.binance",
    "create the stream OMS": "p $JS.API.STREAM.CREATE.OMS",
    "change the stream OMS": "p $JS.API.STREAM.UPDATE.OMS",
    "delete the stream OMS": "p $JS.API.STREAM.DELETE.OMS",
    "purge the stream OMS": "p $JS.API.STREAM.PURGE.OMS",
    "delete a message of OMS": "p $JS.API.STREAM.MSG.DELETE.OMS",
    "create the stream MARKS": "p $JS.API.STREAM.CREATE.MARKS",
    "look at the stream OMS": "p $JS.API.STREAM.INFO.OMS",
    "read one message of OMS": "p $JS.API.STREAM.MSG.GET.OMS",
    "read one message of SNAP": "p $JS.API.STREAM.MSG.GET.SNAP",
    "follow everything of OMS": f"p {CONSUMER}.OMS.name",
    "follow intents of OMS": f"p {CONSUMER}.OMS.name.oms.intent.>",
    "follow instrument tables of OMS": f"p {CONSUMER}.OMS.name.oms.venue.*.specs.>",
    "follow DELTAS": f"p {CONSUMER}.DELTAS.name",
    "follow MARKS": f"p {CONSUMER}.MARKS.name.marks.>",
    "say that a hedger is present": "p tandem.presence.hedger",
    "publish a fill delta": "p fills.binance.1.0-1-0",
    "write order-state's snapshot": "p snap.order-state.rules",
    "ask that an epoch begin": "p tandem.page.epoch",
    "publish to alpha's inbox": "p _INBOX_strategy-alpha.x",
    "read one message of LEASES": "p $JS.API.STREAM.MSG.GET.LEASES",
    "read one message of DELTAS": "p $JS.API.STREAM.MSG.GET.DELTAS",
    "read one message of MARKS": "p $JS.API.STREAM.MSG.GET.MARKS",
    "follow SNAP": f"p {CONSUMER}.SNAP.name",
    "follow LEASES": f"p {CONSUMER}.LEASES.name",
    "delete a consumer of OMS": "p $JS.API.CONSUMER.DELETE.OMS.name",
    "make a durable consumer of OMS": "p $JS.API.CONSUMER.DURABLE.CREATE.OMS.name",
    "look at a consumer of OMS": "p $JS.API.CONSUMER.INFO.OMS.name",
    "copy the stream OMS": "p $JS.API.STREAM.SNAPSHOT.OMS",
    "restore the stream OMS": "p $JS.API.STREAM.RESTORE.OMS",
    "delete the stream LEASES": "p $JS.API.STREAM.DELETE.LEASES",
    "delete the stream SNAP": "p $JS.API.STREAM.DELETE.SNAP",
    "purge the stream DELTAS": "p $JS.API.STREAM.PURGE.DELTAS",
    "purge the stream MARKS": "p $JS.API.STREAM.PURGE.MARKS",
    "list the streams": "p $JS.API.STREAM.LIST",
    "look at the account": "p $JS.API.INFO",
    "move a stream's leader": "p $JS.API.STREAM.LEADER.STEPDOWN.OMS",
    "ask the servers": "p $SYS.REQ.SERVER.PING",
    "get a message of OMS directly": "p $JS.API.DIRECT.GET.OMS.oms.intent.binance.alpha.c.new",
    "subscribe to the log's subjects": "s oms.>",
    "subscribe to deltas": "s orders.>",
    "subscribe to leases": "s leases.>",
    "subscribe to snapshots": "s snap.>",
    "subscribe to marks": "s marks.>",
    "subscribe to everything": "s >",
    "hear which hedgers are present": "s tandem.presence.>",
    "subscribe to the hedger's inbox": "s _INBOX_hedger.>",
    "subscribe to alpha's inbox": "s _INBOX_strategy-alpha.>",
    "subscribe to the servers' events": "s $SYS.>",
    "subscribe to the own inbox": "s OWN",
    "subscribe to beta's inbox": "s _INBOX_strategy-beta.>",
    "subscribe to all inboxes": "s _INBOX.>",
    "subscribe to JetStream's calls": "s $JS.API.>",
    "answer questions for the gateway": "s tandem.ask.binance",
    "answer questions for order pages": "s tandem.page.orders",
    "answer who asks for an epoch": "s tandem.page.epoch",
    "answer questions for position pages": "s tandem.page.positions",
    "answer questions for hedge pages": "s tandem.page.hedges",
}


def _table() -> dict[tuple[str, str], bool]:
    """Return what docs/security.md says of each (what, user)."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    head, cells = rows[0], rows[2:]
    return {
        (row[0], user): sign == "+"
        for row in cells
        for user, sign in zip(head[1:], row[1:], strict=True)
    }


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


async def test_a_strategy_cannot_have_its_own_words_stored_as_a_fill(
    server: LocalServer, directory: Path
) -> None:
    """Every way to have the server repeat a message under another subject is closed to it."""
    await make_log(server, directory)
    fill, own = "oms.venue.binance.fill.SOL.9", "oms.intent.binance.alpha.c.new"
    consumer = {
        "stream_name": "OMS",
        "config": {"name": "n", "deliver_subject": fill, "filter_subject": own},
    }
    narrow = f"{CONSUMER}.OMS.n.oms.venue.*.specs.>"
    async with connected(server, directory, "strategy-alpha") as alpha:
        await alpha.client.request(own, b'{"type":"fill_report"}')
        await alpha.client.publish(f"$JS.API.DIRECT.GET.OMS.{own}", b"", reply=fill)
        await alpha.client.publish(fill, b'{"type":"fill_report"}')
        told = await alpha.client.request(narrow, json.dumps(consumer).encode())
        assert "error" in json.loads(told.data)
        await alpha.client.flush()
    async with connected(server, directory, ADMIN) as admin:
        query = json.dumps({"last_by_subj": fill}).encode()
        found = await admin.client.request("$JS.API.STREAM.MSG.GET.OMS", query)
        assert json.loads(found.data)["error"]["err_code"] == 10037
