"""The bus encrypted: who is let in, who is told nothing, and what the refused hear."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tandem.bus import topology
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.bus.permissions import ADMIN, inbox_prefix
from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.cli.servers import NATS, LocalServer, ServerSettings, locate_nats
from tandem.domain.errors import ConfigurationError
from tandem.messages import subjects
from tandem.runtime.clock import SystemClock
from tests.conftest import Eventually

WITHIN_S = 10.0


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    keys.make(made, Desk(tls=True))
    return made


def _server(directory: Path, store: Path, port: int = 0) -> LocalServer:
    own = directory / "nats"
    settings = ServerSettings(
        locate_nats(), store, port, users_file=own / "users.conf", tls_file=own / keys.TLS_FILE
    )
    return LocalServer(NATS, settings)


@pytest.fixture
def server(directory: Path, tmp_path: Path) -> Iterator[LocalServer]:
    running = _server(directory, tmp_path / "nats")
    running.start()
    yield running
    running.kill()


def _options(server: LocalServer, directory: Path, user: str = ADMIN) -> NatsOptions:
    own = directory / user
    return NatsOptions(
        server.url,
        nkey_seed_file=own / keys.SEED_FILE,
        ca_file=own / keys.CA_FILE,
        inbox_prefix=inbox_prefix(user),
    )


async def _connect(options: NatsOptions) -> NatsBus:
    async with asyncio.timeout(WITHIN_S):
        return await NatsBus.connect(options, SystemClock())


async def test_whoever_has_the_authority_appends(server: LocalServer, directory: Path) -> None:
    bus = await _connect(_options(server, directory))
    await topology.apply(bus, topology.Limits())

    assert (await bus.log.append(subjects.alarm("a", "1"), b"x")).seq == 1
    await bus.close()


async def test_services_need_no_more_than_their_own_directory(
    server: LocalServer, directory: Path
) -> None:
    admin = await _connect(_options(server, directory))
    await topology.apply(admin, topology.Limits())
    await admin.close()

    bus = await _connect(_options(server, directory, "hedger"))

    assert (await bus.log.append(subjects.alarm("hedger", "1"), b"x")).seq == 1
    await bus.close()


@pytest.mark.parametrize("named", ["nobody's", "another"])
async def test_whoever_lacks_the_authority_is_told_which_setting(
    server: LocalServer, directory: Path, tmp_path: Path, named: str
) -> None:
    keys.make(tmp_path / "other", Desk(tls=True))
    other = tmp_path / "other" / ADMIN / keys.CA_FILE
    options = replace(_options(server, directory), ca_file=other if named == "another" else None)

    with pytest.raises(ConfigurationError, match=r"TANDEM_NATS_CA_FILE.*vouches"):
        await _connect(options)


async def test_a_server_under_a_name_that_it_has_no_certificate_for_is_not_trusted(
    server: LocalServer, directory: Path
) -> None:
    options = _options(server, directory)

    with pytest.raises(ConfigurationError, match="mismatch"):
        await _connect(replace(options, url=server.url.replace("127.0.0.1", "127.1")))


@pytest.mark.parametrize("wanted", ["authority", "scheme"])
async def test_a_server_without_encryption_is_told_nothing(
    nats_server: LocalServer, directory: Path, wanted: str
) -> None:
    encrypted = nats_server.url.replace("nats://", "tls://")
    options = _options(nats_server, directory)
    if wanted == "scheme":
        options = NatsOptions(encrypted)

    with pytest.raises(ConfigurationError, match="offers no TLS"):
        await _connect(options)


async def test_a_file_that_is_no_certificate_is_named(server: LocalServer, directory: Path) -> None:
    options = _options(server, directory)

    with pytest.raises(ConfigurationError, match=r"TANDEM_NATS_CA_FILE.*PEM"):
        await _connect(replace(options, ca_file=options.nkey_seed_file))


async def test_a_connection_that_was_lost_comes_back_encrypted(
    server: LocalServer, directory: Path, eventually: Eventually
) -> None:
    bus = await _connect(_options(server, directory))
    await topology.apply(bus, topology.Limits())

    server.kill()
    waiting = bus.log.append_soon(subjects.alarm("a", "1"), b"x")
    await asyncio.to_thread(server.start)

    assert (await asyncio.wait_for(asyncio.ensure_future(waiting), WITHIN_S)).seq == 1
    await eventually(lambda: bus.connected)
    await bus.close()


def test_the_authority_s_key_is_given_to_nobody(directory: Path, tmp_path: Path) -> None:
    users = [path.name for path in directory.iterdir() if (path / keys.SEED_FILE).exists()]
    for name in (*users, "nats", "redis"):
        (tmp_path / "give" / name).mkdir(parents=True)

    keys.give(directory, tmp_path / "give")

    secret = (directory / "authority" / "ca.key").read_text()
    given = [path for path in (tmp_path / "give").rglob("*") if path.is_file()]
    assert given
    assert [path for path in given if path.read_text() == secret] == []
    holders = {path.parent.name for path in given if path.name == "server.key"}
    assert holders == {"nats"}


def test_what_exists_is_kept(directory: Path) -> None:
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    keys.make(directory, Desk(tls=True))

    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before
