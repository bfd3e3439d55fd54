from pathlib import Path

import pytest

from tandem.cli.servers import (
    NATS,
    REDIS,
    LocalServer,
    ServerKind,
    ServerSettings,
    free_port,
    locate_nats,
    locate_redis,
    nats_configuration,
)
from tandem.domain.errors import ConfigurationError, UnavailableError


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    return path


def test_a_binary_named_by_its_variable_wins(tmp_path: Path) -> None:
    mine = executable(tmp_path / "mine")

    assert locate_nats({"NATS_SERVER": str(mine)}) == mine
    assert locate_redis({"REDIS_SERVER": str(mine)}) == mine


def test_a_variable_that_names_no_executable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NATS_SERVER"):
        locate_nats({"NATS_SERVER": str(tmp_path / "nothing")})


def test_without_variables_the_installed_servers_are_found() -> None:
    assert locate_nats({}).is_file()
    assert locate_redis({}).is_file()


def test_writing_through_to_the_disk_is_a_choice(tmp_path: Path) -> None:
    quick = ServerSettings(tmp_path, tmp_path)
    safe = ServerSettings(tmp_path, tmp_path, sync_always=True)

    assert "sync_interval" not in nats_configuration(quick, 1)
    assert "sync_interval: always" in nats_configuration(safe, 1)


def test_a_server_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    server = LocalServer(NATS, ServerSettings(executable(tmp_path / "ends"), tmp_path / "data"))

    with pytest.raises(UnavailableError, match="did not start"):
        server.start()
    assert server.pid is None


@pytest.mark.parametrize(
    ("kind", "answer", "version"),
    [
        (NATS, b'INFO {"version":"2.15.1","proto":1} \r\n', "2.15.1"),
        (REDIS, b"$99\r\n# Server\r\nredis_version:7.0.15\r\n", "7.0.15"),
        (REDIS, b"$99\r\nredis_version:7.2.4\r\nvalkey_version:9.1.2\r\n", "9.1.2"),
    ],
)
def test_the_version_is_what_the_server_says(kind: ServerKind, answer: bytes, version: str) -> None:

    assert kind.read_version(answer) == version


def test_free_ports_differ_from_those_in_use() -> None:
    assert 1024 < free_port() < 65_536
