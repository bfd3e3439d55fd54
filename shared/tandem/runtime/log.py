"""How a service logs: one JSON object a line on standard error, or text for a person."""

import logging
import sys
from typing import TextIO

import structlog

from tandem.runtime.config import LogFormat, LogLevel

_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


def configure(level: LogLevel, form: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Send structured logs to `stream`, and what libraries log (warnings up) with them."""
    structlog.configure(
        processors=_processors(form),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryLogs()]
    root.setLevel(logging.WARNING)


def get(service: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that names its service on each line."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(service=service)
    return bound


def _processors(form: LogFormat) -> list[structlog.typing.Processor]:
    renderer: structlog.typing.Processor
    if form is LogFormat.JSON:
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    exceptions = [structlog.processors.format_exc_info] if form is LogFormat.JSON else []
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *exceptions,
        renderer,
    ]


class _LibraryLogs(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = structlog.get_logger(library=record.name)
        event.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
