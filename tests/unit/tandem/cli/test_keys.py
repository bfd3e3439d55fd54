"""What the servers are told of each other and of encryption."""

import json
from pathlib import Path

import pytest

from tandem.cli import keys
from tandem.cli.keys import Desk
from tandem.domain.errors import ConfigurationError

SEEN_AT = Path("/etc/tandem/keys")


def test_without_tls_the_server_is_told_of_none() -> None:
    assert keys.nats_tls(None).startswith("#")
    assert "tls" not in keys.nats_routes(("nats",), "p", None)


def test_with_tls_the_server_finds_its_files_where_it_sees_them() -> None:
    told = json.loads(keys.nats_tls(SEEN_AT).partition(":")[2])

    assert told == {
        "cert_file": "/etc/tandem/keys/server.pem",
        "key_file": "/etc/tandem/keys/server.key",
    }


def test_nobody_speaks_as_a_server_without_the_password() -> None:
    lines = keys.nats_routes(("nats", "nats-2"), "word", None).splitlines()

    told = {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in lines}
    assert told["authorization"] == {"user": "route", "password": "word"}
    assert told["routes"] == ["nats://route:word@nats:6222", "nats://route:word@nats-2:6222"]


def test_with_tls_servers_show_each_other_their_certificates() -> None:
    lines = keys.nats_routes(("nats",), "word", SEEN_AT).splitlines()

    told = json.loads(lines[-1].removeprefix("tls: "))
    assert told["verify"] is True
    assert told["ca_file"] == "/etc/tandem/keys/ca.pem"


def test_strategies_may_be_named_in_one_word(tmp_path: Path) -> None:
    assert keys.main(["--directory", str(tmp_path), "--strategy", "alpha beta"]) == 0

    assert keys.strategies_of(tmp_path) == ("alpha", "beta", "walkthrough")


@pytest.mark.parametrize(
    "name", ["../../hedger", "..", ".", "a/b", "a.b", "*", "é", "x" * 65, "-\n"]
)
def test_e13_a_strategy_s_name_is_a_plain_token(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="--strategy"):
        keys.make(tmp_path / "keys", Desk(strategies=(name,)))
    if name.strip() == name and "\n" not in name:
        assert keys.main(["--directory", str(tmp_path / "keys"), "--strategy", name]) == 2
        assert f"--strategy={name}" in capsys.readouterr().err

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["hedger", "access", "admin", "gateway-x", "nats", "gateway"])
def test_e13_a_strategy_does_not_bear_a_service_s_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="not the name of a service"):
        keys.make(tmp_path / "keys", Desk(strategies=(name,)))
    assert list(tmp_path.iterdir()) == []


def test_e13_an_account_s_name_is_a_plain_token(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--account"):
        keys.make(tmp_path / "keys", Desk(accounts=("../x",)))
    assert list(tmp_path.iterdir()) == []


def test_access_is_told_who_is_let_in(tmp_path: Path) -> None:
    keys.make(tmp_path, Desk(strategies=("alpha", "beta")))
    assert (tmp_path / "access" / keys.STRATEGIES_FILE).read_text() == "alpha\nbeta\n"
    assert (tmp_path / "access" / keys.ACCOUNTS_FILE).read_text() == "binance\nhyperliquid\n"
