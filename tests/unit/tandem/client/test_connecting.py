"""Where a strategy finds the bus and its key: the call, the environment, a connection file."""

from pathlib import Path

import pytest

from tandem import OMS
from tandem.cli import keys, strategies
from tandem.client.connecting import CONNECTION_FILE, Connection, connection
from tandem.client.options import ClientOptions
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Strategy

ALPHA = Strategy("alpha")


def found(
    here: Path, url: str | None = None, options: ClientOptions | None = None, **values: str
) -> Connection:
    return connection(url, ALPHA, options or ClientOptions(), values, here)


def test_f2_the_environment_names_the_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_NATS_URL", "nats://elsewhere:4333")
    assert OMS(strategy="alpha")._url == "nats://elsewhere:4333"
    assert OMS("nats://given:1", strategy="alpha")._url == "nats://given:1"


def test_f2_without_any_word_it_is_the_servers_own_port(tmp_path: Path) -> None:
    reached = found(tmp_path)
    assert (reached.url, reached.source) == ("nats://127.0.0.1:4222", "the default")
    assert not reached.options.has_user


def test_f2_a_desk_that_make_up_started_is_found_from_below(tmp_path: Path) -> None:
    told = tmp_path / ".run" / CONNECTION_FILE
    told.parent.mkdir()
    told.write_text('{"nats_url":"nats://127.0.0.1:5555"}')
    below = tmp_path / "mine" / "deeper"
    below.mkdir(parents=True)
    assert found(below).url == "nats://127.0.0.1:5555"
    assert found(below).source == str(told)
    assert found(below, TANDEM_NATS_URL="nats://other:1").url == "nats://other:1"


def test_f2_what_strategy_add_writes_is_all_that_a_strategy_needs(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk(("binance", "binance-sub1"), tls=True))
    file = strategies.add(tmp_path, "alpha", "nats://desk:4222")
    reached = found(tmp_path / "elsewhere", TANDEM_CONNECTION=str(file))
    assert reached.url == "nats://desk:4222"
    assert reached.options.nkey_seed_file == file.parent / keys.SEED_FILE
    assert reached.options.ca_file == file.parent / keys.CA_FILE
    assert reached.options.has_user
    users = (tmp_path / "nats" / "users.conf").read_text()
    assert all(name in users for name in ("strategy-alpha", "gateway-binance-sub1"))
    assert (tmp_path / "access" / "strategies").read_text().split() == ["alpha", "walkthrough"]


def test_f2_without_tls_no_authority_is_named(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk())
    file = strategies.add(tmp_path, "alpha", "nats://desk:4222")
    assert found(tmp_path, TANDEM_CONNECTION=str(file)).options.ca_file is None


def test_f2_a_key_of_the_environment_or_the_call_is_joined_by_no_other(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk())
    file = strategies.add(tmp_path, "alpha", "nats://desk:4222")
    other = tmp_path / "other.seed"
    other.touch()
    named = {"TANDEM_CONNECTION": str(file), "TANDEM_NATS_NKEY_SEED_FILE": str(other)}
    assert found(tmp_path, None, None, **named).options.nkey_seed_file == other
    given = ClientOptions(credentials_file=tmp_path / "creds")
    assert found(tmp_path, None, given, **named).options.nkey_seed_file is None


def test_f3_the_file_of_another_strategy_is_refused_by_name(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk())
    file = strategies.add(tmp_path, "beta", "nats://desk:4222")
    with pytest.raises(ConfigurationError, match="beta") as told:
        found(tmp_path, TANDEM_CONNECTION=str(file))
    assert (told.value.field, told.value.value) == ("strategy", "alpha")


@pytest.mark.parametrize("text", ["", "{}", '{"nats_url":1}', '{"nats_url":"n","nats_ulr":"n"}'])
def test_f2_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="TANDEM_CONNECTION"):
        found(tmp_path, TANDEM_CONNECTION=str(file))


def test_f2_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    with pytest.raises(ConfigurationError, match="TANDEM_CONNECTION"):
        found(tmp_path, TANDEM_CONNECTION=str(file))
    file.write_text('{"nats_url":"n","nkey_seed_file":"gone.seed"}')
    with pytest.raises(ConfigurationError, match="nkey_seed_file"):
        found(tmp_path, TANDEM_CONNECTION=str(file))
    with pytest.raises(ConfigurationError, match="TANDEM_NATS_CA_FILE"):
        found(tmp_path, TANDEM_NATS_CA_FILE=str(tmp_path / "none"))


def test_a_strategy_is_added_only_where_a_desk_has_its_keys(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make keys"):
        strategies.add(tmp_path, "alpha", "nats://desk:4222")
    keys.make(tmp_path, keys.Desk())
    with pytest.raises(ConfigurationError, match="--strategy"):
        strategies.add(tmp_path, "../x", "nats://desk:4222")
    with pytest.raises(ConfigurationError, match="name of a service"):
        strategies.add(tmp_path, "hedger", "nats://desk:4222")
