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
        processors=[*_shared(form), _renderer(form)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    libraries = logging.StreamHandler(stream)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(form),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [libraries]
    root.setLevel(logging.WARNING)


def get(service: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that names its service on each line."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(service=service)
    return bound


def _shared(form: LogFormat) -> list[structlog.typing.Processor]:
    exceptions = [structlog.processors.format_exc_info] if form is LogFormat.JSON else []
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *exceptions,
    ]


def _renderer(form: LogFormat) -> structlog.typing.Processor:
    if form is LogFormat.JSON:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=False)
