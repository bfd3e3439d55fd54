from pathlib import Path

import msgspec
import pytest

from tandem.cli import keys, strategies
from tandem.client.connecting import ConnectionFile
from tandem.domain.errors import ConfigurationError


def told(path: Path) -> ConnectionFile:
    return msgspec.json.decode(path.read_bytes(), type=ConnectionFile)


def test_one_more_strategy_is_told_where_the_bus_is_and_the_others_stay_as_they_are(
    tmp_path: Path,
) -> None:
    keys.make(tmp_path, keys.Desk(("binance",), ("alpha",), url="nats://desk.example:4222"))
    first = strategies.add(tmp_path, "beta", "nats://other.example:4222")
    second = strategies.add(tmp_path, "gamma", "nats://127.0.0.1:4222")
    alpha = tmp_path / "strategy-alpha" / first.name
    urls = [told(path).nats_url for path in (alpha, first, second)]
    assert urls == [
        "nats://desk.example:4222",
        "nats://other.example:4222",
        "nats://127.0.0.1:4222",
    ]
    assert told(second).strategy == "gamma"


def test_a_strategy_that_is_added_again_is_told_the_new_address(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk(("binance",), ("alpha",)))
    again = strategies.add(tmp_path, "alpha", "nats://desk.example:4222")
    assert told(again).nats_url == "nats://desk.example:4222"


def test_making_keys_again_leaves_each_strategy_its_address(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk(("binance",), ("alpha",)))
    alpha = strategies.add(tmp_path, "alpha", "nats://desk.example:4222")
    strategies.add(tmp_path, "alpha")
    keys.make(tmp_path, keys.Desk(("binance",), ("alpha",)))
    assert told(alpha).nats_url == "nats://desk.example:4222"


def test_a_connection_file_that_says_nothing_is_told_by_its_name(tmp_path: Path) -> None:
    keys.make(tmp_path, keys.Desk(("binance",), ("alpha",)))
    alpha = strategies.add(tmp_path, "alpha")
    alpha.write_text("{")
    with pytest.raises(ConfigurationError, match=r"connection\.json"):
        strategies.add(tmp_path, "alpha")
    strategies.add(tmp_path, "alpha", "nats://desk.example:4222")
