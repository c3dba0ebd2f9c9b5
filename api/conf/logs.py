"""What an application writes down of its own faults: where in our code, and which kind; never what was asked.

The text of an error often quotes what somebody typed (a database names the literal that it could not read, and prints
the line of the statement that it stood in), and Django names the path. Of both only the kind is kept.
"""

import logging
import traceback
from types import TracebackType
from typing import Any, Final

_ASKED: Final = ("django.request", "django.security", "api.requests", "api.pages", "api.problems")
"""Loggers that speak of requests."""
_LINKS: Final = 5
"""Causes of an error that are named."""


def configured(level: str) -> dict[str, Any]:
    """The settings of ``logging``: lines from ``level`` on; of requests faults alone, and discreetly."""
    line = {"fmt": "{asctime} {levelname} {name} {message}", "style": "{"}
    told = {"handlers": ["discreet"], "level": "ERROR", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": "logging.Formatter", **line},
            "discreet": {"()": "api.conf.logs.Discreet", **line},
        },
        "handlers": {
            name: {"class": "logging.StreamHandler", "formatter": formatter}
            for name, formatter in (("console", "line"), ("discreet", "discreet"))
        },
        "loggers": dict.fromkeys(_ASKED, told),
        "root": {"handlers": ["console"], "level": level},
    }


class Discreet(logging.Formatter):
    """Lines without the texts of errors and without paths: kinds of errors, SQLSTATEs, and places in our code."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; of a failed request the status alone."""
        if record.name.startswith("django.request"):
            told = logging.makeLogRecord(record.__dict__)
            told.msg, told.args, told.exc_text = f"answered {getattr(record, 'status_code', 500)}", None, None
            record = told
        return super().format(record)

    def formatException(  # noqa: N802 - logging's own name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Where it happened, and the kinds of the error and of its causes."""
        _, error, trace = ei
        where = "".join(traceback.format_tb(trace)).rstrip()
        return f"{where}\n{' <- '.join(_kinds(error))}"


def _kinds(error: BaseException | None) -> list[str]:
    """The error and its causes by their kinds."""
    found: list[str] = []
    while error is not None and len(found) < _LINKS:
        state: Any = getattr(error, "sqlstate", None)
        found.append(f"{type(error).__name__} {state}" if state else type(error).__name__)
        error = error.__cause__ or error.__context__
    return found
