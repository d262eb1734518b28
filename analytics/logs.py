"""Logging configuration: one line of JSON per record, without secrets, for the service and for gunicorn."""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

SECRETS_IN_LOGS = re.compile(
    r"(?P<kept>ak_[0-9a-f]{16}_"
    r"|[?&'\"](?:key|ticket|sid|code)="
    r"|analytics_(?:session|attempt)="
    r"|\bbearer\s+"
    r"|authorization\W{1,8}\w+\s+"
    r"|x[-_]api[-_]key\W{1,8})"
    r"[^\s&;,\"'`\\]+",
    re.IGNORECASE,
)
"""What comes before a secret, and the secret."""


class RedactingFormatter(JsonFormatter):
    """Formats a record as JSON, and replaces the secrets of keys, tickets and sessions in it.

    The service logs none. gunicorn logs the line of a request that it cannot parse, and its address where it fails.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return SECRETS_IN_LOGS.sub(r"\g<kept>***", super().format(record))


def logging_config(level: str) -> dict[str, Any]:
    """Configuration for `logging.config.dictConfig`; writes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": RedactingFormatter,
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": True,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "analytics": {"level": level},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "werkzeug": {"level": "WARNING"},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": True},
        },
    }
