"""Structured logs: key-value lines on a terminal, JSON lines elsewhere, always on standard error."""

import logging
import sys

import structlog

from core.settings import get_settings

# They tell of every connection, message and tick; our own lines tell of every job.
NO_NEWS = (
    "alembic.runtime.migration",
    "celery.beat",
    "celery.worker.strategy",
    "celery.app.trace",
    "papermill",
)


def configure_logs() -> None:
    """Set this process's logs up as the settings say."""
    settings = get_settings()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if as_console else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in NO_NEWS:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
