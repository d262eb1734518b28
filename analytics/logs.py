"""Logging: one line of JSON a record, for the service and for gunicorn alike."""

from typing import Any


def logging_config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`; everything goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
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
