"""The calls of a client that send metrics, log lines and spans."""

from collections.abc import Mapping
from typing import Any, Literal

from .items import Kind, MetricKind, Timestamp
from .outcome import Pending
from .tracing import current, new_trace

SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
SpanStatus = Literal["unset", "ok", "error"]
LONGEST_MESSAGE = 32_000
"""Characters of the text of a line; longer ones are cut."""


class RecordCalls:
    """Sends metrics, log lines and spans; `AnalyticsClient` says how."""

    service: str

    def record_metric(
        self,
        name: str,
        value: float,
        tags: Mapping[str, Any] | None = None,
        unit: str | None = None,
        *,
        kind: MetricKind | None = None,
        instance: str | None = None,
    ) -> Pending:
        """Record a number. There are up to 32 `tags`, perhaps with another `service`; their values become text.

        Args:
            kind: gauge (the value now; default), counter (what was added since the last one) or histogram.
            instance: name of this replica, which has series of its own.
        """
        fields = {"name": name, "value": value, "unit": unit, "tags": {} if tags is None else tags}
        return self._track("metrics", {**fields, "kind": kind, "instance": instance}, None)

    def log_line(
        self,
        message: str,
        level: str | int | None = None,
        attributes: Mapping[str, Any] | None = None,
        *,
        logger: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        service: str | None = None,
        timestamp: Timestamp | None = None,
    ) -> Pending:
        """Send a log line; `analytics_sdk.logging.Handler` does so for the module `logging`.

        Args:
            level: a word such as `warning`, or a number of OpenTelemetry from 1 to 24.
            attributes: any other fields.
            trace_id, span_id: in hexadecimal digits; default: those of the running code.
            timestamp: default: now.
        """
        if trace_id is None and (trace := current()) is not None:
            trace_id, span_id = trace.trace_id, trace.span_id
        fields = {
            "service": self.service if service is None else service,
            "message": message[:LONGEST_MESSAGE] if isinstance(message, str) else str(message),
            "level": level,
            "logger": logger,
            "trace_id": trace_id,
            "span_id": span_id,
            "attributes": attributes or None,
        }
        return self._track("logs", fields, timestamp)

    def record_span(
        self,
        name: str,
        start: int,
        end: int,
        *,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_id: str | None = None,
        kind: SpanKind = "internal",
        status: SpanStatus = "unset",
        status_message: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        service: str | None = None,
    ) -> Pending:
        """Send a span, which is an operation that took some time.

        Args:
            start, end: in nanoseconds since the epoch, as from `time.time_ns()`.
            trace_id, span_id: in hexadecimal digits; default: new ones.
            parent_id: the span that it is part of.
        """
        new = new_trace()
        fields = {
            "service": self.service if service is None else service,
            "name": name,
            "trace_id": trace_id or new.trace_id,
            "span_id": span_id or new.span_id,
            "parent_id": parent_id,
            "start": start,
            "end": end,
            "kind": kind,
            "status": status,
            "status_message": status_message,
            "attributes": attributes or None,
        }
        return self._track("spans", fields, None)

    def _track(self, kind: Kind, fields: dict[str, Any], timestamp: Timestamp | None) -> Pending:
        raise NotImplementedError
