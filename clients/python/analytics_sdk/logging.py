"""Handler that sends the records of the module `logging` to the service."""

import logging

from .client import AnalyticsClient

OWN_LOGGER, OWN_THREAD = "analytics.sdk", "analytics"
"""Logger of the client, and the thread that sends; their records would make new ones endlessly."""
_OF_ANY_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_WORDS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})
_SEVERITIES = (1, 5, 9, 13, 17, 21)
"""OpenTelemetry's numbers for levels from 0, 10, 20, 30, 40 and 50 on."""


class Handler(logging.Handler):
    """Sends each record as a log line, in batches from the background thread of a client.

        client = AnalyticsClient(service="checkout")
        logging.getLogger().addHandler(Handler(client))

    A line has the formatted message with the traceback, the level, the name of the logger, the fields of `extra`, where
    it was logged, and the trace of the running code. It never waits, and never raises; lines beyond the limit of the
    client's queue are dropped and counted.

    Args:
        service: the service of the lines; default: the client's.
    """

    def __init__(
        self, client: AnalyticsClient, level: int | str = logging.NOTSET, *, service: str | None = None
    ) -> None:
        super().__init__(level)
        self._client, self._service = client, service

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of a record."""
        if record.threadName == OWN_THREAD or record.name == OWN_LOGGER:
            return
        try:
            extra = {name: value for name, value in vars(record).items() if name not in _OF_ANY_RECORD}
            trace_id, span_id = extra.pop("otelTraceID", None), extra.pop("otelSpanID", None)
            is_traced = isinstance(trace_id, str) and bool(trace_id.strip("0"))
            attributes = {"code.file.path": record.pathname, "code.line.number": record.lineno, **extra}
            if record.exc_info and record.exc_info[0] is not None:
                attributes["exception.type"] = record.exc_info[0].__qualname__
                attributes["exception.message"] = str(record.exc_info[1])
            self._client.log_line(
                self.format(record),
                _level(record),
                attributes,
                logger=record.name,
                trace_id=trace_id if is_traced else None,
                span_id=span_id if is_traced else None,
                service=self._service,
                timestamp=record.created,
            )
        except Exception:  # noqa: BLE001 - logging must never break the host program
            self.handleError(record)

    def flush(self) -> None:
        """Do nothing: the client sends in the background, and at its end."""


def _level(record: logging.LogRecord) -> str | int:
    """The level as a word that the service knows, or as a number."""
    return record.levelname if record.levelname in _WORDS else _SEVERITIES[min(max(record.levelno // 10, 0), 5)]
