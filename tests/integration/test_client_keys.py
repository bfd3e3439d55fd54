"""A strategy without a key, or with another's, is told so at once and by name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tandem import OMS
from tandem.bus.nats.bus import NatsBus
from tandem.bus.nats.options import NatsOptions
from tandem.cli import keys
from tandem.client.oms import ClientOptions
from tandem.domain.errors import ConfigurationError, NotAllowedError, UnavailableError
from tandem.runtime.clock import SystemClock
from tests.integration.access_desk import AccessDesk, make_keys, start_server
from tests.unit.services.access.asking import ALPHA

# Far above what an error by name takes: who waits for it instead fails by the test's own time-out.
PATIENT = 3_600.0


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[AccessDesk]:
    """A server with users, without `access`."""
    make_keys(tmp_path / "keys")
    server = start_server(tmp_path / "keys", tmp_path / "nats")
    made = await AccessDesk.on(server.url, tmp_path / "keys")
    yield made
    await made.close()
    server.kill()


def options(desk: AccessDesk, user: str, ready_timeout_s: float = PATIENT) -> ClientOptions:
    seed = desk.directory / user / keys.SEED_FILE
    return ClientOptions(nkey_seed_file=seed, ready_timeout_s=ready_timeout_s)


async def test_f3_without_a_key_the_error_says_which_file_to_get(desk: AccessDesk) -> None:
    oms = OMS(desk.urls, strategy="alpha", options=ClientOptions(ready_timeout_s=PATIENT))
    with pytest.raises(ConfigurationError, match="tandem strategy add alpha") as told:
        await oms.init()
    assert told.value.field == "TANDEM_NATS_NKEY_SEED_FILE"
    assert "without one" in told.value.rule


async def test_f3_a_key_that_the_server_does_not_know_is_named(
    desk: AccessDesk, tmp_path: Path
) -> None:
    keys.make(tmp_path / "other", keys.Desk(("binance",), ("alpha",)))
    seed = tmp_path / "other" / "strategy-alpha" / keys.SEED_FILE
    unknown = ClientOptions(nkey_seed_file=seed, ready_timeout_s=PATIENT)
    with pytest.raises(ConfigurationError, match="with this one") as told:
        await OMS(desk.urls, strategy="alpha", options=unknown).init()
    assert told.value.value == str(seed)


async def test_f3_another_strategys_key_is_told_from_a_silent_server(desk: AccessDesk) -> None:
    oms = OMS(desk.urls, strategy="beta", options=options(desk, "strategy-alpha"))
    with pytest.raises(ConfigurationError, match="the key was made for") as told:
        await oms.init()
    assert (told.value.field, told.value.value) == ("strategy", "beta")


async def test_f3_a_right_key_without_access_says_what_does_not_run(desk: AccessDesk) -> None:
    oms = OMS(desk.urls, strategy="alpha", options=options(desk, "strategy-alpha", 0.5))
    with pytest.raises(UnavailableError, match="`access` does not answer"):
        await oms.init()


async def test_f3_a_service_or_command_without_a_key_is_told_too(desk: AccessDesk) -> None:
    with pytest.raises(ConfigurationError, match="without one"):
        await NatsBus.connect(NatsOptions(desk.urls), SystemClock())


async def test_f3_who_is_not_let_in_is_told_once_by_the_error(desk: AccessDesk) -> None:
    with capture_logs() as told, pytest.raises(ConfigurationError):
        await NatsBus.connect(NatsOptions(desk.urls), SystemClock())
    assert told == []


async def test_f3_a_question_that_may_not_be_put_fails_at_once(desk: AccessDesk) -> None:
    bus = await desk.bus_of(ALPHA)
    with pytest.raises(NotAllowedError, match=r"tandem\.page\.orders"):
        await bus._connection.request("tandem.page.orders", b"{}", PATIENT)
