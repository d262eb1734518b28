"""Logging configuration: one line of JSON per record, without secrets, for the service and for gunicorn."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

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
"""Text before a secret, and the secret."""
OF_ANY_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""Attributes of a record that are not in its `extra`."""


class RedactingFormatter(logging.Formatter):
    """Formats a record as JSON, and replaces the secrets of keys, tickets and sessions in it.

    The service logs none. gunicorn logs the line of a request that it cannot parse, and its address where it fails.

    Example:
        >>> record = logging.makeLogRecord({"levelname": "INFO", "name": "a", "msg": "b", "created": 0, "seconds": 2})
        >>> RedactingFormatter().format(record)
        '{"level": "INFO", "logger": "a", "message": "b", "seconds": 2, "timestamp": "1970-01-01T00:00:00+00:00"}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record: `level`, `logger`, `message`, what its `extra` has, and `timestamp` in UTC."""
        line: dict[str, Any] = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in OF_ANY_RECORD},
        }
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack_info"] = self.formatStack(record.stack_info)
        line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        return SECRETS_IN_LOGS.sub(r"\g<kept>***", json.dumps(line, default=str))


def logging_config(level: str) -> dict[str, Any]:
    """Configuration for `logging.config.dictConfig`; writes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": RedactingFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "analytics": {"level": level},
            "gunicorn.error": {"level": level, "handlers": [], "propagate": True},
            "werkzeug": {"level": "WARNING"},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": True},
        },
    }
