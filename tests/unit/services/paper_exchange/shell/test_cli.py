from decimal import Decimal

import pytest

from services.paper_exchange.shell.cli import parse_options


def test_defaults_need_no_configuration() -> None:
    options = parse_options("paper", "PAPER_X", [], {})

    assert (options.host, options.port, options.tape) == ("127.0.0.1", 0, "synthetic")
    assert (options.basis, options.symbols, options.paused) == (Decimal(1), (), False)


def test_environment_gives_what_the_command_line_does_not() -> None:
    environ = {"PAPER_X_PORT": "81", "PAPER_X_SPEED": "2.5", "PAPER_X_CONTROL_PORT": "82"}

    options = parse_options("paper", "PAPER_X", ["--port", "90"], environ)

    assert (options.port, options.control_port, options.speed) == (90, 82, 2.5)


def test_flags_and_lists_parse() -> None:
    options = parse_options("paper", "PAPER_X", ["--paused", "--symbols", "A, B"], {})

    assert (options.paused, options.symbols) == (True, ("A", "B"))


@pytest.mark.parametrize(
    "argv",
    [["--speed", "0"], ["--port", "-1"], ["--basis", "abc"], ["--paused", "maybe"]],
)
def test_bad_values_are_refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options("paper", "PAPER_X", argv, {})

    assert argv[0] in capsys.readouterr().err
