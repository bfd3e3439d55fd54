from pathlib import Path

import pytest

from tandem.domain.errors import ConfigurationError
from tandem.runtime.config import Environment, LogFormat, LogLevel, account, settings


def test_without_variables_the_defaults_hold() -> None:
    common = settings(Environment({}), "hedger")

    assert common.nats.url == "nats://127.0.0.1:4222"
    assert common.nats.name == "hedger"
    assert common.redis_url is None
    assert common.retention_s == 48 * 3600
    assert (common.log_level, common.log_format) == (LogLevel.INFO, LogFormat.JSON)


def test_variables_win_over_defaults(tmp_path: Path) -> None:
    values = {
        "TANDEM_NATS_URL": "nats://a:1,nats://b:2",
        "TANDEM_REDIS_URL": "redis://c:3",
        "TANDEM_HTTP_PORT": "8080",
        "TANDEM_LOG_FORMAT": "CONSOLE",
        "TANDEM_RUN_FILE": str(tmp_path / "run.json"),
    }

    common = settings(Environment(values), "hedger")

    assert common.nats.url == "nats://a:1,nats://b:2"
    assert common.redis_url == "redis://c:3"
    assert common.http_port == 8080
    assert common.log_format is LogFormat.CONSOLE
    assert common.run_file == tmp_path / "run.json"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("TANDEM_HTTP_PORT", "many", "a whole number"),
        ("TANDEM_HTTP_PORT", "70000", "within 0 and 65535"),
        ("TANDEM_STREAM_REPLICAS", "0", "within 1 and 5"),
        ("TANDEM_LOG_LEVEL", "loud", "one of debug"),
        ("TANDEM_NATS_CREDS", "/nowhere/at/all", "an existing file"),
    ],
)
def test_a_malformed_setting_is_named_with_its_value_and_rule(
    name: str, value: str, rule: str
) -> None:
    with pytest.raises(ConfigurationError, match=rule) as raised:
        settings(Environment({name: value}), "hedger")

    assert (raised.value.field, raised.value.value) == (name, value)


def test_a_required_setting_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match="BINANCE_REST_URL"):
        Environment({"BINANCE_REST_URL": "  "}).text("BINANCE_REST_URL")


def test_a_secret_comes_from_its_variable_or_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")

    assert Environment({"KEY": "direct"}).secret("KEY") == "direct"
    assert Environment({"KEY_FILE": str(file)}).secret("KEY") == "from-file"
    assert Environment({}).secret("KEY") is None


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file")

    with pytest.raises(ConfigurationError, match="not together with KEY"):
        Environment({"KEY": "direct", "KEY_FILE": str(file)}).secret("KEY")


def test_words_are_split_at_commas() -> None:
    env = Environment({"TANDEM_TICKERS": " BTC, ETH ,"})

    assert env.words("TANDEM_TICKERS") == ("BTC", "ETH")
    assert env.words("OTHER", ("SOL",)) == ("SOL",)


def test_an_account_has_a_default() -> None:
    assert account(Environment({}), "binance") == "binance"
    assert account(Environment({"TANDEM_EXC": "binance-sub1"}), "binance") == "binance-sub1"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("90m", 5_400), ("48h", 172_800), ("7d", 604_800)]
)
def test_a_duration_is_a_number_with_its_unit(text: str, seconds: int) -> None:
    assert settings(Environment({"TANDEM_RETENTION": text}), "x").retention_s == seconds


@pytest.mark.parametrize("text", ["48", "h", "1.5h", "-1h", "9s", "2w", "1 h", "366d"])
def test_a_duration_without_unit_or_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="TANDEM_RETENTION"):
        settings(Environment({"TANDEM_RETENTION": text}), "x")


def test_what_may_be_logged_and_is_kept_scales_with_a_short_retention() -> None:
    short = settings(Environment({"TANDEM_RETENTION": "40s"}), "x")
    usual = settings(Environment({}), "x")

    assert (short.loggable_ns, short.kept_ns) == (30 * 10**9, 20 * 10**9)
    assert (usual.loggable_ns, usual.kept_ns) == (47 * 3_600 * 10**9, 600 * 10**9)
