import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tandem.runtime import logs
from tandem.runtime.config import LogFormat, LogLevel


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_each_line_is_an_object_that_names_its_service() -> None:
    stream = io.StringIO()
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream)

    logs.get("hedger").info("decided", bucket="b", ordinal=3)

    line = json.loads(stream.getvalue())
    assert (line["service"], line["event"], line["bucket"], line["ordinal"], line["level"]) == (
        "hedger",
        "decided",
        "b",
        3,
        "info",
    )


def test_what_is_below_the_level_is_left_out() -> None:
    stream = io.StringIO()
    logs.configure(LogLevel.WARNING, LogFormat.JSON, stream)

    logs.get("hedger").info("decided")

    assert stream.getvalue() == ""


def test_what_libraries_warn_of_is_logged_alike() -> None:
    stream = io.StringIO()
    logs.configure(LogLevel.INFO, LogFormat.JSON, stream)

    logging.getLogger("library").warning("odd: %s", 7)

    assert json.loads(stream.getvalue())["event"] == "odd: 7"
