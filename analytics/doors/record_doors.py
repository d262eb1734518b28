"""The doors for log lines and spans over HTTP, for the factory; each is loaded with its first request."""

from collections.abc import Mapping
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer
from analytics.doors.door import Door
from analytics.doors.limits import BodyLimits
from analytics.doors.records.attributes import Count
from analytics.doors.records.receiver import RecordReceiver
from analytics.lazy import Lazy
from analytics.log_lines import NewLogLine
from analytics.spans import NewSpan


class RecordDoors:
    """The doors for HTTP.

    Args:
        lines, spans: record them.
        limits: those of a body.
        max_batch: how many lines or spans one request in JSON may have.
        dropped: counts what was cut or left out, by reason.
    """

    def __init__(
        self,
        lines: RecordReceiver[NewLogLine],
        spans: RecordReceiver[NewSpan],
        limits: BodyLimits,
        max_batch: int,
        dropped: Count,
    ) -> None:
        self.lines, self.spans = lines, spans

        def otlp_traces() -> Door:
            from analytics.doors.otlp.record_door import traces_door

            return traces_door(spans, limits, dropped)

        def otlp_logs() -> Door:
            from analytics.doors.otlp.record_door import logs_door

            return logs_door(lines, limits, dropped)

        def loki() -> Door:
            from analytics.doors.loki.door import LokiPushDoor

            return LokiPushDoor(lines, limits, dropped)

        def own_logs() -> Door:
            from analytics.doors.records.own_doors import logs_door

            return logs_door(lines, limits, max_batch, dropped)

        def own_spans() -> Door:
            from analytics.doors.records.own_doors import spans_door

            return spans_door(spans, limits, max_batch, dropped)

        self.by_path: Mapping[str, Door] = {
            "/v1/traces": _late(Lazy(otlp_traces)),
            "/v1/logs": _late(Lazy(otlp_logs)),
            "/loki/api/v1/push": _late(Lazy(loki)),
            "/logs": _late(Lazy(own_logs)),
            "/spans": _late(Lazy(own_spans)),
        }
        """The doors at fixed paths."""


def _late(door: Lazy[Door]) -> Door:
    def answer(environ: WSGIEnvironment) -> Answer:
        return door()(environ)

    return answer
